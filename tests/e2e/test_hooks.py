"""CDS Hooks: discovery, and hook calls as clients really send them."""

import json
import re
from typing import Any

import httpx2
import pytest

from service.examples import FOLDER, TITLES
from tests.support.conformance import explanation, finding, is_discovery, is_response, outcomes
from tests.support.records import PATIENT, SUBJECT, bundle, condition, cramps, diabetes, diuretic, result

JSON = {"Content-Type": "application/json"}
CHART = "nocturnal-leg-cramps"
DEMAND = "nocturnal-leg-cramps-on-demand"
OLD = "2021-03-04"  # older than any window, whatever the day
Call = dict[str, Any]


@pytest.fixture(scope="module")
def keys(client: httpx2.Client) -> list[str]:
    """The prefetch keys that discovery lists."""
    (first, *_) = client.get("/cds-services").json()["services"]
    return list(first["prefetch"])


def searched(*resources: dict[str, Any], **members: Any) -> dict[str, Any]:
    found = {"resourceType": "Bundle", "type": "searchset", "total": len(resources), **members}
    return found | ({"entry": [{"resource": item} for item in resources]} if resources else {})


def call(keys: list[str], **prefetch: Any) -> Call:
    """A patient-view call with every key: the patient with cramps and diabetes, and nothing else unless it is given.

    A key is written with underscores; `...` leaves it out.
    """
    given: dict[str, Any] = {"patient": PATIENT, "conditions": searched(cramps(), diabetes())}
    given |= {name.replace("_", "-"): value for name, value in prefetch.items()}
    values = {key: given.get(key, searched()) for key in keys}
    return {
        "hook": "patient-view",
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "context": {"userId": "Practitioner/d1", "patientId": "p1"},
        "prefetch": {key: value for key, value in values.items() if value is not ...},
    }


def ask(client: httpx2.Client, message: Call, service: str = CHART) -> dict[str, Any]:
    return is_response(client.post(f"/cds-services/{service}", json=message))


def refused(client: httpx2.Client, message: Any, service: str = CHART) -> tuple[int, str, str]:
    """Status, code and diagnostics of a refusal."""
    answer = client.post(f"/cds-services/{service}", content=json.dumps(message), headers=JSON)
    (issue,) = answer.json()["issue"]
    return answer.status_code, issue["details"]["coding"][0]["code"], issue.get("diagnostics", "")


def rejected(body: dict[str, Any]) -> dict[str, str]:
    return {item["reference"]: item["reason"] for item in explanation(body).get("rejected", ())}


def summaries(body: dict[str, Any]) -> list[str]:
    return [card["summary"] for card in body["cards"]]


# --- discovery ------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("D-1", "D-2", "D-3", "D-5", "D-6", "D-7", "D-8", "D-9", "D-10", "D-11", "Q-S7")
def test_discovery_lists_the_services(client: httpx2.Client) -> None:
    services = {service["id"]: service for service in is_discovery(client.get("/cds-services"))["services"]}
    assert {name: service["hook"] for name, service in services.items()} == {
        CHART: "patient-view",
        DEMAND: "patient-view",
        f"{CHART}-problem": "problem-list-item-create",
        f"{CHART}-encounter": "encounter-start",
        f"{CHART}-order-select": "order-select",
        f"{CHART}-order-sign": "order-sign",
    }
    for service in services.values():
        assert service["version"] == "2.0.1"
        assert service["prefetch"]["patient"] == "Patient/{{context.patientId}}"
        assert service["prefetch"]["conditions"] == "Condition?patient={{context.patientId}}"


@pytest.mark.requirement("P-1", "P-2", "P-3", "P-4", "P-5", "P-6", "P-9", "P-11", "P-12", "D-14", "Q-S4")
def test_prefetch_stays_in_the_portable_subset(client: httpx2.Client) -> None:
    for service in client.get("/cds-services").json()["services"]:
        for key, template in service["prefetch"].items():
            assert key.replace("-", "").isalpha()
            path, _, query = template.partition("?")
            assert path in ("Patient/{{context.patientId}}", path.split("/")[0])
            names = [part.partition("=")[0] for part in query.split("&") if part]
            assert len(names) == len(set(names)), "a name that comes twice is folded into one by the public sandbox"
            assert set(names) <= {"patient", "code", "status", "category", "_count", "_sort"}
            assert "today()" not in template


