"""Results against numbers: the newest usable value, compared in the unit that was reported."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from service.engine.answers import NO, Answer, Truth, any_of, unknown
from service.engine.case import TOMORROW, Case
from service.facts.model import Result
from service.knowledge.schema import Bound, Latest, Limits, ResultTerms

_INFINITE = float("inf")
_NO, _UNKNOWN, _YES = Truth
_OPPOSITE = {_NO: _YES, _UNKNOWN: _UNKNOWN, _YES: _NO}

Bounds = Sequence[tuple[Bound, Limits]]
Compare = Callable[[Case, Result], Answer]


def newest(case: Case, analytes: Sequence[str], window_days: int) -> list[Result]:
    """Returns the usable results of the newest day in the window; on one day there may be several."""
    nearest = window_days
    found: list[Result] = []
    for analyte in analytes:
        for days_back, result in case.results[analyte]:
            if days_back > nearest:
                break
            if days_back >= TOMORROW:
                if days_back < nearest:
                    nearest, found = days_back, []
                found.append(result)
    return found


def comparing(terms: ResultTerms) -> Compare:
    """Returns what tells whether one result meets the bounds; a comparator that leaves it open gives unknown."""
    latest, times = _written(terms.latest), _written(terms.times_upper_limit)

    def compare(case: Case, result: Result) -> Answer:
        if terms.unadjusted and not result.unadjusted:
            return NO
        truth = _bounded(case, result, latest)
        if times:
            upper = _upper(case, result, terms.fallback_upper)
            truth = min(truth, _UNKNOWN if upper is None else _bounded(case, result, _scaled(times, upper)))
        if terms.outside_reference:
            truth = min(truth, _outside(case, result, terms.fallback))
        if truth is _YES:
            return Answer(_YES, (result,))
        return NO if truth is _NO else unknown(f"exact value of {result.reference}")

    return compare


def meets(case: Case, result: Result, bound: Bound, limits: Limits) -> bool:
    """Returns whether a result certainly lies on that side of a limit."""
    return _met(case, result, bound, limits) is _YES


def _span(result: Result, value: float) -> tuple[float, float]:
    """The values that a result may stand for: a comparator opens one end (FHIR R4 Quantity.comparator)."""
    if result.comparator in ("<", "<="):
        return -_INFINITE, value
    if result.comparator in (">", ">="):
        return value, _INFINITE
    return value, value


def _written(bounds: Latest | None) -> Bounds:
    named: Bounds = [(bound, getattr(bounds, bound, {})) for bound in _BOUNDS]
    return [(bound, limits) for bound, limits in named if limits]


def _bounded(case: Case, result: Result, bounds: Bounds) -> Truth:
    truth = _YES
    for bound, limits in bounds:
        truth = min(truth, _met(case, result, bound, limits))
    return truth


def _met(case: Case, result: Result, bound: Bound, limits: Limits) -> Truth:
    pair = _same_unit(case, result, limits)
    if pair is None:
        return _UNKNOWN
    test, inside = _BOUNDS[bound]
    truth = test(_span(result, pair[0]), pair[1], result)
    return truth if inside else _OPPOSITE[truth]


def _below(span: tuple[float, float], limit: float, result: Result) -> Truth:
    low, high = span
    if high < limit or (high == limit and result.comparator == "<"):
        return _YES
    return _NO if low >= limit else _UNKNOWN


def _at_most(span: tuple[float, float], limit: float, result: Result) -> Truth:
    low, high = span
    if high <= limit:
        return _YES
    return _NO if low > limit or (low == limit and result.comparator == ">") else _UNKNOWN


# bound → the test, and whether it is met where the test is, or where it is not
_BOUNDS: dict[Bound, tuple[Callable[[tuple[float, float], float, Result], Truth], bool]] = {
    "below": (_below, True),
    "at_most": (_at_most, True),
    "above": (_at_most, False),
    "at_least": (_below, False),
}


def _same_unit(case: Case, result: Result, limits: Limits) -> tuple[float, float] | None:
    """Returns value and limit in one unit: the reported one where the rule gives it, else the canonical one."""
    if result.unit in limits:
        return result.value, limits[result.unit]
    canonical = case.terms.units.canonical.get(result.analyte, "")
    if canonical in limits:
        return result.canonical, limits[canonical]
    return None


def _upper(case: Case, result: Result, fallback: Limits | None) -> tuple[float, str] | None:
    """The upper limit and its unit: the one reported beside the value, else the rule's own."""
    if result.high is not None and result.high > 0:
        return result.high, result.unit
    canonical = case.terms.units.canonical.get(result.analyte, "")
    unit = next((unit for unit in (result.unit, canonical) if unit in (fallback or {})), None)
    return None if fallback is None or unit is None else (fallback[unit], unit)


def _scaled(times: Bounds, upper: tuple[float, str]) -> Bounds:
    """`times` limits are written with the unit `times`; they become limits in the unit of the upper limit."""
    limit, unit = upper
    return [(bound, {unit: limits["times"] * limit}) for bound, limits in times]


def _outside(case: Case, result: Result, fallback: tuple[float, float, str] | None) -> Truth:
    below = None if result.low is None else {result.unit: result.low}
    above = None if result.high is None else {result.unit: result.high}
    if fallback is not None:
        below, above = below or {fallback[2]: fallback[0]}, above or {fallback[2]: fallback[1]}
    if below is None and above is None:
        return _UNKNOWN
    answers = []
    if below is not None:
        answers.append(Answer(_met(case, result, "below", below)))
    if above is not None:
        answers.append(Answer(_met(case, result, "above", above)))
    return any_of(answers).truth
