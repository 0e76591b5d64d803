"""What a clause looks at: its parts, its kinds of data, and the value sets without which it is no."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet

from service.engine.case import KINDS
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


def needs(clause: Clause, definitions: Definitions) -> frozenset[str] | None:
    """Returns value sets of which one must be on record for the clause to be yes; None where nothing need be."""
    if clause.definition:
        return needs(definitions[clause.definition].when, definitions)
    if clause.any:
        parts = [needs(inner, definitions) for inner in clause.any]
        return None if None in parts else frozenset[str]().union(*(part for part in parts if part))
    if clause.all:
        known = [part for inner in clause.all if (part := needs(inner, definitions)) is not None]
        return min(known, key=len, default=None)
    terms = getattr(clause, clause.word)
    listed = getattr(terms, "in_", None)
    return None if listed is None else frozenset(listed)


class Reach:
    """Which of several clauses a record can make anything but no: those that something on it, or a lack, touches.

    clauses: of each, what `needs` and `kinds` say of it.
    """

    def __init__(self, clauses: Sequence[tuple[frozenset[str] | None, frozenset[str]]]) -> None:
        self._always = frozenset(number for number, (needed, _) in enumerate(clauses) if needed is None)
        self._by_valueset: dict[str, list[int]] = defaultdict(list)
        self._by_kind: dict[str, list[int]] = defaultdict(list)
        for number, (needed, looked_at) in enumerate(clauses):
            for valueset in needed or ():
                self._by_valueset[valueset].append(number)
            for kind in looked_at:
                self._by_kind[kind].append(number)

    def touched(self, present: AbstractSet[str], supplied: AbstractSet[str]) -> list[int]:
        """Returns the numbers of the clauses, in order.

        present: value sets on record. supplied: kinds of data of which nothing more than that can be on record.
        """
        touched = set(self._always)
        for valueset in self._by_valueset.keys() & present:
            touched.update(self._by_valueset[valueset])
        for kind in self._by_kind.keys() - supplied:
            touched.update(self._by_kind[kind])
        return sorted(touched)
