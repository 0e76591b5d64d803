"""Panels on cards: which single orders one panel stands in for (clinical.md C2, B9.16)."""

from datetime import date, timedelta
from functools import cache
from pathlib import Path

import pytest

from service.cards.sections import arrange
from service.cards.wanted import requests
from service.engine.case import KINDS
from service.engine.evaluate import evaluate
from service.engine.program import Program, load_program
from service.facts.dates import Day
from service.facts.model import Condition, Facts, Result

RULES = Path(__file__).parents[2] / "rules"
TODAY = date(2026, 6, 15)


@cache
def program() -> Program:
    return load_program(RULES)


def suggested(conditions: list[str], results: list[str]) -> dict[str, list[str]]:
    """What is suggested for these conditions with these results of yesterday: order or panel → the keys it covers."""
    yesterday = Day(TODAY - timedelta(days=1), False)
    facts = Facts(age=60, sex="female", supplied=frozenset(kind for kinds in KINDS.values() for kind in kinds))
    for name in conditions:
        condition = Condition(
            reference=f"Condition/{name}",
            valuesets=frozenset([name]),
            label=name,
            status="current",
            verification="confirmed",
            category="problem",
        )
        facts.conditions[name].append(condition)
    for name in results:
        result = Result(
            reference=f"Observation/{name}",
            valuesets=frozenset([name]),
            label=name,
            day=yesterday,
            analyte=name,
            value=2.3,
            unit="mmol/L",
            canonical=2.3,
        )
        facts.results[name].append(result)
    findings = evaluate(program(), facts, TODAY, complaint_given=True).findings
    wanted = requests(arrange(findings), program())
    return {request.key: sorted(part.key for part in request.parts or [request]) for request in wanted}


@pytest.mark.parametrize(
    ("conditions", "results", "panel", "covers"),
    [
        (["kidney-disease"], [], "renal-function-panel", ["calcium", "phosphate", "renal-electrolytes"]),
        (["kidney-disease"], ["calcium-total"], "renal-function-panel", ["phosphate", "renal-electrolytes"]),
        (
            ["kidney-disease", "cirrhosis"],
            [],
            "comprehensive-metabolic-panel",
            ["calcium", "liver-panel", "renal-electrolytes"],
        ),
        (
            ["kidney-disease", "cirrhosis"],
            ["phosphate"],
            "comprehensive-metabolic-panel",
            ["calcium", "liver-panel", "renal-electrolytes"],
        ),
        (
            ["kidney-disease", "cirrhosis"],
            ["calcium-total"],
            "comprehensive-metabolic-panel",
            ["liver-panel", "renal-electrolytes"],
        ),
    ],
)
def test_one_panel_in_place_of_several_orders(
    conditions: list[str], results: list[str], panel: str, covers: list[str]
) -> None:
    offered = suggested(conditions, results)
    assert offered[panel] == covers
    assert not set(covers) & set(offered)
    assert len([key for key in offered if key.endswith("panel") and key != "liver-panel"]) == 1


def test_phosphate_stays_a_line_of_its_own_beside_the_comprehensive_panel() -> None:
    assert suggested(["kidney-disease", "cirrhosis"], [])["phosphate"] == ["phosphate"]


def test_two_orders_of_which_one_is_the_liver_tests_make_no_panel() -> None:
    offered = suggested(["cirrhosis"], [])
    assert offered == {key: [key] for key in ("renal-electrolytes", "magnesium", "liver-panel")}
