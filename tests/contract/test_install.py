"""The install sheet: what can be generated is current, and its one call works."""

import json
import re

import httpx2
import pytest

from service.settings import Settings
from tests.support.conformance import is_response
from tests.support.install import PAGE, written

TEXT = PAGE.read_text("utf-8")


@pytest.mark.requirement("D-16", "D-17", "Q-E2")
def test_services_prefetch_and_scopes_are_those_of_discovery(client: httpx2.Client) -> None:
    services = client.get("/cds-services").json()["services"]
    assert written(TEXT, services) == TEXT, "write it anew: .venv/bin/python -m tests.support.install"
    for service in services:
        assert f"`/cds-services/{service['id']}`" in TEXT
        for query in service["prefetch"].values():
            assert f"\n    {query}\n" in TEXT


def test_its_one_call_is_answered_with_a_card(client: httpx2.Client) -> None:
    path, body = re.findall(r"curl -si BASE(\S+) .*?--data '(.*?)'", TEXT, re.DOTALL)[0]
    cards = is_response(client.post(path, json=json.loads(body)))["cards"]
    assert any("Not supplied, so not checked" in card["detail"] for card in cards)


def test_settings_that_it_names_exist() -> None:
    assert set(re.findall(r"CRAMPS_([A-Z_]+)", TEXT)) <= {name.upper() for name in Settings.model_fields}
