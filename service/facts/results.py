"""Laboratory results: which value counts, in which unit, of which day."""

from __future__ import annotations

from collections.abc import Iterable
from operator import attrgetter

import msgspec
from msgspec.structs import replace

from service import shapes
from service.facts import concepts
from service.facts.calcium import adjust_calcium
from service.facts.dates import Day, read_day
from service.facts.model import Result, Unusable
from service.facts.panels import corrections, days_of_panels, moment
from service.facts.ranges import normal_range
from service.facts.reading import Reading
from service.facts.reports import USABLE, add_report
from service.facts.symptoms import add_symptom
from service.knowledge.phrases import tokens
from service.knowledge.schema import UnitFactor
from service.terms import NOTHING, Recognition

_VOID = {"entered-in-error", "cancelled"}
_FLAGS = ("LL", "HH")  # the laboratory's own critical limits (FHIR observation interpretation)
_NO_UNIT, _OTHER_UNIT = _UNREADABLE = ("no unit", "a unit that cannot be converted")
_COMPARATORS = {"", "<", "<=", ">=", ">"}  # Quantity.comparator; "ad" and anything else says too little
_EFFECTIVE = ("effectiveDateTime", "effectiveInstant", "issued")
_NO_SYMPTOMS = {"result", "report"}  # kinds of value set
# Where one of these is said of a thing that no rule reads, the observation may tell of something that a rule does read.
_SAYS = attrgetter("valueCodeableConcept", "valueString", "component", "contained")
_SAYS_NOTHING = (None,) * 4
_CONCEPT = msgspec.json.Decoder(shapes.Concept | None)
_RANGES = msgspec.json.Decoder(list[shapes.Range] | None)
Measured = shapes.Observation | shapes.Component


def read_results(reading: Reading) -> None:
    """Adds every recognised result, symptom and report; newest first and of one day the abnormal first.

    What a panel holds without a date is of the panel's day. A result that a corrected one of the same moment replaces
    is not used; the same value twice counts once. Adjusted calcium is computed.
    """
    facts, record = reading.facts, reading.record
    corrected = corrections(record)
    panels = days_of_panels(record, lambda _, resource: _date(resource, reading))
    for located, observation, found in reading.each(shapes.Observation, "observation"):
        if found is NOTHING and _SAYS(observation) == _SAYS_NOTHING:
            continue  # most measurements are nothing that a rule reads
        reference = located.reference
        if corrected and observation.status == "final" and moment(observation) in corrected:
            facts.reject(reference, "a corrected result of the same moment stands in its place: not used")
            continue
        _observation(reference, observation, found, panels.get(reference), reading)
        if observation.contained:
            _contained(reference, observation, reading)
    for located, report, found in reading.each(shapes.DiagnosticReport, "report"):
        if found.valuesets:
            reading.check_dates(located.reference, report)
            add_report(located.reference, report, found, _date(report, reading), reading)
        if report.contained and (report.status or "").strip().lower() not in _VOID:
            _contained(located.reference, report, reading)
    adjust_calcium(facts, reading.terms.titles.get("calcium-adjusted", ""))
    for valueset, results in facts.results.items():
        once: dict[object, Result] = {}
        for result in results:
            once.setdefault((result.day, result.value, result.unit, result.comparator, result.low, result.high), result)
        facts.results[valueset] = sorted(once.values(), key=_newest_abnormal_first)


def _newest_abnormal_first(result: Result) -> tuple[int, bool]:
    return (-result.day.date.toordinal() if result.day else 0, not result.outside)


def _contained(reference: str, whole: shapes.Observation | shapes.DiagnosticReport, reading: Reading) -> None:
    """Reads the results that a panel or report holds inside itself."""
    for inner in whole.contained or ():
        if isinstance(inner, shapes.Observation):
            own = f"{reference}#{inner.id or ''}"
            _observation(own, inner, reading.recognise_code("observation", own, inner), _date(whole, reading), reading)


def _observation(
    reference: str, observation: shapes.Observation, found: Recognition, panel: Day | None, reading: Reading
) -> None:
    """Reads one observation with its components; without a date of its own it is of its panel's day."""
    told = observation.valueCodeableConcept is not None or observation.valueString is not None
    if found is NOTHING and not told and observation.component is None:
        return
    components = [(part, reading.recognise("observation", part.code)) for part in observation.component or ()]
    if not (found.valuesets or found.tells_leg_cramps or told or any(inner.valuesets for _, inner in components)):
        return
    day = _date(observation, reading) or panel
    kinds = reading.terms.kinds
    if found.valuesets:
        reading.check_dates(reference, observation)
    for component, inner in components:
        _measure(reference, observation, component, inner, day, reading)
    is_panel = bool(observation.component or observation.hasMember) and observation.valueQuantity is None
    if not is_panel:
        _measure(reference, observation, observation, found, day, reading)
    sorts = {kinds[valueset] for valueset in found.valuesets}
    if "report" in sorts:
        add_report(reference, observation, found, day, reading)
    if told or found.tells_leg_cramps or not sorts <= _NO_SYMPTOMS:
        add_symptom(reference, observation, found, day, reading)


