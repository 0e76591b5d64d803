"""Leg cramps told in free text (clinical.md A3 and B9.11)."""

from __future__ import annotations

from collections.abc import Iterable

from service.knowledge.phrases import Tokens
from service.terms import Terms

VALUESET = "cramp-text"


def tells_leg_cramps(terms: Terms, texts: Iterable[Tokens]) -> bool:
    """Returns whether one of the texts tells of this patient's leg cramps at night.

    A short text that is a leg-cramp name counts by itself; in a longer one a night, a leg and a cramp word must stand
    near each other. Negated, another person's, past, hypothetical and other-site text does not count.
    """
    return any(words and terms.story.tells(words) for words in texts)
