"""What is remembered of concepts changes nothing: neither what they mean, nor whose they are."""

from typing import Any

import msgspec

from service.engine import load_program
from service.gates.vignettes import prepare
from service.terms import Coded, Recogniser, recogniser
from tests.support.server import ROOT

RULES = ROOT / "rules"


class Forgetful(dict[Any, Any]):
    def __setitem__(self, key: Any, value: Any) -> None:
        """Keep nothing."""


def _size(memory: dict[str, dict[Any, Any]]) -> int:
    return sum(map(len, memory.values()))


def test_every_vignette_reads_the_same_with_and_without_the_memory() -> None:
    program = load_program(RULES)
    first = prepare(program, RULES)
    remembered = _size(program.terms.memory)
    again = prepare(program, RULES)
    assert remembered > 300
    assert _size(program.terms.memory) == remembered
    program.terms.memory = {kind: Forgetful() for kind in program.terms.memory}
    without = prepare(program, RULES)
    assert _size(program.terms.memory) == 0
    assert [item.facts for item in first] == [item.facts for item in without]
    assert [item.facts for item in again] == [item.facts for item in without]


def test_words_without_a_code_are_forgotten_with_the_request() -> None:
    program = load_program(RULES)
    concept = msgspec.json.encode({"text": "Type 2 diabetes mellitus"})
    one = Recogniser(program.terms)
    found = one.remember("condition", concept, (), ("Type 2 diabetes mellitus",))
    assert "diabetes" in found.valuesets
    assert _size(program.terms.memory) == 0


def test_the_memory_is_bounded(monkeypatch: Any) -> None:
    monkeypatch.setattr(recogniser, "_MOST_REMEMBERED", 5)
    program = load_program(RULES)
    prepare(program, RULES)
    assert all(len(known) <= 5 for known in program.terms.memory.values())


def test_a_concept_as_long_as_none_is_forgotten_with_the_request() -> None:
    program = load_program(RULES)
    long = {"coding": [{"system": "http://loinc.org", "code": "2823-3", "display": "x" * 5000}]}
    written = msgspec.json.encode(long)
    coded = (Coded("http://loinc.org", "2823-3", "x" * 5000),)
    assert "potassium" in Recogniser(program.terms).remember("observation", written, coded, ()).valuesets
    assert _size(program.terms.memory) == 0
