"""docs/unverified.md: it lists all that is left out, and what it calls confirmed is confirmed."""

import re
from functools import cache

import pytest

from service.knowledge.load import Rules, load_rules
from tests.support.server import ROOT
from tests.support.unverified import PAGE, written
from tests.support.verified import LISTS, Verified

needs_lists = pytest.mark.skipif(not LISTS.is_dir(), reason="NO VERIFIED LISTS: shared/terminology is not there")
ROW = re.compile(r"\| ([a-z0-9-]+) (\S+) \| .+? \| (\S+) \| (\S+) \|.*\|")
CODES = [match.groups() for match in map(ROW.fullmatch, PAGE.read_text("utf-8").splitlines()) if match]


@cache
def rules() -> Rules:
    return load_rules(ROOT / "rules")


def used_in(system: str, code: str) -> set[str]:
    """The value sets that hold a code, and `orders` where it can be ordered."""
    found = {
        name
        for name, rows in rules().expansions.items()
        for row in rows
        if (row.system, row.code) == (system, code) and not row.match.startswith("not-")
    }
    ordered = {(order.code.system, order.code.code) for order in rules().orders.orders if order.code is not None}
    return found | ({"orders"} if (system, code) in ordered else set())


def test_everything_left_out_is_listed() -> None:
    page = PAGE.read_text("utf-8")
    assert page == written(page), "write it anew: .venv/bin/python -m tests.support.unverified"


def test_every_code_marked_from_memory_has_its_row() -> None:
    assert len(CODES) == 40
    assert len(CODES) == len(set(CODES))


@pytest.mark.parametrize(("system", "code", "confirmed", "used"), CODES)
def test_a_code_is_used_where_the_page_says_so_and_only_if_confirmed(
    system: str, code: str, confirmed: str, used: str
) -> None:
    if used == "-":
        assert not used_in(system, code)
    else:
        assert confirmed != "-"
        assert used in used_in(system, code)


@needs_lists
def test_a_code_is_confirmed_where_the_page_says_so() -> None:
    verified = Verified()
    for system, code, confirmed, _ in CODES:
        files = verified.files(system, code)
        assert confirmed in files if confirmed != "-" else not files, (system, code)


@needs_lists
def test_what_is_said_to_stand_in_no_list_stands_in_none() -> None:
    verified = Verified()
    claims = ("no verified list", "no listed prefix", "no list")
    wrong = [
        (name, left.code)
        for name, valueset in rules().valuesets.items()
        for left in valueset.left_out
        if left.system and left.code and any(claim in left.why for claim in claims)
        if verified.files(left.system, left.code)
    ]
    assert not wrong