@pytest.mark.requirement("D-13", "Q-S3")
def test_no_two_hooks_share_an_id(client: httpx2.Client) -> None:
    ids = [service["id"] for service in client.get("/cds-services").json()["services"]]
    assert len(ids) == len(set(ids))
    for id_ in ids:
        assert re.fullmatch(r"[a-z][a-z-]*[a-z]", id_), "an id is a segment of an address as it stands"


# --- the examples of the documentation ------------------------------------------------------------------------------


@pytest.mark.parametrize("service", TITLES["cds-services"])
@pytest.mark.requirement("R-1")
def test_an_example_runs_and_its_keys_are_those_of_discovery(client: httpx2.Client, service: str) -> None:
    (offered,) = (s["prefetch"] for s in client.get("/cds-services").json()["services"] if s["id"] == service)
    message = json.loads((FOLDER / "cds-services" / f"{service}.json").read_bytes())
    assert list(message["prefetch"]) == list(offered)
    body = ask(client, message, service)
    assert summaries(body)
    assert "rejected" not in explanation(body)
    assert "notSupplied" not in explanation(body)


def test_every_service_has_an_example(client: httpx2.Client) -> None:
    assert {service["id"] for service in client.get("/cds-services").json()["services"]} == set(TITLES["cds-services"])


# --- which service speaks when --------------------------------------------------------------------------------------


@pytest.mark.requirement("S-1")
def test_cramps_in_the_chart_bring_the_workup(client: httpx2.Client, keys: list[str]) -> None:
    body = ask(client, call(keys))
    assert outcomes(body) == {"diabetes": "fires", "self-care": "fires"}
    assert explanation(body)["gate"]["basis"] == "chart"
    order = body["cards"][0]["suggestions"][0]["actions"][0]["resource"]
    assert order["subject"] == {"reference": "Patient/p1"}
    assert {"reference": "Condition/diabetes"} in order["reasonReference"]
    assert "encounter" not in order


@pytest.mark.requirement("S-3", "Q-E15")
def test_without_cramps_in_the_chart_nothing_is_said(client: httpx2.Client, keys: list[str]) -> None:
    body = ask(client, call(keys, conditions=searched(diabetes())))
    assert body["cards"] == []
    assert explanation(body)["gate"] == {"open": False, "basis": "chart"}
    assert outcomes(body) == {}


def test_on_demand_the_complaint_is_taken_as_given(client: httpx2.Client, keys: list[str]) -> None:
    body = ask(client, call(keys, conditions=searched(diabetes())), DEMAND)
    assert outcomes(body)["diabetes"] == "fires"
    assert explanation(body)["gate"] == {"open": True, "basis": "given"}


def test_the_encounter_stands_on_the_order(client: httpx2.Client, keys: list[str]) -> None:
    message = call(keys)
    message["context"]["encounterId"] = "e1"
    order = ask(client, message)["cards"][0]["suggestions"][0]["actions"][0]["resource"]
    assert order["encounter"] == {"reference": "Encounter/e1"}


@pytest.mark.parametrize("user", ["Patient/p1", "RelatedPerson/r1", "https://ehr.example/fhir/Patient/p1"])
@pytest.mark.parametrize("service", [CHART, DEMAND])
def test_patients_and_relatives_get_no_clinicians_advice(
    client: httpx2.Client, keys: list[str], user: str, service: str
) -> None:
    message = call(keys)
    message["context"]["userId"] = user
    assert ask(client, message, service) == {"cards": []}


@pytest.mark.parametrize("user", ["PractitionerRole/r1", "Practitioner/d1", "Device/x"])
def test_others_get_it(client: httpx2.Client, keys: list[str], user: str) -> None:
    message = call(keys)
    message["context"]["userId"] = user
    assert ask(client, message)["cards"]


