"""Vignettes as the FHIR that a client would send: a hook call with prefetch."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from service.knowledge.schema import CodeSystems
from service.knowledge.vignettes import (
    ConditionItem,
    Entry,
    Item,
    MedicationItem,
    ObservationItem,
    ReportItem,
    ResultItem,
    Vignette,
)

PATIENT = "vignette"
_SUBJECT = {"reference": f"Patient/{PATIENT}"}
_UCUM = "http://unitsofmeasure.org"


class Charts:
    """Writes vignettes as FHIR R4, with the URIs of one rule set's code systems."""

    def __init__(self, systems: CodeSystems, as_of: date) -> None:
        self._uris: Mapping[str, str] = {system.id: system.uri for system in systems.systems}
        self._as_of = as_of

    def resources(self, vignette: Vignette) -> dict[str, list[dict[str, Any]]]:
        """Returns the vignette's resources by FHIR type, the Patient among them."""
        patient: dict[str, Any] = {"resourceType": "Patient", "id": PATIENT}
        if vignette.patient.age is not None:
            patient["birthDate"] = f"{self._as_of.year - vignette.patient.age}-01-01"
        if vignette.patient.sex:
            patient["gender"] = vignette.patient.sex
        if vignette.patient.deceased:
            patient["deceasedBoolean"] = True
        found: dict[str, list[dict[str, Any]]] = {"Patient": [patient]}
        for number, entry in enumerate(vignette.record):
            resource = self._resource(entry)
            resource["id"] = f"v{number}"
            found.setdefault(resource["resourceType"], []).append(resource)
        return found

    def _resource(self, entry: Entry) -> dict[str, Any]:
        if entry.condition:
            return self._condition(entry.condition)
        if entry.medication:
            return self._medication(entry.medication)
        if entry.result:
            return self._result(entry.result)
        if entry.observation:
            return self._observation(entry.observation)
        if entry.report:
            return self._report(entry.report)
        if entry.question:
            answered = {"text": entry.question.text, "linkId": "1", "answer": [{"valueBoolean": entry.question.yes}]}
            return {
                "resourceType": "QuestionnaireResponse",
                "status": "completed",
                "subject": _SUBJECT,
                "authored": self._ago(entry.question.days_ago),
                "item": [answered],
            }
        if entry.procedure:
            item = entry.procedure
            return self._dated(
                item, {"resourceType": "Procedure", "status": item.status or "completed"}, "performedDateTime"
            )
        if entry.encounter:
            item = entry.encounter
            resource: dict[str, Any] = {
                "resourceType": "Encounter",
                "status": item.status or "finished",
                "class": {"code": "AMB"},
                "subject": _SUBJECT,
                "reasonCode": [self._concept(item)],
            }
            if self._day(item):
                resource["period"] = {"start": self._day(item)}
            return resource
        if entry.allergy:
            item = entry.allergy
            allergy = self._dated(item, {"resourceType": "AllergyIntolerance"}, "recordedDate")
            allergy["patient"] = allergy.pop("subject")
            return allergy
        item = entry.order or Item(text="nothing")
        start = {"resourceType": "ServiceRequest", "status": item.status or "active", "intent": "order"}
        return self._dated(item, start, "authoredOn")

    def _condition(self, item: ConditionItem) -> dict[str, Any]:
        condition = self._dated(item, {"resourceType": "Condition"}, "onsetDateTime")
        if item.status != "none":
            condition["clinicalStatus"] = {"coding": [{"code": item.status or "active"}]}
        if item.verification:
            condition["verificationStatus"] = {"coding": [{"code": item.verification}]}
        if item.category:
            condition["category"] = [{"coding": [{"code": item.category}]}]
        if item.recorded_days_ago is not None:
            condition["recordedDate"] = self._ago(item.recorded_days_ago)
        if item.side:
            condition["bodySite"] = [{"text": f"{item.side} leg"}]
        if item.note:
            condition["note"] = [{"text": item.note}]
        return condition

    def _medication(self, item: MedicationItem) -> dict[str, Any]:
        start: dict[str, Any] = {"medicationCodeableConcept": self._concept(item), "subject": _SUBJECT}
        day = self._day(item)
        if item.reason:
            start["reasonCode"] = [self._concept(item.reason)]
        if item.reason_entry is not None:
            start["reasonReference"] = [{"reference": f"Condition/v{item.reason_entry}"}]
        if item.as_ == "statement":
            resource = {"resourceType": "MedicationStatement", "status": item.status or "active", **start}
            return {**resource, "effectivePeriod": {"start": day}} if day else resource
        if item.as_ == "dispense":
            resource = {"resourceType": "MedicationDispense", "status": item.status or "completed", **start}
            if day:
                resource["whenHandedOver"] = day
            if item.supply_days is not None:
                resource["daysSupply"] = {"value": item.supply_days, "unit": "d", "code": "d"}
            return resource
        if item.as_ == "administration":
            resource = {"resourceType": "MedicationAdministration", "status": item.status or "completed", **start}
            return {**resource, "effectiveDateTime": day} if day else resource
        status = item.status or ("draft" if item.as_ == "draft" else "active")
        resource = {"resourceType": "MedicationRequest", "status": status, "intent": item.intent, **start}
        if day:
            resource["authoredOn"] = day
        if item.supply_days is not None:
            supply = {"value": item.supply_days, "unit": "d", "code": "d"}
            resource["dispenseRequest"] = {"expectedSupplyDuration": supply}
        return resource

    def _result(self, item: ResultItem) -> dict[str, Any]:
        result = self._dated(
            item, {"resourceType": "Observation", "status": item.status or "final"}, "effectiveDateTime"
        )
        if item.value is not None:
            quantity: dict[str, Any] = {"value": item.value}
            if item.unit:
                quantity |= {"unit": item.unit, "system": _UCUM, "code": item.unit}
            if item.comparator:
                quantity["comparator"] = item.comparator
            result["valueQuantity"] = quantity
        limits = {name: value for name, value in (("low", item.low), ("high", item.high)) if value is not None}
        if limits:
            result["referenceRange"] = [{name: {"value": value, "unit": item.unit} for name, value in limits.items()}]
        if item.flag:
            result["interpretation"] = [{"coding": [{"code": item.flag}]}]
        if item.note:
            result["note"] = [{"text": item.note}]
        return result

    def _observation(self, item: ObservationItem) -> dict[str, Any]:
        start = {"resourceType": "Observation", "status": item.status or "final"}
        observation = self._dated(item, start, "effectiveDateTime")
        if item.side:
            observation["bodySite"] = {"text": f"{item.side} leg"}
        if item.answer:
            observation["valueCodeableConcept"] = self._concept(item.answer)
        if item.yes is not None:
            observation["valueBoolean"] = item.yes
        return observation

    def _report(self, item: ReportItem) -> dict[str, Any]:
        start = {"resourceType": "DiagnosticReport", "status": item.status or "final"}
        report = self._dated(item, start, "effectiveDateTime")
        if item.conclusion:
            report["conclusion"] = item.conclusion
        if item.conclusion_code:
            report["conclusionCode"] = [self._concept(item.conclusion_code)]
        return report

    def _dated(self, item: Item, start: dict[str, Any], element: str) -> dict[str, Any]:
        resource = {**start, "code": self._concept(item), "subject": _SUBJECT}
        day = self._day(item)
        return {**resource, element: day} if day else resource

    def _concept(self, item: Item) -> dict[str, Any]:
        concept: dict[str, Any] = {}
        if item.code and item.system:
            coding = {"system": self._uris.get(item.system, f"urn:{item.system}"), "code": item.code}
            if item.display:
                coding["display"] = item.display
            concept["coding"] = [coding]
        if item.text:
            concept["text"] = item.text
        return concept

    def _day(self, item: Item) -> str | None:
        return item.date or (None if item.days_ago is None else self._ago(item.days_ago))

    def _ago(self, days: int) -> str:
        return (self._as_of - timedelta(days=days)).isoformat()
