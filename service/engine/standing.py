"""What stands in a rule behind guards: its tests, offers and lines, and those of them that stand in a case."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import compress
from typing import Generic, NamedTuple, TypeVar

from service.engine.answers import Truth
from service.engine.case import Case
from service.engine.reach import Reach
from service.engine.words import Ask

Item = TypeVar("Item")


class Guard(NamedTuple):
    """A clause beside a thing, the answers to it that let the thing stand, and what touches the clause."""

    ask: Ask
    accepted: tuple[Truth, ...]
    touched_by: frozenset[str]


class Standing(Generic[Item]):
    """Things of a rule, each with its guards; what stands is known beforehand where a case touches none of them."""

    def __init__(self, things: Sequence[tuple[Item, Sequence[Guard]]]) -> None:
        self._items = tuple(item for item, _ in things)
        self._guards = tuple(guards for _, guards in things)
        self._stands_untouched = [all(Truth.NO in guard.accepted for guard in guards) for guards in self._guards]
        self._untouched = tuple(compress(self._items, self._stands_untouched))
        touched_by = [frozenset[str]().union(*(guard.touched_by for guard in guards)) for guards in self._guards]
        self._touched_by = frozenset[str]().union(*touched_by)
        self._reach = Reach(touched_by)

    def of(self, case: Case) -> tuple[Item, ...]:
        """Returns what stands in a case, in order."""
        if self._touched_by.isdisjoint(case.touches):
            return self._untouched
        stands = self._stands_untouched.copy()
        for number in self._reach.touched(case.touches):
            stands[number] = _hold(self._guards[number], case)
        return tuple(compress(self._items, stands))


def _hold(guards: Sequence[Guard], case: Case) -> bool:
    return all(ask(case).truth in accepted for ask, accepted, _ in guards)
