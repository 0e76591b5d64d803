"""Records shaped as R5, STU3 or DSTU2: read as R4 where they mean the same, refused by name where they do not."""

import gzip
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from tests.support.conformance import explanation, finding, is_response, outcomes
from tests.support.records import (
    AS_OF,
    ICD,
    LOINC,
    PATIENT,
    RXNORM,
    SUBJECT,
    bundle,
    cramps,
    diabetes,
    diuretic,
    hba1c,
    result,
    thiazide,
)
from tests.support.shared import REALDATA

SNOMED = "http://snomed.info/sct"
OLD = "2021-03-04"  # older than any window, whatever the day
DIABETES = {"coding": [{"system": ICD, "code": "E11.9"}]}
CRAMPS = {"coding": [{"system": ICD, "code": "G47.62"}]}
QUININE = {"coding": [{"system": RXNORM, "code": "9071"}]}
DIALYSIS = {"coding": [{"system": SNOMED, "code": "302497006"}]}
HBA1C = {"coding": [{"system": LOINC, "code": "4548-4"}]}
MALARIA = {"coding": [{"system": SNOMED, "code": "61462000"}], "text": "Malaria"}
VISIT = {"reference": "Encounter/e1"}
Resource = dict[str, Any]
Post = Callable[..., dict[str, Any]]
Ask = Callable[..., dict[str, Any]]


@pytest.fixture
def post(client: httpx2.Client) -> Post:
    """Posts the resources of the patient as a Bundle."""

    def send(*resources: Resource, **parameters: str) -> dict[str, Any]:
        asked = {"asOf": AS_OF, "validate": "none", "explain": "all", **parameters}
        return is_response(client.post("/evaluate", json=bundle(PATIENT, *resources), params=asked))

    return send


@pytest.fixture
def ask(client: httpx2.Client) -> Ask:
    """Calls the hook of a chart with cramps; the prefetch keys are written with underscores."""
    (first, *_) = client.get("/cds-services").json()["services"]
    keys = list(first["prefetch"])

    def send(**prefetch: Any) -> dict[str, Any]:
        nothing = {"resourceType": "Bundle", "type": "searchset", "total": 0}
        given = {"patient": PATIENT, "conditions": bundle(cramps(), kind="searchset")}
        given |= {name.replace("_", "-"): value for name, value in prefetch.items()}
        message = {
            "hook": "patient-view",
            "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
            "context": {"userId": "Practitioner/d1", "patientId": "p1"},
            "prefetch": {key: given.get(key, nothing) for key in keys},
        }
        return is_response(client.post(f"/cds-services/{first['id']}", json=message))

    return send


def made(kind: str, id_: str = "x", /, owner: str = "subject", **members: Any) -> Resource:
    return {"resourceType": kind, "id": id_, owner: SUBJECT, **members}


def rejected(body: dict[str, Any]) -> dict[str, str]:
    return {item["reference"]: item["reason"] for item in explanation(body).get("rejected", ())}


def read_as(body: dict[str, Any]) -> list[tuple[str, str, int]]:
    """Version, type as it came, and how many."""
    return [(s["version"], s["type"], s["resources"]) for s in explanation(body).get("shapesRead", ())]


def found(body: dict[str, Any], rule: str) -> list[str]:
    return [fact["reference"] for fact in finding(body, rule).get("found", ())]


# --- conditions -----------------------------------------------------------------------------------------------------

STU3_CONDITION = made(
    "Condition", clinicalStatus="active", verificationStatus="confirmed", code=DIABETES, assertedDate=OLD,
    context=VISIT, category=[{"coding": [{"code": "problem-list-item"}]}],
)  # fmt: skip
DSTU2_CONDITION = made(
    "Condition", owner="patient", clinicalStatus="active", verificationStatus="confirmed", code=DIABETES,
    dateRecorded=OLD, category={"coding": [{"code": "diagnosis"}]},
)  # fmt: skip
EITHER_CONDITION = made("Condition", clinicalStatus="active", code=DIABETES, onsetDateTime=OLD)
R5_CONDITION = made(
    "Condition", clinicalStatus={"coding": [{"code": "active"}]}, code=DIABETES, recordedDate=OLD,
    participant=[{"actor": {"reference": "Practitioner/d1"}}],
)  # fmt: skip


