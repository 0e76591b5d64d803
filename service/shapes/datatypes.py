"""The data types of FHIR as far as they are read."""

from __future__ import annotations

import msgspec


class Shape(msgspec.Struct, gc=False, omit_defaults=True):
    """Base of all shapes: no cycles, so the garbage collector need not look at them."""


class Coding(Shape):
    system: str | None = None
    code: str | None = None
    display: str | None = None


class Concept(Shape):
    """CodeableConcept; `concept` and `reference` make it R5's CodeableReference as well."""

    coding: list[Coding] | None = None
    text: str | None = None
    concept: Concept | None = None
    reference: Reference | None = None


class StatusCoding(Shape):
    code: str | None = None


class Status(Shape):
    """A CodeableConcept of which the code alone is read."""

    coding: list[StatusCoding] | None = None
    text: str | None = None


class Reference(Shape):
    reference: str | None = None
    display: str | None = None
    concept: Concept | None = None


class Period(Shape):
    start: str | None = None
    end: str | None = None


class Quantity(Shape):
    value: float | None = None
    comparator: str | None = None
    unit: str | None = None
    code: str | None = None


class Range(Shape):
    low: Quantity | None = None
    high: Quantity | None = None
    type: Concept | None = None
    meaning: Concept | None = None  # DSTU2's type
    appliesTo: list[Concept] | None = None
    text: str | None = None


class Annotation(Shape):
    text: str | None = None


class Identifier(Shape):
    value: str | None = None


_CONCEPT = msgspec.json.Decoder(Concept | None)
ABSENT = msgspec.Raw()  # of an element left as bytes that is not there


def is_missing(written: msgspec.Raw) -> bool:
    """Returns whether an element that was left as bytes is not there, or null."""
    return bytes(written) in (b"", b"null")


def concept_of(written: msgspec.Raw) -> Concept | None:
    """Returns a concept that was left as bytes; None for no bytes, and where what stands there is no concept."""
    try:
        return _CONCEPT.decode(written) if written else None
    except (msgspec.ValidationError, RecursionError):  # opened from further down, the same depth may be too deep
        return None


def left_as_bytes(value: object) -> msgspec.Raw:
    """Returns a value as an element that is left as bytes holds it."""
    return msgspec.Raw(msgspec.json.encode(value))
