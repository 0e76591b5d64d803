"""Results that belong together: panels that give their members a day, and corrections that replace a result."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property

from service import shapes
from service.facts.dates import Day
from service.record import Located, Record

Whole = shapes.Observation | shapes.DiagnosticReport
Moment = tuple[frozenset[tuple[str | None, str | None]], str]
_CORRECTED = ("corrected", "amended")


class Panels:
    """The days of panels and reports, for members without a day of their own; worked out when one is asked for."""

    def __init__(self, record: Record, read: Callable[[Whole], Day | None]) -> None:
        self._record, self._read = record, read

    def day_of(self, reference: str) -> Day | None:
        """Returns the day of the panel or report that a result is a member of, None where there is none."""
        return self._days.get(reference)

    @cached_property
    def _days(self) -> dict[str, Day]:
        return _days_of_panels(self._record, self._read)


def _days_of_panels(record: Record, read: Callable[[Whole], Day | None]) -> dict[str, Day]:
    members: list[tuple[Whole, list[shapes.Reference]]] = [
        (panel, panel.hasMember) for _, panel in record.of(shapes.Observation) if panel.hasMember
    ]
    members += [(report, report.result) for _, report in record.of(shapes.DiagnosticReport) if report.result]
    days: dict[str, Day] = {}
    names: dict[str, str] = {}
    for located in record.located(shapes.Observation) if members else ():
        names |= dict.fromkeys(_names(located), located.reference)
    for whole, pointed in members:
        day = read(whole)
        for member in pointed if day else ():
            name = names.get(member.reference or "") or names.get(_relative(member.reference or ""))
            if name is not None and day is not None:
                days.setdefault(name, day)
    return days


def corrections(observations: Sequence[shapes.Observation]) -> frozenset[Moment]:
    """Returns the moments of which a corrected or amended result is on record."""
    statuses = {observation.status for observation in observations}
    statuses = {status for status in statuses if (status or "").strip().lower() in _CORRECTED}
    if not statuses:
        return frozenset()
    corrected = [observation for observation in observations if observation.status in statuses]
    return frozenset(found for found in map(moment, corrected) if found is not None)


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
