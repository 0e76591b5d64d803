"""Laboratory results and reports: which value counts, in which unit, of which day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, tzinfo

from service import shapes
from service.facts import concepts, text
from service.facts.calcium import adjust_calcium
from service.facts.dates import Day, read_day
from service.facts.model import Event, Facts, Result, Unusable
from service.facts.panels import corrections, days_of_panels, moment
from service.facts.ranges import normal_range
from service.knowledge.phrases import tokens
from service.knowledge.schema import UnitFactor
from service.record import Record
from service.terms import Recogniser, Recognition, Terms

_USABLE = {"final", "amended", "corrected", "appended"}
_VOID = {"entered-in-error", "cancelled"}
_FLAGS = ("LL", "HH")  # the laboratory's own critical limits (FHIR observation interpretation)
_NO_UNIT, _OTHER_UNIT = _UNREADABLE = ("no unit", "a unit that cannot be converted")
_EFFECTIVE = ("effectiveDateTime", "effectiveInstant", "issued")


def read_results(record: Record, terms: Terms, recogniser: Recogniser, facts: Facts, today: date, zone: tzinfo) -> None:
    """Adds every recognised result, symptom and report; newest first and of one day the abnormal first.

    What a panel holds without a date is of the panel's day. A result that a corrected one of the same moment replaces
    is not used; the same value twice counts once. Adjusted calcium is computed.
    """
    observations = list(record.of(shapes.Observation))
    corrected = corrections(observation for _, observation in observations)
    panels = days_of_panels(record, lambda reference, resource: read_date(facts, reference, resource, zone))
    for reference, observation in observations:
        if observation.status == "final" and moment(observation) in corrected:
            facts.reject(reference, "a corrected result of the same moment stands in its place: not used")
            continue
        _observation(reference, observation, terms, recogniser, facts, today, zone, panels.get(reference))
        _contained(reference, observation, terms, recogniser, facts, today, zone)
    for reference, report in record.of(shapes.DiagnosticReport):
        _report(reference, report, terms, recogniser, facts, today, zone)
        if (report.status or "").strip().lower() not in _VOID:
            _contained(reference, report, terms, recogniser, facts, today, zone)
    adjust_calcium(facts, terms.titles.get("calcium-adjusted", ""))
    for valueset, found in facts.results.items():
        once: dict[object, Result] = {}
        for result in found:
            once.setdefault((result.day, result.value, result.unit, result.comparator, result.low, result.high), result)
        facts.results[valueset] = sorted(once.values(), key=_newest_abnormal_first)


def _newest_abnormal_first(result: Result) -> tuple[int, bool]:
    return (-result.day.date.toordinal() if result.day else 0, not result.outside)


def _contained(
    reference: str,
    whole: shapes.Observation | shapes.DiagnosticReport,
    terms: Terms,
    recogniser: Recogniser,
    facts: Facts,
    today: date,
    zone: tzinfo,
) -> None:
    """Reads the results that a panel or report holds inside itself."""
    for inner in whole.contained or ():
        if isinstance(inner, shapes.Observation):
            day = read_date(facts, reference, whole, zone)
            _observation(f"{reference}#{inner.id or ''}", inner, terms, recogniser, facts, today, zone, day)


def _observation(
    reference: str,
    observation: shapes.Observation,
    terms: Terms,
    recogniser: Recogniser,
    facts: Facts,
    today: date,
    zone: tzinfo,
    panel: Day | None,
) -> None:
    """Reads one observation with its components; without a date of its own it is of its panel's day."""
    found = recogniser.recognise("observation", concepts.codings(observation.code), concepts.texts(observation.code))
    day = read_date(facts, reference, observation, zone) or panel
    for component in observation.component or ():
        inner = recogniser.recognise("observation", concepts.codings(component.code), concepts.texts(component.code))
        _measure(reference, observation, component, inner, day, terms, facts, today)
    is_panel = bool(observation.component or observation.hasMember) and observation.valueQuantity is None
    if not is_panel or any(terms.kinds[valueset] == "report" for valueset in found.valuesets):
        _measure(reference, observation, observation, found, day, terms, facts, today)
    _symptom(reference, observation, found, day, terms, recogniser, facts, today)


