"""What every reader of a record needs: the look-ups, the facts to add to, the day and the zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, tzinfo

import msgspec

from service.facts import concepts
from service.facts.model import Facts
from service.shapes import Concept, Observation
from service.terms import NOTHING, Recogniser, Recognition, Terms


@dataclass(frozen=True, slots=True)
class Reading:
    """One record being read as of `today`, its days counted in `zone`."""

    terms: Terms
    recogniser: Recogniser
    facts: Facts
    today: date
    zone: tzinfo

    def recognise_observed(self, reference: str, observation: Observation) -> Recognition:
        """Returns what was observed; a code that is not of its FHIR type is said, and is nothing."""
        try:
            return self.recogniser.recognise_written("observation", bytes(observation.raw_code), concepts.read)
        except msgspec.ValidationError as fault:
            where = str(fault).rpartition("`$")[2].rstrip("`")
            self.facts.reject(reference, f"Observation.code{where} is not of its FHIR type: not used")
            return NOTHING

    def recognise(self, kind: str, concept: Concept | None) -> Recognition:
        """Returns what a concept means, by its codes and its text."""
        return self.recogniser.recognise(kind, concepts.codings(concept), concepts.texts(concept))
