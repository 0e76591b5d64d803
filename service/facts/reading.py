"""What every reader of a record needs: the look-ups, the facts to add to, the day and the zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, tzinfo

from service.facts import concepts
from service.facts.model import Facts
from service.shapes import Concept
from service.terms import Recogniser, Recognition, Terms


@dataclass(frozen=True, slots=True)
class Reading:
    """One record being read as of `today`, its days counted in `zone`."""

    terms: Terms
    recogniser: Recogniser
    facts: Facts
    today: date
    zone: tzinfo

    def recognise(self, kind: str, concept: Concept | None) -> Recognition:
        """Returns what a concept means, by its codes and its text."""
        return self.recogniser.recognise(kind, concepts.codings(concept), concepts.texts(concept))