def _measure(
    reference: str,
    observation: shapes.Observation,
    value: shapes.Observation | shapes.Component,
    found: Recognition,
    day: Day | None,
    terms: Terms,
    facts: Facts,
    today: date,
) -> None:
    for valueset in found.valuesets:
        if terms.kinds[valueset] == "report":
            _add_report(reference, observation, found, valueset, day, frozenset(), facts, today)
        if terms.kinds[valueset] != "result":
            continue
        outcome = _usable(observation, value, valueset, day, terms, today)
        if isinstance(outcome, UnitFactor):
            facts.results[valueset].append(_result(reference, value, found, valueset, day, outcome, terms, facts.sex))
            continue
        reason, decisive = outcome
        flags = [concepts.word(said).upper() for said in concepts.listed(value.interpretation)]
        flag = next((flag for flag in flags if flag in _FLAGS), "")
        facts.unusable.append(
            Unusable(reference, valueset, day, reason, decisive, flag, _number(value), reason in _UNREADABLE)
        )
        flagged = f", flagged {flag}" if flag else ""
        facts.reject(reference, f"{terms.titles[valueset]}: {reason}{flagged}: not used")


def _number(value: shapes.Observation | shapes.Component) -> float | None:
    if value.valueQuantity is not None:
        return value.valueQuantity.value
    return None if value.valueInteger is None else float(value.valueInteger)


def _usable(
    observation: shapes.Observation,
    value: shapes.Observation | shapes.Component,
    valueset: str,
    day: Day | None,
    terms: Terms,
    today: date,
) -> UnitFactor | tuple[str, bool]:
    """Returns the unit's factor of a usable result, or why it is not usable and whether that might change an answer."""
    status = (observation.status or "").strip().lower()
    if status in _VOID:
        return f"status {status}", False
    if status not in _USABLE:
        return ("no status" if not status else "not final yet"), False
    if day is None:
        return "no usable date", True
    if day.date > today:
        return "dated in the future", False
    quantity = value.valueQuantity or shapes.Quantity()
    if _number(value) is None:
        return "no numeric value", value.dataAbsentReason is None
    notes = list(concepts.written(observation.note)) + ([observation.comments] if observation.comments else [])
    if valueset in terms.spoiled and any(terms.spoiled[valueset].holds(tokens(note)) for note in notes):
        return "the laboratory's note says that the sample was spoiled", True
    factor = terms.units.factor(valueset, [unit for unit in (quantity.code, quantity.unit) if unit])
    if factor is None:
        if not (quantity.code or quantity.unit) and terms.units.canonical.get(valueset) == "1":
            return UnitFactor(unit="1", factor=1.0)
        return (_OTHER_UNIT if quantity.code or quantity.unit else _NO_UNIT), True
    return factor


def _result(
    reference: str,
    value: shapes.Observation | shapes.Component,
    found: Recognition,
    valueset: str,
    day: Day | None,
    factor: UnitFactor,
    terms: Terms,
    sex: str | None,
) -> Result:
    quantity = value.valueQuantity or shapes.Quantity()
    number = _number(value) or 0.0
    low, high = normal_range(value.referenceRange, valueset, factor, terms, sex)
    return Result(
        reference=reference,
        valuesets=found.valuesets,
        label=terms.titles[valueset],
        day=day,
        system=found.system,
        code=found.code,
        by=found.by,
        contradiction=found.contradiction,
        analyte=valueset,
        value=number,
        unit="" if factor.unit == "1" else factor.unit,
        canonical=number * factor.factor + factor.offset,
        comparator=quantity.comparator or "",
        low=low,
        high=high,
    )


def read_date(
    facts: Facts, reference: str, observation: shapes.Observation | shapes.DiagnosticReport, zone: tzinfo
) -> Day | None:
    """Returns the day of a result or report: when it was taken, else when it was issued."""
    for element in _EFFECTIVE:
        written = getattr(observation, element, None)
        if written:
            day = read_day(written, zone)
            if day is not None:
                return day
            facts.reject(reference, f"{type(observation).__name__}.{element} is no FHIR date: not used")
        if element == "effectiveDateTime" and observation.effectivePeriod:
            written = observation.effectivePeriod.end or observation.effectivePeriod.start
            if written and (day := read_day(written, zone)):
                return day
    return None


