"""The example files of a site in docs/ are sound, name every decision, and are held by the schema for editors."""

import json
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from service.knowledge.load import Rules, load_rules
from service.knowledge.overlay import with_overlay
from service.knowledge.site import Site, with_site

ROOT = Path(__file__).parents[2]
SITE = ROOT / "docs" / "site-example.yaml"
OVERLAY = ROOT / "docs" / "overlay-example.csv"


@pytest.fixture(scope="module")
def rules() -> Rules:
    return load_rules(ROOT / "rules")


def test_the_site_file_is_sound_and_shows_every_decision(rules: Rules) -> None:
    decided = with_site(rules, SITE).decided
    assert decided is not None
    assert decided.site.model_fields_set == set(Site.model_fields)
    assert [(change.rule, change.was, change.now) for change in decided.changes] == [
        ("ppi-long-term", "180 days", "200 days"),
        ("lab-potassium-low", "3.5 mmol/L", "3.6 mmol/L"),
    ]


def test_so_the_editor_finds() -> None:
    schema = json.loads((ROOT / "rules" / "schema" / "site.schema.json").read_text("utf-8"))
    Draft202012Validator(schema).validate(yaml.safe_load(SITE.read_text("utf-8")))


def test_the_overlay_file_is_sound(rules: Rules) -> None:
    overlay = with_overlay(rules, OVERLAY).overlay
    assert overlay is not None
    assert overlay.codes == 4
    assert overlay.local == ("https://ehr.example/laboratory", "https://ehr.example/formulary")
