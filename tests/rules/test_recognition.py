"""Recognition held against 300 facts of real records, each judged by hand.

The sample (tests/data/recognition-sample.csv) was drawn once, at commit 51e181e, by this rule. Population: every
condition, medicine, observation (components too), procedure and report of ../shared/realdata as `recognise` reads them,
a fact being its first coding with a code, with that coding's display, or else its first text. Left out: CPT codes, texts
of more than 100 characters (narrative). Strata: the kind, whether it was recognised then, and if not, whether its code is
a candidate of the terminology lists (or there is none) or not, and the source folder. Of each kind half were recognised:
conditions 60, 40 candidates, 20 others; medicines and observations 40, 25, 15; procedures and reports 9, 6, 5. Folders
take turns by name, each sorted and then shuffled by random.Random(20261122) and drawn from its end; a fact found in two
belongs to the first, and a code comes once.

Expectations come from clinical.md and the purpose of each value set, and were committed before they were compared.
They say what a fact means, not what can be known of it: a code of SNOMED CT outside the Global Patient Set may not be
kept here and reads `withheld`; the lists do not ship it either, so only words can tell it.
"""

import csv
from collections import Counter, defaultdict
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from service.commands.recognise import _things
from service.engine import load_program
from service.engine.program import Program
from service.settings import Settings
from service.terms import Coded, Recogniser
from tests.support.server import ROOT
from tests.support.shared import REALDATA
from tests.support.verified import LISTS, Verified

SAMPLE = ROOT / "tests" / "data" / "recognition-sample.csv"
WITHHELD = "withheld"
AT_LEAST = 0.97


class Fact(NamedTuple):
    kind: str
    system: str
    code: str
    text: str
    expected: frozenset[str]

    @property
    def concept(self) -> tuple[tuple[Coded, ...], tuple[str, ...]]:
        if self.code:
            return (Coded(self.system or None, self.code, self.text or None),), ()
        return (), (self.text,)


@cache
def program() -> Program:
    return load_program(ROOT / "rules", Settings().overlay_file)


@cache
def sample() -> tuple[Fact, ...]:
    with SAMPLE.open(encoding="utf-8", newline="") as file:
        return tuple(
            Fact(row["kind"], row["system"], row["code"], row["text"], frozenset(row["expected"].split()) - {"-"})
            for row in csv.DictReader(file)
        )


def recognised(facts: tuple[Fact, ...]) -> list[frozenset[str]]:
    recogniser = Recogniser(program().terms)
    return [recogniser.recognise(fact.kind, *fact.concept).valuesets for fact in facts]


def share(part: int, whole: int) -> float:
    return part / whole if whole else 1.0


def test_the_sample_is_three_hundred_facts() -> None:
    kinds = Counter(fact.kind for fact in sample())
    assert (kinds["condition"], kinds["medication"], kinds["observation"]) == (120, 80, 80)
    assert kinds["procedure"] + kinds["report"] == 20
    told = [fact[:4] for fact in sample() if fact.code != WITHHELD]
    assert len(told) == len(set(told))


def test_every_expectation_is_a_value_set_for_its_kind_of_thing() -> None:
    wrong = [fact for fact in sample() if not fact.expected <= program().terms.by_kind[fact.kind]]
    assert not wrong


def test_recall_and_precision(capsys: pytest.CaptureFixture[str]) -> None:
    right: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    mistaken: Counter[str] = Counter()
    faults = []
    for fact, found in zip(sample(), recognised(sample()), strict=True):
        right[fact.kind] += len(fact.expected & found)
        missed[fact.kind] += len(fact.expected - found)
        mistaken[fact.kind] += len(found - fact.expected)
        if fact.expected != found:
            faults.append(f"{fact[:4]}: meant {sorted(fact.expected)}, recognised {sorted(found)}")
    lines = [f"{'kind':<12} facts  right  missed  mistaken  recall  precision"]
    facts = Counter(fact.kind for fact in sample())
    for name, kinds in (*((kind, [kind]) for kind in sorted(facts)), ("all", sorted(facts))):
        yes, no, false = (sum(count[kind] for kind in kinds) for count in (right, missed, mistaken))
        number = sum(facts[kind] for kind in kinds)
        recall, precision = share(yes, yes + no), share(yes, yes + false)
        lines.append(f"{name:<12} {number:>5}  {yes:>5}  {no:>6}  {false:>8}  {recall:>6.3f}  {precision:>9.3f}")
    with capsys.disabled():
        print("", *lines, sep="\n")
    assert recall >= AT_LEAST, "\n".join(faults)
    assert precision >= AT_LEAST, "\n".join(faults)


@pytest.mark.skipif(not LISTS.is_dir(), reason="NO VERIFIED LISTS: shared/terminology is not there")
def test_the_sample_keeps_no_code_that_may_not_be_kept() -> None:
    verified = Verified()
    codes = [fact.code for fact in sample() if fact.system == "http://snomed.info/sct" and fact.code != WITHHELD]
    assert codes
    assert not [code for code in codes if not verified.files("snomed", code)]


@pytest.mark.realdata
@pytest.mark.skipif(not REALDATA.is_dir(), reason="NO REAL RECORDS: shared/realdata is not there (CRAMPS_SHARED_DIR)")
def test_every_fact_stands_in_the_real_records_and_a_withheld_code_changes_nothing() -> None:
    recogniser = Recogniser(program().terms)
    seen: dict[tuple[str, str, str, str], set[frozenset[str]]] = defaultdict(set)
    for fact in facts_of_records():
        found = recogniser.recognise(fact.kind, *fact.concept).valuesets
        seen[fact[:4]].add(found)
        seen[fact.kind, fact.system, WITHHELD, fact.text].add(found)
    for fact, found in zip(sample(), recognised(sample()), strict=True):
        assert found in seen[fact[:4]], fact[:4]


def facts_of_records() -> set[Fact]:
    paths = sorted(path for path in REALDATA.rglob("*") if path.suffix in (".json", ".gz", ".ndjson"))
    return {_fact(*thing) for path in paths for thing in _things(Path(path))}


def _fact(kind: str, codings: tuple[Coded, ...], texts: tuple[str, ...]) -> Fact:
    first = next((coding for coding in codings if coding.code), Coded(None, None, None))
    said = next((text for text in (first.display, *texts, *(c.display for c in codings)) if text and text.strip()), "")
    return Fact(kind, first.system or "", first.code or "", " ".join(said.split()), frozenset())
