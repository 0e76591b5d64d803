"""For whom cards are made."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from service.cards.options import ALL, Wishes
from service.clients import ANYBODY, Caller


def random_id() -> str:
    """Returns a random UUID (RFC 4122, version 4) in lower case."""
    drawn = os.urandom(16).hex()
    variant = "89ab"[int(drawn[16], 16) & 3]
    return f"{drawn[:8]}-{drawn[8:12]}-4{drawn[13:16]}-{variant}{drawn[17:20]}-{drawn[20:]}"


@dataclass(frozen=True, slots=True)
class Audience:
    """For whom cards are made: the patient, the encounter, where the service can be reached, who called, what it wants.

    new_id makes the ids of cards and suggestions: UUIDs in lower case.
    """

    patient: str
    encounter: str | None = None
    base_url: str = ""
    caller: Caller = ANYBODY
    wishes: Wishes = ALL
    new_id: Callable[[], str] = random_id
