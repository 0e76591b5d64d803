"""The normal range beside a result: whose it is, in the unit of the value, also where it is written in words."""

from __future__ import annotations

import re

from service import shapes
from service.facts import concepts
from service.knowledge.schema import UnitFactor
from service.terms import Terms

Limits = tuple[float | None, float | None]
_NUMBER = r"(\d+(?:[.,]\d+)?)"
_BETWEEN = re.compile(rf"\s*{_NUMBER}\s*(?:-|–|to|bis)\s*{_NUMBER}\s*(.*)")
_UP_TO = re.compile(rf"\s*(?:<=?|≤|up to|bis)\s*{_NUMBER}\s*(.*)")
_FROM = re.compile(rf"\s*(?:>=?|≥|from|ab)\s*{_NUMBER}\s*(.*)")
_SEX = {"female": {"female", "f", "248152002", "women", "woman"}, "male": {"male", "m", "248153007", "men", "man"}}


def normal_range(
    ranges: list[shapes.Range] | None, valueset: str, factor: UnitFactor, terms: Terms, sex: str | None
) -> Limits:
    """Returns low and high in the unit of the value; None where there is no limit that can be read.

    A range for the other sex is not used, one for the patient's own comes before one for everybody.
    """
    if not ranges:
        return None, None
    if len(ranges) == 1 and not (ranges[0].type or ranges[0].meaning or ranges[0].appliesTo):  # nearly all
        return _limits(ranges[0], valueset, factor, terms)
    normal = [found for found in ranges if concepts.word(found.type or found.meaning) in ("normal", "")]
    sorted_out = [(_applies(found, sex), found) for found in normal]
    for applies in ("own", "everybody"):
        for of_whom, found in sorted_out:
            limits = _limits(found, valueset, factor, terms)
            if of_whom == applies and limits != (None, None):
                return limits
    return None, None


def _applies(found: shapes.Range, sex: str | None) -> str:
    """`own`: for the patient's sex; `other`: for the other one, or for a sex while the patient's is not known."""
    words = {part.strip().lower() for concept in found.appliesTo or () for part in _said(concept)}
    named = {name for name, spelled in _SEX.items() if spelled & words}
    if not named:
        return "everybody"
    return "own" if sex in named else "other"


def _said(concept: shapes.Concept) -> list[str]:
    coded = [part for coding in concepts.codings(concept) for part in (coding.code, coding.display) if part]
    return coded + list(concepts.texts(concept))


def _limits(found: shapes.Range, valueset: str, factor: UnitFactor, terms: Terms) -> Limits:
    if found.low is None and found.high is None:
        return _written(found.text or "", factor, terms)
    return _limit(found.low, valueset, factor, terms), _limit(found.high, valueset, factor, terms)


def _limit(limit: shapes.Quantity | None, valueset: str, factor: UnitFactor, terms: Terms) -> float | None:
    """A limit without a unit is in the unit of the value; one in another unit is converted to it."""
    if limit is None or limit.value is None:
        return None
    if factor.unit in (limit.code, limit.unit):
        return limit.value
    spelled = [unit for unit in (limit.code, limit.unit) if unit]
    if not spelled or any(terms.units.name(unit) == factor.unit for unit in spelled):
        return limit.value
    other = terms.units.factor(valueset, spelled)
    if other is None:
        return None
    return round((limit.value * other.factor + other.offset - factor.offset) / factor.factor, 6)


def _written(text: str, factor: UnitFactor, terms: Terms) -> Limits:
    """`0.4-4.0`, `0,4 bis 4,0 mIU/L`, `< 200`, `>= 60`: any other text is not read."""
    for pattern, places in ((_BETWEEN, (0, 1)), (_UP_TO, (None, 0)), (_FROM, (0, None))):
        match = pattern.fullmatch(text.lower())
        if match is None:
            continue
        *numbers, unit = match.groups()
        if unit and terms.units.name(unit) != factor.unit:
            return None, None
        read = [float(number.replace(",", ".")) for number in numbers]
        low, high = (None if place is None else read[place] for place in places)
        return low, high
    return None, None
