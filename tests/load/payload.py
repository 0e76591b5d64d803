"""Hook calls of any size for a made-up patient, the same bytes every time.

Nobody's record: a fixed seed draws from short lists. A third of the conditions and medicines and a quarter of the
observations carry codes that rules read, the rest none; resources are as long as electronic records write them.
"""

from __future__ import annotations

import json
from datetime import date, timedelta
from random import Random
from typing import Any

from tests.load import chart

Resource = dict[str, Any]
SERVICE = "nocturnal-leg-cramps-on-demand"
PATIENT_ID = "7a41c0de-93b2-4d17-a8c5-0e6f5d2b9a10"
NEWEST = date(2026, 11, 1)
EMPTY_KEYS = (
    "medication-statements",
    "medication-dispenses",
    "medication-administrations",
    "reports",
    "procedures",
    "encounters",
    "questionnaires",
    "allergies",
    "orders",
)
_BASE = "https://ehr.example.org/fhir"
_YEARS = 12
_ICD = "http://hl7.org/fhir/sid/icd-10-cm"
_SNOMED = "http://snomed.info/sct"
_LOINC = "http://loinc.org"
_RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
_UCUM = "http://unitsofmeasure.org"
_TERMS = "http://terminology.hl7.org/CodeSystem"
_LOCAL = "urn:oid:2.999.1.13.5325"  # 2.999 is set aside for examples
_PROFILE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core"


def build_call(resources: int) -> bytes:
    """Returns the body of a hook call: Patient and that many resources, 15 % Condition, 15 % MedicationRequest, the
    rest Observation, under the prefetch keys of discovery; what a key has nothing for is an empty Bundle.
    """
    draw = Random(resources)
    conditions, medicines, observations = shares(resources)
    prefetch: dict[str, Resource] = {
        "patient": _patient(),
        "conditions": _bundle([_condition(draw, number) for number in range(conditions)]),
        "medication-requests": _bundle([_medicine(draw, number) for number in range(medicines)]),
        "observations": _bundle([_observation(draw, number) for number in range(observations)]),
        **{key: _bundle([]) for key in EMPTY_KEYS},
    }
    return call_of(PATIENT_ID, prefetch)


def call_of(patient_id: str, prefetch: dict[str, Any]) -> bytes:
    """Returns the body of a patient-view call with these prefetched resources."""
    message = {
        "hook": "patient-view",
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "context": {"userId": "Practitioner/ex-4711", "patientId": patient_id},
        "prefetch": prefetch,
    }
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()


def shares(resources: int) -> tuple[int, int, int]:
    """Returns how many of the resources are conditions, medicines and observations."""
    observations = resources * 70 // 100
    conditions = (resources - observations + 1) // 2
    return conditions, resources - observations - conditions, observations


def _bundle(resources: list[Resource]) -> Resource:
    return {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": len(resources),
        "entry": [
            {
                "fullUrl": f"{_BASE}/{resource['resourceType']}/{resource['id']}",
                "resource": resource,
                "search": {"mode": "match"},
            }
            for resource in resources
        ],
    } | ({"link": [{"relation": "self", "url": f"{_BASE}?patient={PATIENT_ID}"}]} if resources else {})


def _patient() -> Resource:
    return {
        "resourceType": "Patient",
        "id": PATIENT_ID,
        "meta": {"versionId": "12", "lastUpdated": "2026-10-12T07:31:09Z", "profile": [f"{_PROFILE}-patient"]},
        "identifier": [{"use": "usual", "system": f"{_LOCAL}.1", "value": "E0000117"}],
        "active": True,
        "name": [{"use": "official", "family": "Example", "given": ["Erika", "Maria"]}],
        "telecom": [{"system": "phone", "value": "+1 555 0100", "use": "home"}],
        "gender": "female",
        "birthDate": "1958-04-17",
        "address": [{"use": "home", "line": ["1 Example Street"], "city": "Exampleton", "postalCode": "00000"}],
    }


def _common(draw: Random, kind: str, number: int, profile: str, day: date) -> Resource:
    """What every resource of an electronic record carries, read by nobody: version, time, profile."""
    own_id = f"{kind[:3].lower()}-{number:05d}-{draw.getrandbits(64):016x}"
    return {
        "resourceType": kind,
        "id": own_id,
        "meta": {"versionId": str(draw.randint(1, 9)), "lastUpdated": _instant(draw, day), "profile": [profile]},
    }


