"""POST /evaluate: every shape in which a record may come has a defined answer."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import httpx2
import pytest

from service.examples import FOLDER, TITLES
from tests.support.conformance import explanation, finding, is_response, outcomes
from tests.support.records import (
    AS_OF,
    ICD,
    PATIENT,
    RXNORM,
    SUBJECT,
    bundle,
    condition,
    cramps,
    diabetes,
    diuretic,
    hba1c,
    result,
    thiazide,
)
from tests.support.server import serving

JSON = {"Content-Type": "application/json"}
SNOMED = "http://snomed.info/sct"
Post = Callable[..., dict[str, Any]]


@pytest.fixture
def post(client: httpx2.Client) -> Post:
    """Posts a record, as of a day on which nothing changes, and gives the answer, which must be conformant."""

    def send(record: dict[str, Any], **parameters: str) -> dict[str, Any]:
        return is_response(client.post("/evaluate", json=record, params={"asOf": AS_OF, **parameters}))

    return send


def refused(client: httpx2.Client, record: Any, **parameters: str) -> tuple[int, str, str]:
    """Status, code and diagnostics of a refusal."""
    answer = client.post("/evaluate", content=json.dumps(record), headers=JSON, params=parameters)
    (issue,) = answer.json()["issue"]
    return answer.status_code, issue["details"]["coding"][0]["code"], issue.get("diagnostics", "")


def rejected(body: dict[str, Any]) -> dict[str, str]:
    return {item["reference"]: item["reason"] for item in explanation(body).get("rejected", ())}


@pytest.mark.parametrize("is_announced", [True, False], ids=["of known length", "chunked"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "with a byte order mark"])
@pytest.mark.parametrize("padding", [0, 200_000, 2_000_000])
def test_a_body_means_the_same_in_however_many_pieces_it_comes(
    client: httpx2.Client, padding: int, mark: bytes, is_announced: bool
) -> None:
    # What counts stands at the end, behind a resource that fills many pieces.
    record = bundle(PATIENT | {"text": {"div": "é" * padding}}, cramps(), diabetes())
    body = mark + json.dumps(record, ensure_ascii=False).encode()
    whole = is_response(client.post("/evaluate", content=body, headers=JSON, params={"asOf": AS_OF}))
    sizes = [1, 2, 3, 500, 70_000, 1_000_000, len(body)]
    places = [0, *(place for place in accumulate(sizes) if place < len(body)), len(body)]
    pieces = (body[start:end] for start, end in pairwise(places))
    headers = JSON | ({"Content-Length": str(len(body))} if is_announced else {})
    answer = client.post("/evaluate", content=pieces, headers=headers, params={"asOf": AS_OF})
    assert answer.request.headers.get("content-length") == headers.get("Content-Length")
    assert explanation(is_response(answer)) == explanation(whole)
    assert finding(whole, "diabetes")


# --- the examples of the documentation -------------------------------------------------------------------------------

EXPECTED: dict[str, dict[str, str]] = {
    "uncomplicated": {"baseline-unexplained": "fires", "self-care": "fires"},
    "diabetes-and-diuretic": {"diabetes": "fires", "diuretic": "fires", "self-care": "fires"},
    "suspected-thrombosis": {"dvt-suspected": "fires"},
    "recent-and-normal": {"diabetes": "satisfied", "diuretic": "satisfied", "self-care": "fires"},
}


def example(client: httpx2.Client, name: str) -> httpx2.Response:
    body = (FOLDER / "evaluate" / f"{name}.json").read_bytes()
    return client.post("/evaluate", content=body, headers=JSON, params={"asOf": AS_OF})


@pytest.mark.parametrize("name", EXPECTED)
def test_an_example_says_what_its_title_says(client: httpx2.Client, name: str) -> None:
    body = is_response(example(client, name))
    assert outcomes(body) == EXPECTED[name]
    assert "validation" not in explanation(body), "an example is valid FHIR"


def test_the_examples_are_these_files() -> None:
    assert set(TITLES["evaluate"]) == {*EXPECTED, "not-a-bundle"}
    for folder, titles in TITLES.items():
        assert {path.stem for path in (FOLDER / folder).iterdir()} == set(titles)


def test_the_example_that_is_no_bundle_is_refused(client: httpx2.Client) -> None:
    assert example(client, "not-a-bundle").status_code == 422


def test_the_urgent_example_begins_with_the_urgent_card(client: httpx2.Client) -> None:
    (card,) = is_response(example(client, "suspected-thrombosis"))["cards"]
    assert card["indicator"] == "critical"
    duplex = card["suggestions"][0]
    assert "isRecommended" not in duplex, "only tests of warnings are ticked beforehand (clinical.md C2)"
    order = duplex["actions"][0]["resource"]
    assert order["priority"] == "stat"
    assert {"reference": "Condition/swelling"} in order["reasonReference"]


def test_the_example_with_every_test_done_lists_them_and_suggests_none(client: httpx2.Client) -> None:
    body = is_response(example(client, "recent-and-normal"))
    (card,) = body["cards"]
    assert "suggestions" not in card
    assert "| HbA1c | 2026-05-20 | 6.8 % |" in card["detail"]
    assert "orders" not in explanation(body)


# --- the explanation ------------------------------------------------------------------------------------------------


def test_the_explanation_is_the_contract(post: Post) -> None:
    stale = hba1c("2025-11-27")
    body = post(bundle(PATIENT, cramps(), diabetes(), stale))
    shown = explanation(body)
    assert set(shown) == {"ruleset", "asOf", "gate", "rules", "orders"}
    assert set(shown["ruleset"]) == {"id", "version", "digest"}
    assert shown["asOf"] == AS_OF
    assert shown["gate"] == {
        "open": True,
        "basis": "given",
        "found": [
            {
                "reference": "Condition/cramps",
                "label": "Sleep related leg cramps",
                "code": {"system": ICD, "code": "G47.62"},
                "date": "2020-02-03",
            }
        ],
    }
    assert finding(body, "diabetes") == {
        "id": "diabetes",
        "outcome": "fires",
        "indicator": "info",
        "version": finding(body, "diabetes")["version"],
        "found": [
            {
                "reference": "Condition/diabetes",
                "label": "Type 2 diabetes mellitus",
                "code": {"system": ICD, "code": "E11.9"},
                "date": "2020-02-03",
            }
        ],
        "due": [
            {
                "order": "hba1c",
                "within": "90 days",
                "last": {"reference": "Observation/hba1c", "date": "2025-11-27", "value": "7.1 %"},
            }
        ],
    }
    assert shown["orders"] == [{"key": "hba1c", "for": ["diabetes"]}]


def test_what_is_done_stands_with_its_result(post: Post) -> None:
    assert finding(post(bundle(PATIENT, diabetes(), hba1c())), "diabetes")["done"] == [
        {
            "order": "hba1c",
            "within": "90 days",
            "reference": "Observation/hba1c",
            "date": "2026-05-20",
            "value": "7.1 %",
        }
    ]


def test_an_order_that_stands_is_not_suggested_again(post: Post) -> None:
    order = {
        "resourceType": "ServiceRequest",
        "id": "ordered",
        "status": "active",
        "intent": "order",
        "code": {"coding": [{"system": "http://loinc.org", "code": "4548-4"}]},
        "subject": SUBJECT,
        "authoredOn": "2026-06-10",
    }
    body = post(bundle(PATIENT, diabetes(), order))
    assert explanation(body)["orders"] == [{"key": "hba1c", "for": ["diabetes"], "already": "ServiceRequest/ordered"}]
    assert not any("suggestions" in card for card in body["cards"])


def test_cards_name_the_rules_that_they_speak_for(post: Post) -> None:
    body = post(bundle(PATIENT, cramps(), diabetes(), diuretic()))
    spoken = [rule for card in body["cards"] for rule in card["extension"]["org.nocturnal-cramps.rules"]]
    assert set(spoken) == {rule for rule, outcome in outcomes(body).items() if outcome in ("fires", "satisfied")}
    assert len(spoken) == len(set(spoken))


def test_explain_all_lists_the_silent_rules_too(post: Post, client: httpx2.Client) -> None:
    catalogue = client.get("/rules").json()["rules"]
    shown = outcomes(post(bundle(PATIENT, diabetes()), explain="all"))
    assert list(shown) == [rule["id"] for rule in catalogue if rule["status"] == "active"]
    assert shown["diuretic"] == "silent"
    assert "diuretic" not in outcomes(post(bundle(PATIENT, diabetes())))


# --- parameters -----------------------------------------------------------------------------------------------------


def test_windows_end_on_the_day_that_is_asked_for(post: Post) -> None:
    record = bundle(PATIENT, diabetes(), hba1c("2026-03-17"))
    assert outcomes(post(record, asOf="2026-06-15"))["diabetes"] == "satisfied"  # 90 days
    assert outcomes(post(record, asOf="2026-06-16"))["diabetes"] == "fires"
    assert outcomes(post(record, asOf="2026-03-16"))["diabetes"] == "fires", "a result of tomorrow is not known today"


def test_without_a_day_it_is_today(client: httpx2.Client) -> None:
    body = is_response(client.post("/evaluate", json=bundle(PATIENT)))
    assert explanation(body)["asOf"] == datetime.now(UTC).date().isoformat()


def test_the_complaint_is_given_unless_the_chart_is_asked(post: Post) -> None:
    record = bundle(PATIENT, diabetes())
    assert post(record)["cards"]
    assert post(record, complaint="given") | {"cards": []} == post(record) | {"cards": []}
    silent = post(record, complaint="chart")
    assert silent["cards"] == []
    assert explanation(silent)["gate"] == {"open": False, "basis": "chart"}
    assert outcomes(silent) == {}
    shown = post(bundle(PATIENT, diabetes(), cramps()), complaint="chart")
    assert explanation(shown)["gate"]["found"][0]["reference"] == "Condition/cramps"
    assert outcomes(shown)["diabetes"] == "fires"


def test_validation_reports_and_changes_no_card(post: Post) -> None:
    odd = diabetes(colour="red")
    stray = {"resourceType": "Observation", "id": "stray", "status": 5}
    record = bundle(PATIENT, odd, stray)
    by_depth = {depth: post(record, validate=depth) for depth in ("none", "cited", "all")}
    reports = {
        depth: {item["reference"]: item["issues"] for item in explanation(body).get("validation", ())}
        for depth, body in by_depth.items()
    }
    assert reports["none"] == {}
    assert reports["cited"]["Condition/diabetes"] == [{"path": "colour", "fault": "extra_forbidden"}]
    assert set(reports["all"]) == {"Condition/diabetes", "Observation/stray"}
    summaries = [[card["summary"] for card in body["cards"]] for body in by_depth.values()]
    assert summaries[0] == summaries[1] == summaries[2]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(
            ("asOf", value)
            for value in ("", "0", "86400", "20260615", "2026-06", "2026-02-30", "9999-12-31", "1899-12-31")
        ),
        ("asOf", "2026-06-15T00:00:00"),
        ("complaint", "maybe"),
        ("explain", "some"),
        ("validate", "yes"),
    ],
)
def test_a_parameter_that_cannot_be_read_is_refused_and_named(client: httpx2.Client, name: str, value: str) -> None:
    assert refused(client, bundle(PATIENT), **{name: value}) == (400, "query-invalid", name)


@pytest.mark.parametrize("day", ["1900-01-01", "2199-12-31"])
def test_the_first_and_the_last_day_have_room_for_every_window(client: httpx2.Client, day: str) -> None:
    record = bundle({"resourceType": "Patient", "id": "p1"}, diabetes(), diuretic(), hba1c())
    is_response(client.post("/evaluate", json=record, params={"asOf": day}))


# --- what a Bundle may be -------------------------------------------------------------------------------------------

KINDS = ["collection", "searchset", "document", "transaction", "batch", "transaction-response", "history", "message"]


def test_what_is_rejected_is_named_in_the_order_in_which_its_types_came(post: Post) -> None:
    """Else two processes would answer one record differently."""
    kinds = ["Condition", "Observation", "DiagnosticReport", "Procedure", "MedicationRequest", "ServiceRequest"]
    for came in (kinds, kinds[::-1]):
        others = [{"resourceType": kind, "id": "x", "subject": {"reference": "Patient/other"}} for kind in came]
        assert list(rejected(post(bundle(PATIENT, *others)))) == [f"{kind}/x" for kind in came]


@pytest.mark.parametrize("kind", [*KINDS, "something-new"])
def test_a_bundle_of_any_type_is_read(post: Post, kind: str) -> None:
    composition = {"resourceType": "Composition", "id": "head", "subject": SUBJECT}
    assert outcomes(post(bundle(composition, PATIENT, diabetes(), kind=kind)))["diabetes"] == "fires"


def test_a_bundle_without_a_type_is_read(post: Post) -> None:
    record = bundle(PATIENT, diabetes())
    del record["type"]
    assert outcomes(post(record))["diabetes"] == "fires"


def test_a_batch_response_holds_bundles(post: Post) -> None:
    searches = [bundle(PATIENT, kind="searchset"), bundle(diabetes(), kind="searchset")]
    record = bundle(*searches, kind="batch-response")
    for entry in record["entry"]:
        entry["response"] = {"status": "200 OK"}
    body = post(record)
    assert outcomes(body)["diabetes"] == "fires"
    assert "notSupplied" not in explanation(body)


@pytest.mark.parametrize("members", [{}, {"entry": []}, {"entry": None}], ids=str)
def test_an_empty_bundle_is_an_empty_record(post: Post, members: dict[str, Any]) -> None:
    body = post({"resourceType": "Bundle", "type": "collection", **members})
    assert outcomes(body) == {"scope-under-18": "unknown", "baseline-unexplained": "fires", "self-care": "fires"}
    assert "Age unknown" in body["cards"][0]["detail"]


@pytest.mark.parametrize("record", [PATIENT, {"resourceType": "Parameters"}, {"entry": []}, {}], ids=str)
def test_what_is_no_bundle_is_refused(client: httpx2.Client, record: dict[str, Any]) -> None:
    assert refused(client, record) == (422, "not-a-bundle", "")


@pytest.mark.parametrize("strange", [0, {"resource": {}}, {"resource": bundle() | {"entry": [0] * 100}}], ids=str)
def test_a_bundle_of_faults_is_refused_and_not_told_fault_by_fault(client: httpx2.Client, strange: Any) -> None:
    record = bundle(PATIENT) | {"entry": [{"resource": PATIENT}, *[strange] * 10_002]}
    answer = client.post("/evaluate", json=record)
    assert answer.status_code == 422
    assert answer.json()["issue"][0]["details"]["coding"][0]["code"] == "shape-unreadable"


@pytest.mark.parametrize("entry", [{}, "x", 5, {"resource": PATIENT}], ids=str)
def test_entries_that_are_no_list_are_refused(client: httpx2.Client, entry: Any) -> None:
    assert refused(client, {"resourceType": "Bundle", "entry": entry}) == (422, "shape-unreadable", "")


def test_a_byte_order_mark_does_not_matter(client: httpx2.Client) -> None:
    body = b"\xef\xbb\xbf" + json.dumps(bundle(PATIENT, diabetes())).encode()
    answer = client.post("/evaluate", content=body, headers={"Content-Type": "application/fhir+json"})
    assert outcomes(is_response(answer))["diabetes"] == "fires"


# --- whose record ---------------------------------------------------------------------------------------------------


def test_two_patients_are_refused(client: httpx2.Client) -> None:
    record = bundle(PATIENT, PATIENT | {"id": "p2"})
    assert refused(client, record) == (422, "more-than-one-patient", "Patient")


def test_two_patients_in_nested_bundles_are_refused(client: httpx2.Client) -> None:
    record = bundle(bundle(PATIENT), bundle(PATIENT | {"id": "p2"}), kind="batch-response")
    assert refused(client, record) == (422, "more-than-one-patient", "Patient")


def test_without_a_patient_two_subjects_are_refused(client: httpx2.Client) -> None:
    record = bundle(diabetes(), cramps(subject={"reference": "Patient/p2"}))
    assert refused(client, record) == (422, "more-than-one-patient", "subject")


def test_without_a_patient_the_one_subject_is_the_patient(post: Post) -> None:
    device = result("4548-4", 7.1, "%", "2026-06-01", subject={"reference": "Device/meter"})
    body = post(bundle(diabetes(), cramps(subject={"reference": "https://ehr.example/fhir/Patient/p1"}), device))
    assert outcomes(body)["diabetes"] == "fires"
    assert outcomes(body)["scope-under-18"] == "unknown"
    assert rejected(body) == {"Observation/o1": "about another subject: not used"}
    order = body["cards"][0]["suggestions"][0]["actions"][0]["resource"]
    assert order["subject"] == {"reference": "Patient/p1"}


def test_the_same_patient_twice_is_one_patient(post: Post) -> None:
    body = post(bundle(PATIENT, PATIENT, diabetes(), diabetes()))
    assert len(finding(body, "diabetes")["found"]) == 1


def test_another_subjects_resources_are_never_used_and_counted(post: Post) -> None:
    others = [
        condition("E03.9", "a", subject={"reference": "Patient/p2"}),
        condition("E03.9", "b", subject={"reference": "https://ehr.example/fhir/Patient/p2"}),
        condition("E03.9", "c", subject={"reference": "urn:uuid:0c7bd6f6-7cb6-4bb1-9be0-cf8f5b2a8d11"}),
        condition("E03.9", "d", subject={"reference": "Group/p1"}),
        condition("E03.9", "e", subject="Patient/p2"),
        diuretic(id="f", subject={"reference": "Patient/p2"}),
        result("2823-3", 2.1, "mmol/L", "2026-06-14", "g", subject={"reference": "Patient/p2"}),
    ]
    body = post(bundle(PATIENT, diabetes(), *others))
    assert outcomes(body) == {"diabetes": "fires", "self-care": "fires"}
    assert set(rejected(body)) == {f"{item['resourceType']}/{item['id']}" for item in others}


@pytest.mark.parametrize(
    ("patient", "address", "reference"),
    [
        (PATIENT, None, "Patient/p1"),
        (PATIENT, None, "Patient/p1/_history/3"),
        (PATIENT, None, "https://ehr.example/fhir/Patient/p1"),
        (PATIENT, "urn:uuid:0c7bd6f6-7cb6-4bb1-9be0-cf8f5b2a8d11", "urn:uuid:0c7bd6f6-7cb6-4bb1-9be0-cf8f5b2a8d11"),
        (PATIENT, "urn:uuid:0c7bd6f6-7cb6-4bb1-9be0-cf8f5b2a8d11", "Patient/p1"),
        (PATIENT | {"identifier": [{"system": "urn:mrn", "value": "17"}]}, None, "Patient?identifier=urn:mrn|17"),
        ({"resourceType": "Patient"}, "https://ehr.example/fhir/Patient/p1", "https://ehr.example/fhir/Patient/p1"),
        ({"resourceType": "Patient"}, "https://ehr.example/fhir/Patient/p1", "Patient/p1"),
        ({"resourceType": "Patient"}, "urn:uuid:0c7bd6f6-7cb6-4bb1-9be0-cf8f5b2a8d11",
         "urn:uuid:0c7bd6f6-7cb6-4bb1-9be0-cf8f5b2a8d11"),
    ],
)  # fmt: skip
def test_a_reference_to_the_patient_may_be_written_in_any_way(
    post: Post, patient: dict[str, Any], address: str | None, reference: str
) -> None:
    record = bundle(patient, diabetes(subject={"reference": reference}))
    if address:
        record["entry"][0]["fullUrl"] = address
    body = post(record)
    assert outcomes(body)["diabetes"] == "fires"
    assert rejected(body) == {}


@pytest.mark.parametrize("subject", [None, {"display": "the patient"}])
def test_a_resource_that_names_nobody_is_the_patients(post: Post, subject: dict[str, str] | None) -> None:
    record = bundle({"resourceType": "Patient"}, diabetes(subject=subject))
    body = post(record)
    assert outcomes(body)["diabetes"] == "fires"
    order = body["cards"][0]["suggestions"][0]["actions"][0]["resource"]
    assert order["subject"] == {"reference": "Patient/unknown"}


# --- medicines ------------------------------------------------------------------------------------------------------

MEDICATION = {"resourceType": "Medication", "code": thiazide()}


@pytest.mark.parametrize(
    ("address", "id_", "reference"),
    [
        (None, "m1", "Medication/m1"),
        ("https://ehr.example/fhir/Medication/m1", "m1", "https://ehr.example/fhir/Medication/m1"),
        (None, "m1", "https://ehr.example/fhir/Medication/m1"),
        (None, "m1", "Medication/m1/_history/2"),
        ("urn:uuid:5a1f3f4e-52a9-4b7c-8f7c-7f3f4c3a1b2d", None, "urn:uuid:5a1f3f4e-52a9-4b7c-8f7c-7f3f4c3a1b2d"),
        ("https://ehr.example/fhir/Medication/m1", None, "Medication/m1"),
    ],
)
def test_a_medicine_may_stand_in_another_entry(
    post: Post, address: str | None, id_: str | None, reference: str
) -> None:
    medication = MEDICATION | ({"id": id_} if id_ else {})
    record = bundle(PATIENT, diuretic(medicationReference={"reference": reference}), medication)
    if address:
        record["entry"][2]["fullUrl"] = address
    assert outcomes(post(record))["diuretic"] == "fires"


@pytest.mark.parametrize("inner", ["m1", "#m1"])
def test_a_medicine_may_be_contained(post: Post, inner: str) -> None:
    request = diuretic(medicationReference={"reference": "#m1"}, contained=[MEDICATION | {"id": inner}])
    assert outcomes(post(bundle(PATIENT, request)))["diuretic"] == "fires"


def test_a_medicine_may_be_known_by_its_ingredient(post: Post) -> None:
    hydrochlorothiazide = {"coding": [{"system": RXNORM, "code": "5487"}]}
    medication = {
        "resourceType": "Medication",
        "id": "m1",
        "ingredient": [{"itemCodeableConcept": hydrochlorothiazide}],
    }
    record = bundle(PATIENT, diuretic(medicationReference={"reference": "Medication/m1"}), medication)
    assert outcomes(post(record))["diuretic"] == "fires"


def test_a_medicine_that_is_nowhere_is_said(post: Post) -> None:
    body = post(bundle(PATIENT, diuretic(medicationReference={"reference": "Medication/gone"})))
    assert finding(body, "diuretic")["outcome"] == "unknown", "it may be one"
    assert finding(body, "diuretic")["missing"] == ["what MedicationRequest/diuretic is"]
    assert "not in the record" in rejected(body)["MedicationRequest/diuretic"]


# --- elements -------------------------------------------------------------------------------------------------------


def test_texts_are_recognised_where_there_is_no_code(post: Post) -> None:
    record = bundle(
        PATIENT,
        diabetes(code={"text": "Type 2 diabetes mellitus"}),
        diuretic(medicationCodeableConcept={"text": "Hydrochlorothiazide 25 mg tablet"}),
    )
    body = post(record)
    assert finding(body, "diabetes")["found"][0]["recognisedBy"] == "name"
    assert finding(body, "diuretic")["found"][0]["recognisedBy"] == "name"


def test_a_text_says_no(post: Post) -> None:
    assert "diabetes" not in outcomes(post(bundle(PATIENT, diabetes(code={"text": "Family history of diabetes"}))))


def test_primitive_extensions_and_unknown_elements_are_passed_over(post: Post) -> None:
    absent = {
        "extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}]
    }
    patient = {
        "resourceType": "Patient",
        "id": "p1",
        "_birthDate": absent,
        "name": [{"given": [None], "_given": [absent]}],
    }
    known = diabetes(_onsetDateTime=absent, favouriteColour="blue", extension=[{"url": "urn:x", "valueString": "y"}])
    del known["onsetDateTime"]
    body = post(bundle(patient, known, signature={"who": {}}, somethingNew=[1, {"a": None}]))
    assert "date" not in finding(body, "diabetes")["found"][0]
    assert outcomes(body)["scope-under-18"] == "unknown"
    assert rejected(body) == {}


@pytest.mark.parametrize(
    ("written", "shown", "approximate"),
    [
        ("2019", "2019-01-01", True),
        ("2019-08", "2019-08-01", True),
        ("2019-08-01T23:30:00-05:00", "2019-08-02", None),
        ("2019-08-01T10:00:00.123Z", "2019-08-01", None),
    ],
)
def test_dates_of_every_precision(post: Post, written: str, shown: str, approximate: bool | None) -> None:
    (found,) = finding(post(bundle(PATIENT, diabetes(onsetDateTime=written))), "diabetes")["found"]
    assert (found["date"], found.get("approximate")) == (shown, approximate)


# --- one bad entry among good ones ----------------------------------------------------------------------------------

BAD_ENTRIES: list[tuple[str, Any, str, str]] = [
    ("null", None, "Bundle.entry[1]", "not an object"),
    ("a number", 5, "Bundle.entry[1]", "not an object"),
    ("a list", [], "Bundle.entry[1]", "not an object"),
    ("a resource that is a text", {"resource": "x"}, "Bundle.entry[1]", "not a FHIR resource"),
    ("a resource without a type", {"resource": {"id": "x"}}, "Bundle.entry[1]", "not a FHIR resource"),
    ("a type that is a number", {"resource": {"resourceType": 5}}, "Bundle.entry[1]", "not a FHIR resource"),
    ("a type that is none", {"resource": {"resourceType": "Conditon"}}, "Bundle.entry[1]", "no resource type"),
    ("an address names it", {"fullUrl": "urn:x:1", "resource": {}}, "urn:x:1", "not a FHIR resource"),
    ("a code that is a text", condition("x", code="E03.9"), "Condition/c1", "Condition.code "),
    ("codings that are no list", condition("x", code={"coding": {}}), "Condition/c1", "Condition.code.coding "),
    ("an empty coding", condition("x", code={"coding": [None]}), "Condition/c1", "Condition.code.coding[0] "),
    ("a code that is a number", condition("x", code={"coding": [{"code": 39}]}), "Condition/c1", "coding[0].code "),
    ("an id that is a number", condition("x", 5), "Bundle.entry[1]", "Condition.id "),  # type: ignore[arg-type]
    ("no date", condition("E03.9", onsetDateTime="last spring"), "Condition/c1", "Condition.onsetDateTime "),
    ("a date that is a number", condition("E03.9", onsetDateTime=2019), "Condition/c1", "Condition.onsetDateTime "),
    ("no such day", condition("E03.9", recordedDate="2019-02-30"), "Condition/c1", "Condition.recordedDate "),
    ("a value that is a text", result("2823-3", "low", "mmol/L", "2026-06-01"),  # type: ignore[arg-type]
     "Observation/o1", "Observation.valueQuantity.value "),
    ("no unit", result("2823-3", 2.1, "", "2026-06-01"), "Observation/o1", "no unit"),
    ("a contained text", condition("x", contained=["x"]), "Condition/c1", "Condition.contained[0] "),
    ("a Bundle without entries", {"resourceType": "Bundle", "entry": {}}, "Bundle.entry[1]", "Bundle.entry "),
]  # fmt: skip


@pytest.mark.parametrize(
    ("bad", "reference", "reason"), [case[1:] for case in BAD_ENTRIES], ids=[c[0] for c in BAD_ENTRIES]
)
def test_a_bad_entry_spoils_only_itself(post: Post, bad: Any, reference: str, reason: str) -> None:
    record = bundle(PATIENT, diabetes())
    record["entry"].insert(1, {"resource": bad} if isinstance(bad, dict) and "resourceType" in bad else bad)
    body = post(record, validate="all")
    assert outcomes(body)["diabetes"] == "fires"
    shown = explanation(body)["rejected"]
    assert any(item["reference"] == reference and reason in item["reason"] for item in shown), shown
    assert "spring" not in json.dumps(shown)


@pytest.mark.parametrize("number", ["1e999", "1" * 5000, "-1e999"], ids=["too large", "of 5000 digits", "too small"])
@pytest.mark.parametrize("depth", ["cited", "all"])
def test_a_number_that_nothing_holds_spoils_only_itself(client: httpx2.Client, number: str, depth: str) -> None:
    odd = json.dumps(hba1c()).replace("7.1", number)
    unread = json.dumps(diabetes(colour="number")).replace('"number"', number)
    record = f'{{"resourceType": "Bundle", "entry": [{{"resource": {odd}}}, {{"resource": {unread}}}]}}'
    answer = client.post("/evaluate", content=record, headers=JSON, params={"asOf": AS_OF, "validate": depth})
    body = is_response(answer)
    assert outcomes(body)["diabetes"] == "fires"
    assert any("not used" in reason for reason in rejected(body).values())


@pytest.mark.parametrize("levels", [50, 200, 400])
def test_nesting_is_no_hindrance(client: httpx2.Client, levels: int) -> None:
    nested = '{"url": "u", "extension": [' * levels + '{"url": "u"}' + "]}" * levels
    deep = json.dumps(diabetes(extension=["nested"])).replace('"nested"', nested)
    record = f'{{"resourceType": "Bundle", "entry": [{{"resource": {deep}}}]}}'
    answer = client.post("/evaluate", content=record, headers=JSON, params={"asOf": AS_OF, "validate": "all"})
    assert outcomes(is_response(answer))["diabetes"] == "fires"


# --- what a Bundle says of its own completeness ---------------------------------------------------------------------

NEXT = {"link": [{"relation": "self", "url": "a"}, {"relation": "next", "url": "b"}]}
OUTCOME = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]}


def incomplete(record: dict[str, Any]) -> dict[str, Any]:
    return record | NEXT


def with_entry(record: dict[str, Any], entry: dict[str, Any]) -> dict[str, Any]:
    return record | {"entry": [*record["entry"], entry]}


PARTIAL = {
    "a next link": incomplete(bundle(PATIENT, diabetes())),
    "a next link inside": bundle(PATIENT, incomplete(bundle(diabetes())), kind="batch-response"),
    "an error": bundle(PATIENT, diabetes(), OUTCOME),
    "a fatal error": bundle(PATIENT, diabetes(), OUTCOME | {"issue": [{"severity": "fatal", "code": "exception"}]}),
    "a search that failed": with_entry(
        bundle(PATIENT, diabetes()), {"response": {"status": "500", "outcome": OUTCOME}}
    ),
    "a search that was not found": with_entry(bundle(PATIENT, diabetes()), {"response": {"status": "404 Not Found"}}),
    "an unreadable outcome": with_entry(bundle(PATIENT, diabetes()), {"response": {"status": 500}}),
}


@pytest.mark.parametrize("record", PARTIAL.values(), ids=PARTIAL)
def test_of_an_incomplete_record_absence_is_not_claimed(post: Post, record: dict[str, Any]) -> None:
    body = post(record)
    assert {"Condition", "MedicationRequest", "Observation"} <= set(explanation(body)["notSupplied"])
    diabetic = finding(body, "diabetes")
    assert diabetic["outcome"] == "fires"
    assert diabetic["unchecked"] == [{"order": "hba1c", "within": "90 days"}]
    assert "could not be checked" in body["cards"][0]["summary"]
    assert not any(s.get("isRecommended") for card in body["cards"] for s in card.get("suggestions", ()))
    assert finding(body, "diuretic")["missing"]
    assert outcomes(body)["diuretic"] == "unknown"
    assert "baseline-unexplained" not in outcomes(body)


def test_a_result_of_an_incomplete_record_counts(post: Post) -> None:
    assert outcomes(post(incomplete(bundle(PATIENT, diabetes(), hba1c()))))["diabetes"] == "satisfied"


def test_a_warning_is_no_error(post: Post) -> None:
    warning = OUTCOME | {"issue": [{"severity": "warning", "code": "informational"}]}
    body = post(bundle(PATIENT, diabetes(), warning))
    assert "notSupplied" not in explanation(body)


# --- the patient ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "members", [{"deceasedBoolean": True}, {"deceasedDateTime": "2026-06-15"}, {"deceasedDateTime": "2025"}], ids=str
)
def test_nothing_is_said_of_the_dead(post: Post, members: dict[str, Any]) -> None:
    record = bundle(PATIENT | members, cramps(), diabetes(), result("2823-3", 2.1, "mmol/L", "2026-06-14"))
    body = post(record)
    assert body["cards"] == []
    assert set(outcomes(post(record, explain="all")).values()) == {"silent"}


@pytest.mark.parametrize("members", [{"deceasedBoolean": False}, {"deceasedDateTime": "2026-06-16"}], ids=str)
def test_who_lives_on_that_day_is_alive(post: Post, members: dict[str, Any]) -> None:
    assert outcomes(post(bundle(PATIENT | members, diabetes())))["diabetes"] == "fires"


@pytest.mark.parametrize("birth", [None, "in spring", "2030-01-01", 1960], ids=str)
def test_without_a_birth_date_the_adult_rules_apply_and_it_is_said(post: Post, birth: Any) -> None:
    body = post(bundle(PATIENT | {"birthDate": birth}, diabetes()))
    assert outcomes(body)["diabetes"] == "fires"
    assert "Age unknown: adult rules were applied." in body["cards"][0]["detail"]
    reasons = rejected(body)
    assert reasons.get("Patient/p1", "none").startswith("none" if birth is None else "Patient.birthDate ")


def test_a_child_gets_the_one_card_for_children(post: Post) -> None:
    body = post(bundle(PATIENT | {"birthDate": "2012-01-01"}, diabetes()))
    assert outcomes(body) == {"scope-under-18": "fires"}
    assert len(body["cards"]) == 1


# --- nothing of the chart's own words -------------------------------------------------------------------------------


def test_the_charts_words_reach_no_card(post: Post) -> None:
    words = "<img src=x onerror=alert(1)>Mildred"
    record = bundle(
        PATIENT | {"name": [{"text": words}]},
        diabetes(
            code={"coding": [{"system": ICD, "code": "E11.9", "display": words}], "text": words}, note=[{"text": words}]
        ),
        diuretic(medicationCodeableConcept={**thiazide(), "text": words}),
        result(
            "2823-3", 3.2, "mmol/L", "2026-06-01", valueQuantity={"value": 3.2, "unit": "mmol/L", "comparator": words}
        ),
    )
    body = post(record)
    assert "Mildred" not in json.dumps(body)
    assert "comparator" in rejected(body)["Observation/o1"]


# --- dates that are none --------------------------------------------------------------------------------------------

LATER = "some other day"
STATEMENT = {
    "resourceType": "MedicationStatement",
    "id": "x",
    "status": "active",
    "subject": SUBJECT,
    "medicationCodeableConcept": thiazide(),
}
DIALYSIS = {
    "resourceType": "Procedure",
    "id": "x",
    "status": "completed",
    "subject": SUBJECT,
    "code": {"coding": [{"system": "http://snomed.info/sct", "code": "302497006"}]},
}
ORDER = {
    "resourceType": "ServiceRequest",
    "id": "x",
    "status": "active",
    "intent": "order",
    "subject": SUBJECT,
    "code": {"coding": [{"system": "http://loinc.org", "code": "4548-4"}]},
}
VISIT = {
    "resourceType": "Encounter",
    "id": "x",
    "status": "finished",
    "subject": SUBJECT,
    "reasonCode": cramps()["code"],
}
QUESTIONS = {"resourceType": "QuestionnaireResponse", "id": "x", "status": "completed", "subject": SUBJECT}
MISDATED = [
    condition("E11.9", "x", onsetDateTime=LATER),
    condition("E11.9", "x", recordedDate=LATER),
    condition("E11.9", "x", onsetDateTime=None, onsetPeriod={"start": LATER}),
    condition("E11.9", "x", clinicalStatus=None, abatementDateTime=LATER),
    diuretic(id="x", authoredOn=LATER),
    STATEMENT | {"effectiveDateTime": LATER},
    STATEMENT | {"effectivePeriod": {"start": "2024", "end": LATER}},
    hba1c(LATER, id="x"),
    hba1c("2026-05-20", id="x", effectiveDateTime=None, effectivePeriod={"end": LATER}),
    DIALYSIS | {"performedDateTime": LATER},
    DIALYSIS | {"performedPeriod": {"start": LATER}},
    ORDER | {"authoredOn": LATER},
    VISIT | {"period": {"start": LATER}},
    QUESTIONS | {"authored": LATER},
]


@pytest.mark.parametrize("resource", MISDATED, ids=str)
def test_a_date_that_is_none_is_said_with_its_path(post: Post, resource: dict[str, Any]) -> None:
    name = next(name for name, value in resource.items() if LATER in str(value))
    shown = explanation(post(bundle(PATIENT, diabetes(), resource), validate="none"))["rejected"]
    reasons = [item["reason"] for item in shown if item["reference"] == f"{resource['resourceType']}/x"]
    assert any(f"{resource['resourceType']}.{name}" in reason for reason in reasons), shown
    assert LATER not in str(shown)


def test_a_death_without_a_readable_day_is_a_death(post: Post) -> None:
    body = post(bundle(PATIENT | {"deceasedDateTime": LATER}, diabetes()))
    assert body["cards"] == []
    assert rejected(body) == {"Patient/p1": "Patient.deceasedDateTime is no FHIR date: not used"}


@pytest.mark.parametrize(("verification", "is_open"), [("confirmed", True), ("refuted", False)])
def test_the_reason_of_an_encounter_may_be_a_condition(post: Post, verification: str, is_open: bool) -> None:
    settled = {"coding": [{"code": "resolved"}]}
    why = cramps(clinicalStatus=settled, verificationStatus={"coding": [{"code": verification}]})
    visit = {name: value for name, value in VISIT.items() if name != "reasonCode"}
    visit |= {"period": {"start": "2026-06-10"}, "reasonReference": [{"reference": f"Condition/{why['id']}"}]}
    gate = explanation(post(bundle(PATIENT, why, visit), complaint="chart"))["gate"]
    assert gate["open"] is is_open
    assert [fact["reference"] for fact in gate.get("found", [])] == ["Encounter/x"] * is_open


@pytest.mark.parametrize("status", [None, " "])
def test_a_medicine_without_a_status_is_said_and_not_in_use(post: Post, status: str | None) -> None:
    body = post(bundle(PATIENT, cramps(), diuretic(status=status)), explain="all")
    assert rejected(body)["MedicationRequest/diuretic"] == ("MedicationRequest has no status: not counted as in use")
    assert next(rule for rule in explanation(body)["rules"] if rule["id"] == "diuretic")["outcome"] == "silent"


# --- sides, sites and what was not done ------------------------------------------------------------------------------


def swelling(*sites: dict[str, Any], **members: Any) -> dict[str, Any]:
    coded = {"coding": [{"system": SNOMED, "code": "80068009"}]}
    return condition("R60.0", "sw", onsetDateTime="2026-06-12", code=coded, bodySite=list(sites), **members)


def site(code: str) -> dict[str, Any]:
    return {"coding": [{"system": SNOMED, "code": code}]}


@pytest.mark.parametrize(
    ("sites", "fires"),
    [
        ([site("7771000")], True),
        ([site("24028007")], True),
        ([site("66459002")], True),
        ([site("30021000:272741003=7771000")], True),
        ([{"text": "left calf"}], True),
        ([site("51440002")], False),
        ([site("7771000"), site("24028007")], False),
        ([site("30021000")], False),
        ([{"text": "left hand"}], False),
        ([], False),
    ],
)
def test_a_body_site_says_which_leg(post: Post, sites: list[dict[str, Any]], fires: bool) -> None:
    body = post(bundle(PATIENT, cramps(), swelling(*sites)))
    assert ("dvt-suspected" in outcomes(body)) is fires


@pytest.mark.parametrize("member", ["notDone", "notPerformed"])
def test_a_procedure_that_was_not_done(post: Post, member: str) -> None:
    """STU3 Procedure.notDone, DSTU2 Procedure.notPerformed."""
    session = {
        "resourceType": "Procedure",
        "id": "session",
        "status": "completed",
        "subject": SUBJECT,
        "code": {"coding": [{"system": SNOMED, "code": "302497006"}]},
        "performedDateTime": "2026-06-10",
    }
    assert outcomes(post(bundle(PATIENT, cramps(), session)))["dialysis"] == "fires"
    assert "dialysis" not in outcomes(post(bundle(PATIENT, cramps(), {**session, member: True})))


def test_every_process_gives_the_same_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts are hashed otherwise in each process; nothing in an answer may follow the order of a set."""
    pending = {
        "resourceType": "Observation",
        "id": "several",
        "status": "preliminary",
        "code": {"text": "Creatinine, potassium, sodium, magnesium"},
        "subject": SUBJECT,
        "effectiveDateTime": "2026-05-20",
        "valueQuantity": {"value": 4},
        "hasMember": [{"reference": "Observation/none"}],
    }
    said = []
    for seed in ("1", "3", "5"):
        monkeypatch.setenv("PYTHONHASHSEED", seed)
        with serving(tmp_path / seed) as running:
            answer = httpx2.post(
                f"{running.url}/evaluate",
                json=bundle(PATIENT, cramps(), diuretic(), pending),
                params={"asOf": AS_OF},
                trust_env=False,
            ).json()
        said.append([card["detail"] for card in answer["cards"]] + [explanation(answer)["rejected"]])
    assert "pending" in str(said[0])
    assert said[0] == said[1] == said[2]


