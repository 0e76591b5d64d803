"""Elements that other versions of FHIR have in place of R4's, moved to where R4 has them.

Each function changes the resource that it is given, and returns why R4 cannot say the same; empty where it can. An
element that stands in R4's place already is left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from service import shapes
from service.shapes import Annotation, Concept, Resource, is_missing, left_as_bytes

_STATEMENTS = {
    "not-taking": "not-taken", "unknown": "unknown",
    "on-hold": "on-hold", "on-hold-as-directed": "on-hold", "on-hold-not-as-directed": "on-hold",
    "stopped": "stopped", "stopped-as-directed": "stopped", "stopped-not-as-directed": "stopped",
}  # fmt: skip
_TAKING = {"taking", "taking-as-directed", "taking-not-as-directed"}
_VERIFICATIONS = ("unconfirmed", "confirmed", "refuted", "entered-in-error")


def _condition(condition: shapes.Condition) -> str:
    condition.recordedDate = condition.recordedDate or condition.assertedDate or condition.dateRecorded
    condition.note = _noted(condition.note, condition.notes)
    return ""


def _observation(observation: shapes.Observation) -> str:
    observation.note = _noted(observation.note, observation.comment, observation.comments)
    if observation.hasMember is None:
        members = [
            related.target for related in observation.related or () if related.type == "has-member" and related.target
        ]
        observation.hasMember = members or None
    return ""


def _report(report: shapes.DiagnosticReport) -> str:
    if report.conclusionCode is None:
        report.conclusionCode = report.codedDiagnosis
    return ""


def _procedure(procedure: shapes.Procedure) -> str:
    if procedure.notDone or procedure.notPerformed:
        procedure.status = "not-done"
    if procedure.performedDateTime is None and procedure.performedPeriod is None:
        procedure.performedDateTime = procedure.occurrenceDateTime
        procedure.performedPeriod = procedure.occurrencePeriod
    return ""


def _prescription(item: shapes.Prescription) -> str:
    """R5's CodeableReferences as a concept or a reference."""
    named = item.medication
    if named is not None and is_missing(item.raw_medication) and item.medicationReference is None:
        item.medicationReference = named.reference
        item.raw_medication = left_as_bytes(named.concept or (named if named.coding or named.text else None))
    if item.reason is not None:
        reasons = _listed(item.reason)
        item.reasonCode = [*_listed(item.reasonCode), *(reason.concept for reason in reasons if reason.concept)]
        pointed = item.reasonReference if isinstance(item.reasonReference, list) else [item.reasonReference]
        item.reasonReference = [found for found in (*pointed, *(r.reference for r in reasons)) if found is not None]
    return ""


def _statement(statement: shapes.MedicationStatement) -> str:
    _prescription(statement)
    if statement.reasonForUseCodeableConcept is not None:
        statement.reasonCode = [*_listed(statement.reasonCode), statement.reasonForUseCodeableConcept]
    if statement.reasonReference is None:
        statement.reasonReference = statement.reasonForUseReference
    status = (statement.status or "").strip().lower()
    if status == "entered-in-error":
        return ""
    taken = (statement.taken or "").strip().lower()
    if statement.wasNotTaken or taken == "n":
        statement.status = "not-taken"
    elif taken == "unk":
        statement.status = "unknown"
    elif taken not in ("", "y"):
        return "MedicationStatement.taken does not say whether it is taken: not used"
    return _recorded(statement) if status == "recorded" else ""


def _recorded(statement: shapes.MedicationStatement) -> str:
    """R5's `recorded` says only that it was written down; adherence or the time of use say whether it is taken."""
    if statement.adherence is not None:
        word = _word(statement.adherence.code)
        if word in _TAKING:
            return ""
        if word not in _STATEMENTS:
            return "MedicationStatement.adherence is no code of FHIR R5: not used"
        statement.status = _STATEMENTS[word]
        return ""
    period = statement.effectivePeriod
    if period is None or not (period.start or period.end):
        return (
            "MedicationStatement is recorded, and neither adherence nor effectivePeriod says whether it is taken: "
            "not used"
        )
    return ""


def _dispense(dispense: shapes.MedicationDispense) -> str:
    if dispense.notDoneCodeableConcept is not None or dispense.notDoneReference is not None:
        dispense.status = "declined"
    return _prescription(dispense)


