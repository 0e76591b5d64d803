"""What a client can set in a call: which groups of cards it wants, and how many (CRD-7 of cds-hooks.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

Group = Literal["urgent", "workup", "medicines", "self-care"]
GROUPS: tuple[Group, ...] = get_args(Group)
MOST_CARDS = 4  # clinical.md C2
_REQUEST = "davinci-crd.configuration"
_MAX_CARDS = "max-cards"
_WHAT: dict[Group, tuple[str, str]] = {
    "urgent": (
        "Urgent findings",
        "Findings that need action the same day. Only an explicit false withholds them; max-cards never does.",
    ),
    "workup": ("Workup", "Conditions and results that may lie behind the cramps, with the tests that are due."),
    "medicines": ("Medicines", "Medicines to review, with the tests that are due."),
    "self-care": ("Self-care", "Advice for the patient."),
}


@dataclass(frozen=True, slots=True)
class Option:
    """One configuration option, as discovery shows it."""

    code: str
    type: Literal["boolean", "integer"]
    name: str
    description: str
    default: bool | int

    def described(self) -> dict[str, Any]:
        """The option as a member of the discovery document."""
        return {name: getattr(self, name) for name in ("code", "type", "name", "description", "default")}


OPTIONS: tuple[Option, ...] = (
    *(Option(group, "boolean", name, description, default=True) for group, (name, description) in _WHAT.items()),
    Option(
        _MAX_CARDS,
        "integer",
        "Most cards",
        "How many cards an answer may have, from 1; the most urgent stay, and urgent ones always.",
        MOST_CARDS,
    ),
)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What one call asks for: the groups that it does not want, and how many cards at most."""

    unwanted: frozenset[Group] = frozenset()
    max_cards: int = MOST_CARDS


ALL = Wishes()


def read_wishes(extension: Mapping[str, Any]) -> Wishes:
    """Reads the wishes of a request's extension.

    A group is unwanted by false alone, and the number counts as a whole number from 1; anything else is ignored, and so
    is an option that we do not know.
    """
    written = extension.get(_REQUEST)
    if not isinstance(written, dict):
        return ALL
    most = written.get(_MAX_CARDS)
    if not isinstance(most, int) or isinstance(most, bool) or most < 1:
        most = MOST_CARDS
    return Wishes(
        frozenset(group for group in GROUPS if written.get(group) is False),
        min(most, MOST_CARDS),
    )
