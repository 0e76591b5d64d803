"""For whom cards are made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID, uuid4

from service.cards.options import ALL, Wishes
from service.clients import ANYBODY, Caller


@dataclass(frozen=True, slots=True)
class Audience:
    """For whom cards are made: the patient, the encounter, where the service can be reached, who called, what it wants.

    new_id makes the ids of cards and suggestions.
    """

    patient: str
    encounter: str | None = None
    base_url: str = ""
    caller: Caller = ANYBODY
    wishes: Wishes = ALL
    new_id: Callable[[], UUID] = uuid4
