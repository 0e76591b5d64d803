"""Results that belong together: panels that give their members a day, and corrections that replace a result."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from operator import attrgetter

from service import shapes
from service.facts.dates import Day
from service.record import Located, Record

Whole = shapes.Observation | shapes.DiagnosticReport
Moment = tuple[frozenset[tuple[str | None, str | None]], str]
_CORRECTED = ("corrected", "amended")
_STATUS, _HAS_MEMBER = attrgetter("resource.status"), attrgetter("resource.hasMember")


def days_of_panels(record: Record, read: Callable[[str, Whole], Day | None]) -> dict[str, Day]:
    """Returns the reference of each member of a panel or report → the day of that panel."""
    panels = filter(_HAS_MEMBER, record.located(shapes.Observation))
    members: list[tuple[str, Whole, list[shapes.Reference]]] = [
        (panel.reference, panel.resource, panel.resource.hasMember)  # type: ignore[attr-defined, misc]
        for panel in panels
    ]
    members += [(ref, report, report.result) for ref, report in record.of(shapes.DiagnosticReport) if report.result]
    days: dict[str, Day] = {}
    names: dict[str, str] = {}
    for located in record.located(shapes.Observation) if members else ():
        names |= dict.fromkeys(_names(located), located.reference)
    for reference, whole, pointed in members:
        day = read(reference, whole)
        for member in pointed if day else ():
            name = names.get(member.reference or "") or names.get(_relative(member.reference or ""))
            if name is not None and day is not None:
                days.setdefault(name, day)
    return days


def corrections(record: Record) -> frozenset[Moment]:
    """Returns the moments of which a corrected or amended result is on record."""
    statuses = set(map(_STATUS, record.located(shapes.Observation)))
    corrected = {status for status in statuses if (status or "").strip().lower() in _CORRECTED}
    if not corrected:
        return frozenset()
    moments = (moment(item) for _, item in record.of(shapes.Observation) if item.status in corrected)
    return frozenset(found for found in moments if found is not None)


def moment(observation: shapes.Observation) -> Moment | None:
    """Returns what was measured and when, to the minute; None where only a day is known, or no code."""
    taken = observation.effectiveDateTime or ""
    code = observation.code
    coded = frozenset((coding.system, coding.code) for coding in (code and code.coding) or ())
    return (coded, taken) if "T" in taken and coded else None


def _names(located: Located) -> Iterable[str]:
    return (located.reference, *([located.full_url] if located.full_url else []))


def _relative(reference: str) -> str:
    """`Observation/x` of an absolute or versioned reference."""
    _, kind, name = reference.partition("/_history/")[0].rpartition("Observation/")
    return kind + name