def _administration(dose: shapes.MedicationAdministration) -> str:
    if dose.notGiven or dose.wasNotGiven:
        dose.status = "not-done"
    if dose.effectiveDateTime is None and dose.effectivePeriod is None:
        dose.effectiveDateTime = dose.effectiveTimeDateTime or dose.occurenceDateTime
        dose.effectivePeriod = dose.effectiveTimePeriod or dose.occurencePeriod
    return _prescription(dose)


def _medication(medication: shapes.Medication) -> str:
    if medication.form is None:
        medication.form = medication.doseForm or (medication.product.form if medication.product else None)
    return ""


def _allergy(allergy: shapes.AllergyIntolerance) -> str:
    if allergy.code is None:
        allergy.code = allergy.substance
    elif allergy.substance is not None:
        allergy.reaction = [*(allergy.reaction or ()), shapes.Reaction(substance=allergy.substance)]
    status = (allergy.status or "").strip().lower()
    if status in _VERIFICATIONS:
        allergy.verificationStatus = allergy.verificationStatus or status
    elif status:
        allergy.clinicalStatus = allergy.clinicalStatus or status
    allergy.recordedDate = allergy.recordedDate or allergy.assertedDate
    return ""


def _encounter(encounter: shapes.Encounter) -> str:
    encounter.period = encounter.period or encounter.actualPeriod
    reasons = encounter.reason if isinstance(encounter.reason, list) else [encounter.reason]
    found: list[Concept] = list(_listed(encounter.reasonCode))
    pointed: list[shapes.Reference] = list(_many(encounter.reasonReference))
    for reason in reasons:
        if reason is not None and reason.value is not None:
            found += [inner.concept for inner in reason.value if inner.concept is not None]
            pointed += [inner.reference for inner in reason.value if inner.reference is not None]
        elif reason is not None:
            found.append(reason)
    encounter.reasonCode = found or None
    encounter.reasonReference = pointed or None
    return ""


def _service_request(request: shapes.ServiceRequest) -> str:
    """R5's code may point to the definition of what is ordered, which is not in the record."""
    code = request.code
    if code is not None and code.concept is None and code.coding is None and code.text is None:
        return "ServiceRequest.code only points to a definition: not used"
    if code is not None and code.concept is not None:
        request.code = code.concept
    return ""


def _response(response: shapes.QuestionnaireResponse) -> str:
    if response.item is None and response.group is not None:
        try:
            response.item = _items([response.group])
        except RecursionError:
            return "QuestionnaireResponse.group is nested too deep: not used"
    return ""


def _items(groups: Iterable[shapes.Group]) -> list[shapes.Item]:
    """DSTU2's groups and questions as items."""
    items = []
    for group in groups:
        questions = _many(group.question)
        asked = [
            shapes.Item(linkId=q.linkId, text=q.text, answer=q.answer, item=_items(_many(q.group))) for q in questions
        ]
        inside = [*_items(_many(group.group)), *asked]
        items.append(shapes.Item(linkId=group.linkId, text=group.title, item=inside))
    return items


def _many(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else [value] if value is not None else []


def _listed(value: list[Concept] | Concept | None) -> list[Concept]:
    return value if isinstance(value, list) else [value] if value is not None else []


def _noted(note: list[Annotation] | Annotation | str | None, *more: str | None) -> list[Annotation] | None:
    first = [Annotation(text=note)] if isinstance(note, str) else list(_many(note))
    return [*first, *(Annotation(text=text) for text in more if text)] or None


def _word(concept: Concept | None) -> str:
    for coding in (concept.coding if concept else None) or ():
        if coding.code:
            return coding.code.strip().lower()
    return ((concept.text if concept else None) or "").strip().lower()


ELEMENTS: dict[type[Resource], Callable[[Any], str]] = {
    shapes.Condition: _condition,
    shapes.Observation: _observation,
    shapes.DiagnosticReport: _report,
    shapes.Procedure: _procedure,
    shapes.MedicationRequest: _prescription,
    shapes.MedicationStatement: _statement,
    shapes.MedicationDispense: _dispense,
    shapes.MedicationAdministration: _administration,
    shapes.Medication: _medication,
    shapes.AllergyIntolerance: _allergy,
    shapes.Encounter: _encounter,
    shapes.ServiceRequest: _service_request,
    shapes.QuestionnaireResponse: _response,
}
