"""What the rules say of one patient: findings, with the orders that they want and those that are done."""

from __future__ import annotations

from typing import Literal

import msgspec

from service.engine.completion import Evidence
from service.facts.model import Event, Fact, Unusable
from service.knowledge.schema import Indicator, Recommendation

Outcome = Literal["fires", "satisfied", "replaced", "unknown", "silent"]


class Wanted(msgspec.Struct, frozen=True, gc=False):
    """An order that a rule wants.

    last: the newest result, which does not suffice. ordered: where it stands already. unusable: a result in the window
    that cannot be used, a pending one for instance. unchecked: its kind of data was not supplied.
    """

    order: str
    window_days: int | None
    last: Evidence | None = None
    ordered: Event | None = None
    unusable: Unusable | None = None
    unchecked: bool = False


class Done(msgspec.Struct, frozen=True, gc=False):
    """An order that is done, with the results that show it."""

    order: str
    window_days: int | None
    evidence: tuple[Evidence, ...]


class Finding(msgspec.Struct, frozen=True, gc=False):
    """What one rule says of one patient.

    due: gating tests outstanding. offered: orders that go with the rule. done: with their evidence. unchecked: tests
    whose kind of data was not supplied. missing: what kept the rule from being decided.
    """

    rule: Recommendation
    outcome: Outcome
    indicator: Indicator
    summary: str
    due_within: str = ""
    found: tuple[Fact, ...] = ()
    due: tuple[Wanted, ...] = ()
    offered: tuple[Wanted, ...] = ()
    done: tuple[Done, ...] = ()
    unchecked: tuple[Wanted, ...] = ()
    missing: tuple[str, ...] = ()
    by: str | None = None
    bedside: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()

    @property
    def speaks(self) -> bool:
        """Whether the trigger holds: it fires or is satisfied."""
        return self.outcome in ("fires", "satisfied")