def test_ids_are_new_and_nothing_else_is(client: httpx2.Client, keys: list[str]) -> None:
    first, second = ask(client, call(keys)), ask(client, call(keys))
    assert first != second
    assert [card["uuid"] for card in first["cards"]] != [card["uuid"] for card in second["cards"]]
    assert first["extension"] == second["extension"]


# --- one prefetch key: the decision table of cds-hooks.md 1.5, row by row -------------------------------------------

STALE = searched(result("4548-4", 7.1, "%", OLD, "stale"))
ERROR = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]}
FATAL = {"resourceType": "OperationOutcome", "issue": [{"severity": "fatal", "code": "exception"}]}
WARNING = {"resourceType": "OperationOutcome", "issue": [{"severity": "warning", "code": "not-found"}]}
INFORMATION = {"resourceType": "OperationOutcome", "issue": [{"severity": "information", "code": "informational"}]}
VISIT = {"resourceType": "Encounter", "id": "e1", "status": "finished", "subject": SUBJECT}
STRANGER = {"reference": "Patient/p2"}
NEXT = [{"relation": "next", "url": "https://ehr.example/fhir?page=2"}]


def epic(outcome: dict[str, Any]) -> dict[str, Any]:
    """An empty search as Epic writes it."""
    return searched() | {"entry": [{"resource": outcome, "search": {"mode": "outcome"}}]}


EMPTY = {
    "null": None,
    "a Bundle without entries": searched(),
    "a Bundle with an empty list of entries": searched() | {"entry": []},
    "a Bundle with a warning": epic(WARNING),
    "a Bundle with an information": epic(INFORMATION),
}
UNKNOWN = {
    "the key is absent": ...,
    "an OperationOutcome": ERROR,
    "a warning instead of a Bundle": WARNING,
    "an OperationOutcome that cannot be read": {"resourceType": "OperationOutcome", "issue": 5},
    "a Bundle with an error only": epic(ERROR),
    "a Bundle with a fatal error only": epic(FATAL),
    "a first page without entries": searched(link=NEXT),
    "a resource of the wrong type": VISIT,
    "a Bundle of the wrong type": searched(VISIT, {"resourceType": "Practitioner", "id": "d1"}),
    "a text": "Observation/o1",
    "a number": 5,
    "a list": [],
    "an object that is no resource": {},
    "a type that is none": {"resourceType": "Obsevation", "id": "o1"},
    "a Bundle whose entries are no list": {"resourceType": "Bundle", "entry": {"resource": PATIENT}},
    "a Bundle of faults": searched() | {"entry": [{"resource": PATIENT}, {"resource": cramps()}, *[0] * 10_002]},
    "a Bundle whose only entry cannot be read": {"resourceType": "Bundle", "entry": ["x"]},
    "a number that nothing holds": "number",
}


@pytest.mark.parametrize("value", EMPTY.values(), ids=EMPTY)
@pytest.mark.requirement("F-4", "CRD-3", "Q-E4")
def test_an_optional_key_that_is_empty_says_that_there_is_none(
    client: httpx2.Client, keys: list[str], value: Any
) -> None:
    body = ask(client, call(keys, observations=value))
    assert "notSupplied" not in explanation(body)
    assert finding(body, "diabetes")["due"] == [{"order": "hba1c", "within": "90 days"}]
    assert "no HbA1c in 90 days" in summaries(body)[0]


@pytest.mark.parametrize("value", UNKNOWN.values(), ids=UNKNOWN)
@pytest.mark.requirement("F-2", "F-4", "P-10")
def test_an_optional_key_that_is_unknown_is_said_and_never_read_as_none(
    client: httpx2.Client, keys: list[str], value: Any
) -> None:
    content = json.dumps(call(keys, observations=value)).replace('"number"', '{"resourceType": "Basic", "x": 1e999}')
    body = is_response(client.post(f"/cds-services/{CHART}", content=content, headers=JSON))
    assert "Observation" in explanation(body)["notSupplied"]
    diabetic = finding(body, "diabetes")
    assert "due" not in diabetic
    assert diabetic["unchecked"] == [{"order": "hba1c", "within": "90 days"}]
    assert "could not be checked" in summaries(body)[0]
    assert "Not supplied, so not checked: Observation." in body["cards"][0]["detail"]
    (suggestion,) = body["cards"][0]["suggestions"]
    assert "isRecommended" not in suggestion


