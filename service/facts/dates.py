"""FHIR dates as calendar days."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date, datetime, tzinfo
from functools import cache, lru_cache
from operator import attrgetter
from typing import Any, NamedTuple

from service import shapes

_DATED = frozenset((
    "abatementDateTime", "abatementPeriod", "authored", "authoredOn", "dateAsserted", "deceasedDateTime",
    "effectiveDateTime", "effectiveInstant", "effectivePeriod", "issued", "occurrenceDateTime", "occurrencePeriod",
    "onsetDateTime", "onsetPeriod", "performedDateTime", "performedPeriod", "period", "recordedDate", "whenHandedOver",
    "whenPrepared",
))  # fmt: skip
_FHIR_DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d)(T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?)?)?)?")


class Day(NamedTuple):
    """A calendar day; `approximate` where the source named only a month or a year, whose first day then stands."""

    date: date
    approximate: bool = False


def misdated(resource: shapes.Resource, zone: tzinfo) -> Iterator[str]:
    """Yields the path of each element of a resource that should be a FHIR date and is none."""
    names, values = _dated(type(resource))
    for name, value in zip(names, values(resource), strict=True):
        if value is None:
            continue
        if isinstance(value, shapes.Period):
            for end in ("start", "end"):
                written = getattr(value, end)
                if written and read_day(written, zone) is None:
                    yield f"{type(resource).__name__}.{name}.{end}"
        elif value and read_day(value, zone) is None:
            yield f"{type(resource).__name__}.{name}"


@cache
def _dated(shape: type[shapes.Resource]) -> tuple[tuple[str, ...], Callable[[shapes.Resource], tuple[Any, ...]]]:
    """The elements of a shape that are dates, and how to read them all in one go."""
    names = tuple(name for name in shape.__struct_fields__ if name in _DATED)
    if len(names) < 2:
        return names, lambda resource: tuple(getattr(resource, name) for name in names)
    return names, attrgetter(*names)


@lru_cache(maxsize=4096)  # each date is read twice: to check it and to use it
def read_day(text: str, zone: tzinfo) -> Day | None:
    """Returns the day that a FHIR date, dateTime or instant falls on in `zone`, None where it is no such value.

    Partial dates count from their first day (FHIR R4 2.24.0.1). A dateTime without an offset is taken as it stands.
    """
    match = _FHIR_DATE.fullmatch(text)
    if match is None:
        return None
    year, month, day, time = match.groups()
    try:
        if time is not None and (time.endswith("Z") or "+" in time or "-" in time):
            return Day(datetime.fromisoformat(text).astimezone(zone).date())
        return Day(date(int(year), int(month or 1), int(day or 1)), day is None)
    except (ValueError, OverflowError):
        return None
