"""What a clause looks at: its parts, its kinds of data, and what must touch it or it is no."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

from service.engine.case import ANY_RECORD, KINDS, lack
from service.knowledge.schema import Clause, Definition

Definitions = Mapping[str, Definition]


def kinds(clause: Clause, definitions: Definitions) -> frozenset[str]:
    """The kinds of data that a clause reads. Doses given only add to what the medicines say."""
    asked = list(walk(clause, definitions))
    given = {"administration" for inner in asked if inner.medication and inner.medication.given_within is not None}
    return frozenset(inner.word for inner in asked if inner.word in KINDS) | given


def walk(clause: Clause, definitions: Definitions) -> Iterator[Clause]:
    """Yields a clause and every clause inside it, definitions opened."""
    yield clause
    if clause.definition:
        yield from walk(definitions[clause.definition].when, definitions)
    for inner in (*(clause.all or ()), *(clause.any or ()), *(clause.none or ())):
        yield from walk(inner, definitions)


def touching(clause: Clause, definitions: Definitions) -> frozenset[str]:
    """What makes a clause anything but no: one of these value sets on record, or one of these kinds not supplied.

    Of a case that touches none of them the clause is no, without being asked.
    """
    return _needed(clause, definitions).union(map(lack, kinds(clause, definitions)))


def _needed(clause: Clause, definitions: Definitions) -> frozenset[str]:
    """Value sets of which one must be on record for the clause to be yes; among them ANY_RECORD if none need be."""
    if clause.definition:
        return _needed(definitions[clause.definition].when, definitions)
    if clause.any:
        return frozenset[str]().union(*(_needed(inner, definitions) for inner in clause.any))
    if clause.all:
        parts = [_needed(inner, definitions) for inner in clause.all]
        return min((part for part in parts if ANY_RECORD not in part), key=len, default=frozenset([ANY_RECORD]))
    return frozenset(getattr(getattr(clause, clause.word), "in_", [ANY_RECORD]))


class Reach:
    """Which of several clauses a case touches; of each, what `touching` says of it."""

    def __init__(self, clauses: Sequence[frozenset[str]]) -> None:
        self._by_name: dict[str, list[int]] = defaultdict(list)
        for number, names in enumerate(clauses):
            for name in names:
                self._by_name[name].append(number)

    def touched(self, touches: frozenset[str]) -> list[int]:
        """Returns the numbers of the clauses, in order."""
        names = self._by_name.keys() & touches
        return sorted(set(chain.from_iterable(map(self._by_name.__getitem__, names))))
