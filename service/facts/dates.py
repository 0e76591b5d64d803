"""FHIR dates as calendar days."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, tzinfo
from functools import cache
from typing import NamedTuple

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
    for name in _dated(type(resource)):
        value = getattr(resource, name)
        if isinstance(value, shapes.Period):
            for end in ("start", "end"):
                written = getattr(value, end)
                if written and read_day(written, zone) is None:
                    yield f"{type(resource).__name__}.{name}.{end}"
        elif value and read_day(value, zone) is None:
            yield f"{type(resource).__name__}.{name}"


@cache
def _dated(shape: type[shapes.Resource]) -> tuple[str, ...]:
    return tuple(name for name in shape.__struct_fields__ if name in _DATED)


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
