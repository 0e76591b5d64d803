"""Where codes come from: every code that we ship, order or try stands in a verified list, the one that its row names."""

import csv
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from service.cards import drafts
from service.gates.vignettes import load_vignettes
from service.knowledge.load import Rules, load_rules
from service.knowledge.vignettes import Item
from tests.support.server import ROOT
from tests.support.verified import LISTS, TABULAR, Verified

pytestmark = pytest.mark.skipif(not LISTS.is_dir(), reason="NO VERIFIED LISTS: shared/terminology is not there")
RULES = ROOT / "rules"
EXPANSIONS = sorted((RULES / "valuesets" / "expansions").glob("*.csv"))
# ICD-9-CM categories that a list holds as one code, and that were divided later: what lies beneath is counted too.
DIVIDED_LATER = {("dialysis", "V45.1"), ("fluid-loss", "276.5"), ("kidney-disease", "585")}
# Vignettes about codes that no list holds, and what each shows.
UNLISTED = {
    ("alcohol-use", "75626-2"): "recognised by its display",
    ("dehydration", "276.51"): "beneath a category that was divided later",
    ("diuretic", "N02BE01"): "another medicine in use",
    ("dvt-active", "B01AC06"): "aspirin is no anticoagulant",
    ("dvt-suspected", "G02BB01"): "recognised by its name",
    ("dvt-suspected", "G03AA07"): "recognised by its name",
    ("dvt-suspected", "G03AC03"): "a progestogen alone",
    ("dvt-suspected", "G03CA03"): "recognised by its name",
    ("dvt-suspected", "G03CA04"): "no list holds it, and nothing names it",
    ("dvt-suspected", "G03FA01"): "recognised by its name",
    ("kidney-stage-4-5", "585.3"): "beneath a category that was divided later",
    ("lab-ck-critical", "32673-6"): "an isoenzyme is another thing",
    ("lab-potassium-low", "2828-2"): "urine is another thing",
    ("lab-sodium-critical", "2955-3"): "urine is another thing",
    ("cramps-on-record", "70628-3"): "too unspecific (clinical.md A2)",
}


@cache
def verified() -> Verified:
    return Verified()


@cache
def rules() -> Rules:
    return load_rules(RULES)


def expansion(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def named_list(row: dict[str, str]) -> str:
    source = row["verified_in"]
    return TABULAR if source.startswith(TABULAR) else re.split(r": | \(", source)[0]


@pytest.mark.parametrize("path", [path for path in EXPANSIONS if path.stem != "rxnorm-products"], ids=lambda p: p.stem)
def test_every_code_of_an_expansion_stands_in_the_list_that_its_row_names(path: Path) -> None:
    wrong = []
    for row in filter(lambda row: row["system"], expansion(path)):
        if named_list(row) not in verified().files(row["system"], row["code"]):
            wrong.append((row["system"], row["code"], row["verified_in"]))
    assert not wrong


def test_every_product_and_its_ingredients_stand_in_a_list() -> None:
    rows = expansion(RULES / "valuesets" / "expansions" / "rxnorm-products.csv")
    codes = {code for row in rows for code in (row["code"], *row["ingredients"].split("|"))}
    assert not [code for code in codes if not verified().files("rxnorm", code)]


def test_no_prefix_is_wider_than_what_was_verified() -> None:
    """The tabular list of ICD-10-CM holds all that lies beneath a code; of other systems a prefix must be listed."""
    wider = {
        (path.stem, row["code"])
        for path in EXPANSIONS
        for row in expansion(path)
        if row.get("match") == "prefix" and row["system"] != "icd-10-cm"
        if not verified().is_prefix(row["system"], row["code"])
    }
    assert wider == DIVIDED_LATER


def test_every_code_that_we_order_stands_in_a_list() -> None:
    orders = rules().orders
    codes = [code for order in orders.orders for code in (order.code, *order.placed_as) if code is not None]
    codes += [panel.code for panel in orders.panels]
    assert not [code for code in codes if not verified().files(code.system, code.code)]


def test_every_category_of_a_draft_order_stands_in_a_list() -> None:
    assert not [code for code, _ in drafts._CATEGORY.values() if not verified().files("snomed", code)]


def test_every_code_of_a_vignette_stands_in_a_list_or_is_said_to_stand_in_none() -> None:
    unlisted = {
        (group.rule, item.code)
        for group, _ in load_vignettes(RULES).values()
        for vignette in group.vignettes
        for item in items(vignette)
        if item.system and item.code and not verified().files(item.system, item.code)
    }
    assert unlisted == set(UNLISTED)


def items(thing: Any) -> Iterator[Item]:
    if isinstance(thing, Item):
        yield thing
    if isinstance(thing, BaseModel):
        for name in type(thing).model_fields:
            yield from items(getattr(thing, name))
    elif isinstance(thing, list):
        for member in thing:
            yield from items(member)


@pytest.mark.parametrize(
    ("system", "code"),
    [("snomed", "427034005"), ("loinc", "39052-2"), ("loinc", "39053-0"), ("loinc", "8636-3"), ("icd-10", "G47.8")],
)
def test_codes_that_clinical_md_warns_of_or_nobody_showed_are_in_no_list(system: str, code: str) -> None:
    assert not verified().files(system, code)
    shipped = {(row.get("system"), row["code"]) for path in EXPANSIONS for row in expansion(path)}
    assert (system, code) not in shipped


def test_codes_for_checking_only_are_not_verified_for_shipping() -> None:
    rows = expansion(LISTS / "snomed_verify_only_codes.csv")
    assert rows
    assert not [row["code"] for row in rows if verified().files("snomed", row["code"])]
