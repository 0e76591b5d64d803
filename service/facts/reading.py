"""What every reader of a record needs: the look-ups, the facts to add to, the day, and what reads dates."""

from __future__ import annotations

from datetime import date
from typing import Any, TypeVar

import msgspec

from service import shapes
from service.facts import concepts
from service.facts.dates import Day, Reader, misdated
from service.facts.model import Facts
from service.record import Located, Record, mend_element
from service.shapes import Concept
from service.terms import UNTOLD, Recogniser, Recognition, Terms

T = TypeVar("T")
W = TypeVar("W", bound=shapes.WithCode)
_CONCEPT = msgspec.json.Decoder(Concept | None)


class Reading(msgspec.Struct, frozen=True):
    """One record being read as of `today`, and what was worked out on the way that several resources share."""

    record: Record
    terms: Terms
    recogniser: Recogniser
    facts: Facts
    today: date
    read_date: Reader
    products: dict[tuple[bytes, bytes], Recognition] = {}  # by medicine and dosage as written
    diagnoses: dict[bytes, bool] = {}  # whether of an encounter, by the category as written

    def each(self, shape: type[W], kind: str) -> list[tuple[Located, W, Recognition]]:
        """Returns the resources of a type with what their code means, in the order in which they came."""
        known = self.recogniser.known(kind)
        found: list[Any] = self.record.located(shape)
        return [
            (one, resource, known.get(bytes(resource.raw_code)) or self.recognise_code(kind, one.reference, resource))
            for one in found
            for resource in (one.resource,)
        ]

    def recognise_code(self, kind: str, reference: str, resource: shapes.WithCode) -> Recognition:
        """Returns what the code of a resource means; what in it is not of its FHIR type is said."""
        return self.recognise_written(kind, reference, resource, "code", resource.raw_code)

    def recognise_written(
        self, kind: str, reference: str, resource: shapes.Resource, element: str, written: msgspec.Raw
    ) -> Recognition:
        """Returns what a concept left as bytes means; what in it is not of its FHIR type is said."""
        found = self.recogniser.known(kind).get(bytes(written))
        if found is not None:
            return found
        concept, faults = self.opened(reference, resource, element, written, _CONCEPT)
        words = concepts.codings(concept), concepts.texts(concept)
        if faults:
            return UNTOLD if concept is None else self.recogniser.recognise(kind, *words)
        return self.recogniser.remember(kind, bytes(written), *words)

    def recognise(self, kind: str, concept: Concept | None) -> Recognition:
        """Returns what a concept means, by its codes and its text."""
        return self.recogniser.recognise(kind, concepts.codings(concept), concepts.texts(concept))

    def opened(
        self,
        reference: str,
        resource: shapes.Resource,
        element: str,
        written: msgspec.Raw,
        decoder: msgspec.json.Decoder[T | None],
    ) -> tuple[T | None, bool]:
        """Returns an element that was left as bytes, and whether what is not of its FHIR type in it was said."""
        if not written:
            return None, False
        try:
            return decoder.decode(written), False
        except (msgspec.ValidationError, RecursionError):  # the bytes were passed over from less deep in the stack
            found, faults = mend_element(written, decoder, f"{type(resource).__name__}.{element}")
            for fault in faults:
                self.facts.reject(reference, f"{fault} is not of its FHIR type: not used")
            return found, True

    def day(self, written: str | None) -> Day | None:
        """Returns the day that a FHIR date falls on, None where there is none or it cannot be read."""
        return self.read_date(written) if written else None

    def check_dates(self, reference: str, resource: shapes.Resource) -> None:
        """Says each date of a resource that cannot be read; what it would have said is then unknown."""
        for path in misdated(resource, self.read_date):
            self.facts.reject(reference, f"{path} is no FHIR date: not used")