# --- a condition with several codings --------------------------------------------------------------------------------


def test_each_rule_names_the_coding_that_it_rests_on(post: Post) -> None:
    """Kidney disease and its anaemia in one entry: the rule on blood does not rest on the kidneys."""
    codings = [{"system": ICD, "code": "N18.9"}, {"system": ICD, "code": "D63.1"}]
    said = post(bundle(PATIENT, condition("N18.9", code={"coding": codings})))
    (kidneys,), (blood,) = (finding(said, rule)["found"] for rule in ("kidney-disease", "blood-disorder"))
    assert kidneys["code"]["code"] == "N18.9"
    assert blood["code"]["code"] == "D63.1"
    assert kidneys["label"] != blood["label"]
    assert kidneys["reference"] == blood["reference"]


def test_what_a_display_says_against_its_code_is_labelled_as_the_display_says_it(post: Post) -> None:
    coding = {"system": ICD, "code": "E11.9", "display": "Hypothyroidism"}
    said = post(bundle(PATIENT, condition("E11.9", code={"coding": [coding]})))
    (by_code,), (by_name,) = (finding(said, rule)["found"] for rule in ("diabetes", "thyroid-disease"))
    assert by_code["contradiction"] is by_name["contradiction"] is True
    assert "recognisedBy" not in by_code
    assert by_name["recognisedBy"] == "name"
    assert "diabetes" in by_code["label"].lower()
    assert "thyroid" in by_name["label"].lower()
