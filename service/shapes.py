"""The few elements of FHIR resources that the service reads, as typed partial shapes.

Every resource type has a shape, told apart by `resourceType`; an element that is not named here is skipped by the
decoder and never built. Element names are FHIR's own, of all versions that are read (DSTU2 to R5) side by side.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Union

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
    system: str | None = None
    code: str | None = None


class Range(Shape):
    low: Quantity | None = None
    high: Quantity | None = None
    type: Concept | None = None
    appliesTo: list[Concept] | None = None
    text: str | None = None


class Annotation(Shape):
    text: str | None = None


class Identifier(Shape):
    value: str | None = None


class Link(Shape):
    relation: str | None = None
    url: str | None = None


class Search(Shape):
    mode: str | None = None


class Issue(Shape):
    severity: str | None = None


class DispenseRequest(Shape):
    validityPeriod: Period | None = None
    expectedSupplyDuration: Quantity | None = None


class Dosage(Shape):
    """How a medicine is used: only the route."""

    route: Concept | None = None


class Ingredient(Shape):
    itemCodeableConcept: Concept | None = None
    item: Concept | None = None


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


class Answer(Shape):
    valueBoolean: bool | None = None
    valueString: str | None = None
    valueCoding: Coding | None = None


class Item(Shape):
    """An item of a QuestionnaireResponse."""

    linkId: str | None = None
    text: str | None = None
    answer: list[Answer] | Answer | None = None
    item: list[Item] | None = None


class Resource(Shape, kw_only=True, tag_field="resourceType"):
    """What every resource carries; a type that no rule reads has nothing more."""

    id: str | None = None


class Owned(Resource, kw_only=True):
    """A resource about somebody: `subject`, or `patient` where the type or an older version calls it so."""

    subject: Reference | None = None
    patient: Reference | None = None
    contained: list[AnyResource] | None = None


class Patient(Resource, kw_only=True, tag="Patient"):
    birthDate: str | None = None
    deceasedBoolean: bool | None = None
    deceasedDateTime: str | None = None
    gender: str | None = None
    identifier: list[Identifier] | None = None


class Condition(Owned, kw_only=True, tag="Condition"):
    code: Concept | None = None
    category: list[Concept] | Concept | str | None = None
    clinicalStatus: Concept | str | None = None
    verificationStatus: Concept | str | None = None
    bodySite: list[Concept] | Concept | None = None
    note: list[Annotation] | Annotation | str | None = None
    onsetDateTime: str | None = None
    onsetPeriod: Period | None = None
    abatementDateTime: str | None = None
    abatementPeriod: Period | None = None
    abatementBoolean: bool | None = None
    recordedDate: str | None = None
    assertedDate: str | None = None
    dateRecorded: str | None = None


class Observation(Owned, kw_only=True, tag="Observation"):
    status: str | None = None
    code: Concept | None = None
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
    focus: list[Reference] | None = None


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


class Procedure(Owned, kw_only=True, tag="Procedure"):
    """notDone: STU3, notPerformed: DSTU2."""

    status: str | None = None
    notDone: bool | None = None
    notPerformed: bool | None = None
    code: Concept | None = None
    bodySite: list[Concept] | Concept | None = None
    performedDateTime: str | None = None
    performedPeriod: Period | None = None
    occurrenceDateTime: str | None = None
    occurrencePeriod: Period | None = None


class Prescription(Owned, kw_only=True):
    """What MedicationRequest and its relatives have in common."""

    status: str | None = None
    medicationCodeableConcept: Concept | None = None
    medicationReference: Reference | None = None
    medication: Concept | None = None
    reasonCode: list[Concept] | Concept | None = None
    reasonReference: list[Reference] | Reference | None = None
    reason: list[Concept] | Concept | None = None
    dosageInstruction: list[Dosage] | None = None
    dosage: list[Dosage] | Dosage | None = None


class MedicationRequest(Prescription, kw_only=True, tag="MedicationRequest"):
    intent: str | None = None
    doNotPerform: bool | None = None
    authoredOn: str | None = None
    dispenseRequest: DispenseRequest | None = None


class MedicationOrder(Prescription, kw_only=True, tag="MedicationOrder"):
    """DSTU2's MedicationRequest."""

    dateWritten: str | None = None
    reasonCodeableConcept: Concept | None = None


class MedicationStatement(Prescription, kw_only=True, tag="MedicationStatement"):
    effectiveDateTime: str | None = None
    effectivePeriod: Period | None = None
    dateAsserted: str | None = None
    taken: str | None = None
    wasNotTaken: bool | None = None


class MedicationDispense(Prescription, kw_only=True, tag="MedicationDispense"):
    whenHandedOver: str | None = None
    whenPrepared: str | None = None
    daysSupply: Quantity | None = None


class MedicationAdministration(Prescription, kw_only=True, tag="MedicationAdministration"):
    notGiven: bool | None = None
    wasNotGiven: bool | None = None
    effectiveTimeDateTime: str | None = None
    effectiveDateTime: str | None = None
    effectivePeriod: Period | None = None
    occurenceDateTime: str | None = None
    occurencePeriod: Period | None = None


class Medication(Resource, kw_only=True, tag="Medication"):
    code: Concept | None = None
    form: Concept | None = None
    ingredient: list[Ingredient] | None = None


class ServiceRequest(Owned, kw_only=True, tag="ServiceRequest"):
    status: str | None = None
    intent: str | None = None
    doNotPerform: bool | None = None
    code: Concept | None = None
    authoredOn: str | None = None
    occurrenceDateTime: str | None = None
    occurrencePeriod: Period | None = None


