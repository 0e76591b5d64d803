"""Laboratory results and reports: which value counts, in which unit, of which day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, tzinfo

from service import shapes
from service.facts import concepts, text
from service.facts.dates import Day, read_day
from service.facts.model import Event, Facts, Result, Unusable
from service.knowledge.phrases import tokens
from service.knowledge.schema import UnitFactor
from service.record import Record
from service.terms import Recogniser, Recognition, Terms

_USABLE = {"final", "amended", "corrected", "appended"}
_VOID = {"entered-in-error", "cancelled"}
_ADJUSTED, _TOTAL, _ALBUMIN = "calcium-adjusted", "calcium-total", "albumin"
_ALBUMIN_DAYS = 2  # clinical.md Annex 2: albumin within 2 days
_EFFECTIVE = ("effectiveDateTime", "effectiveInstant", "issued")


def read_results(record: Record, terms: Terms, recogniser: Recogniser, facts: Facts, today: date, zone: tzinfo) -> None:
    """Adds every recognised result, symptom and report; newest results first; adjusted calcium computed."""
    for reference, observation in record.of(shapes.Observation):
        _observation(reference, observation, terms, recogniser, facts, today, zone)
    for reference, report in record.of(shapes.DiagnosticReport):
        _report(reference, report, terms, recogniser, facts, today, zone)
        for inner in report.contained or ():
            if isinstance(inner, shapes.Observation):
                _observation(f"{reference}#{inner.id or ''}", inner, terms, recogniser, facts, today, zone)
    _adjust_calcium(facts, terms.titles.get(_ADJUSTED, ""))
    for found in facts.results.values():
        found.sort(key=lambda result: result.day.date if result.day else date.min, reverse=True)


def _observation(
    reference: str,
    observation: shapes.Observation,
    terms: Terms,
    recogniser: Recogniser,
    facts: Facts,
    today: date,
    zone: tzinfo,
) -> None:
    found = recogniser.recognise("observation", concepts.codings(observation.code), concepts.texts(observation.code))
    if observation.component:
        for component in observation.component:
            inner = recogniser.recognise(
                "observation", concepts.codings(component.code), concepts.texts(component.code)
            )
            _measure(reference, observation, component, inner, terms, facts, today, zone)
    _measure(reference, observation, observation, found, terms, facts, today, zone)
    _symptom(reference, observation, found, terms, recogniser, facts, today, zone)


def _measure(
    reference: str,
    observation: shapes.Observation,
    value: shapes.Observation | shapes.Component,
    found: Recognition,
    terms: Terms,
    facts: Facts,
    today: date,
    zone: tzinfo,
) -> None:
    for valueset in found.valuesets:
        if terms.kinds[valueset] == "report":
            _add_report(
                reference,
                observation,
                found,
                valueset,
                _day(facts, reference, observation, zone),
                frozenset(),
                facts,
                today,
            )
        if terms.kinds[valueset] != "result":
            continue
        day = _day(facts, reference, observation, zone)
        outcome = _usable(observation, value, valueset, day, terms, today)
        if isinstance(outcome, UnitFactor):
            facts.results[valueset].append(_result(reference, value, found, valueset, day, outcome, terms))
            continue
        reason, decisive = outcome
        flag = next((concepts.word(i).upper() for i in concepts.listed(value.interpretation)), "")
        facts.unusable.append(Unusable(reference, valueset, day, reason, decisive, flag))
        facts.reject(reference, f"{terms.titles[valueset]}: {reason}: not used")


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
    quantity = value.valueQuantity
    if quantity is None or quantity.value is None:
        return "no numeric value", value.dataAbsentReason is None
    notes = list(concepts.written(observation.note)) + ([observation.comments] if observation.comments else [])
    if valueset in terms.spoiled and any(terms.spoiled[valueset].holds(tokens(note)) for note in notes):
        return "the laboratory's note says that the sample was spoiled", True
    factor = terms.units.factor(valueset, [unit for unit in (quantity.code, quantity.unit) if unit])
    if factor is None:
        if not (quantity.code or quantity.unit) and terms.units.canonical.get(valueset) == "1":
            return UnitFactor(unit="1", factor=1.0)
        return ("no unit" if not (quantity.code or quantity.unit) else "a unit that cannot be converted"), True
    return factor


def _result(
    reference: str,
    value: shapes.Observation | shapes.Component,
    found: Recognition,
    valueset: str,
    day: Day | None,
    factor: UnitFactor,
    terms: Terms,
) -> Result:
    quantity = value.valueQuantity or shapes.Quantity()
    number = quantity.value or 0.0
    low, high = _reference_range(value.referenceRange, factor, terms)
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


def _reference_range(
    ranges: list[shapes.Range] | None, factor: UnitFactor, terms: Terms
) -> tuple[float | None, float | None]:
    """Returns the normal range in the unit of the value; a limit in another unit is not used."""
    for found in ranges or ():
        if found.type is not None and concepts.word(found.type) not in ("normal", ""):
            continue
        limits = []
        for limit in (found.low, found.high):
            spelled = [unit for unit in (limit.code, limit.unit) if unit] if limit else []
            same = limit is not None and (not spelled or any(terms.units.name(unit) == factor.unit for unit in spelled))
            limits.append(limit.value if limit and same else None)
        return limits[0], limits[1]
    return None, None


def _day(
    facts: Facts, reference: str, observation: shapes.Observation | shapes.DiagnosticReport, zone: tzinfo
) -> Day | None:
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
    terms: Terms,
    recogniser: Recogniser,
    facts: Facts,
    today: date,
    zone: tzinfo,
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
    day = _day(facts, reference, observation, zone)
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
    day = _day(facts, reference, report, zone)
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


def _adjust_calcium(facts: Facts, label: str) -> None:
    """Computes adjusted calcium = total + 0.02 × (40 − albumin in g/L) for each total calcium (clinical.md Annex 2).

    The albumin nearest in time, at most two days away, is taken. Without one the unadjusted value stands in, and says
    so (B9.4). All in canonical units, mmol/L and g/L.
    """
    albumins = [result for result in facts.results.get(_ALBUMIN, ()) if result.day]
    for total in facts.results.get(_TOTAL, ()):
        if total.day is None:
            continue
        moment = total.day.date
        near = [a for a in albumins if a.day and abs((a.day.date - moment).days) <= _ALBUMIN_DAYS]
        if near:
            albumin = min(near, key=lambda a: abs((a.day.date - moment).days) if a.day else 0)
            value, note = round(total.canonical + 0.02 * (40 - albumin.canonical), 3), "adjusted for albumin"
        else:
            value, note = total.canonical, "unadjusted: no albumin within two days"
        unit = "mmol/L" if near else total.unit
        facts.results[_ADJUSTED].append(
            replace(
                total,
                analyte=_ADJUSTED,
                label=label if near else total.label,
                canonical=value,
                value=value if near else total.value,
                unit=unit,
                note=note,
                low=None if near else total.low,
                high=None if near else total.high,
            )
        )
