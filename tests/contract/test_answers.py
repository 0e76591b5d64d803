"""What holds for the bytes of every answer, of whatever kind it is."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import httpx2
import pytest
from fhir.resources.R4B.servicerequest import ServiceRequest

from service.examples import FOLDER, TITLES
from tests.support.conformance import empties, finding, is_response, markup
from tests.support.records import PATIENT, bundle, condition
from tests.support.server import Server

CHART = "/cds-services/nocturnal-leg-cramps"
LAY = {"userId": "Patient/p1", "patientId": "p1"}
Ask = Callable[[httpx2.Client], httpx2.Response]
Json = dict[str, Any]


def example(folder: str, stem: str, **changed: Any) -> Ask:
    """An example of the documentation, sent to the address that its folder or name stands for."""
    path = {"evaluate": "/evaluate?asOf=2026-06-15", "feedback": f"{CHART}/feedback"}.get(
        folder, f"/cds-services/{stem}"
    )
    body = json.loads((FOLDER / folder / f"{stem}.json").read_bytes()) | changed
    return lambda client: client.post(path, json=body)


ANSWERS: dict[str, Ask] = {
    "discovery": lambda client: client.get("/cds-services"),
    "rules": lambda client: client.get("/rules"),
    "ready": lambda client: client.get("/readyz"),
    "a patient looks": example("cds-services", "nocturnal-leg-cramps", context=LAY),
    "nothing prefetched": example("cds-services", "nocturnal-leg-cramps", prefetch=None),
    "no JSON": lambda client: client.post(CHART, content=b"{"),
    "no address": lambda client: client.get("/nowhere"),
    "wrong method": lambda client: client.get(CHART),
} | {f"{folder}: {stem}": example(folder, stem) for folder, stems in TITLES.items() for stem in stems}
CARDS = [name for name in ANSWERS if name.startswith(("cds-services: ", "evaluate: ")) and not name.endswith("bundle")]


@pytest.fixture(scope="module")
def answers(client: httpx2.Client) -> dict[str, httpx2.Response]:
    return {name: ask(client) for name, ask in ANSWERS.items()}


@pytest.fixture(scope="module")
def cards(answers: dict[str, httpx2.Response]) -> list[Json]:
    found = [card for name in CARDS for card in answers[name].json()["cards"]]
    assert len({card["source"]["topic"]["code"] for card in found}) == 4, "all four kinds of cards"
    return found


def test_what_is_said_of_a_suspicion_is_in_the_contract(client: httpx2.Client) -> None:
    suspected = condition("E11.9", verificationStatus={"coding": [{"code": "provisional"}]})
    said = is_response(client.post("/evaluate?asOf=2026-06-15", json=bundle(PATIENT, suspected)))
    assert finding(said, "diabetes")["found"][0]["verification"] == "suspected"


def walk(tree: Any, path: str = "$") -> Iterator[tuple[str, Any]]:
    yield path, tree
    for name, value in tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ():
        yield from walk(value, f"{path}.{name}")


def _no_constant(name: str) -> None:
    raise AssertionError(name)


@pytest.mark.requirement("J-1", "J-3", "J-4", "J-5", "J-6", "J-7", "J-9")
@pytest.mark.parametrize("name", ANSWERS)
def test_it_is_json_without_null_and_without_emptiness(answers: dict[str, httpx2.Response], name: str) -> None:
    answer = answers[name]
    media_type = answer.headers["content-type"]
    assert media_type == ("application/problem+json" if name == "no address" else "application/json")
    body = json.loads(answer.content.decode("utf-8"), parse_constant=_no_constant)
    assert isinstance(body, dict)
    if name != "rules":  # the catalogue is no message of CDS Hooks
        assert list(empties(body)) == []
    assert [path for path, value in walk(body) if isinstance(value, str) and not value.strip()] == []


@pytest.mark.requirement("S-2", "Y-1", "Y-2", "SG-7", "CRD-8", "Q-E9")
@pytest.mark.parametrize("name", [name for name in ANSWERS if name not in {"rules", "ready"}])
def test_what_we_do_not_use_is_not_there(answers: dict[str, httpx2.Response], name: str) -> None:
    members = {path.rpartition(".")[2] for path, _ in walk(answers[name].json())}
    unused = {
        "systemActions",
        "actionSelectionBehavior",
        "autolaunchable",
        "appContext",
        "icon",
        "hookVersion",
        "version",
    }
    assert not members & (unused - ({"version"} if name == "discovery" or name in CARDS else set()))
    assert "davinci-crd.version" not in answers[name].text
    assert '"smart"' not in answers[name].text


@pytest.mark.requirement("X-1", "X-2")
def test_extensions_are_objects_with_names_of_their_own(answers: dict[str, httpx2.Response]) -> None:
    found = [
        value
        for name in ("discovery", *CARDS)
        for path, value in walk(answers[name].json())
        if path.endswith(".extension") and ".resource." not in path
    ]
    assert found
    for extension in found:
        assert isinstance(extension, dict)
        for name in extension:
            assert re.fullmatch(r"(org\.nocturnal-cramps|davinci-crd|com\.epic\.cdshooks\.[a-z.]+)\.[a-z-]+", name)


@pytest.mark.requirement("C-1", "C-2", "C-5", "C-6", "C-7", "C-13")
def test_a_card_has_what_a_card_needs(cards: list[Json]) -> None:
    assert len({card["uuid"] for card in cards}) == len(cards)
    for card in cards:
        assert str(UUID(card["uuid"])) == card["uuid"]
        assert 0 < len(card["summary"]) < 140
        assert card["indicator"] in {"info", "warning", "critical"}
        assert card["source"]["label"]
        assert isinstance(card.get("suggestions", []), list)
        assert isinstance(card["extension"], dict)


@pytest.mark.requirement("C-3", "C-4")
def test_the_text_of_a_card_is_markdown_without_html(cards: list[Json]) -> None:
    assert all(markup(card["detail"]) == [] for card in cards)


@pytest.mark.requirement("SG-1", "SG-2", "A-1", "A-2", "A-3", "A-6")
def test_a_suggestion_creates_a_whole_draft_order(cards: list[Json]) -> None:
    suggestions = [suggestion for card in cards for suggestion in card.get("suggestions", ())]
    assert suggestions
    assert len({suggestion["uuid"] for suggestion in suggestions}) == len(suggestions)
    for suggestion in suggestions:
        assert str(UUID(suggestion["uuid"])) == suggestion["uuid"]
        assert suggestion["label"]
        for action in suggestion["actions"]:
            assert action["type"] == "create"
            assert action["description"]
            order = ServiceRequest.model_validate(action["resource"])
            assert (order.status, order.subject is not None) == ("draft", True)
            assert order.intent in {"proposal", "plan", "order"}
            assert order.code is not None
            assert order.code.text
            assert all(coding.system and coding.code for coding in order.code.coding or ())


@pytest.mark.requirement("K-1", "K-2")
def test_codings_have_system_code_and_display(cards: list[Json]) -> None:
    for card in cards:
        for coding in (card["source"]["topic"], *card["overrideReasons"]):
            assert {"system", "code", "display"} <= set(coding)
            assert all(isinstance(value, str) for value in coding.values())


@pytest.mark.requirement("TR-1")
def test_every_card_says_as_of_when_it_speaks(answers: dict[str, httpx2.Response]) -> None:
    for name in CARDS:
        body = answers[name].json()
        as_of = body["extension"]["org.nocturnal-cramps.evaluation"]["asOf"]
        assert all(f"As of {as_of}." in card["detail"] for card in body["cards"])


@pytest.mark.requirement("S-8", "Q-E8")
def test_topics_are_static_and_plain(client: httpx2.Client, cards: list[Json]) -> None:
    again = [card for name in CARDS for card in ANSWERS[name](client).json()["cards"]]
    assert [card["source"]["topic"] for card in again] == [card["source"]["topic"] for card in cards]
    for card in cards:
        assert re.fullmatch(r"[A-Za-z0-9]{1,100}", card["source"]["topic"]["code"])


@pytest.mark.requirement("CRD-9", "Q-E10", "Q-S6")
def test_the_text_of_a_card_needs_no_links_and_no_html(cards: list[Json]) -> None:
    for card in cards:
        assert "](" not in card["detail"]
        assert "http" not in card["detail"]
        assert not re.search(r"(?<!\\)<", card["detail"])
        assert card["links"]


@pytest.mark.requirement("Q-DV4")
def test_what_the_request_generator_reads_unchecked_is_there(cards: list[Json]) -> None:
    for card in cards:
        assert card["source"]["label"]
        assert all(suggestion["actions"] for suggestion in card.get("suggestions", ()))


@pytest.mark.requirement("CRD-11")
def test_every_call_leaves_one_line_in_the_log(client: httpx2.Client, server: Server) -> None:
    answer = ANSWERS["cds-services: nocturnal-leg-cramps"](client)
    line = server.line(answer)
    assert line["service"] == "nocturnal-leg-cramps"
    assert line["hook"] == "patient-view"
    assert line["cards"] == len(answer.json()["cards"])
    assert (line["gate"], line["status"]) == ("open", 200)
