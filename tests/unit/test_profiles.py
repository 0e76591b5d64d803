"""Cards as each kind of client can take them: CDS Hooks 1.0, 2.0, one choice alone, Epic."""

import json
from datetime import UTC, date
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest
from fhir.resources.R4B.servicerequest import ServiceRequest

from service.answer import Knowledge, judge, load, respond
from service.cards import Audience
from service.clients import Caller, Clients, check, read_clients
from service.posted import read_posted
from service.settings import Settings
from tests.support.conformance import empties, hl7
from tests.support.records import bundle, cramps, diabetes, diuretic, result

TODAY = date(2026, 6, 15)
PATIENT = {"resourceType": "Patient", "id": "p1", "birthDate": "1960-05-01", "gender": "female"}
HBA1C = {"system": "urn:oid:1.2.840.114350.1.13", "code": "LAB123", "display": "A1c (in house)"}
Card = dict[str, Any]


@cache
def knowledge() -> Knowledge:
    return load(Settings())


def cards(caller: Caller, *besides: dict[str, Any]) -> list[Card]:
    """The cards for a patient with cramps, diabetes and a diuretic; what every answer must hold is asserted."""
    record = read_posted(
        msgspec.json.encode(bundle(PATIENT, cramps(), diabetes(), diuretic(), *besides)), knowledge().types
    )
    evaluation = judge(record, knowledge(), TODAY, UTC, complaint_given=True)
    audience = Audience("Patient/p1", "e1", "https://cds.example", caller)
    body = json.loads(msgspec.json.encode(respond(evaluation, knowledge(), audience)))
    assert list(empties(body)) == []
    assert "systemActions" not in body
    conforms = hl7()
    if conforms is not None:
        assert conforms("response", body) == []
    found: list[Card] = body["cards"]
    assert found
    return found


def suggestions(found: list[Card]) -> list[dict[str, Any]]:
    return [suggestion for card in found for suggestion in card.get("suggestions", ())]


def labels(card: Card) -> list[str]:
    return [suggestion["label"] for suggestion in card["suggestions"]]


STANDARD = Caller()
OLD = Caller(profile="cds-hooks-1.0")
ONE_CHOICE = Caller(selection_behavior="at-most-one")
EPIC = Caller(profile="epic")


@pytest.mark.requirement("C-1", "C-8", "C-10", "C-11", "SRC-6", "CRD-5", "K-1", "K-2")
def test_a_client_of_2_0(client_cards: list[Card]) -> None:
    for card in client_cards:
        assert card["uuid"] == card["uuid"].lower()
        assert card["source"]["topic"].keys() == {"system", "code", "display"}
        for reason in card["overrideReasons"]:
            assert reason.keys() == {"system", "code", "display"}
        assert card.get("selectionBehavior", "any") == "any"
    given = {
        reason["code"] for reason in client_cards[0]["overrideReasons"] if "terminology.hl7.org" in reason["system"]
    }
    assert given <= {
        "cds-not-applicable", "does-not-align-preferences", "action-completed", "patient-contraindication",
        "patient-refuses", "service-not-available", "too-costly-uncovered",
    }  # fmt: skip
    assert any("isRecommended" in suggestion for suggestion in suggestions(client_cards))


@pytest.fixture
def client_cards() -> list[Card]:
    return cards(STANDARD)


@pytest.mark.requirement("C-8", "C-9")
def test_a_client_of_1_0_gets_nothing_that_it_does_not_know() -> None:
    found = cards(OLD)
    members = {"summary", "indicator", "detail", "source", "links", "suggestions", "selectionBehavior", "extension"}
    for card in found:
        assert set(card) <= members
        assert set(card["source"]) == {"label", "url"}
        assert card.get("selectionBehavior", "at-most-one") == "at-most-one"
        assert set(card) >= members - {"suggestions", "selectionBehavior"}
    for suggestion in suggestions(found):
        assert set(suggestion) == {"label", "uuid", "actions"}


@pytest.mark.requirement("C-9", "SG-3", "SG-5")
@pytest.mark.parametrize("caller", [OLD, ONE_CHOICE], ids=["1.0", "2.0"])
def test_where_one_alone_can_be_chosen_the_first_is_all(caller: Caller) -> None:
    found = cards(caller)
    assert "Order all: Potassium, sodium and creatinine; Magnesium" in [labels(card)[0] for card in found[:2]]
    for card in found:
        if len(card.get("suggestions", ())) > 1:
            together, *single = card["suggestions"]
            assert together["actions"] == [action for one in single for action in one["actions"]]
            assert len({suggestion["uuid"] for suggestion in card["suggestions"]}) == len(single) + 1
            assert not any(one.get("isRecommended") for one in single)


@pytest.mark.requirement("C-9")
def test_all_are_recommended_together_where_each_is() -> None:
    (card,) = (card for card in cards(ONE_CHOICE) if len(card.get("suggestions", ())) > 1)
    assert card["suggestions"][0]["isRecommended"] is True


def test_what_could_not_be_checked_is_not_among_all() -> None:
    """A next link: the results are incomplete, so that nothing is known to be due."""
    record = bundle(PATIENT, cramps(), diabetes(), diuretic()) | {"link": [{"relation": "next", "url": "https://x"}]}
    evaluation = judge(
        read_posted(msgspec.json.encode(record), knowledge().types), knowledge(), TODAY, UTC, complaint_given=True
    )
    answer = respond(evaluation, knowledge(), Audience("Patient/p1", caller=ONE_CHOICE))
    assert suggestions(answer["cards"])
    for suggestion in suggestions(answer["cards"]):
        assert not suggestion["label"].startswith("Order all")
        assert "isRecommended" not in suggestion


