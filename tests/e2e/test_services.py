"""The services whose hooks bring something: new problems, an encounter, orders being selected or signed."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from tests.support.conformance import explanation, finding, is_response, outcomes
from tests.support.records import LOINC, PATIENT, RXNORM, SUBJECT, cramps, diabetes, diuretic, result, thiazide

CHART = "nocturnal-leg-cramps"
HOOKS = {
    CHART: "patient-view",
    f"{CHART}-problem": "problem-list-item-create",
    f"{CHART}-encounter": "encounter-start",
    f"{CHART}-order-select": "order-select",
    f"{CHART}-order-sign": "order-sign",
}
PROBLEM, ENCOUNTER, SELECT, SIGN = list(HOOKS)[1:]
STRANGER = {"reference": "Patient/p2"}
BASE = "https://ehr.example/fhir/R4"
Call = dict[str, Any]


def searched(*resources: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": item} for item in resources]}


def drafts(*resources: dict[str, Any]) -> dict[str, Any]:
    """A Bundle of the context as the public sandbox sends it: without a type."""
    return {"resourceType": "Bundle", "entry": [{"resource": item} for item in resources]}


def drafted(rxnorm: str = "310798", id_: str = "d1", **members: Any) -> dict[str, Any]:
    """A draft order as the public sandbox sends it: without an intent, its category an object."""
    medicine = {"medicationCodeableConcept": {"coding": [{"system": RXNORM, "code": rxnorm}]}}
    return {
        "resourceType": "MedicationRequest",
        "id": id_,
        "status": "draft",
        "category": {"text": "Community"},
        "subject": SUBJECT,
        **({} if "medicationReference" in members else medicine),
        **members,
    }


QUININE, LITHIUM, DIGOXIN, MAGNESIUM_LEVEL = "9071", "42351", "3407", "19123-9"


@pytest.fixture(scope="module")
def keys(client: httpx2.Client) -> dict[str, list[str]]:
    return {service["id"]: list(service["prefetch"]) for service in client.get("/cds-services").json()["services"]}


@pytest.fixture
def today() -> str:
    """The day by the clock of the service, which counts in UTC."""
    return datetime.now(UTC).date().isoformat()


Ask = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def message(keys: dict[str, list[str]]) -> Callable[..., Call]:
    """A call of a service: the patient with cramps, every other key empty unless given; context by keyword."""

    def build(service: str, prefetch: dict[str, Any] | None = None, **context: Any) -> Call:
        given = {"patient": PATIENT, "conditions": searched(cramps())} | (prefetch or {})
        return {
            "hook": HOOKS[service],
            "hookInstance": "1FD3F4D0-6B6D-11EE-8C99-0242AC120002",
            "context": {"userId": "PractitionerRole/r1", "patientId": "p1", **context},
            "prefetch": {key: given.get(key, searched()) for key in keys[service]},
        }

    return build


@pytest.fixture(scope="module")
def ask(client: httpx2.Client, message: Callable[..., Call]) -> Ask:
    def post(service: str, prefetch: dict[str, Any] | None = None, **context: Any) -> dict[str, Any]:
        return is_response(client.post(f"/cds-services/{service}", json=message(service, prefetch, **context)))

    return post


@pytest.fixture(scope="module")
def refused(client: httpx2.Client, message: Callable[..., Call]) -> Callable[..., tuple[int, str, str]]:
    def post(service: str, **context: Any) -> tuple[int, str, str]:
        call = message(service, **context)
        call["context"] = {name: value for name, value in call["context"].items() if value is not ...}
        answer = client.post(f"/cds-services/{service}", content=json.dumps(call))
        (issue,) = answer.json()["issue"]
        return answer.status_code, issue["details"]["coding"][0]["code"], issue.get("diagnostics", "")

    return post


def rejected(body: dict[str, Any]) -> dict[str, str]:
    return {item["reference"]: item["reason"] for item in explanation(body).get("rejected", ())}


def selected(*ids: str) -> list[str]:
    return [f"MedicationRequest/{id_}" for id_ in ids or ("d1",)]


# --- a new problem --------------------------------------------------------------------------------------------------


def new_problem(condition: dict[str, Any]) -> dict[str, Any]:
    """As an EHR sends it the moment it is entered: no dates, and a category of its own."""
    return {name: value for name, value in condition.items() if name != "onsetDateTime"} | {
        "id": "new",
        "category": [{"coding": [{"code": "encounter-diagnosis"}]}],
    }


def test_new_cramps_open_the_gate(ask: Ask) -> None:
    chart = {"conditions": searched(diabetes())}
    body = ask(PROBLEM, chart, conditions=drafts(new_problem(cramps())))
    assert outcomes(body) == {"diabetes": "fires", "self-care": "fires"}
    assert [found["reference"] for found in explanation(body)["gate"]["found"]] == ["Condition/new"]
    order = body["cards"][0]["suggestions"][0]["actions"][0]["resource"]
    assert {"reference": "Condition/new"} in order["reasonReference"]


def test_another_new_problem_does_not_though_cramps_are_on_record(ask: Ask) -> None:
    body = ask(PROBLEM, None, conditions=drafts(new_problem(diabetes())))
    assert body["cards"] == []
    assert explanation(body)["gate"] == {"open": False, "basis": "chart"}


def test_a_new_problem_counts_beside_those_on_record(ask: Ask) -> None:
    new = drafts(new_problem(cramps()), new_problem(diabetes()) | {"id": "new2"})
    body = ask(PROBLEM, {"conditions": searched()}, conditions=new)
    assert finding(body, "diabetes")["found"][0]["reference"] == "Condition/new2"


@pytest.mark.parametrize(
    "settled",
    [
        {"verificationStatus": {"coding": [{"code": "refuted"}]}},
        {"clinicalStatus": {"coding": [{"code": "resolved"}]}},
        {"subject": STRANGER},
    ],
    ids=["refuted", "resolved", "another patient's"],
)
def test_new_cramps_that_are_none_do_not(ask: Ask, settled: dict[str, Any]) -> None:
    assert ask(PROBLEM, None, conditions=drafts(new_problem(cramps()) | settled))["cards"] == []


def test_a_new_problem_stands_in_the_place_of_the_same_on_record(ask: Ask) -> None:
    before = cramps(id="new", clinicalStatus={"coding": [{"code": "resolved"}]})
    assert ask(PROBLEM, {"conditions": searched(before)}, conditions=drafts(new_problem(cramps())))["cards"]


def test_current_quinine_speaks_on_a_new_problem_that_is_no_cramp(ask: Ask) -> None:
    taken = drafted(QUININE, status="active", intent="order")
    body = ask(PROBLEM, {"medication-requests": searched(taken)}, conditions=drafts(new_problem(diabetes())))
    assert outcomes(body) == {"quinine-hazard": "fires"}


# --- an encounter ---------------------------------------------------------------------------------------------------


def test_orders_of_a_visit_belong_to_it(ask: Ask) -> None:
    for written in ("e1", "Encounter/e1", f"{BASE}/Encounter/e1"):
        body = ask(ENCOUNTER, {"conditions": searched(cramps(), diabetes())}, encounterId=written)
        order = body["cards"][0]["suggestions"][0]["actions"][0]["resource"]
        assert order["encounter"] == {"reference": "Encounter/e1"}


def test_a_visit_without_cramps_on_record_is_silent(ask: Ask) -> None:
    assert ask(ENCOUNTER, {"conditions": searched(diabetes())}, encounterId="e1")["cards"] == []


def test_drafts_on_record_are_not_taken_for_medicines_in_use(ask: Ask) -> None:
    body = ask(ENCOUNTER, {"medication-requests": searched(drafted(QUININE))}, encounterId="e1")
    assert outcomes(body) == {"baseline-unexplained": "fires", "self-care": "fires"}


# --- orders ---------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("CRD-6", "R-11")
def test_a_selected_diuretic_is_spoken_of_alone(ask: Ask) -> None:
    chart = {"conditions": searched(cramps(), diabetes())}
    body = ask(SELECT, chart, draftOrders=drafts(drafted()), selections=selected())
    assert outcomes(body) == {"diuretic": "fires"}
    (card,) = body["cards"]
    assert card["extension"]["davinci-crd.associated-resource"] == [{"reference": "MedicationRequest/d1"}]
    assert "This card is about the order of hydrochlorothiazide alone." in card["detail"]
    assert "(being ordered)" in card["detail"]
    for suggestion in card["suggestions"]:
        assert "supportingInfo" not in suggestion["actions"][0]["resource"]  # the draft is not on the server


def test_a_draft_that_is_not_selected_is_background(ask: Ask) -> None:
    orders = drafts(drafted(), drafted(QUININE, "d2"))
    assert outcomes(ask(SELECT, None, draftOrders=orders, selections=selected("d1"))) == {"diuretic": "fires"}
    assert outcomes(ask(SELECT, None, draftOrders=orders, selections=selected("d2"))) == {"quinine-hazard": "fires"}
    both = ask(SELECT, None, draftOrders=orders, selections=selected("d1", "d2"))
    assert outcomes(both) == {"diuretic": "fires", "quinine-hazard": "fires"}


def test_all_that_is_signed_counts_and_quinine_has_a_card_of_its_own(ask: Ask) -> None:
    body = ask(SIGN, None, draftOrders=drafts(drafted(), drafted(QUININE, "d2")))
    about = [card["extension"]["davinci-crd.associated-resource"] for card in body["cards"]]
    assert about == [[{"reference": "MedicationRequest/d2"}], [{"reference": "MedicationRequest/d1"}]]


@pytest.mark.parametrize("service", [SELECT, SIGN])
def test_without_cramps_on_record_a_new_diuretic_is_silent_and_quinine_is_not(ask: Ask, service: str) -> None:
    chart = {"conditions": searched(diabetes())}
    context = {"selections": selected()} if service == SELECT else {}
    body = ask(service, chart, draftOrders=drafts(drafted()), **context)
    assert body["cards"] == []
    assert outcomes(body) == {}
    body = ask(service, chart, draftOrders=drafts(drafted(QUININE)), **context)
    assert outcomes(body) == {"quinine-hazard": "fires"}
    assert "No leg cramps on record" in body["cards"][0]["detail"]


@pytest.mark.parametrize("service", [SELECT, SIGN])
def test_quinine_in_use_speaks_at_any_order(ask: Ask, service: str) -> None:
    taken = drafted(QUININE, "taken", status="active", intent="order")
    chart = {"conditions": searched(diabetes()), "medication-requests": searched(taken)}
    context = {"selections": selected()} if service == SELECT else {}
    body = ask(service, chart, draftOrders=drafts(drafted()), **context)
    assert outcomes(body) == {"quinine-hazard": "fires"}
    assert "davinci-crd.associated-resource" not in body["cards"][0]["extension"]


def test_an_order_that_matters_for_no_rule_is_silent(ask: Ask) -> None:
    chart = {"conditions": searched(cramps(), diabetes()), "medication-requests": searched(diuretic())}
    paracetamol = drafts(drafted("161"))
    assert ask(SIGN, chart, draftOrders=paracetamol)["cards"] == []
    service_request = {
        "resourceType": "ServiceRequest", "id": "s1", "status": "draft", "subject": SUBJECT, "code": {"text": "X-ray"},
    }  # fmt: skip
    assert ask(SIGN, chart, draftOrders=drafts(service_request))["cards"] == []
    assert ask(SIGN, chart, draftOrders=drafts())["cards"] == []


@pytest.mark.parametrize("service", [SELECT, SIGN])
def test_a_low_potassium_beside_digoxin_speaks_at_any_order(ask: Ask, service: str, today: str) -> None:
    low = result("2823-3", 2.9, "mmol/L", today)
    taken = drafted(DIGOXIN, "m1", status="active", intent="order")
    chart = {"observations": searched(low), "medication-requests": searched(taken)}
    context = {"selections": selected()} if service == SELECT else {}
    body = ask(service, chart, draftOrders=drafts(drafted("161")), **context)
    assert outcomes(body) == {"qt-drug-low-electrolyte": "fires"}
    assert "davinci-crd.associated-resource" not in body["cards"][0]["extension"]
    body = ask(service, {"observations": searched(low)}, draftOrders=drafts(drafted(DIGOXIN)), **context)
    assert body["cards"][0]["indicator"] == "critical"
    assert body["cards"][0]["extension"]["davinci-crd.associated-resource"] == [{"reference": "MedicationRequest/d1"}]


def test_a_new_order_that_raises_another_rule_brings_it_up(ask: Ask) -> None:
    taken = drafted(LITHIUM, "m1", status="active", intent="order", authoredOn="2024-01-01")
    chart = {"medication-requests": searched(taken)}
    body = ask(SIGN, chart, draftOrders=drafts(drafted()))
    assert outcomes(body) == {"diuretic": "fires", "lithium": "fires"}
    assert finding(body, "lithium")["indicator"] == "warning"
    assert ask(SIGN, chart, draftOrders=drafts(drafted("161")))["cards"] == []


def test_a_draft_stands_in_the_place_of_the_same_order_on_record(ask: Ask) -> None:
    chart = {"medication-requests": searched(drafted(QUININE, status="active", intent="order"))}
    assert outcomes(ask(SIGN, chart, draftOrders=drafts(drafted()))) == {"diuretic": "fires"}


@pytest.mark.parametrize("status", ["draft", "active", "on-hold", None])
def test_orders_are_signed_again(ask: Ask, status: str | None) -> None:
    order = drafted(authoredOn="2020-01-01") | {"status": status}
    if status is None:
        del order["status"]
    body = ask(SIGN, None, draftOrders=drafts(order))
    assert outcomes(body) == {"diuretic": "fires"}


@pytest.mark.parametrize(
    "ended",
    ["stopped", "cancelled", "completed", "entered-in-error", "not to be performed"],
)
def test_an_order_to_stop_starts_nothing(ask: Ask, ended: str) -> None:
    members: dict[str, Any] = {"status": ended} if ended != "not to be performed" else {"doNotPerform": True}
    assert ask(SIGN, None, draftOrders=drafts(drafted(**members)))["cards"] == []


@pytest.mark.requirement("Q-E13")
@pytest.mark.parametrize("where", ["contained", "bundled", "absolute", "by its address"])
def test_a_medication_that_stands_elsewhere(ask: Ask, where: str) -> None:
    medication = {"resourceType": "Medication", "id": "m1", "code": thiazide()}
    ways: dict[str, dict[str, Any]] = {
        "contained": {"medicationReference": {"reference": "#m1"}, "contained": [medication]},
        "bundled": {"medicationReference": {"reference": "Medication/m1"}},
        "absolute": {"medicationReference": {"reference": f"{BASE}/Medication/m1"}},
        "by its address": {"medicationReference": {"reference": "urn:uuid:9c1a"}},
    }
    orders = drafts(drafted(**ways[where]))
    if where != "contained":
        entry: dict[str, Any] = {"resource": medication}
        orders["entry"].append(entry | ({"fullUrl": "urn:uuid:9c1a"} if where == "by its address" else {}))
    body = ask(SELECT, None, draftOrders=orders, selections=selected())
    assert outcomes(body) == {"diuretic": "fires"}
    assert rejected(body) == {}


def test_a_medication_that_is_nowhere_is_said(ask: Ask) -> None:
    order = drafted(medicationReference={"reference": "Medication/lost"})
    body = ask(SIGN, None, draftOrders=drafts(order))
    assert "Medication that it refers to" in rejected(body)["MedicationRequest/d1"]


@pytest.mark.parametrize(
    "written",
    [
        "MedicationRequest/d1",
        f"{BASE}/MedicationRequest/d1",
        "MedicationRequest/d1/_history/2",
        " MedicationRequest/d1 ",
    ],
)
def test_a_selection_may_be_absolute(ask: Ask, written: str) -> None:
    order = drafted(subject={"reference": f"{BASE}/Patient/p1"})
    body = ask(SELECT, None, draftOrders=drafts(order), selections=[written])
    assert outcomes(body) == {"diuretic": "fires"}


def test_a_selection_by_the_address_of_an_entry(ask: Ask) -> None:
    order = drafted()
    del order["id"]
    orders = {"resourceType": "Bundle", "entry": [{"fullUrl": "urn:uuid:0b1c", "resource": order}]}
    body = ask(SELECT, None, draftOrders=orders, selections=["urn:uuid:0b1c"])
    assert outcomes(body) == {"diuretic": "fires"}


def test_a_selection_that_is_no_draft_is_ignored(ask: Ask) -> None:
    for selections in ([], ["MedicationRequest/other"], ["", "  "], ["NutritionOrder/d1"]):
        body = ask(SELECT, None, draftOrders=drafts(drafted()), selections=selections)
        assert body["cards"] == []
    body = ask(SELECT, None, draftOrders=drafts(drafted()), selections=["MedicationRequest/other", *selected()])
    assert outcomes(body) == {"diuretic": "fires"}


@pytest.mark.requirement("R-10")
def test_an_order_of_dstu2(ask: Ask) -> None:
    order = {
        "resourceType": "MedicationOrder", "id": "d1", "status": "draft", "patient": SUBJECT,
        "medicationCodeableConcept": thiazide(),
    }  # fmt: skip
    body = ask(SELECT, None, draftOrders=drafts(order), selections=["MedicationOrder/d1"])
    assert outcomes(body) == {"diuretic": "fires"}


@pytest.mark.requirement("F-12")
def test_another_patients_order_is_dropped_and_counted(ask: Ask) -> None:
    orders = drafts(drafted(subject=STRANGER), drafted(QUININE, "d2"))
    body = ask(SIGN, None, draftOrders=orders)
    assert outcomes(body) == {"quinine-hazard": "fires"}
    assert "another subject" in rejected(body)["MedicationRequest/d1"]
    nobodys = drafted()
    del nobodys["subject"]
    body = ask(SIGN, None, draftOrders=drafts(nobodys))
    assert body["cards"] == []
    assert set(rejected(body)) == {"MedicationRequest/d1"}


def test_what_is_no_order_is_not_taken_from_the_orders(ask: Ask) -> None:
    orders = drafts(drafted(), diabetes(), {"resourceType": "DeviceRequest", "id": "x"})
    body = ask(SIGN, None, draftOrders=orders)
    assert set(rejected(body)) == {"Condition/diabetes"}


def test_a_bad_entry_spoils_only_itself(ask: Ask) -> None:
    orders = drafts(drafted(), drafted(id_="d2", medicationCodeableConcept="quinine"))
    orders["entry"] += ["x", {"resource": {"resourceType": "Nonsense"}}]
    body = ask(SIGN, None, draftOrders=orders)
    assert outcomes(body)["diuretic"] == "fires"
    assert {"MedicationRequest/d2", "context.draftOrders.entry[2]", "context.draftOrders.entry[3]"} <= set(
        rejected(body)
    )


def magnesium(id_: str = "s1", **members: Any) -> dict[str, Any]:
    return {
        "resourceType": "ServiceRequest",
        "id": id_,
        "status": "draft",
        "intent": "order",
        "subject": SUBJECT,
        "code": {"coding": [{"system": LOINC, "code": MAGNESIUM_LEVEL}]},
        **members,
    }


@pytest.mark.parametrize(
    "members",
    [{}, {"status": "active", "authoredOn": "2019-01-01"}, {"intent": "plan"}],
    ids=["draft", "active", "plan"],
)
def test_a_test_that_is_being_ordered_is_not_suggested_again(ask: Ask, members: dict[str, Any]) -> None:
    alone = ask(SIGN, None, draftOrders=drafts(drafted()))
    assert any("Magnesium" in suggestion["label"] for suggestion in alone["cards"][0]["suggestions"])
    body = ask(SIGN, None, draftOrders=drafts(drafted(), magnesium(**members)))
    assert not any("Magnesium" in suggestion["label"] for suggestion in body["cards"][0]["suggestions"])
    assert "already ordered" in body["cards"][0]["detail"]
    assert {"key": "magnesium", "for": ["diuretic"], "already": "ServiceRequest/s1"} in explanation(body)["orders"]


def test_a_draft_test_beside_the_selection_is_not_suggested_again(ask: Ask) -> None:
    orders = drafts(drafted(), magnesium())
    body = ask(SELECT, None, draftOrders=orders, selections=selected())
    assert not any("Magnesium" in suggestion["label"] for suggestion in body["cards"][0]["suggestions"])


# --- what every one of them does ------------------------------------------------------------------------------------

CONTEXT: dict[str, dict[str, Any]] = {
    PROBLEM: {"conditions": drafts(cramps())},
    ENCOUNTER: {"encounterId": "e1"},
    SELECT: {"draftOrders": drafts(drafted()), "selections": selected()},
    SIGN: {"draftOrders": drafts(drafted())},
}


@pytest.mark.parametrize("user", ["Patient/p1", "RelatedPerson/r1", f"{BASE}/Patient/p1"])
@pytest.mark.parametrize("service", CONTEXT)
def test_patients_and_relatives_get_no_clinicians_advice(ask: Ask, service: str, user: str) -> None:
    assert ask(service, None, userId=user, **CONTEXT[service]) == {"cards": []}
    assert ask(service, None, **CONTEXT[service])["cards"]


BUNDLES = ["x", 5, [], {}, None, ..., {"resourceType": "Condition"}, {"resourceType": "Bundle", "entry": {}}]


@pytest.mark.requirement("R-4")
@pytest.mark.parametrize("value", BUNDLES, ids=str)
@pytest.mark.parametrize(("service", "name"), [(PROBLEM, "conditions"), (SELECT, "draftOrders"), (SIGN, "draftOrders")])
def test_a_context_without_its_bundle_is_refused_by_name(
    refused: Callable[..., Any], service: str, name: str, value: Any
) -> None:
    context = CONTEXT[service] | {name: value}
    assert refused(service, **context) == (400, "context-invalid", f"context.{name}")


@pytest.mark.requirement("R-4")
@pytest.mark.parametrize(
    "value", ["MedicationRequest/d1", 5, {}, None, ..., [5], [{"reference": "x"}], [None]], ids=str
)
def test_selections_that_are_no_list_of_references(refused: Callable[..., Any], value: Any) -> None:
    context = CONTEXT[SELECT] | {"selections": value}
    assert refused(SELECT, **context) == (400, "context-invalid", "context.selections")


@pytest.mark.requirement("R-4")
@pytest.mark.parametrize("value", ["", " ", 5, {}, None, ..., "Encounter/"], ids=str)
def test_an_encounter_that_is_none(refused: Callable[..., Any], value: Any) -> None:
    assert refused(ENCOUNTER, encounterId=value) == (400, "context-invalid", "context.encounterId")


@pytest.mark.requirement("R-9", "CRD-4")
def test_a_member_that_the_hook_does_not_know_is_ignored(ask: Ask) -> None:
    strange = {"draftOrders": 5, "conditions": "x", "selections": {}, "somethingNew": [None]}
    body = ask(ENCOUNTER, {"conditions": searched(cramps(), diabetes())}, encounterId="e1", **strange)
    assert outcomes(body)["diabetes"] == "fires"
    quinine = {"draftOrders": drafts(drafted(QUININE))}
    assert outcomes(ask(CHART, None, **quinine)) == {"baseline-unexplained": "fires", "self-care": "fires"}


@pytest.mark.requirement("J-3", "J-4", "J-5")
@pytest.mark.parametrize("system", ["", " ", None, ...], ids=str)
def test_a_code_without_a_system_leaves_no_empty_member(ask: Ask, system: Any) -> None:
    coding = {"code": "1", "display": "Nocturnal leg cramps"} | ({} if system is ... else {"system": system})
    body = ask(CHART, {"conditions": searched(cramps(code={"coding": [coding]}))})
    (found,) = explanation(body)["gate"]["found"]
    assert found["code"] == {"code": "1"}


@pytest.mark.requirement(
    "J-1", "J-3", "J-4", "J-5", "J-7", "J-9", "R-1", "R-2", "R-3", "R-7", "S-1", "S-2", "C-1", "C-2", "C-3", "C-4",
    "C-5", "C-6", "C-7", "C-8", "C-10", "C-12", "C-13", "SRC-1", "SRC-2", "SRC-6", "SG-1", "SG-2", "SG-3", "SG-4",
    "A-1", "A-2", "A-3", "A-6", "L-1", "L-2", "X-1", "X-2", "TR-1", "Y-2", "CRD-5",
)  # fmt: skip
@pytest.mark.parametrize("service", [CHART, *CONTEXT])
def test_the_cards_of_every_service(client: httpx2.Client, message: Callable[..., Call], service: str) -> None:
    chart = {"conditions": searched(cramps(), diabetes()), "medication-requests": searched(diuretic())}
    answer = client.post(
        f"/cds-services/{service}", json=message(service, chart, **{"encounterId": "e1"} | CONTEXT.get(service, {}))
    )
    body = is_response(answer)  # HL7's models and invariants, no empty member, Markdown without HTML, valid orders
    assert b"null" not in answer.content
    assert set(body) == {"cards", "extension"}
    assert body["cards"]
    for card in body["cards"]:
        assert 0 < len(card["summary"]) < 140
        assert card["indicator"] in ("info", "warning", "critical")
        assert re.search(r"As of \d{4}-\d{2}-\d{2}\.", card["detail"])
        assert card["source"]["label"]
        assert card["source"]["url"].startswith("http")
        assert card["source"]["topic"].keys() == {"system", "code", "display"}
        assert len(card["overrideReasons"]) >= 5
        assert all(reason.keys() == {"system", "code", "display"} for reason in card["overrideReasons"])
        assert all(link.keys() == {"label", "url", "type"} for link in card["links"])
        for suggestion in card.get("suggestions", ()):
            assert suggestion["label"]
            assert suggestion.get("isRecommended", True) is True
            (action,) = suggestion["actions"]
            assert action["type"] == "create"
            assert action["description"]
            order = action["resource"]
            assert (order["status"], order["subject"]) == ("draft", {"reference": "Patient/p1"})
            assert order["encounter"] == {"reference": "Encounter/e1"}
            assert order["code"]["coding"]
            assert order["code"]["text"]


@pytest.mark.requirement("S-3")
@pytest.mark.parametrize("service", [CHART, *CONTEXT])
def test_no_advice_is_an_empty_list(ask: Ask, service: str) -> None:
    context = CONTEXT.get(service, {}) | ({"conditions": drafts(diabetes())} if service == PROBLEM else {})
    assert ask(service, {"conditions": searched(diabetes())}, **context)["cards"] == []