@pytest.mark.parametrize("value", EMPTY.values(), ids=EMPTY)
@pytest.mark.requirement("S-4", "CRD-3")
def test_a_required_key_that_is_empty_is_never_refused(client: httpx2.Client, keys: list[str], value: Any) -> None:
    body = ask(client, call(keys, conditions=value), DEMAND)
    assert outcomes(body) == {"baseline-unexplained": "fires", "self-care": "fires"}
    assert ask(client, call(keys, conditions=value))["cards"] == []


@pytest.mark.parametrize("key", ["patient", "conditions"])
@pytest.mark.parametrize("value", UNKNOWN.values(), ids=UNKNOWN)
@pytest.mark.requirement("F-3", "S-4")
def test_a_required_key_that_is_unknown_is_412_and_named(
    client: httpx2.Client, keys: list[str], key: str, value: Any
) -> None:
    message = call(keys, **{key: value})
    assert refused(client, message) == (412, "required-data-missing", key)
    assert refused(client, message, DEMAND) == (412, "required-data-missing", key)


@pytest.mark.parametrize("prefetch", [{}, None, {"pat": PATIENT}], ids=str)
@pytest.mark.requirement("F-3", "S-4", "R-7")
def test_all_that_is_missing_is_named(client: httpx2.Client, keys: list[str], prefetch: Any) -> None:
    message = call(keys) | {"prefetch": prefetch}
    assert refused(client, message) == (412, "required-data-missing", "patient, conditions")
    del message["prefetch"]
    assert refused(client, message) == (412, "required-data-missing", "patient, conditions")


@pytest.mark.parametrize(
    "value",
    [
        searched(diabetes(), cramps(), link=NEXT),
        searched(diabetes(), cramps(), ERROR),
        searched(diabetes(), FATAL, cramps()),
    ],
    ids=["a page of several", "an error beside matches", "a fatal error between matches"],
)
@pytest.mark.requirement("F-4", "F-8")
def test_matches_of_a_partial_search_count_and_absence_is_not_claimed(
    client: httpx2.Client, keys: list[str], value: Any
) -> None:
    body = ask(client, call(keys, conditions=value))
    assert outcomes(body)["diabetes"] == "fires"
    assert outcomes(body)["thyroid-disease"] == "unknown"
    assert finding(body, "thyroid-disease")["missing"] == ["Condition"]
    assert explanation(body)["notSupplied"] == ["Condition"]


def test_results_of_a_partial_search_count(client: httpx2.Client, keys: list[str]) -> None:
    body = ask(client, call(keys, observations=STALE | {"link": NEXT}))
    assert finding(body, "diabetes")["unchecked"][0]["last"]["reference"] == "Observation/stale"


def test_a_gate_that_no_supplied_data_open_is_closed(client: httpx2.Client, keys: list[str]) -> None:
    body = ask(client, call(keys, conditions=searched(diabetes(), link=NEXT)))
    assert body["cards"] == []
    assert explanation(body)["gate"]["open"] is False


def test_a_patient_who_is_null_is_of_unknown_age(client: httpx2.Client, keys: list[str]) -> None:
    body = ask(client, call(keys, patient=None))
    assert "Age unknown" in body["cards"][0]["detail"]


@pytest.mark.requirement("P-10", "F-2", "Q-E14", "Q-DV5", "Q-S4")
def test_only_optional_keys_that_are_absent_are_unknown(client: httpx2.Client, keys: list[str]) -> None:
    message = call(keys)
    message["prefetch"] = {key: message["prefetch"][key] for key in ("patient", "conditions")}
    body = ask(client, message)
    assert outcomes(body)["diuretic"] == "unknown"
    assert {"MedicationRequest", "MedicationStatement", "Observation"} <= set(explanation(body)["notSupplied"])


