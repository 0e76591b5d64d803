"""The check that every other test rests on: it is at hand, and it finds what is wrong."""

from typing import Any

import pytest

from tests.support.conformance import empties, hl7, markup
from tests.support.shared import CONFORMANCE

HL7 = pytest.mark.skipif(
    hl7() is None, reason=f"NO CONFORMANCE CHECK: {CONFORMANCE.name} is not there (CRAMPS_SHARED_DIR)"
)
CARD: dict[str, Any] = {
    "summary": "Check potassium.",
    "indicator": "info",
    "source": {"label": "Rules"},
    "suggestions": [{"label": "Order", "actions": [{"type": "create", "description": "Order", "resource": {"a": 1}}]}],
    "selectionBehavior": "any",
}


@HL7
def test_the_models_of_hl7_are_at_hand() -> None:
    check = hl7()
    assert check is not None
    assert check("response", {"cards": [CARD]}) == []


@HL7
@pytest.mark.parametrize(
    "change",
    [
        {"summary": "x" * 140},
        {"indicator": "hard-stop"},
        {"links": []},
        {"uuid": "not-a-uuid"},
        {"selectionBehavior": None},
        {"overrideReasons": [{"code": "a", "system": "b"}]},
    ],
    ids=str,
)
def test_what_breaks_the_contract_is_found(change: dict[str, Any]) -> None:
    check = hl7()
    assert check is not None
    assert check("response", {"cards": [CARD | change]})


@pytest.mark.parametrize("detail", ["<b>bold</b>", "a <script>alert(1)</script>", "- <img src=x onerror=y>"])
def test_raw_html_is_found(detail: str) -> None:
    assert markup(detail)


@pytest.mark.parametrize("detail", ["**bold**", "| a | b |\n| --- | --- |\n| 1 | \\<2 mmol/L |", "*As of today.*"])
def test_markdown_is_no_html(detail: str) -> None:
    assert markup(detail) == []


def test_emptiness_is_found_wherever_it_is() -> None:
    message: dict[str, Any] = {"cards": [], "a": None, "b": {"c": [], "d": ["", {}, 0, False]}}
    assert list(empties(message)) == ["$.a", "$.b.c", "$.b.d[0]", "$.b.d[1]"]
    assert list(empties({"cards": [{"cards": []}]})) == ["$.cards[0].cards"]