def _measure(
    reference: str,
    observation: shapes.Observation,
    value: Measured,
    found: Recognition,
    day: Day | None,
    reading: Reading,
) -> None:
    facts, terms = reading.facts, reading.terms
    for valueset in found.valuesets:
        if terms.kinds[valueset] != "result":
            continue
        outcome = _usable(reference, observation, value, valueset, day, reading)
        if isinstance(outcome, UnitFactor):
            facts.results[valueset].append(_result(reference, value, found, valueset, day, outcome, reading))
            continue
        reason, decisive = outcome
        flags = [concepts.word(said).upper() for said in _interpretation(reference, value, reading)]
        flag = next((flag for flag in flags if flag in _FLAGS), "")
        facts.unusable.append(
            Unusable(reference, valueset, day, reason, decisive, flag, _number(value), reason in _UNREADABLE)
        )
        flagged = f", flagged {flag}" if flag else ""
        facts.reject(reference, f"{terms.titles[valueset]}: {reason}{flagged}: not used")


def _number(value: Measured) -> float | None:
    if value.valueQuantity is not None:
        return value.valueQuantity.value
    return None if value.valueInteger is None else float(value.valueInteger)


def _usable(
    reference: str,
    observation: shapes.Observation,
    value: Measured,
    valueset: str,
    day: Day | None,
    reading: Reading,
) -> UnitFactor | tuple[str, bool]:
    """Returns the unit's factor of a usable result, or why it is not usable and whether that might change an answer."""
    status = (observation.status or "").strip().lower()
    if status in _VOID:
        return f"status {status}", False
    if status not in USABLE:
        return _STATUS.get(status, "of no status that counts"), False
    if day is None:
        return "no usable date", True
    if day.date > reading.today:
        return "dated in the future", False
    quantity = value.valueQuantity or shapes.Quantity()
    if _number(value) is None:
        return "no numeric value", value.dataAbsentReason is None
    if (quantity.comparator or "") not in _COMPARATORS:
        return "a comparator that says too little", True
    if _is_spoiled(reference, observation, value, valueset, reading):
        return "the laboratory says that the sample was spoiled", True
    units = reading.terms.units
    factor = units.factor(valueset, [unit for unit in (quantity.code, quantity.unit) if unit])
    if factor is None:
        if not (quantity.code or quantity.unit) and units.canonical.get(valueset) == "1":
            return UnitFactor(unit="1", factor=1.0)
        return (_OTHER_UNIT if quantity.code or quantity.unit else _NO_UNIT), True
    return factor


_STATUS = {"": "no status", "preliminary": "pending, not final yet", "registered": "pending, no result yet"}


def _is_spoiled(
    reference: str, observation: shapes.Observation, value: Measured, valueset: str, reading: Reading
) -> bool:
    """Whether a note, comment or interpretation says so, and does not deny it ("sample not haemolysed")."""
    if valueset not in reading.terms.spoiled:
        return False
    said = list(concepts.written(observation.note))
    said += [text for concept in _interpretation(reference, value, reading) for text in concepts.texts(concept)]
    return any(reading.terms.is_spoiled(valueset, tokens(text)) for text in said)


def _interpretation(reference: str, value: Measured, reading: Reading) -> Iterable[shapes.Concept]:
    if isinstance(value, shapes.Component):
        return concepts.listed(value.interpretation)
    said, path = value.interpretation, "Observation.interpretation"
    if not isinstance(said, list):
        return concepts.listed(said)
    opened = [reading.opened(reference, f"{path}[{n}]", written, _CONCEPT) for n, written in enumerate(said)]
    return [concept for concept in opened if concept is not None]


def _ranges(reference: str, value: Measured, reading: Reading) -> list[shapes.Range] | None:
    if isinstance(value, shapes.Component):
        return value.referenceRange
    return reading.opened(reference, "Observation.referenceRange", value.raw_reference_range, _RANGES)


def _result(
    reference: str,
    value: Measured,
    found: Recognition,
    valueset: str,
    day: Day | None,
    factor: UnitFactor,
    reading: Reading,
) -> Result:
    quantity = value.valueQuantity or shapes.Quantity()
    number = _number(value) or 0.0
    low, high = normal_range(_ranges(reference, value, reading), valueset, factor, reading.terms, reading.facts.sex)
    return Result(
        reference=reference,
        valuesets=found.valuesets,
        label=reading.terms.titles[valueset],
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


def _date(resource: shapes.Observation | shapes.DiagnosticReport, reading: Reading) -> Day | None:
    """The day of a result or report: when it was taken, else when it was issued."""
    for element in _EFFECTIVE:
        written = getattr(resource, element, None)
        if written and (day := read_day(written, reading.zone)):
            return day
        if element == "effectiveDateTime" and resource.effectivePeriod:
            written = resource.effectivePeriod.end or resource.effectivePeriod.start
            if written and (day := read_day(written, reading.zone)):
                return day
    return None


def in_unit(result: Result, factor: UnitFactor) -> Result:
    """Returns a result that cards show in another unit, to three figures; one reported in it stays as it is."""
    if result.unit == factor.unit:
        return result
    value = (result.canonical - factor.offset) / factor.factor
    number = f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return replace(result, shown=f"{result.comparator}{number} {factor.unit}")
