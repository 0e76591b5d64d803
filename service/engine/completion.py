"""Whether an order counts as done: a usable result of everything it must hold, in the window."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import chain
from math import inf

from service.engine.answers import NO, Answer, Truth, unknown
from service.engine.case import TOMORROW, Case, NewestFirst
from service.facts.dates import Day
from service.facts.model import Event, Fact, Result, Unusable
from service.knowledge.schema import AnyOf, Order

Evidence = Result | Event
_YES = Truth.YES


@dataclass(frozen=True, slots=True)
class Completion:
    """The value sets that an order must all have a result of; a member is a group of which any one will do."""

    members: tuple[tuple[str, ...], ...]
    kind: str  # result or report
    valuesets: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "valuesets", frozenset(chain.from_iterable(self.members)))

    def answer(self, case: Case, window_days: int | None, after: Day | None = None) -> Answer:
        """Yes when every member has a usable result in the window; unknown when one is lacking and nobody looked."""
        found: list[Fact] = []
        for member in self.members:
            newest = self._newest(case, member, window_days, after)
            if newest is None:
                break
            found.append(newest)
        else:
            return Answer(_YES, tuple(found))
        return NO if case.supplied(self.kind) else unknown(case.missing(self.kind))

    def evidence(
        self,
        case: Case,
        window_days: int | None,
        *,
        after: Day | None = None,
        legs: frozenset[str] | None = None,
        negative: frozenset[str] = frozenset(),
    ) -> list[Evidence] | None:
        """Returns the newest result of each member in the window, None where one has none.

        after: dated on or after that day. legs: a report must be of each of these legs, of both or of an unspecified
        one; when it is empty the leg is not known, and a report of one leg does not do. negative: a report that
        describes one of these findings, or settles nothing, does not do, nor does an older one of the same leg then.
        """
        found: list[Evidence] = []
        for member in self.members:
            for leg in sorted(legs) if legs else [None]:
                fits = None if legs is None else _fits(leg, known=bool(legs))
                newest = self._newest(case, member, window_days, after, fits)
                if newest is None or (negative and isinstance(newest, Event) and newest.refutes_nothing(negative)):
                    return None
                if newest not in found:
                    found.append(newest)
        return found

    def last(self, case: Case, window_days: int | None, after: Day | None = None) -> Evidence | None:
        """Returns the newest result, however old, among the members that keep the order from being done.

        Without a window, or where none is lacking, that is every member.
        """
        if len(self.members) == 1:
            return self._newest(case, self.members[0], None)
        lacking = [
            member
            for member in self.members
            if window_days is None or self._newest(case, member, window_days, after) is None
        ]
        known = [item for item in (self._newest(case, member, None) for member in lacking or self.members) if item]
        return max(known, key=lambda item: item.day.date.toordinal() if item.day else 0, default=None)

    def unusable(self, case: Case, window_days: int) -> Unusable | None:
        """Returns the newest result in the window that cannot be used."""
        items = [
            item
            for item in case.facts.unusable
            if item.valueset in self.valuesets and item.day is not None and case.within(item.day, window_days)
        ]
        return max(items, key=lambda item: item.day or Day(case.today), default=None)

    def _newest(
        self,
        case: Case,
        member: tuple[str, ...],
        window_days: int | None,
        after: Day | None = None,
        fits: Callable[[str | None], bool] | None = None,
    ) -> Evidence | None:
        newest: Evidence | None = None
        oldest, latest = (inf, -inf) if window_days is None else (window_days, TOMORROW)
        if after is not None:
            oldest = min(oldest, (case.today - after.date).days)
        dated: NewestFirst[Result] | NewestFirst[Event] = case.results if self.kind == "result" else case.reports
        for valueset in member:
            if valueset not in case.present:
                continue
            for days_back, item in dated[valueset]:
                if days_back > oldest:
                    break
                if days_back >= latest and (fits is None or fits(item.side)):
                    newest, oldest = item, days_back - 1
                    break
        return newest


def _fits(leg: str | None, *, known: bool) -> Callable[[str | None], bool]:
    """Whether a report of some side answers for a leg; `known` is false where nobody said which leg it is."""
    one_sided = ("left", "right")
    if leg is None:
        return lambda side: known or side not in one_sided
    return lambda side: side not in one_sided or side == leg


def completion_of(order: Order, kinds: dict[str, str]) -> Completion:
    """Compiles an order's `complete`."""
    members = tuple(tuple(member.any) if isinstance(member, AnyOf) else (member,) for member in order.complete)
    return Completion(members, "report" if kinds.get(members[0][0]) == "report" else "result")
