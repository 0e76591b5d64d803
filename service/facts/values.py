"""What is measured: the number that counts, its unit and range; or why it is not usable."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec.structs import replace

from service import shapes
from service.facts import concepts
from service.facts.dates import Day
from service.facts.model import Result, Unusable
from service.facts.ranges import normal_range
from service.facts.reading import Reading
from service.facts.reports import USABLE
from service.knowledge.phrases import tokens
from service.knowledge.schema import UnitFactor
from service.terms import Recognition

VOID = {"entered-in-error", "cancelled"}
_FLAGS = ("LL", "HH")  # the laboratory's own critical limits (FHIR observation interpretation)
_NO_UNIT, _OTHER_UNIT = "no unit", "a unit that cannot be converted"
_STATUS = {"": "no status", "preliminary": "pending, not final yet", "registered": "pending, no result yet"}
_COMPARATORS = {"", "<", "<=", ">=", ">"}  # Quantity.comparator; "ad" and anything else says too little
_CONCEPT = msgspec.json.Decoder(shapes.Concept | None)
_QUANTITY = msgspec.json.Decoder(shapes.Quantity | None)
_RANGES = msgspec.json.Decoder(list[shapes.Range] | None)


class Measurement(msgspec.Struct, frozen=True, gc=False):
    """What an observation or a component of it measured.

    part: the observation itself, or the component. found: what its code means. day: its own, else that of its panel.
    """

    reference: str
    observation: shapes.Observation
    part: shapes.Observation | shapes.Component
    found: Recognition
    day: Day | None


def measure(measurement: Measurement, valueset: str, reading: Reading) -> bool:
    """Adds what was measured as a result of one value set; returns whether it is usable."""
    facts, reference, day = reading.facts, measurement.reference, measurement.day
    quantity = _quantity(measurement, reading)
    outcome = _usable(measurement, quantity, valueset, reading)
    if isinstance(outcome, UnitFactor):
        facts.results[valueset].append(_result(measurement, quantity, valueset, outcome, reading))
        return True
    reason, decisive = outcome
    flags = [concepts.word(said).upper() for said in _interpretation(measurement, reading)]
    flag = next((flag for flag in flags if flag in _FLAGS), "")
    facts.unusable.append(
        Unusable(reference, valueset, day, reason, decisive, flag, quantity.value, reason in (_NO_UNIT, _OTHER_UNIT))
    )
    flagged = f", flagged {flag}" if flag else ""
    facts.reject(reference, f"{reading.terms.titles[valueset]}: {reason}{flagged}: not used")
    return False


def _quantity(measurement: Measurement, reading: Reading) -> shapes.Quantity:
    """The quantity, a whole number without a unit too; empty where there is neither."""
    part = measurement.part
    if isinstance(part, shapes.Component):
        quantity = part.valueQuantity
    else:
        quantity, _ = reading.opened(measurement.reference, part, "valueQuantity", part.raw_quantity, _QUANTITY)
    if quantity is None:
        quantity = shapes.Quantity(value=None if part.valueInteger is None else float(part.valueInteger))
    return quantity


def _usable(
    measurement: Measurement, quantity: shapes.Quantity, valueset: str, reading: Reading
) -> UnitFactor | tuple[str, bool]:
    """Returns the unit's factor of a usable result, or why it is not usable and whether that might change an answer."""
    status, day = (measurement.observation.status or "").strip().lower(), measurement.day
    if status in VOID:
        return f"status {status}", False
    if status not in USABLE:
        return _STATUS.get(status, "of no status that counts"), False
    if day is None:
        return "no usable date", True
    if day.date > reading.today:
        return "dated in the future", False
    if quantity.value is None:
        return "no numeric value", measurement.part.dataAbsentReason is None
    if (quantity.comparator or "") not in _COMPARATORS:
        return "a comparator that says too little", True
    if _is_spoiled(measurement, valueset, reading):
        return "the laboratory says that the sample was spoiled", True
    units = reading.terms.units
    factor = units.factor(valueset, [unit for unit in (quantity.code, quantity.unit) if unit])
    if factor is None:
        if not (quantity.code or quantity.unit) and units.canonical.get(valueset) == "1":
            return UnitFactor(unit="1", factor=1.0)
        return (_OTHER_UNIT if quantity.code or quantity.unit else _NO_UNIT), True
    return factor


def _is_spoiled(measurement: Measurement, valueset: str, reading: Reading) -> bool:
    """Whether a note, comment or interpretation says so, and does not deny it ("sample not haemolysed")."""
    if valueset not in reading.terms.spoiled:
        return False
    said = list(concepts.written(measurement.observation.note))
    said += [text for concept in _interpretation(measurement, reading) for text in concepts.texts(concept)]
    return any(reading.terms.is_spoiled(valueset, tokens(text)) for text in said)


def _interpretation(measurement: Measurement, reading: Reading) -> Iterable[shapes.Concept]:
    reference, part = measurement.reference, measurement.part
    if isinstance(part, shapes.Component):
        return concepts.listed(part.interpretation)
    said = part.interpretation
    if not isinstance(said, list):
        return concepts.listed(said)
    opened = [reading.opened(reference, part, f"interpretation[{n}]", one, _CONCEPT) for n, one in enumerate(said)]
    return [concept for concept, _ in opened if concept is not None]


def _ranges(measurement: Measurement, reading: Reading) -> list[shapes.Range] | None:
    part = measurement.part
    if isinstance(part, shapes.Component):
        return part.referenceRange
    return reading.opened(measurement.reference, part, "referenceRange", part.raw_reference_range, _RANGES)[0]


def _result(
    measurement: Measurement, quantity: shapes.Quantity, valueset: str, factor: UnitFactor, reading: Reading
) -> Result:
    found, number = measurement.found, quantity.value or 0.0
    low, high = normal_range(_ranges(measurement, reading), valueset, factor, reading.terms, reading.facts.sex)
    return Result(
        reference=measurement.reference,
        valuesets=found.valuesets,
        label=reading.terms.titles[valueset],
        day=measurement.day,
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


def in_unit(result: Result, factor: UnitFactor) -> Result:
    """Returns a result that cards show in another unit, to three figures; one reported in it stays as it is."""
    if result.unit == factor.unit:
        return result
    value = (result.canonical - factor.offset) / factor.factor
    number = f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return replace(result, shown=f"{result.comparator}{number} {factor.unit}")