# --- whose data -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "patient", [PATIENT | {"id": "p2"}, searched(PATIENT | {"id": "p2"}), {"resourceType": "Patient"}], ids=str
)
@pytest.mark.requirement("F-12")
def test_another_patient_is_412(client: httpx2.Client, keys: list[str], patient: dict[str, Any]) -> None:
    assert refused(client, call(keys, patient=patient)) == (412, "required-data-missing", "patient")


@pytest.mark.requirement("F-12")
def test_another_patients_conditions_are_412(client: httpx2.Client, keys: list[str]) -> None:
    wrong = searched(cramps(subject=STRANGER), diabetes(subject=STRANGER))
    assert refused(client, call(keys, conditions=wrong)) == (412, "required-data-missing", "conditions")


@pytest.mark.requirement("F-12")
def test_another_patients_results_are_unknown_and_counted(client: httpx2.Client, keys: list[str]) -> None:
    strangers = searched(result("4548-4", 5.0, "%", OLD, "hers", subject=STRANGER))
    body = ask(client, call(keys, observations=strangers))
    assert "Observation/hers" in rejected(body)
    assert explanation(body)["notSupplied"] == ["Observation"]


@pytest.mark.requirement("F-12")
def test_another_patients_resources_among_the_patients_are_counted(client: httpx2.Client, keys: list[str]) -> None:
    thyroid = condition("E03.9", "hers", subject=STRANGER)
    nobodys = condition("E03.9", "nobodys")
    del nobodys["subject"]
    body = ask(client, call(keys, conditions=searched(cramps(), thyroid, diabetes(), nobodys)))
    assert "thyroid-disease" not in outcomes(body)
    assert set(rejected(body)) == {"Condition/hers", "Condition/nobodys"}


# --- as clients really send it (cds-hooks.md section 3) -------------------------------------------------------------


@pytest.mark.requirement("Q-E1", "Q-E4", "Q-E5", "R-3", "R-6", "R-8")
def test_epic(client: httpx2.Client, keys: list[str]) -> None:
    base = "https://ehr.example/interconnect/api/FHIR/R4"
    subject = {"reference": f"{base}/Patient/p1", "display": "Somebody"}
    medication = {"resourceType": "Medication", "id": "m1", "code": diuretic()["medicationCodeableConcept"]}
    request = diuretic(
        subject=subject, category={"text": "Outpatient"}, medicationReference={"reference": f"{base}/Medication/m1"}
    )
    message = call(
        keys,
        conditions=searched(cramps(subject=subject, category={"text": "Problem List Item"}), diabetes(subject=subject)),
        medication_requests=searched(request, medication),
        observations=epic(WARNING),
    ) | {
        "hookInstance": "1FD3F4D0-6B6D-11EE-8C99-0242AC120002",
        "fhirServer": base,
        "fhirAuthorization": {
            "access_token": "x", "token_type": "Bearer", "expires_in": 300, "subject": "s",
            "scope": "patient/Condition.read (Problems) launch",
        },
        "extension": {"com.epic.cdshooks.request.bpa-trigger-action": "60"},
    }  # fmt: skip
    message["prefetch"]["patient-user"] = {"resourceType": "Practitioner", "id": "d1"}
    body = ask(client, message)
    assert {"diabetes": "fires", "diuretic": "fires"}.items() <= outcomes(body).items()
    assert "rejected" not in explanation(body)


@pytest.mark.requirement("Q-S2", "Q-S5")
def test_the_public_sandbox(client: httpx2.Client, keys: list[str]) -> None:
    conditions = searched(cramps(), diabetes())
    del conditions["type"]
    draft = diuretic(status="draft", category={"coding": []})
    del draft["intent"]
    body = ask(
        client,
        call(
            keys, conditions=conditions, medication_requests={"resourceType": "Bundle", "entry": [{"resource": draft}]}
        ),
    )
    assert outcomes(body)["diabetes"] == "fires"


