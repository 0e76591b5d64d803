"""By which elements a resource shows that it is shaped as another version of FHIR than R4.

A function for each type returns the versions whose shape a resource may have, as bits: an element that R4 does not
have, or has otherwise, leaves the versions that have it so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from service import shapes
from service.shapes import Concept, Owned, Resource

DSTU2, STU3, R4, R5 = 1, 2, 4, 8
_OLD = DSTU2 | STU3
_ANY = DSTU2 | STU3 | R4 | R5
NAMES = {DSTU2: "DSTU2", STU3: "STU3", _OLD: "DSTU2 or STU3", R5: "R5"}
MIXED = "has elements of versions of FHIR that exclude each other: not used"


def are_r4(kind: type[Resource], resources: Sequence[Any]) -> bool:
    """Returns whether nothing about any of these resources of one type calls for a closer look.

    What a resource contains always does.
    """
    read = _VERSIONS.get(kind, _read_as_any)
    if issubclass(kind, Owned):
        return not [resource for resource in resources if resource.contained is not None or read(resource) != _ANY]
    return not [resource for resource in resources if read(resource) != _ANY]


def versions_of(resource: Resource) -> int:
    """Returns the versions whose shape a resource may have, as bits; one without a mark of another has R4's."""
    return _VERSIONS.get(type(resource), _read_as_any)(resource)


def _read_as_any(_: Resource) -> int:
    return _ANY


def _condition(condition: shapes.Condition) -> int:
    versions = _ANY
    if condition.patient is not None or condition.dateRecorded is not None or condition.notes is not None:
        versions &= DSTU2
    if condition.assertedDate is not None or condition.context is not None:
        versions &= STU3
    if type(condition.clinicalStatus) is str or type(condition.verificationStatus) is str:
        versions &= _OLD
    return versions


def _observation(observation: shapes.Observation) -> int:
    versions = _ANY
    if observation.comments is not None:
        versions &= DSTU2
    if observation.comment is not None or observation.context is not None:
        versions &= STU3
    if observation.related is not None or type(observation.interpretation) is Concept:
        versions &= _OLD
    return versions


def _report(report: shapes.DiagnosticReport) -> int:
    versions = _ANY
    if report.codedDiagnosis is not None:
        versions &= _OLD
    if report.context is not None:
        versions &= STU3
    return versions


def _procedure(procedure: shapes.Procedure) -> int:
    versions = _ANY
    if procedure.notPerformed is not None:
        versions &= DSTU2
    if procedure.notDone is not None or procedure.context is not None:
        versions &= STU3
    if procedure.occurrenceDateTime is not None or procedure.occurrencePeriod is not None:
        versions &= R5
    return versions


def _medication_request(request: shapes.MedicationRequest) -> int:
    versions = _ANY
    if request.context is not None:
        versions &= STU3
    if request.medication is not None or request.reason is not None:
        versions &= R5
    return versions


def _medication_statement(statement: shapes.MedicationStatement) -> int:
    versions = _ANY
    if (
        statement.patient is not None
        or statement.wasNotTaken is not None
        or statement.reasonForUseCodeableConcept is not None
        or statement.reasonForUseReference is not None
    ):
        versions &= DSTU2
    if statement.taken is not None:
        versions &= STU3
    if (
        statement.adherence is not None
        or statement.medication is not None
        or statement.reason is not None
        or (statement.status or "").strip().lower() == "recorded"
    ):
        versions &= R5
    return versions


def _medication_dispense(dispense: shapes.MedicationDispense) -> int:
    versions = _ANY
    if dispense.patient is not None:
        versions &= DSTU2
    if dispense.notDoneCodeableConcept is not None or dispense.notDoneReference is not None:
        versions &= STU3
    if dispense.medication is not None:
        versions &= R5
    return versions


def _medication_administration(dose: shapes.MedicationAdministration) -> int:
    versions = _ANY
    if (
        dose.patient is not None
        or dose.wasNotGiven is not None
        or dose.effectiveTimeDateTime is not None
        or dose.effectiveTimePeriod is not None
    ):
        versions &= DSTU2
    if dose.notGiven is not None:
        versions &= STU3
    if (
        dose.occurenceDateTime is not None
        or dose.occurencePeriod is not None
        or dose.medication is not None
        or dose.reason is not None
    ):
        versions &= R5
    return versions


def _medication(medication: shapes.Medication) -> int:
    versions = _ANY
    if medication.product is not None:
        versions &= DSTU2
    if medication.doseForm is not None:
        versions &= R5
    return versions


def _allergy(allergy: shapes.AllergyIntolerance) -> int:
    versions = _ANY
    if allergy.substance is not None or allergy.status is not None:
        versions &= DSTU2
    if (
        allergy.assertedDate is not None
        or type(allergy.clinicalStatus) is str
        or type(allergy.verificationStatus) is str
    ):
        versions &= STU3
    return versions


def _encounter(encounter: shapes.Encounter) -> int:
    versions = _ANY
    if encounter.patient is not None:
        versions &= DSTU2
    if encounter.actualPeriod is not None:
        versions &= R5
    if encounter.reason is not None:
        listed = encounter.reason if isinstance(encounter.reason, list) else [encounter.reason]
        versions &= R5 if any(reason.value is not None for reason in listed) else _OLD
    return versions


def _answers(response: shapes.QuestionnaireResponse) -> int:
    return _ANY if response.group is None else DSTU2


def _service_request(request: shapes.ServiceRequest) -> int:
    code = request.code
    return _ANY if code is None or (code.concept is None and code.reference is None) else R5


def _procedure_request(request: shapes.ProcedureRequest) -> int:
    versions = _OLD
    if request.orderedOn is not None or request.scheduledDateTime is not None or request.scheduledPeriod is not None:
        versions &= DSTU2
    if (
        request.intent is not None
        or request.authoredOn is not None
        or request.occurrenceDateTime is not None
        or request.occurrencePeriod is not None
    ):
        versions &= STU3
    return versions


def _referral_request(request: shapes.ReferralRequest) -> int:
    versions = _OLD
    if request.patient is not None or request.date is not None:
        versions &= DSTU2
    if request.intent is not None or request.authoredOn is not None or request.occurrenceDateTime is not None:
        versions &= STU3
    return versions


_VERSIONS: dict[type[Resource], Callable[[Any], int]] = {
    shapes.Condition: _condition,
    shapes.Observation: _observation,
    shapes.DiagnosticReport: _report,
    shapes.Procedure: _procedure,
    shapes.MedicationRequest: _medication_request,
    shapes.MedicationStatement: _medication_statement,
    shapes.MedicationDispense: _medication_dispense,
    shapes.MedicationAdministration: _medication_administration,
    shapes.Medication: _medication,
    shapes.AllergyIntolerance: _allergy,
    shapes.Encounter: _encounter,
    shapes.QuestionnaireResponse: _answers,
    shapes.ServiceRequest: _service_request,
    shapes.ProcedureRequest: _procedure_request,
    shapes.ReferralRequest: _referral_request,
    shapes.MedicationOrder: lambda _: DSTU2,
    shapes.DiagnosticOrder: lambda _: DSTU2,
}
