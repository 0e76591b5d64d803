"""What the rules read: facts about one patient, free of FHIR."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec

from service.facts.dates import Day
from service.record import Rejection, ShapeRead


class Fact(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One thing on record that value sets recognise.

    by: code, overlay (a code of the site's file), name (recognised by its display or text) or text (free text). `label`
    is in our own words or the site's, never the chart's. `code` and `system` are the chart's.
    """

    reference: str
    valuesets: frozenset[str]
    label: str
    day: Day | None = None
    system: str | None = None
    code: str | None = None
    by: str = "code"
    contradiction: bool = False
    side: str | None = None


class Condition(Fact, frozen=True, kw_only=True, gc=False):
    """status: current or past; verification: confirmed or suspected; `day` is onset, else recorded."""

    status: str
    verification: str
    category: str
    recorded: Day | None = None

    @property
    def later(self) -> Day | None:
        """The later of onset and recorded date."""
        days = [day for day in (self.day, self.recorded) if day]
        return max(days) if days else None


class Medicine(Fact, frozen=True, kw_only=True, gc=False):
    """A medicine in use; `day` is the first day of the continuous course, None when no date says so."""

    ingredients: frozenset[str]
    status: str = "current"
    reasons: frozenset[str] = frozenset()


class Result(Fact, frozen=True, kw_only=True, gc=False):
    """A usable numeric result. `canonical` is the value in the value set's own unit; `unit` the one reported.

    shown: value and unit as cards write them, where the site chose the units. low, high: the reference range reported
    beside it. unadjusted: total calcium that stands in for the adjusted one.
    """

    analyte: str
    value: float
    unit: str
    canonical: float
    comparator: str = ""
    low: float | None = None
    high: float | None = None
    note: str = ""
    unadjusted: bool = False
    shown: str = ""

    @property
    def outside(self) -> bool:
        """Whether it lies outside the reference range reported beside it."""
        return (self.low is not None and self.value < self.low) or (self.high is not None and self.value > self.high)

    @property
    def written(self) -> str:
        """The value and unit as reported: `7.1 %`."""
        number = f"{round(self.value, 3):.10g}"
        return f"{self.comparator}{number} {self.unit}".rstrip()


class Event(Fact, frozen=True, kw_only=True, gc=False):
    """A report, procedure, symptom, encounter reason, answer, allergy or order.

    values: the value sets of its coded value; of an order, the order keys that its words name. verdict: positive or
    unclear, where a report says so in words.
    """

    values: frozenset[str] = frozenset()
    status: str = ""
    verdict: str = ""

    def refutes_nothing(self, findings: frozenset[str]) -> bool:
        """Whether this report describes one of the findings, or settles nothing."""
        return bool(self.verdict) or not findings.isdisjoint(self.values)


class Unusable(msgspec.Struct, frozen=True, gc=False):
    """A recognised result that cannot be used.

    decisive: it might have changed an answer (final, but not readable). flag: LL or HH where the laboratory calls it
    critical. number: the value without its unit. unreadable: for want of a unit that can be converted.
    """

    reference: str
    valueset: str
    day: Day | None
    reason: str
    decisive: bool
    flag: str = ""
    number: float | None = None
    unreadable: bool = False


_by_valueset: Callable[[], dict[str, list[Any]]] = partial(defaultdict, list)


class Facts(msgspec.Struct):
    """All facts of one patient, by value set.

    supplied: the FHIR types that were looked for completely. broken: those that came back failed or incomplete.
    unreadable: kind of data → a resource of that kind of which nobody can tell what it is. refuted: conditions that
    were found not to be there; they only settle an older suspicion. denied: observations that ask about a value set and
    say no; they only end what was said before.
    """

    age: int | None = None
    sex: str | None = None
    deceased: bool = False
    supplied: frozenset[str] = frozenset()
    broken: frozenset[str] = frozenset()
    unreadable: dict[str, str] = {}
    conditions: dict[str, list[Condition]] = msgspec.field(default_factory=_by_valueset)
    refuted: dict[str, list[Condition]] = msgspec.field(default_factory=_by_valueset)
    medicines: dict[str, list[Medicine]] = msgspec.field(default_factory=_by_valueset)
    results: dict[str, list[Result]] = msgspec.field(default_factory=_by_valueset)
    unusable: list[Unusable] = []
    reports: dict[str, list[Event]] = msgspec.field(default_factory=_by_valueset)
    procedures: dict[str, list[Event]] = msgspec.field(default_factory=_by_valueset)
    observations: dict[str, list[Event]] = msgspec.field(default_factory=_by_valueset)
    denied: dict[str, list[Event]] = msgspec.field(default_factory=_by_valueset)
    encounters: dict[str, list[Event]] = msgspec.field(default_factory=_by_valueset)
    answers: dict[str, list[Event]] = msgspec.field(default_factory=_by_valueset)
    allergies: dict[str, list[Event]] = msgspec.field(default_factory=_by_valueset)
    orders: list[Event] = []
    rejected: list[Rejection] = []
    shapes_read: tuple[ShapeRead, ...] = ()
    not_supplied: tuple[str, ...] = ()

    def reject(self, reference: str, reason: str) -> None:
        """Notes an entry, or an element of one, that was not used."""
        self.rejected.append(Rejection(reference, reason))

    def present(self) -> frozenset[str]:
        """Returns the value sets that anything on record belongs to."""
        return frozenset(self.conditions).union(
            self.medicines, self.results, self.reports, self.procedures,
            self.observations, self.encounters, self.answers, self.allergies,
        )  # fmt: skip
