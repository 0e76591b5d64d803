"""Results and reports."""

from __future__ import annotations

import msgspec

from service.shapes.bundles import WithCode
from service.shapes.datatypes import (
    ABSENT,
    Annotation,
    Concept,
    Period,
    Quantity,
    Range,
    Reference,
    Shape,
    concept_of,
)


class Component(Shape):
    raw_code: msgspec.Raw = msgspec.field(default=ABSENT, name="code")
    valueQuantity: Quantity | None = None
    valueString: str | None = None
    valueBoolean: bool | None = None
    valueInteger: int | None = None
    dataAbsentReason: Concept | None = None
    interpretation: list[Concept] | Concept | None = None
    referenceRange: list[Range] | None = None

    @property
    def code(self) -> Concept | None:
        """What it is of; None where nothing says it, or where what stands there is no concept."""
        return concept_of(self.raw_code)


class Related(Shape):
    """Another Observation that DSTU2 and STU3 relate to one."""

    type: str | None = None
    target: Reference | None = None


class Observation(WithCode, kw_only=True, tag="Observation"):
    """A result or symptom. What a reader seldom asks for is left as bytes."""

    status: str | None = None
    raw_code: msgspec.Raw = msgspec.field(default=ABSENT, name="code")
    subject: Reference | None = None
    effectiveDateTime: str | None = None
    effectivePeriod: Period | None = None
    issued: str | None = None
    raw_quantity: msgspec.Raw = msgspec.field(default=ABSENT, name="valueQuantity")
    raw_answer: msgspec.Raw = msgspec.field(default=ABSENT, name="valueCodeableConcept")
    valueString: str | None = None
    interpretation: list[msgspec.Raw] | Concept | None = None
    note: list[Annotation] | Annotation | str | None = None
    bodySite: Concept | None = None
    raw_reference_range: msgspec.Raw = msgspec.field(default=ABSENT, name="referenceRange")
    hasMember: list[Reference] | None = None
    component: list[Component] | None = None
    effectiveInstant: str | None = None
    valueBoolean: bool | None = None
    valueInteger: int | None = None
    dataAbsentReason: Concept | None = None
    comments: str | None = None
    comment: str | None = None
    related: list[Related] | None = None
    context: Reference | None = None
    focus: list[Reference] | None = None
    patient: Reference | None = None

    @property
    def answer(self) -> Concept | None:
        """The coded value; None where there is none, or where what stands there is no concept."""
        return concept_of(self.raw_answer)


class DiagnosticReport(WithCode, kw_only=True, tag="DiagnosticReport"):
    status: str | None = None
    raw_code: msgspec.Raw = msgspec.field(default=ABSENT, name="code")
    subject: Reference | None = None
    effectiveDateTime: str | None = None
    effectivePeriod: Period | None = None
    issued: str | None = None
    result: list[Reference] | None = None
    conclusion: str | None = None
    conclusionCode: list[Concept] | Concept | None = None
    codedDiagnosis: list[Concept] | Concept | None = None
    context: Reference | None = None
    patient: Reference | None = None