@pytest.mark.requirement("Q-DV1", "Q-DV2", "Q-DV5", "R-3")
def test_the_request_generator(client: httpx2.Client, keys: list[str]) -> None:
    message = call(keys, conditions=bundle(cramps(), diabetes(), kind="collection"))
    message["prefetch"] |= {
        "practitionerRoleBundle": bundle({"resourceType": "PractitionerRole"}),
        "coverageBundle": None,
    }
    message |= {"fhirServer": "http://localhost:8080/fhir", "fhirAuthorization": {"access_token": ""}}
    for _ in range(2):  # it sends one hookInstance for ever
        assert outcomes(ask(client, message))["diabetes"] == "fires"


GRANTED = {"access_token": "x", "token_type": "Bearer", "expires_in": 300, "scope": "launch", "subject": "s"}


@pytest.mark.requirement("R-5", "R-6", "R-7")
@pytest.mark.parametrize("address", [..., None, "", 5, "https://ehr.example/fhir", "not an address"], ids=str)
@pytest.mark.parametrize(
    "granted",
    [
        GRANTED, GRANTED | {"patient": "p2"}, GRANTED | {"expires_in": 10**400}, GRANTED | {"expires_in": -(10**400)},
        {}, None, [], "Bearer x", {"access_token": 5},
    ],
    ids=lambda granted: str(granted)[:120],
)  # fmt: skip
def test_no_authorization_spoils_a_call(client: httpx2.Client, keys: list[str], address: Any, granted: Any) -> None:
    members = {"fhirAuthorization": granted} | ({} if address is ... else {"fhirServer": address})
    assert outcomes(ask(client, call(keys) | members))["diabetes"] == "fires"


@pytest.mark.requirement("R-8")
@pytest.mark.parametrize("extension", [None, [], "x", 5, {"com.ehr.x": [None, {}]}], ids=str)
def test_no_extension_spoils_a_call(client: httpx2.Client, keys: list[str], extension: Any) -> None:
    message = call(keys) | {"extension": extension}
    message["context"]["extension"] = extension
    message["prefetch"]["conditions"]["extension"] = extension
    assert outcomes(ask(client, message))["diabetes"] == "fires"


@pytest.mark.requirement("R-3")
@pytest.mark.parametrize("instance", ["1FD3F4D0-6B6D-11EE-8C99-0242AC120002", "not-a-uuid", "0"])
def test_any_instance_is_taken_twice(client: httpx2.Client, keys: list[str], instance: str) -> None:
    for _ in range(2):
        assert ask(client, call(keys) | {"hookInstance": instance})["cards"]


@pytest.mark.requirement("R-10", "Q-S8")
def test_older_fhir_is_read(client: httpx2.Client, keys: list[str]) -> None:
    old = {
        "resourceType": "Condition",
        "id": "dstu2",
        "patient": SUBJECT,
        "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "E11.9"}]},
        "clinicalStatus": "active",
        "verificationStatus": "confirmed",
        "dateRecorded": OLD,
    }
    body = ask(client, call(keys, conditions=searched(cramps(), old)))
    assert finding(body, "diabetes")["found"][0]["date"] == OLD


def test_ids_may_carry_their_type(client: httpx2.Client, keys: list[str]) -> None:
    message = call(keys)
    message["context"] |= {"patientId": "Patient/p1", "encounterId": "Encounter/e1"}
    order = ask(client, message)["cards"][0]["suggestions"][0]["actions"][0]["resource"]
    assert (order["subject"]["reference"], order["encounter"]["reference"]) == ("Patient/p1", "Encounter/e1")


@pytest.mark.requirement("R-9", "CRD-4")
def test_unknown_members_and_keys_are_passed_over(client: httpx2.Client, keys: list[str]) -> None:
    message = call(keys) | {"somethingNew": {"a": [None]}}
    message["context"] |= {"somethingNew": 1, "selections": None}
    message["prefetch"] |= {
        "ours": {"resourceType": "Nonsense"},
        "theirs": "text",
        "more": {"resourceType": "Bundle", "entry": 1},
    }
    body = ask(client, message)
    assert outcomes(body)["diabetes"] == "fires"
    assert "rejected" not in explanation(body)


