"""Every type of resource by its name, as one tagged union: those that are read, and the names of all others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Union

import msgspec

from service.shapes import bundles
from service.shapes.bundles import Bundle, OperationOutcome, Resource
from service.shapes.clinical import (
    AllergyIntolerance,
    Condition,
    Encounter,
    Patient,
    Procedure,
    QuestionnaireResponse,
)
from service.shapes.medicines import (
    Medication,
    MedicationAdministration,
    MedicationDispense,
    MedicationOrder,
    MedicationRequest,
    MedicationStatement,
)
from service.shapes.requests import DiagnosticOrder, ProcedureRequest, ReferralRequest, ServiceRequest
from service.shapes.results import DiagnosticReport, Observation

READ: dict[str, type[Resource]] = {
    shape.__name__: shape
    for shape in (
        Patient, Condition, Observation, DiagnosticReport, Procedure, MedicationRequest, MedicationOrder,
        MedicationStatement, MedicationDispense, MedicationAdministration, Medication, ServiceRequest,
        ProcedureRequest, DiagnosticOrder, ReferralRequest, AllergyIntolerance, Encounter, QuestionnaireResponse,
        OperationOutcome, Bundle,
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
    "DeviceUseStatement", "DocumentManifest", "DocumentReference", "EligibilityRequest",
    "Endpoint", "EnrollmentRequest", "EnrollmentResponse", "EpisodeOfCare", "EventDefinition", "Evidence",
    "EvidenceVariable", "ExplanationOfBenefit", "FamilyMemberHistory", "Flag", "Goal", "GraphDefinition", "Group",
    "GuidanceResponse", "HealthcareService", "ImagingManifest", "ImagingSelection", "ImagingStudy", "Immunization",
    "ImmunizationEvaluation", "ImmunizationRecommendation", "ImplementationGuide", "InsurancePlan", "Invoice",
    "Library", "Linkage", "List", "Location", "Measure", "MeasureReport", "Media", "MedicationKnowledge",
    "MessageDefinition", "MessageHeader", "MolecularSequence", "NamingSystem", "NutritionIntake", "NutritionOrder",
    "ObservationDefinition", "OperationDefinition", "Organization", "OrganizationAffiliation", "Parameters",
    "PaymentNotice", "PaymentReconciliation", "Person", "PlanDefinition", "Practitioner", "PractitionerRole",
    "Provenance", "Questionnaire", "RelatedPerson", "RequestGroup",
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
    bundles.AnyResource = AnyResource  # msgspec looks an annotation up in the module of its class

KNOWN = frozenset((*READ, *_UNREAD))