@pytest.mark.parametrize(
    ("condition", "shape"),
    [
        (STU3_CONDITION, [("STU3", "Condition", 1)]),
        (DSTU2_CONDITION, [("DSTU2", "Condition", 1)]),
        (DSTU2_CONDITION | {"category": "diagnosis"}, [("DSTU2", "Condition", 1)]),
        (EITHER_CONDITION, [("DSTU2 or STU3", "Condition", 1)]),
        (R5_CONDITION, []),
    ],
    ids=["STU3", "DSTU2", "DSTU2 plain category", "either", "R5"],
)  # fmt: skip
def test_a_condition_of_any_version(post: Post, ask: Ask, condition: Resource, shape: list[Any]) -> None:
    posted, asked = post(condition), ask(conditions=bundle(cramps(), condition))
    for body in (posted, asked):
        assert finding(body, "diabetes")["outcome"] == "fires"
        assert [(f["reference"], f["date"]) for f in finding(body, "diabetes")["found"]] == [("Condition/x", OLD)]
        assert read_as(body) == shape
        assert "rejected" not in explanation(body)


@pytest.mark.parametrize(
    "members",
    [
        {"clinicalStatus": "resolved"},
        {"verificationStatus": "entered-in-error"},
        {"verificationStatus": "refuted"},
    ],
    ids=str,
)
@pytest.mark.parametrize("condition", [STU3_CONDITION, DSTU2_CONDITION], ids=["STU3", "DSTU2"])
def test_a_plain_status_counts(post: Post, condition: Resource, members: Resource) -> None:
    assert outcomes(post(condition | members))["diabetes"] == "silent"


def test_the_notes_of_dstu2_tell_of_cramps(post: Post) -> None:
    told = made("Condition", owner="patient", code={"text": "Sleep"}, notes="Cramps in the calf every night.")
    body = post(told, complaint="chart")
    assert explanation(body)["gate"]["open"] is True
    assert explanation(body)["gate"]["found"][0]["reference"] == "Condition/x"


# --- medicines ------------------------------------------------------------------------------------------------------

ORDERED = {"status": "active", "intent": "order", "authoredOn": OLD}
MEDICINES: dict[str, tuple[Resource, list[tuple[str, str, int]]]] = {
    "R5 request": (
        made("MedicationRequest", **ORDERED, medication={"concept": thiazide()}, reason=[{"concept": MALARIA}]),
        [("R5", "MedicationRequest", 1)],
    ),
    "R5 statement, taken": (
        made(
            "MedicationStatement", status="recorded", medication={"concept": thiazide()},
            adherence={"code": {"coding": [{"code": "taking-as-directed"}]}}, effectiveDateTime=OLD,
        ),
        [("R5", "MedicationStatement", 1)],
    ),
    "R5 statement, for a time that goes on": (
        made(
            "MedicationStatement", status="recorded", medication={"concept": thiazide()}, effectivePeriod={"start": OLD}
        ),
        [("R5", "MedicationStatement", 1)],
    ),
    "STU3 request": (
        made("MedicationRequest", **ORDERED, medicationCodeableConcept=thiazide(), context=VISIT),
        [("STU3", "MedicationRequest", 1)],
    ),
    "STU3 statement": (
        made(
            "MedicationStatement", status="active", taken="y", medicationCodeableConcept=thiazide(), context=VISIT,
            effectivePeriod={"start": OLD},
        ),
        [("STU3", "MedicationStatement", 1)],
    ),
    "DSTU2 order": (
        made(
            "MedicationOrder", owner="patient", status="active", dateWritten=OLD, medicationCodeableConcept=thiazide(),
            dosageInstruction=[{"timing": {"repeat": {"frequency": 1, "period": 1, "periodUnits": "d"}}}],
        ),
        [("DSTU2", "MedicationOrder", 1)],
    ),
    "DSTU2 statement": (
        made(
            "MedicationStatement", owner="patient", status="active", wasNotTaken=False, effectiveDateTime=OLD,
            medicationCodeableConcept=thiazide(),
        ),
        [("DSTU2", "MedicationStatement", 1)],
    ),
}  # fmt: skip
KEYS = {"MedicationRequest": "medication_requests", "MedicationOrder": "medication_requests"}