def _symptom(
    reference: str,
    observation: shapes.Observation,
    found: Recognition,
    day: Day | None,
    terms: Terms,
    recogniser: Recogniser,
    facts: Facts,
    today: date,
) -> None:
    """Adds a symptom or status: by the observation's code, its coded value, or a short text."""
    if (observation.status or "").lower() not in _USABLE | {"preliminary", "registered"}:
        return
    valuesets = {name for name in found.valuesets if terms.kinds[name] in ("observation", "condition")}
    coded = observation.valueCodeableConcept
    value = recogniser.recognise("answer", concepts.codings(coded), concepts.texts(coded)) if coded else None
    if value and not _is_no(terms, coded):
        valuesets |= value.valuesets
    said = (tokens(observation.valueString),) if observation.valueString else ()
    told = text.tells_leg_cramps(terms, (*found.words, *said))
    if told:
        valuesets.add(text.VALUESET)
    if not valuesets or observation.valueBoolean is False or _is_no(terms, coded):
        return
    if day is None or day.date > today:
        return
    source = found if found.valuesets else value or found
    fact = Event(
        reference=reference,
        valuesets=frozenset(valuesets),
        label=source.label or terms.titles[text.VALUESET],
        day=day,
        system=source.system,
        code=source.code,
        by="text" if told and not source.valuesets else source.by,
        side=concepts.side_of(terms, observation.bodySite) or found.side or (value.side if value else None),
        values=value.valuesets if value else frozenset(),
        status=(observation.status or "").lower(),
    )
    for valueset in valuesets:
        facts.observations[valueset].append(fact)


def _is_no(terms: Terms, concept: shapes.Concept | None) -> bool:
    return any(answer in terms.answers_no for answer in answers(concept))


def answers(concept: shapes.Concept | None) -> Iterator[str]:
    """Yields the codes, displays and text of an answer, in lower case."""
    for coding in concepts.codings(concept):
        yield from (part.strip().lower() for part in (coding.code, coding.display) if part)
    yield from (part.strip().lower() for part in concepts.texts(concept))


def _report(
    reference: str,
    report: shapes.DiagnosticReport,
    terms: Terms,
    recogniser: Recogniser,
    facts: Facts,
    today: date,
    zone: tzinfo,
) -> None:
    found = recogniser.recognise("report", concepts.codings(report.code), concepts.texts(report.code))
    wanted = [name for name in found.valuesets if terms.kinds[name] == "report"]
    if not wanted:
        return
    findings: set[str] = set()
    for concept in (*concepts.listed(report.conclusionCode), *concepts.listed(report.codedDiagnosis)):
        findings |= recogniser.recognise("condition", concepts.codings(concept), concepts.texts(concept)).valuesets
    if report.conclusion:
        findings |= recogniser.recognise("condition", (), (report.conclusion,)).valuesets
    day = read_date(facts, reference, report, zone)
    for valueset in wanted:
        _add_report(reference, report, found, valueset, day, frozenset(findings), facts, today)


def _add_report(
    reference: str,
    report: shapes.DiagnosticReport | shapes.Observation,
    found: Recognition,
    valueset: str,
    day: Day | None,
    findings: frozenset[str],
    facts: Facts,
    today: date,
) -> None:
    status = (report.status or "").strip().lower()
    if status not in _USABLE or day is None or day.date > today:
        facts.reject(reference, f"{found.label}: not final, or no usable date: not used")
        return
    facts.reports[valueset].append(
        Event(
            reference=reference,
            valuesets=frozenset((valueset,)),
            label=found.label,
            day=day,
            system=found.system,
            code=found.code,
            by=found.by,
            side=found.side,
            values=findings,
            status=status,
        )
    )


def in_unit(result: Result, factor: UnitFactor) -> Result:
    """Returns a result that cards show in another unit, to three figures; one reported in it stays as it is."""
    if result.unit == factor.unit:
        return result
    value = (result.canonical - factor.offset) / factor.factor
    number = f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return replace(result, shown=f"{result.comparator}{number} {factor.unit}")
