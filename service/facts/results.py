"""Laboratory results, symptoms and reports: which counts, and of which day."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable
from datetime import date
from functools import partial
from heapq import heapify, heappop
from typing import Any

import msgspec

from service import shapes
from service.facts.calcium import NEEDED_WHOLE, adjust_calcium
from service.facts.dates import Day
from service.facts.model import Facts, Result, Unusable
from service.facts.panels import Panels, corrections, moment
from service.facts.reading import Reading
from service.facts.reports import add_report
from service.facts.symptoms import add_symptom, says_leg_cramps
from service.facts.values import VOID, Measurement, measure
from service.record import Located
from service.terms import NOTHING, Recognition

_NO_SYMPTOMS = {"result", "report"}  # kinds of value set


class _Waiting(msgspec.Struct, order=True, gc=False):
    """A measurement that is looked at only if no newer one is usable; they sort by day, the newest first.

    order: falls with the day, least without one. place: which of the observations it is.
    """

    order: int
    place: int
    day: Day | None
    located: Located
    observation: shapes.Observation
    found: Recognition


def read_results(reading: Reading) -> None:
    """Adds every recognised symptom and report, and of each value set the results of the newest day with a usable one.

    Rules ask for the newest result in a window that ends today, so older ones cannot matter: they are not looked at.
    Newest first, and of one day the abnormal first. What a panel holds without a date is of the panel's day. A result
    that a corrected one of the same moment replaces is not used; the same value twice counts once. Adjusted calcium is
    computed.
    """
    facts, record = reading.facts, reading.record
    found = _telling(reading)
    corrected = corrections([observation for _, _, observation, _ in found])
    panels = Panels(record, lambda whole: _date(whole, reading))
    answers = reading.recogniser.known("answer")
    waiting: dict[str, list[_Waiting]] = defaultdict(list)
    places: dict[str, int] = {}  # of what was looked at
    for place, located, observation, meaning in found:
        answer = observation.raw_answer
        is_plain = not (observation.valueString or observation.component or observation.contained)
        if meaning is NOTHING and is_plain and (not answer or answers.get(bytes(answer)) is NOTHING):
            continue
        if corrected and observation.status == "final" and moment(observation) in corrected:
            reason = "a corrected result of the same moment stands in its place: not used"
            facts.reject(located.reference, reason)
        elif meaning.measures and is_plain and not answer and not observation.hasMember:
            day = _date(observation, reading) or panels.day_of(located.reference)
            order = -day.date.toordinal() if day else -sys.maxsize
            one = _Waiting(order, place, day, located, observation, meaning)
            for valueset in meaning.measures:
                waiting[valueset].append(one)
        else:
            reference = located.reference
            places.setdefault(reference, place)
            _observation(reference, observation, meaning, partial(panels.day_of, reference), reading)
            _contained(reference, observation, reading)
    _read_reports(reading)
    for valueset, those in waiting.items():
        _measure_newest(valueset, those, places, reading)
    _sort_as_they_came(facts, places)
    adjust_calcium(facts, reading.terms.titles.get("calcium-adjusted", ""))
    for valueset, results in facts.results.items():
        once: dict[object, Result] = {}
        for result in results:
            once.setdefault((result.day, result.value, result.unit, result.comparator, result.low, result.high), result)
        facts.results[valueset] = sorted(once.values(), key=_newest_abnormal_first)


def _telling(reading: Reading) -> list[tuple[int, Located, shapes.Observation, Recognition]]:
    """The observations that may tell something, with their places among all: what is left out is of most charts most.

    An observation that is not final may replace another one, whatever its own code means.
    """
    known = reading.recogniser.known("observation")
    located: list[Any] = reading.record.located(shapes.Observation)
    return [
        (place, one, observation, meaning)
        for place, one in enumerate(located)
        for observation in (one.resource,)
        for meaning in (
            known.get(bytes(observation.raw_code)) or reading.recognise_code("observation", one.reference, observation),
        )
        if meaning is not NOTHING
        or observation.status != "final"
        or observation.raw_answer
        or observation.valueString
        or observation.component
        or observation.contained
    ]


def _read_reports(reading: Reading) -> None:
    for located, report, found in reading.each(shapes.DiagnosticReport, "report"):
        if found.valuesets:
            reading.check_dates(located.reference, report)
            add_report(located.reference, report, found, _date(report, reading), reading)
        if report.contained and (report.status or "").strip().lower() not in VOID:
            _contained(located.reference, report, reading)


def _newest_abnormal_first(result: Result) -> tuple[int, bool]:
    return (-result.day.date.toordinal() if result.day else 0, not result.outside)


def _measure_newest(valueset: str, waiting: list[_Waiting], places: dict[str, int], reading: Reading) -> None:
    """Measures what is undated, then from the newest day on until a day has a usable result."""
    is_whole = valueset in NEEDED_WHOLE
    known = [result.day.date for result in reading.facts.results.get(valueset, ()) if result.day]
    newest = date.min if is_whole else max(known, default=date.min)
    heapify(waiting)  # mostly the first one settles it
    while waiting:
        one = heappop(waiting)
        day, observation = one.day, one.observation
        if day is not None and day.date < newest:
            break
        reference = one.located.reference
        places.setdefault(reference, one.place)
        reading.check_dates(reference, observation)
        is_usable = measure(Measurement(reference, observation, observation, one.found, day), valueset, reading)
        if is_usable and day is not None and not is_whole:
            newest = max(newest, day.date)


def _sort_as_they_came(facts: Facts, places: dict[str, int]) -> None:
    """Of one day, what came first is named first; what reports contain comes behind."""

    def place(one: Result | Unusable) -> int:
        return places.get(one.reference.partition("#")[0], sys.maxsize)

    for results in facts.results.values():
        results.sort(key=place)
    facts.unusable.sort(key=place)


def _contained(reference: str, whole: shapes.Observation | shapes.DiagnosticReport, reading: Reading) -> None:
    """Reads the results that a panel or report holds inside itself."""
    for inner in whole.contained or ():
        if isinstance(inner, shapes.Observation):
            own = f"{reference}#{inner.id or ''}"
            found = reading.recognise_code("observation", own, inner)
            _observation(own, inner, found, partial(_date, whole, reading), reading)


def _observation(
    reference: str,
    observation: shapes.Observation,
    found: Recognition,
    of_panel: Callable[[], Day | None],
    reading: Reading,
) -> None:
    """Reads one observation with its components; without a date of its own it is of its panel's day."""
    in_words = says_leg_cramps(observation, reading.terms)
    is_told = in_words or bool(observation.raw_answer)
    if found is NOTHING and not is_told and observation.component is None:
        return
    components = [
        (part, reading.recognise_written("observation", reference, observation, f"component[{n}].code", part.raw_code))
        for n, part in enumerate(observation.component or ())
    ]
    if not (found.valuesets or found.tells_leg_cramps or is_told or any(inner.valuesets for _, inner in components)):
        return
    day = _date(observation, reading) or of_panel()
    if found.valuesets:
        reading.check_dates(reference, observation)
    for component, inner in components:
        _measure(Measurement(reference, observation, component, inner, day), reading)
    has_quantity = bytes(observation.raw_quantity).startswith(b"{")  # what is no object is none
    if has_quantity or not (observation.component or observation.hasMember):  # a panel measures nothing itself
        _measure(Measurement(reference, observation, observation, found, day), reading)
    kinds = {reading.terms.kinds[valueset] for valueset in found.valuesets}
    if "report" in kinds:
        add_report(reference, observation, found, day, reading)
    if is_told or found.tells_leg_cramps or not kinds <= _NO_SYMPTOMS:
        add_symptom(reference, observation, found, day, reading, in_words=in_words)


def _measure(measurement: Measurement, reading: Reading) -> None:
    for valueset in sorted(measurement.found.valuesets):  # so that of several the same one is named in every process
        if reading.terms.kinds[valueset] == "result":
            measure(measurement, valueset, reading)


def _date(resource: shapes.Observation | shapes.DiagnosticReport, reading: Reading) -> Day | None:
    """The day of a result or report: when it was taken, else when it was issued."""
    day = reading.day(resource.effectiveDateTime)
    if day is None and resource.effectivePeriod:
        day = reading.day(resource.effectivePeriod.end or resource.effectivePeriod.start)
    if day is None and isinstance(resource, shapes.Observation):
        day = reading.day(resource.effectiveInstant)
    return day or reading.day(resource.issued)