@pytest.mark.parametrize("name", MEDICINES)
def test_a_medicine_of_any_version(post: Post, ask: Ask, name: str) -> None:
    medicine, shape = MEDICINES[name]
    kind = medicine["resourceType"]
    key = KEYS.get(kind, "medication_statements")
    for body in (post(medicine), ask(**{key: bundle(medicine, kind="searchset")})):
        assert finding(body, "diuretic")["outcome"] == "fires"
        assert [(f["reference"], f["date"]) for f in finding(body, "diuretic")["found"]] == [(f"{kind}/x", OLD)]
        assert read_as(body) == shape
        assert "rejected" not in explanation(body)


def test_a_card_names_an_order_of_dstu2_as_it_came(ask: Ask) -> None:
    order, _ = MEDICINES["DSTU2 order"]
    body = ask(medication_requests=bundle(order, kind="searchset"))
    drafts = [a["resource"] for c in body["cards"] for s in c.get("suggestions", ()) for a in s["actions"]]
    assert {"reference": "MedicationOrder/x"} in [p for draft in drafts for p in draft.get("supportingInfo", ())]


@pytest.mark.parametrize("code", ["not-taking", "on-hold-as-directed", "stopped", "stopped-not-as-directed", "unknown"])
def test_adherence_of_r5_says_that_it_is_not_taken(post: Post, code: str) -> None:
    taken, _ = MEDICINES["R5 statement, taken"]
    assert outcomes(post(taken | {"adherence": {"code": {"coding": [{"code": code}]}}}))["diuretic"] == "silent"


@pytest.mark.parametrize("period", [{"start": "2020", "end": "2026-06-14"}, {"start": "2026-06-16"}], ids=str)
@pytest.mark.parametrize("adherence", [None, {"code": {"coding": [{"code": "taking"}]}}], ids=["alone", "taking"])
def test_what_r5_recorded_for_another_time_is_not_current(
    post: Post, period: Resource, adherence: Resource | None
) -> None:
    taken, _ = MEDICINES["R5 statement, taken"]
    told = taken | {"adherence": adherence, "effectiveDateTime": None, "effectivePeriod": period}
    body = post(told)
    assert outcomes(body)["diuretic"] == "silent"
    assert "rejected" not in explanation(body)


@pytest.mark.parametrize("end", [AS_OF, "2027"])
def test_what_r5_recorded_is_current_to_the_last_day(post: Post, end: str) -> None:
    taken, _ = MEDICINES["R5 statement, for a time that goes on"]
    assert outcomes(post(taken | {"effectivePeriod": {"start": OLD, "end": end}}))["diuretic"] == "fires"


@pytest.mark.parametrize(
    ("name", "members"),
    [
        ("STU3 statement", {"taken": "n"}),
        ("STU3 statement", {"taken": "unk"}),
        ("DSTU2 statement", {"wasNotTaken": True}),
        ("DSTU2 order", {"status": "stopped"}),
        ("R5 statement, taken", {"status": "draft"}),
        ("R5 statement, taken", {"status": "entered-in-error"}),
        ("R5 request", {"status": "ended"}),
    ],
    ids=str,
)
def test_a_medicine_that_is_not_taken(post: Post, name: str, members: Resource) -> None:
    body = post(MEDICINES[name][0] | members)
    assert outcomes(body)["diuretic"] == "silent"
    assert "rejected" not in explanation(body)


def test_a_dispense_of_stu3_that_was_not_done(post: Post) -> None:
    supply: Resource = {"whenHandedOver": "2026-06-10", "daysSupply": {"value": 30, "unit": "d"}}
    handed = made("MedicationDispense", status="completed", medicationCodeableConcept=thiazide(), **supply)
    assert outcomes(post(handed))["diuretic"] == "fires"
    assert outcomes(post(handed | {"notDoneCodeableConcept": {"text": "Out of stock"}}))["diuretic"] == "silent"


@pytest.mark.parametrize("contained", [True, False])
def test_the_reference_of_r5_is_followed(post: Post, contained: bool) -> None:
    medication = {"resourceType": "Medication", "id": "hct", "code": thiazide(), "doseForm": {"text": "Tablet"}}
    inside: Resource = {"contained": [medication]} if contained else {}
    pointer = {"reference": {"reference": "#hct" if contained else "Medication/hct"}}
    asked = made("MedicationRequest", **ORDERED, medication=pointer, **inside)
    body = post(asked, *([] if contained else [medication]))
    assert found(body, "diuretic") == ["MedicationRequest/x"]