def _condition(draw: Random, number: int) -> Resource:
    icd, snomed, title = _pick(draw, chart.CONDITIONS, number)
    onset = _day(draw)
    active = draw.random() < 0.7
    return _common(draw, "Condition", number, f"{_PROFILE}-condition-problems-health-concerns", onset) | {
        "clinicalStatus": _concept(f"{_TERMS}/condition-clinical", "active" if active else "resolved"),
        "verificationStatus": _concept(f"{_TERMS}/condition-ver-status", "confirmed"),
        "category": [_concept(f"{_TERMS}/condition-category", "problem-list-item", "Problem List Item")],
        "code": {
            "coding": [
                {"system": _ICD, "code": icd, "display": title},
                {"system": _SNOMED, "code": snomed, "display": title},
            ],
            "text": title,
        },
        "subject": {"reference": f"Patient/{PATIENT_ID}"},
        "encounter": {"reference": f"Encounter/enc-{draw.getrandbits(48):012x}"},
        "onsetDateTime": onset.isoformat(),
        **({} if active else {"abatementDateTime": min(onset + timedelta(days=90), NEWEST).isoformat()}),
        "recordedDate": onset.isoformat(),
        "recorder": {"reference": f"Practitioner/prc-{draw.getrandbits(32):08x}", "display": "Example Clinician, MD"},
    }


def _medicine(draw: Random, number: int) -> Resource:
    rxnorm, title = _pick(draw, chart.MEDICINES, number)
    authored = _day(draw)
    active = draw.random() < 0.5
    return _common(draw, "MedicationRequest", number, f"{_PROFILE}-medicationrequest", authored) | {
        "status": "active" if active else "completed",
        "intent": "order",
        "category": [_concept(f"{_TERMS}/medicationrequest-category", "community", "Community")],
        "medicationCodeableConcept": {
            "coding": [{"system": _RXNORM, "code": rxnorm, "display": title}],
            "text": title,
        },
        "subject": {"reference": f"Patient/{PATIENT_ID}"},
        "encounter": {"reference": f"Encounter/enc-{draw.getrandbits(48):012x}"},
        "authoredOn": _instant(draw, authored),
        "requester": {"reference": f"Practitioner/prc-{draw.getrandbits(32):08x}", "display": "Example Clinician, MD"},
        "dosageInstruction": [
            {
                "text": "Take 1 by mouth once daily",
                "timing": {"repeat": {"frequency": 1, "period": 1.0, "periodUnit": "d"}},
                "route": _concept(_SNOMED, "26643006", "Oral route"),
            }
        ],
        "dispenseRequest": {
            "validityPeriod": {
                "start": authored.isoformat(),
                "end": (authored + timedelta(days=365)).isoformat(),
            },
            "numberOfRepeatsAllowed": 3,
        },
    }


def _observation(draw: Random, number: int) -> Resource:
    loinc, title, low, high, unit = _pick(draw, chart.OBSERVATIONS, number)
    taken = _day(draw)
    value = round(draw.uniform(low - (high - low) * 0.15, high + (high - low) * 0.15), 1)
    codings = [{"system": _LOINC, "code": loinc, "display": title}] if loinc else []
    codings.append({"system": f"{_LOCAL}.5", "code": f"LAB{chart.local_number(title):04d}", "display": title.upper()})
    moment = _instant(draw, taken)
    return _common(draw, "Observation", number, f"{_PROFILE}-observation-lab", taken) | {
        "status": "final",
        "category": [_concept(f"{_TERMS}/observation-category", "laboratory", "Laboratory")],
        "code": {"coding": codings, "text": title},
        "subject": {"reference": f"Patient/{PATIENT_ID}"},
        "encounter": {"reference": f"Encounter/enc-{draw.getrandbits(48):012x}"},
        "effectiveDateTime": moment,
        "issued": moment,
        "valueQuantity": {"value": value, "unit": unit, "system": _UCUM, "code": unit},
        "interpretation": [
            _concept(f"{_TERMS}/v3-ObservationInterpretation", "L" if value < low else "H" if value > high else "N")
        ],
        "referenceRange": [
            {
                "low": {"value": low, "unit": unit, "system": _UCUM, "code": unit},
                "high": {"value": high, "unit": unit, "system": _UCUM, "code": unit},
            }
        ],
    }


def _pick(draw: Random, listed: chart.Listed, number: int) -> tuple[Any, ...]:
    """One of the read ones now and then, so that even the smallest call has some; else one that no rule reads."""
    read, other, every = listed
    if number == 0:
        return read[0]
    return draw.choice(read) if number % every == 0 else draw.choice(other)


def _concept(system: str, code: str, display: str | None = None) -> dict[str, Any]:
    coding = {"system": system, "code": code} | ({"display": display} if display else {})
    return {"coding": [coding]} | ({"text": display} if display else {})


def _day(draw: Random) -> date:
    return NEWEST - timedelta(days=int(draw.random() ** 2 * 365 * _YEARS))


def _instant(draw: Random, day: date) -> str:
    return f"{day.isoformat()}T{draw.randint(7, 17):02d}:{draw.randint(0, 59):02d}:{draw.randint(0, 59):02d}Z"
