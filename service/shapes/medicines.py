"""Medicines: prescribed, stated, handed over, given."""

from __future__ import annotations

import msgspec

from service.shapes.bundles import Owned, Resource
from service.shapes.datatypes import ABSENT, Concept, Period, Quantity, Reference, Shape, concept_of


class Dosage(Shape):
    """How a medicine is used: only the route."""

    route: Concept | None = None


class DispenseRequest(Shape):
    validityPeriod: Period | None = None
    expectedSupplyDuration: Quantity | None = None


class Prescription(Owned, kw_only=True):
    """What MedicationRequest and its relatives have in common; medicine and route are left as bytes."""

    status: str | None = None
    raw_medication: msgspec.Raw = msgspec.field(default=ABSENT, name="medicationCodeableConcept")
    medicationReference: Reference | None = None
    subject: Reference | None = None
    reasonCode: list[Concept] | Concept | None = None
    reasonReference: list[Reference] | Reference | None = None
    raw_dosage: msgspec.Raw = msgspec.field(default=ABSENT, name="dosageInstruction")
    dosage: list[Dosage] | Dosage | None = None
    medication: Concept | None = None
    reason: list[Concept] | Concept | None = None
    patient: Reference | None = None

    @property
    def medication_concept(self) -> Concept | None:
        """The medicine in place; None where nothing says it, or where what stands there is no concept."""
        return concept_of(self.raw_medication)


class MedicationRequest(Prescription, kw_only=True, tag="MedicationRequest"):
    intent: str | None = None
    doNotPerform: bool | None = None
    authoredOn: str | None = None
    dispenseRequest: DispenseRequest | None = None
    context: Reference | None = None


class MedicationOrder(Prescription, kw_only=True, tag="MedicationOrder"):
    """DSTU2's MedicationRequest."""

    dateWritten: str | None = None
    reasonCodeableConcept: Concept | None = None
    dispenseRequest: DispenseRequest | None = None


class Adherence(Shape):
    """Whether a medicine is taken, in R5 apart from the status of the statement."""

    code: Concept | None = None


class MedicationStatement(Prescription, kw_only=True, tag="MedicationStatement"):
    effectiveDateTime: str | None = None
    effectivePeriod: Period | None = None
    dateAsserted: str | None = None
    taken: str | None = None
    wasNotTaken: bool | None = None
    reasonForUseCodeableConcept: Concept | None = None
    reasonForUseReference: Reference | None = None
    adherence: Adherence | None = None


class MedicationDispense(Prescription, kw_only=True, tag="MedicationDispense"):
    whenHandedOver: str | None = None
    whenPrepared: str | None = None
    daysSupply: Quantity | None = None
    notDoneCodeableConcept: Concept | None = None
    notDoneReference: Reference | None = None


class MedicationAdministration(Prescription, kw_only=True, tag="MedicationAdministration"):
    notGiven: bool | None = None
    wasNotGiven: bool | None = None
    effectiveTimeDateTime: str | None = None
    effectiveTimePeriod: Period | None = None
    effectiveDateTime: str | None = None
    effectivePeriod: Period | None = None
    occurenceDateTime: str | None = None
    occurencePeriod: Period | None = None


class Ingredient(Shape):
    itemCodeableConcept: Concept | None = None
    item: Concept | None = None


class Product(Shape):
    """What DSTU2 says of a Medication's make."""

    form: Concept | None = None


class Medication(Resource, kw_only=True, tag="Medication"):
    code: Concept | None = None
    form: Concept | None = None
    doseForm: Concept | None = None
    product: Product | None = None
    ingredient: list[Ingredient] | None = None
