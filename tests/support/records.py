"""Small FHIR records of one patient, as a developer would write them by hand."""

from typing import Any

Resource = dict[str, Any]

PATIENT = {"resourceType": "Patient", "id": "p1", "birthDate": "1960-05-01", "gender": "female"}
AS_OF = "2026-06-15"
ICD = "http://hl7.org/fhir/sid/icd-10-cm"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
LOINC = "http://loinc.org"
SUBJECT = {"reference": "Patient/p1"}


def condition(code: str, id_: str = "c1", /, **members: Any) -> Resource:
    return {
        "resourceType": "Condition",
        "id": id_,
        "clinicalStatus": {"coding": [{"code": "active"}]},
        "code": {"coding": [{"system": ICD, "code": code}]},
        "subject": SUBJECT,
        "onsetDateTime": "2020-02-03",
        **members,
    }


def cramps(**members: Any) -> Resource:
    return condition("G47.62", "cramps", **members)


def diabetes(**members: Any) -> Resource:
    return condition("E11.9", "diabetes", **members)


def diuretic(**members: Any) -> Resource:
    """Hydrochlorothiazide 25 mg tablets; give `medicationReference` to name the medicine elsewhere."""
    resource = {
        "resourceType": "MedicationRequest",
        "id": "diuretic",
        "status": "active",
        "intent": "order",
        "subject": SUBJECT,
        "authoredOn": "2024-02-05",
        **members,
    }
    if "medicationReference" not in members:
        resource.setdefault("medicationCodeableConcept", thiazide())
    return resource


def thiazide() -> dict[str, Any]:
    return {"coding": [{"system": RXNORM, "code": "310798"}]}


def result(code: str, value: float, unit: str, day: str, id_: str = "o1", /, **members: Any) -> Resource:
    return {
        "resourceType": "Observation",
        "id": id_,
        "status": "final",
        "code": {"coding": [{"system": LOINC, "code": code}]},
        "subject": SUBJECT,
        "effectiveDateTime": day,
        "valueQuantity": {"value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit},
        **members,
    }


def hba1c(day: str = "2026-05-20", **members: Any) -> Resource:
    return result("4548-4", 7.1, "%", day, "hba1c", **members)


def bundle(*resources: Resource, kind: str = "collection", **members: Any) -> Resource:
    return {"resourceType": "Bundle", "type": kind, "entry": [{"resource": item} for item in resources], **members}
