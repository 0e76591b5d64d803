"""One evaluation in progress: the facts, the day, what names were bound to, and the outcomes so far."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from operator import itemgetter
from typing import Any, TypeVar

from service.engine.answers import Answer
from service.facts.dates import Day
from service.facts.model import Event, Fact, Facts, Result
from service.terms import Terms

Item = TypeVar("Item", bound=Fact)

# kind of data → the FHIR types of which one must have been supplied completely for "there is none" to be true
KINDS: dict[str, tuple[str, ...]] = {
    "condition": ("Condition",),
    "medication": ("MedicationRequest", "MedicationStatement"),
    "result": ("Observation",),
    "report": ("DiagnosticReport",),
    "procedure": ("Procedure",),
    "observation": ("Observation",),
    "encounter": ("Encounter",),
    "questionnaire": ("QuestionnaireResponse",),
    "allergy": ("AllergyIntolerance",),
    "administration": ("MedicationAdministration",),
    "order": ("ServiceRequest",),
}
# ... and what besides must not have been asked for in vain
BESIDES: dict[str, tuple[str, ...]] = {"medication": ("MedicationDispense",)}

ANY_RECORD = ""  # what every case touches
TOMORROW = -1  # days back, where a clock is one zone ahead


def lack(kind: str) -> str:
    """What a case touches, beside value sets, that was not supplied with a kind of data."""
    return f"no {kind}"


class NewestFirst(dict[str, list[tuple[int, Item]]]):
    """Value set → what is dated of its facts, each with how many days back from today it lies; sorted when met.

    The newest stand first, those of one day as they came.
    """

    def __init__(self, group: Mapping[str, list[Item]], today: date) -> None:
        self._group, self._today = group, today

    def __missing__(self, valueset: str) -> list[tuple[int, Item]]:
        listed = self._group.get(valueset, ())
        dated = [((self._today - item.day.date).days, item) for item in listed if item.day is not None]
        if len(dated) > 1:
            dated.sort(key=itemgetter(0))
        self[valueset] = dated
        return dated


class Case:
    """Facts and day of one evaluation, and what was worked out in it so far.

    orders: references of the orders that it is about; None where it is about the whole record. present: value sets on
    record, those of decisive unusable results as well. touches: those, and what was not supplied, as `reach` asks.
    bound: name → what it stands for in the rule at hand. outcomes: rule id → (outcome, indicator) of the rules that
    said something. answers: by the number of the clause. orders_known: what became of the orders that rules want.
    """

    __slots__ = (
        "answers", "bound", "facts", "orders", "orders_known", "outcomes", "present", "reports", "results",
        "supplied_kinds", "terms", "today", "touches",
    )  # fmt: skip

    def __init__(self, facts: Facts, today: date, terms: Terms, orders: frozenset[str] | None = None) -> None:
        self.facts, self.today, self.terms, self.orders = facts, today, terms, orders
        self.bound: dict[str, list[tuple[Fact, Day | None]]] = {}
        self.outcomes: dict[str, tuple[str, str]] = {}
        self.answers: dict[int, Answer] = {}
        self.orders_known: dict[Hashable, Any] = {}
        self.results: NewestFirst[Result] = NewestFirst(facts.results, today)
        self.reports: NewestFirst[Event] = NewestFirst(facts.reports, today)
        self.present = facts.present().union([item.valueset for item in facts.unusable if item.decisive])
        self.supplied_kinds, lacks = _supplied_kinds(facts.supplied, facts.broken, frozenset(facts.unreadable))
        self.touches = self.present | lacks

    def supplied(self, kind: str) -> bool:
        """Returns whether the absence of this kind of data means that there is none.

        Of several FHIR types one is enough, while none of the others was asked for in vain; and no resource of the kind
        may be one of which nobody can tell what it is.
        """
        return kind in self.supplied_kinds

    def missing(self, kind: str) -> str:
        """Returns what to name where a kind of data was not supplied: the unreadable resource, or the FHIR type."""
        if kind in self.facts.unreadable:
            return f"what {self.facts.unreadable[kind]} is"
        types = KINDS[kind]
        return next((name for name in types if name in self.facts.broken), types[0])

    def keep_bound(self, found: tuple[Fact, ...]) -> None:
        """Forgets facts that names are bound to and that are not among those found."""
        meant = set(map(id, found))  # most are those very facts; to compare two takes long
        for name, bound in self.bound.items():
            self.bound[name] = [(fact, day) for fact, day in bound if id(fact) in meant or fact in found]

    def latest_start(self, names: Sequence[str]) -> Day | None:
        """Returns the latest first day among what names are bound to; None where none is known."""
        days = [day for name in names for _, day in self.bound.get(name, ()) if day is not None]
        return max(days, default=None)

    def age_days(self, day: Day) -> int:
        """Returns whole days from a day back from today; a clock one zone ahead counts as today."""
        days = (self.today - day.date).days
        return 0 if days == TOMORROW else days

    def within(self, day: Day, window_days: int) -> bool:
        """Returns whether a day lies in the window, both ends included."""
        return 0 <= self.age_days(day) <= window_days


@lru_cache(maxsize=256)  # of words of FHIR alone, nothing of a patient
def _supplied_kinds(
    supplied: frozenset[str], broken: frozenset[str], unreadable: frozenset[str]
) -> tuple[frozenset[str], frozenset[str]]:
    """The kinds that were supplied, and what a case touches for want of the others."""
    whole = frozenset(
        kind
        for kind, types in KINDS.items()
        if kind not in unreadable
        and broken.isdisjoint((*types, *BESIDES.get(kind, ())))
        and not supplied.isdisjoint(types)
    )
    return whole, frozenset([ANY_RECORD, *map(lack, KINDS.keys() - whole)])
