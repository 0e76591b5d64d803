"""A clients file changes how the cards of a caller look."""

import json
from pathlib import Path
from typing import Any

import httpx2
import pytest

from service.examples import FOLDER
from tests.support.conformance import holds, is_response
from tests.support.server import serving

SERVICE = "nocturnal-leg-cramps"


def cards(folder: Path, anonymous: str) -> list[dict[str, Any]]:
    """The cards of the example call for a caller with these lines of the clients file."""
    path = folder / "clients.yaml"
    path.write_text(f"anonymous:\n{anonymous}")
    message = json.loads((FOLDER / "cds-services" / f"{SERVICE}.json").read_bytes())
    with (
        serving(folder / "log", CLIENTS_FILE=str(path)) as server,
        httpx2.Client(trust_env=False, timeout=30, event_hooks={"response": [holds]}) as client,
    ):
        body = is_response(client.post(f"{server.url}/cds-services/{SERVICE}", json=message))
    found: list[dict[str, Any]] = body["cards"]
    return found


@pytest.mark.requirement("C-8", "C-9")
def test_a_caller_of_cds_hooks_1_0(tmp_path: Path) -> None:
    for card in cards(tmp_path, "  profile: cds-hooks-1.0\n"):
        assert not {"uuid", "overrideReasons"} & set(card)
        assert "topic" not in card["source"]
        if "suggestions" in card:
            assert card["selectionBehavior"] == "at-most-one"
            assert not any("isRecommended" in suggestion for suggestion in card["suggestions"])
            if len(card["suggestions"]) > 1:
                assert card["suggestions"][0]["label"].startswith("Order all: ")


@pytest.mark.requirement("Q-E6", "Q-E7", "Q-E8")
def test_a_caller_like_epic(tmp_path: Path) -> None:
    written = (
        '  profile: epic\n  order_codes:\n    hba1c: [{system: "urn:x", code: LAB1}]\n  topic_codes: {workup: Ours1}\n'
    )
    found = cards(tmp_path, written)
    assert found[0]["source"]["topic"]["code"] == "Ours1"
    for card in found:
        assert card["source"]["topic"]["code"].isalnum()
        assert card.get("selectionBehavior", "any") == "any"
    suggestions = [suggestion for card in found for suggestion in card.get("suggestions", ())]
    actions = [action for suggestion in suggestions for action in suggestion["actions"]]
    assert len(actions) == len(suggestions)
    assert all(action["resource"]["code"]["text"] in action["description"] for action in actions)
    (hba1c,) = (action["resource"] for action in actions if action["resource"]["code"]["text"] == "HbA1c")
    assert hba1c["code"]["coding"][0] == {"system": "urn:x", "code": "LAB1"}