class Reaction(Shape):
    """A reaction of an AllergyIntolerance."""

    substance: Concept | None = None


class AllergyIntolerance(Owned, kw_only=True, tag="AllergyIntolerance"):
    code: Concept | None = None
    substance: Concept | None = None
    reaction: list[Reaction] | None = None
    clinicalStatus: Concept | str | None = None
    verificationStatus: Concept | str | None = None
    recordedDate: str | None = None


class Encounter(Owned, kw_only=True, tag="Encounter"):
    status: str | None = None
    period: Period | None = None
    reasonCode: list[Concept] | Concept | None = None
    reason: list[Concept] | Concept | None = None


class QuestionnaireResponse(Owned, kw_only=True, tag="QuestionnaireResponse"):
    status: str | None = None
    authored: str | None = None
    item: list[Item] | None = None


class OperationOutcome(Resource, kw_only=True, tag="OperationOutcome"):
    issue: list[Issue] | None = None


class Outcome(Shape):
    """How one request of a batch or transaction went (Bundle.entry.response)."""

    status: str | None = None
    outcome: AnyResource | None = None


class Entry(Shape):
    fullUrl: str | None = None
    resource: AnyResource | None = None
    search: Search | None = None
    response: Outcome | None = None


class Bundle(Resource, kw_only=True, tag="Bundle"):
    link: list[Link] | None = None
    entry: list[Entry] | None = None


class RawEntry(Shape):
    """An entry whose resource is left as bytes, for the bundles that do not decode in one go."""

    fullUrl: Any = None
    resource: msgspec.Raw = msgspec.Raw()  # empty where there is none: msgspec knows no optional Raw
    response: msgspec.Raw = msgspec.Raw()


class RawBundle(Shape):
    link: Any = None
    entry: list[msgspec.Raw] | None = None


class Kind(Shape):
    """Only the type of a resource."""

    resourceType: str = ""


READ: dict[str, type[Resource]] = {
    shape.__name__: shape
    for shape in (
        Patient, Condition, Observation, DiagnosticReport, Procedure, MedicationRequest, MedicationOrder,
        MedicationStatement, MedicationDispense, MedicationAdministration, Medication, ServiceRequest,
        AllergyIntolerance, Encounter, QuestionnaireResponse, OperationOutcome, Bundle,
    )
}  # fmt: skip

# Types that no rule reads, so that a bundle holding them still decodes in one go.
# A type that is missing here costs time, not truth.
_UNREAD = [
    "Account", "ActivityDefinition", "ActorDefinition", "AdministrableProductDefinition", "AdverseEvent",
    "Appointment", "AppointmentResponse", "AuditEvent", "Basic", "Binary", "BiologicallyDerivedProduct", "BodySite",
    "BodyStructure", "CapabilityStatement", "CarePlan", "CareTeam", "Claim", "ClaimResponse", "ClinicalImpression",
    "CodeSystem", "Communication", "CommunicationRequest", "Composition", "ConceptMap", "Consent", "Contract",
    "Coverage", "CoverageEligibilityRequest", "CoverageEligibilityResponse", "DetectedIssue", "Device",
    "DeviceComponent", "DeviceDefinition", "DeviceMetric", "DeviceRequest", "DeviceUsage", "DeviceUseRequest",
    "DeviceUseStatement", "DiagnosticOrder", "DocumentManifest", "DocumentReference", "EligibilityRequest",
    "Endpoint", "EnrollmentRequest", "EnrollmentResponse", "EpisodeOfCare", "EventDefinition", "Evidence",
    "EvidenceVariable", "ExplanationOfBenefit", "FamilyMemberHistory", "Flag", "Goal", "GraphDefinition", "Group",
    "GuidanceResponse", "HealthcareService", "ImagingManifest", "ImagingSelection", "ImagingStudy", "Immunization",
    "ImmunizationEvaluation", "ImmunizationRecommendation", "ImplementationGuide", "InsurancePlan", "Invoice",
    "Library", "Linkage", "List", "Location", "Measure", "MeasureReport", "Media", "MedicationKnowledge",
    "MessageDefinition", "MessageHeader", "MolecularSequence", "NamingSystem", "NutritionIntake", "NutritionOrder",
    "ObservationDefinition", "OperationDefinition", "Organization", "OrganizationAffiliation", "Parameters",
    "PaymentNotice", "PaymentReconciliation", "Person", "PlanDefinition", "Practitioner", "PractitionerRole",
    "ProcedureRequest", "Provenance", "Questionnaire", "ReferralRequest", "RelatedPerson", "RequestGroup",
    "RequestOrchestration", "ResearchStudy", "ResearchSubject", "RiskAssessment", "Schedule", "SearchParameter",
    "Sequence", "Slot", "Specimen", "SpecimenDefinition", "StructureDefinition", "StructureMap", "Subscription",
    "Substance", "SupplyDelivery", "SupplyRequest", "Task", "TestReport", "TestScript", "Transport", "ValueSet",
    "VerificationResult", "VisionPrescription",
]  # fmt: skip

if TYPE_CHECKING:
    AnyResource = Resource
else:
    _UNREAD_SHAPES = tuple(msgspec.defstruct(name, [], bases=(Resource,), tag=name) for name in _UNREAD)
    AnyResource = Union[(*READ.values(), *_UNREAD_SHAPES)]

KNOWN = frozenset((*READ, *_UNREAD))