@pytest.mark.requirement("A-2", "SG-4", "Q-E6")
def test_epic() -> None:
    found = cards(EPIC)
    for card in found:
        assert card.get("selectionBehavior", "any") == "any"
        topic = card["source"]["topic"]["code"]
        assert topic.isalnum()
        assert len(topic) <= 100
    for suggestion in suggestions(found):
        (action,) = suggestion["actions"]
        assert action["resource"]["code"]["text"] in action["description"]
        assert action["description"].endswith(")")  # why, in words
    single = Caller(profile="epic", selection_behavior="at-most-one")
    assert all(len(suggestion["actions"]) == 1 for suggestion in suggestions(cards(single)))


@pytest.mark.requirement("Q-E7")
def test_codes_of_the_site_stand_before_loinc() -> None:
    caller = Caller.model_validate({"order_codes": {"hba1c": [HBA1C, {"system": "urn:x", "code": "2"}]}})
    drafts = [suggestion["actions"][0]["resource"] for suggestion in suggestions(cards(caller))]
    coded = next(draft["code"]["coding"] for draft in drafts if draft["code"]["text"] == "HbA1c")
    assert coded[:2] == [HBA1C, {"system": "urn:x", "code": "2"}]
    assert [coding["system"] for coding in coded[2:]] == ["http://loinc.org"]
    for draft in drafts:
        ServiceRequest.model_validate(draft)
    (own,) = (draft for suggestion in suggestions(cards(STANDARD)) for draft in [suggestion["actions"][0]["resource"]]
              if draft["code"]["text"] == "HbA1c")  # fmt: skip
    assert [coding["system"] for coding in own["code"]["coding"]] == ["http://loinc.org"]


def test_a_panel_without_a_code_of_the_site_does_not_replace_orders_that_have_one() -> None:
    low = result("17861-6", 7.0, "mg/dL", "2026-06-01")

    def ordered(caller: Caller) -> set[str]:
        return {suggestion["label"] for suggestion in suggestions(cards(caller, low))}

    (panel,) = (label for label in ordered(STANDARD) if "panel" in label)
    codes = [{"system": "urn:x", "code": "1"}]
    apart = ordered(Caller.model_validate({"order_codes": {"renal-electrolytes": codes}}))
    assert panel not in apart
    assert "Order: Potassium, sodium and creatinine" in apart
    keys = {panel.key: codes for panel in knowledge().program.rules.orders.panels}
    assert panel in ordered(Caller.model_validate({"order_codes": {"renal-electrolytes": codes} | keys}))


def test_topics_of_the_site() -> None:
    found = cards(Caller(topic_codes={"workup": "Ours1"}))
    codes = [card["source"]["topic"]["code"] for card in found]
    assert "Ours1" in codes
    assert "NocturnalLegCrampsMedicines" in codes


@pytest.mark.requirement("C-12", "L-1", "L-2", "L-3", "SRC-1", "SRC-2", "SRC-3", "CRD-9")
def test_links_lead_to_the_rules_and_to_what_the_leading_rule_rests_on(client_cards: list[Card]) -> None:
    for card in client_cards:
        first, *evidence = card["links"]
        rules = card["extension"]["org.nocturnal-cramps.rules"]
        assert first["url"] == f"https://cds.example/rules?show={','.join(rules)}"
        assert len(evidence) <= 2
        for link in card["links"]:
            assert link.keys() == {"label", "url", "type"}
            assert link["type"] == "absolute"
            assert link["url"].startswith("https://")
            assert "p1" not in link["url"]
    assert any(card["links"][1:] for card in client_cards)


FILE = """\
anonymous:
  profile: cds-hooks-1.0
clients:
  - id: hospital
    issuer: https://ehr.example
    keys_url: https://ehr.example/jwks
    profile: epic
    services: [nocturnal-leg-cramps-order-sign]
    prefetch_keys: {labs: observations}
    order_codes:
      hba1c: [{system: "urn:x", code: "1"}]
    topic_codes: {urgent: Ours1}
"""


def clients(folder: Path, text: str) -> Clients:
    path = folder / "clients.yaml"
    path.write_text(text)
    return read_clients(path)


def test_what_a_clients_file_names_exists(tmp_path: Path) -> None:
    assert check(clients(tmp_path, FILE), knowledge().program) == []


@pytest.mark.parametrize(
    ("ours", "theirs", "fault"),
    [
        ("hba1c:", "hba1d:", "hospital: order_codes: there is no order hba1d"),
        ("labs: observations", "labs: results", "hospital: prefetch_keys: there is no prefetch key results"),
        ("profile: cds-hooks-1.0", "prefetch_keys: {x: y}", "anonymous: prefetch_keys: there is no prefetch key y"),
    ],
)
def test_what_it_names_and_there_is_none_of_is_a_fault(tmp_path: Path, ours: str, theirs: str, fault: str) -> None:
    assert check(clients(tmp_path, FILE.replace(ours, theirs)), knowledge().program) == [fault]
