"""The few elements of FHIR resources that the service reads, as typed partial shapes.

Every resource type has a shape, told apart by `resourceType`; an element that is not named here is skipped by the
decoder and never built. Element names are FHIR's own, those of DSTU2, STU3 and R5 beside those of R4:
`service.versions` reads them as R4.
"""

from service.shapes.bundles import (
    Bundle,
    Entry,
    Kind,
    Link,
    OperationOutcome,
    Outcome,
    Owned,
    RawBundle,
    RawEntry,
    Resource,
    WithCode,
)
from service.shapes.clinical import (
    AllergyIntolerance,
    Answer,
    Condition,
    Encounter,
    EncounterReason,
    Group,
    Item,
    Patient,
    Procedure,
    Question,
    QuestionnaireResponse,
    Reaction,
)
from service.shapes.datatypes import (
    ABSENT,
    Annotation,
    Coding,
    Concept,
    Period,
    Quantity,
    Range,
    Reference,
    Shape,
    Status,
    concept_of,
    is_missing,
    left_as_bytes,
)
from service.shapes.medicines import (
    Dosage,
    Medication,
    MedicationAdministration,
    MedicationDispense,
    MedicationOrder,
    MedicationRequest,
    MedicationStatement,
    Prescription,
)
from service.shapes.requests import DiagnosticOrder, ProcedureRequest, ReferralRequest, ServiceRequest
from service.shapes.results import Component, DiagnosticReport, Observation
from service.shapes.types import KNOWN, READ, AnyResource

__all__ = [
    "ABSENT", "KNOWN", "READ", "AllergyIntolerance", "Annotation", "Answer", "AnyResource", "Bundle", "Coding",
    "Component", "Concept", "Condition", "DiagnosticOrder", "DiagnosticReport", "Dosage", "Encounter",
    "EncounterReason", "Entry", "Group", "Item", "Kind", "Link", "Medication", "MedicationAdministration",
    "MedicationDispense", "MedicationOrder", "MedicationRequest", "MedicationStatement", "Observation",
    "OperationOutcome", "Outcome", "Owned", "Patient", "Period", "Prescription", "Procedure", "ProcedureRequest",
    "Quantity", "Question", "QuestionnaireResponse", "Range", "RawBundle", "RawEntry", "Reaction", "Reference",
    "ReferralRequest", "Resource", "ServiceRequest", "Shape", "Status", "WithCode", "concept_of", "is_missing",
    "left_as_bytes",
]  # fmt: skip
