"""What one process remembers between calls: for which rules a card spoke, and which feedback was counted."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from threading import Lock
from typing import Generic, TypeVar
from uuid import UUID

CARDS = 20_000  # a few MB; a day or more of an ordinary site
V = TypeVar("V")


class _Newest(Generic[V]):
    """A map that forgets its oldest key when it is full."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.held: OrderedDict[object, V] = OrderedDict()

    def keep(self, key: object, value: V) -> bool:
        """Keeps a value, and says whether the key is new."""
        is_new = key not in self.held
        self.held[key] = value
        if len(self.held) > self.size:
            self.held.popitem(last=False)
        return is_new


class Memory:
    """Bounded, lost at the stop, and not shared by replicas. Holds card ids and rule ids: nothing of a patient."""

    def __init__(self, size: int = CARDS) -> None:
        self._rules: _Newest[tuple[str, ...]] = _Newest(size)
        self._counted: _Newest[None] = _Newest(size)
        self._lists: dict[tuple[str, ...], tuple[str, ...]] = {}  # one tuple for all cards of the same rules
        self._lock = Lock()

    def spoke(self, card: UUID | str, rules: Iterable[str]) -> None:
        """Keeps for which rules a card spoke."""
        listed = tuple(rules)
        with self._lock:
            if len(self._lists) > self._counted.size:
                self._lists.clear()
            self._rules.keep(card, self._lists.setdefault(listed, listed))

    def rules_of(self, card: UUID | str) -> tuple[str, ...]:
        """The rules for which a card spoke; none for a card of another process, or one that was forgotten."""
        with self._lock:
            return self._rules.held.get(card, ())

    def is_new(self, card: UUID | str, outcome: str, at: str) -> bool:
        """Whether feedback is told for the first time (FB-6). Only a hash is kept: a card may be any text."""
        with self._lock:
            return self._counted.keep(hash((card, outcome, at)), None)
