"""Results and reports."""

from __future__ import annotations

import msgspec

from service.shapes.bundles import Owned
from service.shapes.datatypes import (
    Annotation,
    Concept,
    Period,
    Quantity,
    Range,
    Reference,
    Shape,
    read_concept,
)


class Component(Shape):
    code: Concept | None = None
    valueQuantity: Quantity | None = None
    valueCodeableConcept: Concept | None = None
    valueString: str | None = None
    valueBoolean: bool | None = None
    valueInteger: int | None = None
    dataAbsentReason: Concept | None = None
    interpretation: list[Concept] | Concept | None = None
    referenceRange: list[Range] | None = None


class Related(Shape):
    """Another Observation that DSTU2 and STU3 relate to one."""

    type: str | None = None
    target: Reference | None = None


class Observation(Owned, kw_only=True, tag="Observation"):
    """A result or symptom. Its code is left as bytes: most are of things that no rule reads, and many are the same."""

    status: str | None = None
    raw_code: msgspec.Raw = msgspec.field(default=msgspec.Raw(), name="code")
    bodySite: Concept | None = None
    effectiveDateTime: str | None = None
    effectivePeriod: Period | None = None
    effectiveInstant: str | None = None
    issued: str | None = None
    valueQuantity: Quantity | None = None
    valueCodeableConcept: Concept | None = None
    valueString: str | None = None
    valueBoolean: bool | None = None
    valueInteger: int | None = None
    dataAbsentReason: Concept | None = None
    interpretation: list[Concept] | Concept | None = None
    referenceRange: list[Range] | None = None
    component: list[Component] | None = None
    hasMember: list[Reference] | None = None
    note: list[Annotation] | Annotation | str | None = None
    comments: str | None = None
    comment: str | None = None
    related: list[Related] | None = None
    context: Reference | None = None
    focus: list[Reference] | None = None

    @property
    def code(self) -> Concept | None:
        """What was observed; None where nothing says it, or where what stands there is no concept."""
        try:
            return read_concept(bytes(self.raw_code))
        except msgspec.ValidationError:
            return None


class DiagnosticReport(Owned, kw_only=True, tag="DiagnosticReport"):
    status: str | None = None
    code: Concept | None = None
    effectiveDateTime: str | None = None
    effectivePeriod: Period | None = None
    issued: str | None = None
    result: list[Reference] | None = None
    conclusion: str | None = None
    conclusionCode: list[Concept] | Concept | None = None
    codedDiagnosis: list[Concept] | Concept | None = None
    context: Reference | None = None
