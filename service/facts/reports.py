"""Reports of scans: which are usable, of which leg, and what they describe."""

from __future__ import annotations

from collections.abc import Iterable

from service import shapes
from service.facts import concepts
from service.facts.dates import Day
from service.facts.model import Event
from service.facts.reading import Reading
from service.terms import Recognition

USABLE = {"final", "amended", "corrected", "appended"}


def add_report(
    reference: str,
    report: shapes.DiagnosticReport | shapes.Observation,
    found: Recognition,
    day: Day | None,
    reading: Reading,
) -> None:
    """Adds a report that a value set of reports recognises, with what its conclusion codes or describes."""
    terms, facts = reading.terms, reading.facts
    wanted = frozenset(name for name in found.valuesets if terms.kinds[name] == "report")
    if not wanted:
        return
    status = (report.status or "").strip().lower()
    if status not in USABLE or day is None or day.date > reading.today:
        facts.reject(reference, f"{found.label}: not final, or no usable date: not used")
        return
    concluded, told = _conclusion(report)
    site = concepts.side_of(terms, report.bodySite) if isinstance(report, shapes.Observation) else None
    findings: frozenset[str] = frozenset()
    coded: list[str] = []
    for concept in concluded:
        findings |= reading.recognise("condition", concept).valuesets
        displays = (coding.display for coding in concepts.codings(concept) if coding.display)
        coded += (*concepts.texts(concept), *displays)
    event = Event(
        reference=reference,
        valuesets=wanted,
        label=found.label,
        day=day,
        system=found.system,
        code=found.code,
        by=found.by,
        side=site or found.side,
        values=findings,
        status=status,
        verdict=terms.scan.verdict(told, coded),
    )
    for valueset in wanted:
        facts.reports[valueset].append(event)


def _conclusion(
    report: shapes.DiagnosticReport | shapes.Observation,
) -> tuple[Iterable[shapes.Concept], tuple[str, ...]]:
    """The coded and the written conclusion of a report, or of an Observation that stands for one."""
    if isinstance(report, shapes.DiagnosticReport):
        return concepts.listed(report.conclusionCode), (report.conclusion,) if report.conclusion else ()
    answer = report.answer
    coded = [answer] if answer else []
    notes = tuple(concepts.written(report.note))
    return coded, (report.valueString, *notes) if report.valueString else notes