REASONS: dict[str, Resource] = {
    "R5 concept": {"reason": [{"concept": MALARIA}]},
    "R5 reference": {"reason": [{"reference": {"reference": "Condition/why"}}]},
}


@pytest.mark.parametrize("name", REASONS)
def test_a_reason_of_r5_is_read(post: Post, name: str) -> None:
    why = made("Condition", "why", code=MALARIA)
    asked = made("MedicationRequest", **ORDERED, medication={"concept": QUININE})
    without, given = post(asked), post(asked | REASONS[name], why)
    assert outcomes(without)["quinine-hazard"] != outcomes(given)["quinine-hazard"]


@pytest.mark.parametrize(
    "reason",
    [{"reasonCodeableConcept": MALARIA}, {"reasonReference": {"reference": "Condition/why"}}],
    ids=["concept", "reference"],
)
def test_a_reason_of_dstu2_is_read(post: Post, reason: Resource) -> None:
    why = made("Condition", "why", code=MALARIA)
    asked = MEDICINES["DSTU2 order"][0] | {"medicationCodeableConcept": QUININE}
    without, given = post(asked), post(asked | reason, why)
    assert outcomes(without)["quinine-hazard"] != outcomes(given)["quinine-hazard"]


REFUSED_STATEMENTS: dict[str, tuple[Resource, str]] = {
    "R5, recorded alone": (
        made("MedicationStatement", status="recorded", medication={"concept": thiazide()}),
        "MedicationStatement is recorded, and neither adherence nor effectivePeriod says whether it is taken: not used",
    ),
    "R5, recorded of one moment": (
        made(
            "MedicationStatement", status="recorded", medication={"concept": thiazide()}, effectiveDateTime=OLD
        ),
        "MedicationStatement is recorded, and neither adherence nor effectivePeriod says whether it is taken: not used",
    ),
    "R5, another adherence": (
        made(
            "MedicationStatement", status="recorded", medication={"concept": thiazide()},
            adherence={"code": {"coding": [{"code": "mostly"}]}},
        ),
        "MedicationStatement.adherence is no code of FHIR R5: not used",
    ),
    "STU3, taken does not apply": (
        made("MedicationStatement", status="active", taken="na", medicationCodeableConcept=thiazide()),
        "MedicationStatement.taken does not say whether it is taken: not used",
    ),
    "of two versions": (
        made("MedicationStatement", status="active", taken="y", wasNotTaken=True, medicationCodeableConcept=thiazide()),
        "has elements of versions of FHIR that exclude each other: not used",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED_STATEMENTS)
def test_a_statement_that_r4_cannot_say_is_refused_and_leaves_medicines_unknown(
    post: Post, ask: Ask, name: str
) -> None:
    statement, reason = REFUSED_STATEMENTS[name]
    for body in (post(statement), ask(medication_statements=bundle(statement, kind="searchset"))):
        assert rejected(body) == {"MedicationStatement/x": reason}
        assert finding(body, "diuretic")["outcome"] == "unknown"
        assert finding(body, "diuretic")["missing"] == ["MedicationStatement"]
        assert read_as(body) == []


def test_a_time_of_use_that_is_no_date_leaves_medicines_unknown(post: Post) -> None:
    statement, _ = MEDICINES["R5 statement, for a time that goes on"]
    body = post(statement | {"effectivePeriod": {"start": OLD, "end": "some day"}})
    assert rejected(body) == {
        "MedicationStatement/x": "MedicationStatement.effectivePeriod.end is no FHIR date: not used"
    }
    assert finding(body, "diuretic")["outcome"] == "unknown"


def test_a_refused_resource_of_somebody_else_leaves_nothing_unknown(post: Post) -> None:
    statement, _ = REFUSED_STATEMENTS["R5, recorded alone"]
    body = post(statement | {"subject": {"reference": "Patient/other"}})
    assert rejected(body) == {"MedicationStatement/x": "about another subject: not used"}
    assert outcomes(body)["diuretic"] == "silent"


def test_beside_a_refused_resource_the_others_count(post: Post) -> None:
    statement, _ = REFUSED_STATEMENTS["R5, recorded alone"]
    assert found(post(statement, diuretic()), "diuretic") == ["MedicationRequest/diuretic"]


# --- procedures, encounters, allergies, answers -----------------------------------------------------------------------

PROCEDURES: dict[str, tuple[Resource, str]] = {
    "R5": (
        made(
            "Procedure", status="completed", code=DIALYSIS, occurrenceDateTime="2026-06-10",
            reason=[{"concept": MALARIA}],
        ),
        "R5",
    ),
    "R5 period": (
        made("Procedure", status="completed", code=DIALYSIS, occurrencePeriod={"start": "2026-06-10"}),
        "R5",
    ),
    "STU3": (
        made("Procedure", status="completed", code=DIALYSIS, performedDateTime="2026-06-10", notDone=False),
        "STU3",
    ),
    "DSTU2": (
        made("Procedure", status="completed", code=DIALYSIS, performedDateTime="2026-06-10", notPerformed=False),
        "DSTU2",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PROCEDURES)
def test_a_procedure_of_any_version(post: Post, ask: Ask, name: str) -> None:
    procedure, version = PROCEDURES[name]
    posted = post(procedure)
    assert [(f["reference"], f["date"]) for f in finding(posted, "dialysis")["found"]] == [
        ("Procedure/x", "2026-06-10")
    ]
    assert read_as(posted) == [(version, "Procedure", 1)]
    asked = ask(procedures=bundle(procedure | {"performedDateTime": None}, kind="searchset"))
    assert read_as(asked) == [(version, "Procedure", 1)]


@pytest.mark.parametrize(("name", "element"), [("STU3", "notDone"), ("DSTU2", "notPerformed")])
def test_a_procedure_that_was_not_done(post: Post, name: str, element: str) -> None:
    body = post(PROCEDURES[name][0] | {element: True})
    assert outcomes(body)["dialysis"] == "silent"
    assert "rejected" not in explanation(body)


ENCOUNTERS: dict[str, tuple[Resource, str]] = {
    "R5": (
        made(
            "Encounter", status="completed", actualPeriod={"start": "2026-06-10"},
            reason=[{"use": [{"text": "RV"}], "value": [{"concept": CRAMPS}]}],
        ) | {"class": [{"coding": [{"code": "AMB"}]}]},
        "R5",
    ),
    "STU3": (
        made(
            "Encounter", status="finished", period={"start": "2026-06-10"}, reason=[CRAMPS],
        ) | {"class": {"code": "AMB"}},
        "DSTU2 or STU3",
    ),
    "DSTU2": (
        made(
            "Encounter", owner="patient", status="finished", period={"start": "2026-06-10"}, reason=CRAMPS,
        ) | {"class": "ambulatory"},
        "DSTU2",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ENCOUNTERS)
def test_the_reason_of_an_encounter_of_any_version(post: Post, name: str) -> None:
    encounter, version = ENCOUNTERS[name]
    body = post(encounter, complaint="chart")
    assert explanation(body)["gate"]["open"] is True
    (fact,) = explanation(body)["gate"]["found"]
    assert (fact["reference"], fact["date"]) == ("Encounter/x", "2026-06-10")
    assert read_as(body) == [(version, "Encounter", 1)]


ALLERGIES: dict[str, tuple[Resource, str | None]] = {
    "R5": (
        {
            "code": QUININE, "type": {"coding": [{"code": "allergy"}]},
            "clinicalStatus": {"coding": [{"code": "active"}]},
        },
        None,
    ),
    "STU3": (
        {
            "code": QUININE, "type": "allergy", "clinicalStatus": "active", "verificationStatus": "confirmed",
            "assertedDate": OLD,
        },
        "STU3",
    ),
    "DSTU2": ({"substance": QUININE, "status": "confirmed", "recordedDate": OLD}, "DSTU2"),
}  # fmt: skip


@pytest.mark.parametrize("name", ALLERGIES)
def test_an_allergy_of_any_version(post: Post, name: str) -> None:
    members, version = ALLERGIES[name]
    body = post(diuretic(medicationCodeableConcept=QUININE), made("AllergyIntolerance", owner="patient", **members))
    assert "AllergyIntolerance/x" in found(body, "quinine-contraindicated")
    assert read_as(body) == ([(version, "AllergyIntolerance", 1)] if version else [])


@pytest.mark.parametrize("status", ["refuted", "entered-in-error"])
@pytest.mark.parametrize(("name", "element"), [("STU3", "verificationStatus"), ("DSTU2", "status")])
def test_an_allergy_that_was_refuted(post: Post, name: str, element: str, status: str) -> None:
    allergy = made("AllergyIntolerance", owner="patient", **{**ALLERGIES[name][0], element: status})
    body = post(diuretic(medicationCodeableConcept=QUININE), allergy)
    assert outcomes(body)["quinine-contraindicated"] == "silent"


def test_the_groups_of_dstu2_are_items(post: Post) -> None:
    question = {"text": "Cramps in the calf at night", "answer": [{"valueBoolean": True}]}
    group = {"title": "Sleep", "group": [{"question": [question]}]}
    response = made("QuestionnaireResponse", status="completed", authored="2026-06-10", group=group)
    body = post(response, complaint="chart")
    assert [fact["reference"] for fact in explanation(body)["gate"]["found"]] == ["QuestionnaireResponse/x"]
    assert read_as(body) == [("DSTU2", "QuestionnaireResponse", 1)]


def test_groups_nested_deep_are_no_fault(post: Post) -> None:
    group: Resource = {"question": [{"text": "Cramps", "answer": [{"valueBoolean": True}]}]}
    for _ in range(400):
        group = {"group": [group]}
    body = post(made("QuestionnaireResponse", status="completed", group=group))
    assert outcomes(body)["self-care"] == "fires"


# --- results ---------------------------------------------------------------------------------------------------------

POTASSIUM = ("2823-3", 6.4, "mmol/L", "2026-06-01")


@pytest.mark.parametrize(
    ("members", "version"),
    [({"comments": "Sample haemolysed"}, "DSTU2"), ({"comment": "Sample haemolysed"}, "STU3")],
    ids=["DSTU2", "STU3"],
)
def test_the_comment_on_a_result_is_read(post: Post, members: Resource, version: str) -> None:
    body = post(result(*POTASSIUM, **members))
    assert "spoiled" in rejected(body)["Observation/o1"]
    assert read_as(body) == [(version, "Observation", 1)]


def test_one_interpretation_instead_of_a_list(post: Post) -> None:
    flagged = result("2823-3", 7.9, "furlongs", "2026-06-01", interpretation={"coding": [{"code": "HH"}]})
    body = post(flagged, diuretic())
    assert "flagged HH" in rejected(body)["Observation/o1"]
    assert read_as(body) == [("DSTU2 or STU3", "Observation", 1)]


@pytest.mark.parametrize("element", ["meaning", "type"])
def test_a_range_that_is_not_the_normal_one_says_nothing(post: Post, element: str) -> None:
    """DSTU2 calls `meaning` what R4 calls `type`: a range for treatment is not the normal range."""
    limits = {"low": {"value": 7.5}, "high": {"value": 8.0}}
    treatment = limits | {element: {"coding": [{"code": "treatment"}]}}
    normal = limits | {element: {"coding": [{"code": "normal"}]}}
    assert "7.1 % low" not in str(post(diabetes(), hba1c(referenceRange=[treatment]))["cards"])
    assert "7.1 % low" in str(post(diabetes(), hba1c(referenceRange=[normal]))["cards"])


def test_a_panel_of_stu3_gives_its_members_their_day(post: Post) -> None:
    member = hba1c(effectiveDateTime=None)
    panel = made(
        "Observation", "panel", status="final", effectiveDateTime="2026-05-20", code={"text": "Panel"},
        related=[{"type": "has-member", "target": {"reference": "Observation/hba1c"}}],
    )  # fmt: skip
    body = post(diabetes(), member, panel)
    assert finding(body, "diabetes")["outcome"] == "satisfied"
    assert read_as(body) == [("DSTU2 or STU3", "Observation", 1)]
    unrelated = panel | {"related": [{"type": "derived-from", "target": {"reference": "Observation/hba1c"}}]}
    assert finding(post(diabetes(), member, unrelated), "diabetes")["outcome"] != "satisfied"


# --- orders ----------------------------------------------------------------------------------------------------------

TODAY = "2026-06-10"
ORDERS: dict[str, tuple[Resource, str]] = {
    "R5 ServiceRequest": (
        made(
            "ServiceRequest", status="active", intent="order", code={"concept": HBA1C}, authoredOn=TODAY,
            reason=[{"concept": DIABETES}],
        ),
        "R5",
    ),
    "STU3 ProcedureRequest": (
        made("ProcedureRequest", status="active", intent="order", code=HBA1C, authoredOn=TODAY),
        "STU3",
    ),
    "DSTU2 ProcedureRequest": (
        made("ProcedureRequest", status="requested", code=HBA1C, orderedOn=TODAY),
        "DSTU2",
    ),
    "DSTU2 DiagnosticOrder": (
        made(
            "DiagnosticOrder", status="accepted", item=[{"code": {"text": "Magnesium"}}, {"code": HBA1C}],
            event=[{"status": "requested", "dateTime": TODAY}],
        ),
        "DSTU2",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ORDERS)
def test_an_order_of_any_version_is_named_as_placed(post: Post, ask: Ask, name: str) -> None:
    order, version = ORDERS[name]
    kind = order["resourceType"]
    body = post(diabetes(), order)
    (wanted,) = (order for order in explanation(body)["orders"] if order["key"] == "hba1c")
    assert wanted["already"] == f"{kind}/x"
    assert read_as(body) == [(version, kind, 1)]
    asked = ask(conditions=bundle(cramps(), diabetes()), orders=bundle(order, kind="searchset"))
    assert read_as(asked) == [(version, kind, 1)]
    assert "ServiceRequest" not in explanation(asked).get("notSupplied", ())


@pytest.mark.parametrize(
    ("name", "members"),
    [
        ("STU3 ProcedureRequest", {"status": "cancelled"}),
        ("STU3 ProcedureRequest", {"status": "suspended"}),
        ("STU3 ProcedureRequest", {"doNotPerform": True}),
        ("DSTU2 ProcedureRequest", {"status": "rejected"}),
        ("DSTU2 ProcedureRequest", {"status": "completed"}),
        ("DSTU2 DiagnosticOrder", {"status": "failed"}),
        ("DSTU2 DiagnosticOrder", {"item": [{"code": HBA1C, "status": "cancelled"}]}),
    ],
    ids=str,
)
def test_an_order_that_is_not_in_force(post: Post, name: str, members: Resource) -> None:
    body = post(diabetes(), ORDERS[name][0] | members)
    (wanted,) = (order for order in explanation(body)["orders"] if order["key"] == "hba1c")
    assert "already" not in wanted


def test_an_order_that_only_points_to_a_definition_is_refused(post: Post) -> None:
    pointing = made(
        "ServiceRequest", status="active", intent="order", code={"reference": {"reference": "PlanDefinition/1"}}
    )
    reason = "ServiceRequest.code only points to a definition: not used"
    assert rejected(post(diabetes(), pointing)) == {"ServiceRequest/x": reason}


def test_a_referral_of_stu3_is_an_order(post: Post) -> None:
    referral = made("ReferralRequest", status="active", intent="order", authoredOn=TODAY, serviceRequested=[HBA1C])
    body = post(diabetes(), referral)
    (wanted,) = (order for order in explanation(body)["orders"] if order["key"] == "hba1c")
    assert wanted["already"] == "ReferralRequest/x"


# --- versions side by side, and what clients really send -----------------------------------------------------------


def test_each_resource_is_read_in_its_own_shape(post: Post) -> None:
    old, _ = MEDICINES["DSTU2 order"]
    new = PROCEDURES["R5"][0] | {"id": "new"}
    body = post(diabetes(), STU3_CONDITION, old, new, hba1c())
    assert read_as(body) == [("DSTU2", "MedicationOrder", 1), ("R5", "Procedure", 1), ("STU3", "Condition", 1)]
    assert finding(body, "diabetes")["outcome"] == "satisfied"
    assert found(body, "diuretic") == ["MedicationOrder/x"]
    assert found(body, "dialysis") == ["Procedure/new"]


def test_r4_is_not_spoken_of(post: Post) -> None:
    assert read_as(post(cramps(), diabetes(), diuretic(), hba1c())) == []


@pytest.mark.parametrize("element", ["assertedDate", "context", "notes"], ids=str)
def test_elements_of_two_versions_in_one_condition(post: Post, element: str) -> None:
    value: Any = {"context": VISIT, "assertedDate": OLD, "notes": "n"}[element]
    mixed = (STU3_CONDITION if element == "notes" else DSTU2_CONDITION) | {element: value}
    body = post(mixed)
    assert rejected(body) == {"Condition/x": "has elements of versions of FHIR that exclude each other: not used"}
    assert outcomes(body)["diabetes"] == "unknown"


def test_what_the_public_sandbox_sends(client: httpx2.Client, ask: Ask) -> None:
    """A draft without intent, Bundles without type, category as an object, absolute references."""
    absolute = {"reference": "https://ehr.example.org/fhir/Patient/p1"}
    asked = diuretic(category={"coding": [{"code": "outpatient"}]}, subject=absolute)
    del asked["intent"]
    requests = bundle(asked)
    del requests["type"]
    body = ask(medication_requests=requests, conditions={"resourceType": "Bundle", "entry": [{"resource": cramps()}]})
    assert found(body, "diuretic") == ["MedicationRequest/diuretic"]
    assert "rejected" not in explanation(body)
    record = {"resourceType": "Bundle", "entry": [{"resource": PATIENT}, {"resource": asked}]}
    posted = is_response(client.post("/evaluate", json=record, params={"asOf": AS_OF}))
    assert found(posted, "diuretic") == ["MedicationRequest/diuretic"]


def test_a_draft_without_intent_is_not_current(post: Post) -> None:
    draft = diuretic(status="draft")
    del draft["intent"]
    assert outcomes(post(draft))["diuretic"] == "silent"


def test_a_whole_chart_of_dstu2(ask: Ask) -> None:
    """Prefetch as a server of DSTU2 answers it, one malformed entry among it."""
    order, _ = MEDICINES["DSTU2 order"]
    broken = DSTU2_CONDITION | {"id": "bad", "dateRecorded": 5}
    body = ask(
        conditions=bundle(cramps(), DSTU2_CONDITION, broken, kind="searchset"),
        medication_requests=bundle(order, kind="searchset"),
        allergies=bundle(made("AllergyIntolerance", owner="patient", **ALLERGIES["DSTU2"][0]), kind="searchset"),
    )
    assert "Condition/x" in found(body, "diabetes")
    assert rejected(body) == {"Condition/bad": "Condition.dateRecorded is not of its FHIR type: not used"}
    assert ("DSTU2", "Condition", 2) in read_as(body)
    assert ("DSTU2", "MedicationOrder", 1) in read_as(body)
    assert found(body, "diuretic") == ["MedicationOrder/x"]


def test_a_type_that_no_version_read_here_has(post: Post) -> None:
    """DSTU1's MedicationPrescription has no meaning that is the same."""
    body = post(made("MedicationPrescription", owner="patient", status="active"))
    assert rejected(body) == {"Bundle.entry[1]": "no resource type that FHIR knows: not used"}


# --- charts that nobody here wrote ------------------------------------------------------------------------------------

SHIFTED = {"synthea-stu3": "2019-11-20", "synthea-dstu2": "2021-01-22"}  # one patient, every date 429 days apart


@pytest.mark.realdata
@pytest.mark.skipif(not REALDATA.is_dir(), reason="NO REAL RECORDS: shared/realdata is not there (CRAMPS_SHARED_DIR)")
def test_one_chart_in_two_versions_says_the_same(client: httpx2.Client) -> None:
    said: dict[str, Any] = {}
    for folder, day in SHIFTED.items():
        chart = gzip.decompress((REALDATA / folder / "Schaden_Noel_71.json.gz").read_bytes())
        headers = {"Content-Type": "application/json"}
        body = is_response(client.post("/evaluate", content=chart, headers=headers, params={"asOf": day}))
        assert "rejected" not in explanation(body)
        said[folder] = outcomes(body), {rule["id"]: len(rule.get("found", ())) for rule in explanation(body)["rules"]}
        versions = {version for version, _, _ in read_as(body)}
        assert versions == ({"DSTU2"} if folder == "synthea-dstu2" else {"STU3", "DSTU2 or STU3"})
    assert said["synthea-stu3"] == said["synthea-dstu2"]
    assert said["synthea-stu3"][0]["kidney-disease"] in ("fires", "satisfied")
