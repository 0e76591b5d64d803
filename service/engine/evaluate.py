"""Facts → findings: pure, with the day as an argument."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Literal

import msgspec
from msgspec.structs import replace

from service.engine.answers import Answer, Truth
from service.engine.case import Case
from service.engine.findings import Done, Finding, Wanted
from service.engine.outstanding import state_of
from service.engine.program import CompiledRule, Program
from service.engine.reach import Reach
from service.facts.model import Fact, Facts
from service.knowledge.schema import Indicator

_NO, _UNKNOWN, _YES = Truth
_RANK: dict[Indicator, int] = {"info": 0, "warning": 1, "critical": 2}
_ESCALATED_WITHIN: dict[Indicator, str] = {"critical": "same day", "warning": "7 days", "info": ""}  # clinical.md B0


class Gate(msgspec.Struct, frozen=True, gc=False):
    """Whether the chart shows leg cramps, or the complaint was given, and what shows it."""

    open: bool
    basis: Literal["given", "chart"]
    found: tuple[Fact, ...] = ()
    missing: tuple[str, ...] = ()


class Evaluation(msgspec.Struct, frozen=True, gc=False):
    """What the rules say in one evaluation, in the rule set's order.

    said: findings that are not silent. shown: those of them that are no drafts. silent: rule id → what it says where
    it says nothing.
    """

    gate: Gate
    silent: dict[str, Finding]
    said: tuple[Finding, ...]
    shown: tuple[Finding, ...]
    facts: Facts
    today: date
    case: Case

    @property
    def findings(self) -> tuple[Finding, ...]:
        """One of every rule."""
        return tuple((self.silent | {finding.rule.id: finding for finding in self.said}).values())


def evaluate(
    program: Program,
    facts: Facts,
    as_of: date,
    *,
    complaint_given: bool = False,
    problems: frozenset[str] | None = None,
    orders: frozenset[str] | None = None,
    drafts_whole: bool = True,
) -> Evaluation:
    """Returns what every rule says of the facts as of a day. Pure: no FHIR, no HTTP, no clock.

    problems: references of the conditions of which one must be leg cramps, or the gate is closed. orders: references
    of the orders that it is about; only the rules speak then whose trigger, or what raises it, rests on one of
    them, and those that `ordering` of ruleset.yaml names. drafts_whole: False where drafts are only counted:
    the finding of one that fires may then tell no more than that.
    """
    case = Case(facts, as_of, program.terms, orders)
    charted = program.gate(case)
    found = charted.found if problems is None else tuple(f for f in charted.found if f.reference in problems)
    shown = charted.truth is _YES and (problems is None or bool(found))
    gate = Gate(
        open=complaint_given or shown,
        basis="given" if complaint_given else "chart",
        found=found,
        missing=charted.missing,
    )
    said: dict[str, Finding] = {}
    _judge(program.first, program.reach_of_first, said, program, case, gate, drafts_whole=drafts_whole)
    _replace(said)
    case.outcomes.update({name: (f.outcome, f.indicator) for name, f in said.items() if f.rule.status == "active"})
    _judge(program.second, program.reach_of_second, said, program, case, gate, drafts_whole=drafts_whole)
    in_order = tuple([said[name] for name in sorted(said, key=program.place.__getitem__)])
    return Evaluation(
        gate=gate,
        silent=program.silent,
        said=in_order,
        shown=tuple([finding for finding in in_order if finding.rule.status == "active"]),
        facts=facts,
        today=as_of,
        case=case,
    )


def _judge(
    rules: Sequence[CompiledRule],
    reach: Reach,
    said: dict[str, Finding],
    program: Program,
    case: Case,
    gate: Gate,
    *,
    drafts_whole: bool,
) -> None:
    """Adds what those of the rules say that are not silent: only what the record touches is asked."""
    facts = case.facts
    if facts.deceased:
        return
    minor = facts.age is not None and facts.age < program.rules.ruleset.adult_age
    closed, orders = not gate.open, case.orders
    for number in reach.touched(case.touches):
        rule = rules[number]
        if (minor and rule.for_adults) or (closed and rule.gated):
            continue
        case.bound.clear()
        answer = rule.when(case)
        if answer.truth is _NO or (orders is not None and not _is_asked(rule, program, case, answer, orders)):
            continue
        if answer.truth is _UNKNOWN:
            finding = replace(rule.silent, outcome="unknown", found=answer.found, missing=answer.missing)
        else:
            finding = _speak(rule, program, case, answer.found, whole=drafts_whole or rule.is_active)
        said[rule.id] = finding


def _is_asked(rule: CompiledRule, program: Program, case: Case, answer: Answer, orders: frozenset[str]) -> bool:
    """Whether the trigger, or what raises it, rests on an order asked about, or the rule speaks at any order."""
    if rule.id in program.rules.ruleset.ordering.rules:
        return True
    raised = (asked(case) for _, asked in rule.escalations)
    answers = (answer, *(each for each in raised if each.truth is _YES))
    return any(fact.reference in orders for each in answers for fact in each.found)


def _speak(rule: CompiledRule, program: Program, case: Case, found: tuple[Fact, ...], *, whole: bool) -> Finding:
    recommendation = rule.recommendation
    card = recommendation.card
    if case.bound:  # what stands in a part of the trigger that is not yes is not meant
        case.keep_bound(found)
    due: list[Wanted] = []
    done: list[Done] = []
    unchecked: list[Wanted] = []
    offered: list[Wanted] = []
    for test in rule.tests.of(case):
        known = state_of(test, program, case)
        if isinstance(known, Done):
            done.append(known)
            continue
        open_tests = unchecked if known.unchecked else due
        if known.order not in [other.order for other in open_tests]:  # one in two windows, where `if` is unknown
            open_tests.append(known)
    if not whole and (due or unchecked or not recommendation.tests):
        return Finding(recommendation, "fires", recommendation.indicator, card.summary)
    for offer in rule.offers.of(case):
        known = state_of(offer, program, case)
        if isinstance(known, Done):
            done.append(known)
        else:
            offered.append(known)
    indicator, raised, raising = _raised(rule, case)
    is_raised = indicator != recommendation.indicator
    fires = bool(due or unchecked or not (recommendation.tests and done)) or (is_raised and indicator == "critical")
    found += raising
    summary = next(iter(rule.variants.of(case)), raised or card.summary)
    if fires and unchecked and not due and card.summary_unchecked and raised is None:
        summary = card.summary_unchecked
    return Finding(
        rule=recommendation,
        outcome="fires" if fires else "satisfied",
        indicator=indicator,
        summary=summary,
        due_within=_ESCALATED_WITHIN[indicator] if is_raised else card.due_within,
        found=tuple(dict.fromkeys(found)) if len(found) > 1 else found,
        due=tuple(due),
        offered=tuple(offered),
        done=tuple(done),
        unchecked=tuple(unchecked),
        bedside=(rule.bedside if fires else rule.when_satisfied).of(case),
        advice=rule.advice.of(case),
    )


def _raised(rule: CompiledRule, case: Case) -> tuple[Indicator, str | None, tuple[Fact, ...]]:
    """How urgent what a rule says is, the card line where something raised it that has one, and the facts of that."""
    indicator, summary = rule.recommendation.indicator, None
    found: tuple[Fact, ...] = ()
    for escalation, asked in rule.escalations:
        if _RANK[escalation.to] > _RANK[indicator] and (raising := asked(case)).truth is _YES:
            indicator, summary = escalation.to, escalation.summary or summary
            found += raising.found
    return indicator, summary, found


def _replace(findings: dict[str, Finding]) -> None:
    """Marks the rules that another one speaks for; a draft is never shown, so it speaks for none."""
    for finding in list(findings.values()):
        if finding.rule.status != "active" or not finding.speaks or findings[finding.rule.id].outcome == "replaced":
            continue
        for other in finding.rule.replaces:
            target = findings.get(other)
            if target is not None and target.speaks:
                findings[other] = replace(
                    target, outcome="replaced", by=finding.rule.id, due=(), offered=(), unchecked=(), done=()
                )
