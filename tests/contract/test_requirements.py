"""Traceability: what binds the service is proved by a test, and the page that says so is current."""

import re

import pytest

from tests.support.requirements import BINDS, PAGE, marked, page, proofs, requirements
from tests.support.shared import SHARED

CONTRACT = SHARED / "cds-hooks.md"
KNOWN = requirements()
PROVED = proofs()


@pytest.mark.parametrize("id_", [one.id for one in KNOWN.values() if one.binds == "service"])
def test_what_binds_the_service_has_a_test(id_: str) -> None:
    assert PROVED.get(id_), f"no test is marked with {id_}: {KNOWN[id_].rule}"


def test_every_marker_names_a_requirement() -> None:
    assert [(id_, test) for id_, test in marked() if id_ not in KNOWN] == []


def test_the_page_is_current() -> None:
    assert PAGE.read_text("utf-8") == page(), "write it anew: .venv/bin/python -m tests.support.requirements"


def test_the_list_is_whole_and_says_why_a_test_is_missing() -> None:
    for one in KNOWN.values():
        assert one.binds in BINDS, one.id
        assert one.rule.endswith("."), one.id
        assert one.level, one.id
        assert bool(one.why) == (one.binds != "service"), one.id


@pytest.mark.skipif(not CONTRACT.is_file(), reason=f"NO CONTRACT: {CONTRACT.name} is not there (CRAMPS_SHARED_DIR)")
def test_the_list_has_every_numbered_requirement() -> None:
    text = CONTRACT.read_text("utf-8")
    numbered = re.findall(r"^\| ([A-Z]+(?:-[A-Z]+)?-?\d+) \|", text, re.MULTILINE) + re.findall(r"Q-DV\d", text)
    assert set(KNOWN) - {"Meld"} == set(numbered), "Meld has a paragraph there, and no number"