def test_a_bad_entry_spoils_only_itself(client: httpx2.Client, keys: list[str]) -> None:
    conditions = searched(
        cramps(), diabetes(), condition("E03.9", "bad", onsetDateTime=5), condition("x", "worse", code="E03.9")
    )
    conditions["entry"].append("x")
    body = ask(client, call(keys, conditions=conditions))
    assert outcomes(body)["diabetes"] == "fires"
    shown = rejected(body)
    assert "Condition.onsetDateTime " in shown["Condition/bad"]
    assert "Condition.code " in shown["Condition/worse"]
    assert "prefetch.conditions.entry[4]" in shown


@pytest.mark.parametrize(
    "media_type", ["application/json+fhir", "application/fhir+json", "application/json; charset=utf-8", None]
)
def test_media_types_of_real_clients(client: httpx2.Client, keys: list[str], media_type: str | None) -> None:
    headers = {"Content-Type": media_type} if media_type else {}
    body = b"\xef\xbb\xbf" + json.dumps(call(keys)).encode()
    assert is_response(client.post(f"/cds-services/{CHART}", content=body, headers=headers))["cards"]


@pytest.mark.requirement("T-18")
def test_the_sandbox_may_call_from_a_browser(client: httpx2.Client, keys: list[str]) -> None:
    origin = {"Origin": "https://sandbox.cds-hooks.org"}
    asked = origin | {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    assert client.options(f"/cds-services/{CHART}", headers=asked).status_code == 200
    for message in (call(keys), {}):
        answer = client.post(f"/cds-services/{CHART}", json=message, headers=origin)
        assert answer.headers["access-control-allow-origin"] == origin["Origin"]


# --- errors ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("member", ["hook", "hookInstance", "context"])
@pytest.mark.requirement("R-2", "R-3", "R-4", "CRD-2")
def test_a_required_member(client: httpx2.Client, keys: list[str], member: str) -> None:
    message = call(keys)
    del message[member]
    assert refused(client, message) == (400, "member-missing", member)
    assert refused(client, message | {member: None}) == (400, "member-missing", member)
    wrong: tuple[Any, ...] = (5, [], "")
    for value in wrong:
        assert refused(client, message | {member: value}) == (400, "member-ill-typed", member)


@pytest.mark.parametrize("prefetch", [[], "x", 5])
@pytest.mark.requirement("R-7")
def test_prefetch_that_is_no_object(client: httpx2.Client, keys: list[str], prefetch: Any) -> None:
    assert refused(client, call(keys) | {"prefetch": prefetch}) == (400, "member-ill-typed", "prefetch")


@pytest.mark.parametrize("name", ["patientId", "userId"])
@pytest.mark.parametrize("value", [..., None, "", "  ", 5, {}], ids=str)
@pytest.mark.requirement("R-4")
def test_a_context_that_lacks_what_the_hook_needs(
    client: httpx2.Client, keys: list[str], name: str, value: Any
) -> None:
    message = call(keys)
    message["context"][name] = value
    if value is ...:
        del message["context"][name]
    assert refused(client, message) == (400, "context-invalid", f"context.{name}")


@pytest.mark.requirement("R-2")
def test_a_hook_that_the_service_does_not_declare(client: httpx2.Client, keys: list[str]) -> None:
    assert refused(client, call(keys) | {"hook": "order-sign"}) == (400, "hook-mismatch", "hook")


def test_an_unknown_service(client: httpx2.Client, keys: list[str]) -> None:
    assert refused(client, call(keys), "leg-cramps") == (404, "service-unknown", "")


def test_a_fault_in_the_message_is_found_before_missing_data(client: httpx2.Client) -> None:
    assert refused(client, {"hook": "patient-view", "hookInstance": "x", "context": {}, "prefetch": 5})[0] == 400
