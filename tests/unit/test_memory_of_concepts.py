"""What is remembered of concepts changes nothing: neither what they mean, nor whose they are."""

from typing import Any

import msgspec

from service.engine import load_program
from service.gates.vignettes import prepare
from service.terms import Recogniser, recogniser
from tests.support.server import ROOT

RULES = ROOT / "rules"


class Forgetful(dict[Any, Any]):
    def __setitem__(self, key: Any, value: Any) -> None:
        """Keep nothing."""


def test_every_vignette_reads_the_same_with_and_without_the_memory() -> None:
    program = load_program(RULES)
    first = prepare(program, RULES)
    remembered = len(program.terms.memory)
    again = prepare(program, RULES)
    assert remembered > 300
    assert len(program.terms.memory) == remembered
    program.terms.memory = Forgetful()
    without = prepare(program, RULES)
    assert not program.terms.memory
    assert [item.facts for item in first] == [item.facts for item in without]
    assert [item.facts for item in again] == [item.facts for item in without]


def test_words_without_a_code_are_forgotten_with_the_request() -> None:
    program = load_program(RULES)
    concept = msgspec.json.encode({"text": "Type 2 diabetes mellitus"})
    one = Recogniser(program.terms)
    found = one.remember("condition", concept, (), ("Type 2 diabetes mellitus",))
    assert "diabetes" in found.valuesets
    assert not any(program.terms.memory.values())


def test_the_memory_is_bounded(monkeypatch: Any) -> None:
    monkeypatch.setattr(recogniser, "_MOST_REMEMBERED", 5)
    program = load_program(RULES)
    prepare(program, RULES)
    assert len(program.terms.memory) <= 5
