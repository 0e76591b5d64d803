"""What an evaluation leaves out, sorts and shares between rules changes nothing: each rule says what it says alone."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, timedelta
from functools import cache
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from service import wire
from service.engine.answers import Truth
from service.engine.case import ANY_RECORD, KINDS, Case
from service.engine.comparison import newest
from service.engine.completion import Completion
from service.engine.evaluate import Evaluation, evaluate
from service.engine.program import CompiledRule, Program, clauses_of, load_program, recompile
from service.engine.reach import Reach, touching, walk
from service.engine.words import Ask
from service.facts import Facts, normalise
from service.facts.dates import Day
from service.facts.model import Result
from service.gates.vignettes import call_of, load_vignettes
from service.knowledge.schema import Recommendation
from service.knowledge.vignettes import Vignette
from service.prefetch import templates
from service.services import SERVICES
from service.supply import supply
from tests.support.server import ROOT

RULES = ROOT / "rules"
TODAY = date(2026, 6, 15)
ANALYTES = ("potassium", "sodium")
DAYS = st.integers(min_value=-3, max_value=400)
AGES = st.fixed_dictionaries({analyte: st.lists(DAYS) for analyte in ANALYTES})
WINDOWS = st.sampled_from([0, 1, 30, 90, 365])


@cache
def program() -> Program:
    """The published rules, but what is found has the same names in each of them."""
    published = load_program(RULES)

    def renamed(rule: CompiledRule) -> CompiledRule:
        tree = rule.recommendation.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        return recompile(published, Recommendation.model_validate(with_names(tree, {})))

    return replace(published, first=tuple(map(renamed, published.first)), second=tuple(map(renamed, published.second)))


def with_names(node: Any, names: dict[str, str]) -> Any:
    """The tree with first, second, … for the names of what is found, in the order in which they come."""
    if isinstance(node, list):
        return [with_names(item, names) for item in node]
    if not isinstance(node, dict):
        return node
    new = {name: with_names(value, names) for name, value in node.items()}
    for name in {"as", "found", "after", "same_side"} & new.keys():
        old = [new[name]] if isinstance(new[name], str) else new[name]
        given = [names.setdefault(one, f"name-{len(names)}") for one in old]
        new[name] = given[0] if isinstance(new[name], str) else given
    return new


@cache
def alone() -> dict[str, Program]:
    """Each rule that asks about no other as a rule set of its own, in which it is always asked."""
    always = frozenset([ANY_RECORD])
    return {
        rule.id: replace(program(), first=(replace(rule, touched_by=always),), second=()) for rule in program().first
    }


@cache
def vignettes() -> list[Vignette]:
    return [
        vignette for group, _ in load_vignettes(RULES).values() if group.as_of == TODAY for vignette in group.vignettes
    ]


def facts_of(patients: Sequence[Vignette]) -> Facts:
    """The facts of one patient with the records of several."""
    record = [entry for patient in patients for entry in patient.record]
    patient = patients[0].model_copy(update={"record": record})
    offered = tuple(replace(template, required=False) for template in templates(program()))
    message = wire.read(call_of(program(), patient, TODAY, offered), SERVICES["nocturnal-leg-cramps"])
    return normalise(supply(message, offered), program().terms, TODAY, UTC)


@settings(max_examples=60)
@given(st.integers(min_value=0), st.sampled_from([1, 5, 25, 40]), st.booleans(), st.data())
def test_a_rule_says_among_all_what_it_says_alone(
    seed: int, patients: int, complaint_given: bool, data: st.DataObject
) -> None:
    facts = facts_of(Random(seed).sample(vignettes(), patients))  # many in one, so that many rules speak together
    medicines = sorted({fact.reference for listed in facts.medicines.values() for fact in listed})
    orders = data.draw(st.none() | st.sets(st.sampled_from(medicines)).map(frozenset)) if medicines else None

    def said(rules: Program) -> Evaluation:
        return evaluate(rules, facts, TODAY, complaint_given=complaint_given, orders=orders)

    together = {finding.rule.id: finding for finding in said(program()).findings}
    for name, rules in alone().items():
        (finding,) = said(rules).findings
        if together[name].outcome == "replaced":
            assert finding.speaks
            assert finding.found == together[name].found
        else:
            assert finding == together[name]


@cache
def drafted() -> Program:
    """The rules, each of them a draft."""

    def draft(rule: CompiledRule) -> CompiledRule:
        return recompile(program(), rule.recommendation.model_copy(update={"status": "draft"}))

    return replace(program(), first=tuple(map(draft, program().first)), second=tuple(map(draft, program().second)))


@settings(max_examples=60, deadline=None)
@given(st.integers(min_value=0), st.sampled_from([1, 5, 25, 40]), st.booleans())
def test_a_draft_that_is_only_counted_has_the_outcome_that_it_has_whole(
    seed: int, patients: int, complaint_given: bool
) -> None:
    facts = facts_of(Random(seed).sample(vignettes(), patients))
    whole, counted = (
        evaluate(drafted(), facts, TODAY, complaint_given=complaint_given, drafts_whole=drafts_whole)
        for drafts_whole in (True, False)
    )
    assert [(f.rule.id, f.outcome) for f in counted.said] == [(f.rule.id, f.outcome) for f in whole.said]


@given(st.lists(st.frozensets(st.sampled_from("abcde"))), st.frozensets(st.sampled_from("abcdef")))
def test_those_clauses_are_touched_that_have_something_in_common_with_a_case(
    clauses: list[frozenset[str]], touches: frozenset[str]
) -> None:
    touched = [number for number, names in enumerate(clauses) if names & touches]
    assert Reach(clauses).touched(touches) == touched


@cache
def asked() -> list[tuple[Ask, frozenset[str]]]:
    """Every clause of the rules, inner ones too, asked by itself."""
    rules = program().rules
    every = [
        each
        for rule in program().all
        for own in clauses_of(rule.recommendation)
        for each in walk(own, rules.definitions)
    ]
    return [(program().clauses.compile(each), touching(each, rules.definitions)) for each in every]


@settings(max_examples=30, deadline=None)
@given(st.integers(min_value=0), st.sampled_from([1, 5, 25]))
def test_a_clause_that_a_case_does_not_touch_is_no(seed: int, patients: int) -> None:
    facts = facts_of(Random(seed).sample(vignettes(), patients))
    case = Case(facts, TODAY, program().terms)
    untouched = [ask for ask, touched_by in asked() if touched_by.isdisjoint(case.touches)]
    assert untouched
    for ask in untouched:
        assert ask(case).truth is Truth.NO


def case_of(days_ago: dict[str, list[int]]) -> Case:
    facts = Facts(supplied=frozenset(kind for kinds in KINDS.values() for kind in kinds))
    for analyte in ANALYTES:
        for number, age in enumerate(days_ago[analyte]):
            facts.results[analyte].append(
                Result(
                    reference=f"Observation/{analyte}-{number}",
                    valuesets=frozenset([analyte]),
                    label=analyte,
                    day=Day(TODAY - timedelta(days=age)),
                    analyte=analyte,
                    value=1.0,
                    unit="mmol/L",
                    canonical=1.0,
                )
            )
    return Case(facts, TODAY, program().terms)


def in_window(case: Case, window: int | None) -> list[tuple[date, Result]]:
    return [
        (item.day.date, item)
        for listed in case.facts.results.values()
        for item in listed
        if item.day is not None and (window is None or case.within(item.day, window))
    ]


@given(AGES, WINDOWS)
def test_the_newest_results_are_those_of_the_newest_day_in_the_window(ages: dict[str, list[int]], window: int) -> None:
    case = case_of(ages)
    found = in_window(case, window)
    last = max((day for day, _ in found), default=None)
    assert newest(case, ANALYTES, window) == [item for day, item in found if day == last]


@given(AGES, st.none() | WINDOWS, DAYS)
def test_an_order_is_done_by_the_first_of_the_newest_results(
    ages: dict[str, list[int]], window: int | None, start: int
) -> None:
    case = case_of(ages)
    after = Day(TODAY - timedelta(days=start))
    found = [item for item in in_window(case, window) if item[0] >= after.date]
    evidence = Completion((ANALYTES,), "result").evidence(case, window, after=after)
    assert evidence == ([max(found, key=lambda item: item[0])[1]] if found else None)
