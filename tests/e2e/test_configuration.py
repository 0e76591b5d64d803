"""What a call can set: which groups of cards it wants, and how many (CRD-7)."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from tests.support.conformance import explanation, is_response, outcomes
from tests.support.records import PATIENT, cramps, diabetes, diuretic, result

SERVICE = "nocturnal-leg-cramps"
Ask = Callable[[Any], dict[str, Any]]


def searched(*resources: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": item} for item in resources]}


def asking(client: httpx2.Client, **given: Any) -> Ask:
    """A client's call for the patient with cramps and diabetes on a diuretic, with a configuration."""
    (keys,) = (s["prefetch"] for s in client.get("/cds-services").json()["services"] if s["id"] == SERVICE)
    chart = {
        "patient": PATIENT,
        "conditions": searched(cramps(), diabetes()),
        "medication-requests": searched(diuretic()),
        **given,
    }
    message = {
        "hook": "patient-view",
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "context": {"userId": "Practitioner/d1", "patientId": "p1"},
        "prefetch": {key: chart.get(key, searched()) for key in keys},
    }

    def ask(configuration: Any) -> dict[str, Any]:
        extension = {"davinci-crd.configuration": configuration} if configuration is not ... else {}
        return is_response(client.post(f"/cds-services/{SERVICE}", json=message | {"extension": extension}))

    return ask


@pytest.fixture(scope="module")
def ask(client: httpx2.Client) -> Ask:
    return asking(client)


@pytest.fixture
def urgent(client: httpx2.Client) -> Ask:
    """The same with a dangerously low potassium and a swollen leg: two urgent cards."""
    today = datetime.now(UTC).date().isoformat()
    swollen = {
        "resourceType": "Observation", "id": "swollen", "status": "final", "subject": {"reference": "Patient/p1"},
        "effectiveDateTime": today, "code": {"text": "Unilateral leg swelling"}, "valueBoolean": True,
        "bodySite": {"text": "left leg"},
    }  # fmt: skip
    return asking(client, observations=searched(result("2823-3", 2.3, "mmol/L", today), swollen))


def groups(body: dict[str, Any]) -> list[str]:
    return [card["source"]["topic"]["code"].removeprefix("NocturnalLegCramps") for card in body["cards"]]


def withheld(body: dict[str, Any]) -> list[tuple[str, str, list[str]]]:
    return [(item["card"], item["by"], item["rules"]) for item in explanation(body).get("withheld", ())]


NONSENSE: list[Any] = [
    ..., None, "x", 5, [], [False], {}, True,
    {"unknown": False, "coverage-info": False},
    {"workup": "false"}, {"workup": 0}, {"workup": None}, {"workup": []}, {"Workup": False},
    {"max-cards": 0}, {"max-cards": -1}, {"max-cards": True}, {"max-cards": "1"}, {"max-cards": 1.5},
    {"max-cards": None}, {"max-cards": 99}, {"max-cards": {}},
]  # fmt: skip


@pytest.mark.requirement("CRD-7", "R-8")
@pytest.mark.parametrize("configuration", NONSENSE, ids=str)
def test_nothing_is_needed_and_nonsense_changes_nothing(ask: Ask, configuration: Any) -> None:
    body = ask(configuration)
    assert groups(body) == ["Workup", "Medicines", "SelfCare"]
    assert withheld(body) == []


@pytest.mark.requirement("R-8")
@pytest.mark.parametrize("extension", [None, "x", 5, []], ids=str)
def test_an_extension_that_is_none_changes_nothing(client: httpx2.Client, extension: Any) -> None:
    message = {
        "hook": "patient-view",
        "hookInstance": "x",
        "context": {"userId": "Practitioner/d1", "patientId": "p1"},
        "prefetch": {"patient": PATIENT, "conditions": searched(cramps())},
        "extension": extension,
    }
    assert is_response(client.post(f"/cds-services/{SERVICE}", json=message))["cards"]


@pytest.mark.requirement("CRD-7")
def test_what_is_switched_off_is_not_shown_and_is_said(ask: Ask) -> None:
    body = ask({"workup": False, "self-care": False, "medicines": True, "unknown": 5})
    assert groups(body) == ["Medicines"]
    assert withheld(body) == [("workup", "configuration", ["diabetes"]), ("self-care", "configuration", ["self-care"])]
    assert outcomes(body)["diabetes"] == "fires"
    body = ask({"urgent": False, "workup": False, "self-care": False, "medicines": False})
    assert body["cards"] == []
    assert [card for card, _, _ in withheld(body)] == ["workup", "medicines", "self-care"]


@pytest.mark.requirement("CRD-7")
@pytest.mark.parametrize("most", [1, 2, 3, 4])
def test_the_most_urgent_cards_stay(ask: Ask, most: int) -> None:
    body = ask({"max-cards": most})
    assert groups(body) == ["Workup", "Medicines", "SelfCare"][:most]
    assert [card for card, by, _ in withheld(body) if by == "max-cards"] == ["workup", "medicines", "self-care"][most:]


def test_an_order_of_a_card_that_is_not_wanted_goes_to_the_next_that_wants_it(urgent: Ask) -> None:
    def orders(body: dict[str, Any]) -> list[str]:
        return [suggestion["label"] for card in body["cards"] for suggestion in card.get("suggestions", ())]

    assert any("Magnesium" in label for label in orders(urgent({})))
    without = urgent({"urgent": False})
    assert groups(without)[0] == "Workup"
    assert any("Magnesium" in label for label in orders(without))


@pytest.mark.requirement("CRD-7")
def test_urgent_cards_are_withheld_by_an_explicit_false_alone(urgent: Ask) -> None:
    assert groups(urgent({}))[:2] == ["Urgent", "Urgent"]
    body = urgent({"max-cards": 1, "workup": False})
    assert groups(body) == ["Urgent", "Urgent"]
    assert {by for card, by, _ in withheld(body) if card == "medicines"} == {"max-cards"}
    for value in (0, "false", None, "off"):
        assert groups(urgent({"urgent": value}))[:2] == ["Urgent", "Urgent"]
    body = urgent({"urgent": False})
    assert "Urgent" not in groups(body)
    assert [card for card, by, _ in withheld(body) if by == "configuration"] == ["urgent", "urgent"]
