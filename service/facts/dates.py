"""FHIR dates as calendar days."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, tzinfo
from functools import cache, lru_cache, partial
from operator import attrgetter
from typing import Any

import msgspec

from service import shapes

_DATED = frozenset((
    "abatementDateTime", "abatementPeriod", "authored", "authoredOn", "dateAsserted", "deceasedDateTime",
    "effectiveDateTime", "effectiveInstant", "effectivePeriod", "issued", "occurrenceDateTime", "occurrencePeriod",
    "onsetDateTime", "onsetPeriod", "performedDateTime", "performedPeriod", "period", "recordedDate", "whenHandedOver",
    "whenPrepared",
))  # fmt: skip
_FULL = len("2000-01-01")
_PARTIAL = re.compile(r"\d{4}(-\d\d)?", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?", re.ASCII)


class Day(msgspec.Struct, frozen=True, order=True, gc=False):
    """A calendar day; `approximate` where the source named only a month or a year, whose first day then stands."""

    date: date
    approximate: bool = False


Reader = Callable[[str], Day | None]


def misdated(resource: shapes.Resource, read: Reader) -> list[str]:
    """Returns the path of each element of a resource that should be a FHIR date and is none."""
    names, values = _dated(type(resource))
    paths: list[str] = []
    for place, value in enumerate(values(resource)):
        if not value:
            continue
        if isinstance(value, str):
            if read(value) is None:
                paths.append(f"{type(resource).__name__}.{names[place]}")
        else:
            ends = (("start", value.start), ("end", value.end))
            wrong = [end for end, written in ends if written and read(written) is None]
            paths += [f"{type(resource).__name__}.{names[place]}.{end}" for end in wrong]
    return list(dict.fromkeys(paths)) if paths else paths


@cache
def _dated(shape: type[shapes.Resource]) -> tuple[tuple[str, ...], Callable[[shapes.Resource], tuple[Any, ...]]]:
    """The elements of a shape that are dates, and how to read them all in one go."""
    names = tuple(name for name in shape.__struct_fields__ if name in _DATED)
    if len(names) == 1:
        names *= 2  # of one name alone, attrgetter gives no tuple
    return names, attrgetter(*names) if names else lambda _: ()


@cache
def reader(zone: tzinfo) -> Reader:
    """Returns what tells the day that a FHIR date, dateTime or instant falls on in `zone`, None for no such value.

    Partial dates count from their first day (FHIR R4 2.24.0.1). A dateTime without an offset is taken as it stands. The
    latest dates are remembered.
    """
    return lru_cache(maxsize=4096)(partial(_read, zone=zone))  # each date is read twice: to check it and to use it


def _read(text: str, zone: tzinfo) -> Day | None:
    try:
        if len(text) < _FULL:
            return Day(date.fromisoformat(f"{text}-01-01"[:_FULL]), True) if _PARTIAL.fullmatch(text) else None
        if text[4] != "-" or text[7] != "-":  # a week or a day of the year, for Python a date as well
            return None
        if len(text) == _FULL:
            return Day(date.fromisoformat(text))
        if not _MOMENT.fullmatch(text):
            return None
        if text[-1] != "Z" and text[-6] not in "+-":
            return Day(date.fromisoformat(text[:_FULL]))
        return Day(datetime.fromisoformat(text).astimezone(zone).date())
    except (ValueError, OverflowError):
        return None
