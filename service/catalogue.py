"""The rule catalogue as data: what each rule asks, wants, says, and rests on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from service.engine.program import Program, clauses_of
from service.engine.reach import walk
from service.knowledge.schema import Clause, Recommendation
from service.knowledge.site import Decided
from service.prose import condition, sentence
from service.source_attributes import source_attributes, sources_of


def listing(program: Program, only: Iterable[str] = ()) -> dict[str, Any]:
    """Returns the rule set and its rules, a few members each, in its order; `only` keeps the named ones."""
    ruleset = program.rules.ruleset
    wanted = set(only)
    shown = [program.rules.recommendations[name] for name in ruleset.order if not wanted or name in wanted]
    return {
        "ruleset": {"id": ruleset.id, "version": ruleset.version, "digest": program.digest, "title": ruleset.title},
        "intendedUse": ruleset.intended_use,
        "notFor": ruleset.not_for,
        "developer": ruleset.developer,
        "funding": ruleset.funding,
        "contact": ruleset.contact,
        "rules": [
            {
                "id": rule.id,
                "version": rule.version,
                "status": rule.status,
                "title": rule.title,
                "population": rule.population,
                "indicator": rule.indicator,
                "summary": rule.card.summary,
                "logic": sentence(program.rules, rule.when),
                "reviewed": rule.reviewed.model_dump(mode="json"),
            }
            for rule in shown
        ],
        "sourceAttributes": source_attributes(program, shown),
    }


def entry(program: Program, rule_id: str) -> dict[str, Any]:
    """Returns one rule as written, with its logic in a sentence, its value sets, thresholds and sources in full."""
    rule = program.rules.recommendations[rule_id]
    written = rule.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    clauses = [clause for own in clauses_of(rule) for clause in walk(own, program.rules.definitions)]
    used = sorted({name for clause in clauses for name in getattr(getattr(clause, clause.word), "in_", None) or ()})
    decided = program.rules.decided
    return {
        **written,
        **_applying(rule, written, clauses, program),
        **({"site": here} if decided and (here := _here(decided, rule_id)) else {}),
        "logic": sentence(program.rules, rule.when),
        "thresholds": list(_thresholds(rule, clauses, program)),
        "valueSets": [_value_set(program, name) for name in used],
        "sources": [
            program.rules.sources[name].model_dump(mode="json", exclude_none=True) for name in sources_of(program, rule)
        ],
        "sourceAttributes": source_attributes(program, [rule]),
    }


def _applying(
    rule: Recommendation, written: dict[str, Any], clauses: Iterable[Clause], program: Program
) -> dict[str, Any]:
    """The parts of a rule that a clause may hold back, each with when it applies in words; orders with their label."""
    named = {clause.as_: clause for clause in clauses if clause.as_}
    told: dict[str, Any] = {}
    for name in ("tests", "offers", "escalate", "bedside", "advice", "when_satisfied"):
        parts = getattr(rule, name)
        for part, item in zip(parts, written.get(name, ()), strict=True):
            said = condition(program.rules, named, part)
            label = {"label": program.orders[part.order].label} if hasattr(part, "order") else {}
            told.setdefault(name, []).append({**item, **label, **({"applies": said} if said else {})})
    if rule.card.variants:
        pairs = zip(rule.card.variants, written["card"]["variants"], strict=True)
        variants = [{**item, "applies": condition(program.rules, named, part)} for part, item in pairs]
        told["card"] = {**written["card"], "variants": variants}
    return told


def _value_set(program: Program, name: str) -> dict[str, Any]:
    valueset = program.rules.valuesets[name]
    rows = program.rules.expansions.get(name, [])
    return {"id": name, "title": valueset.title, "purpose": valueset.purpose, "codes": len(rows)}


def _thresholds(rule: Recommendation, clauses: Iterable[Clause], program: Program) -> Iterator[dict[str, Any]]:
    """Every number with what it is for, and where it comes from: its sources, or the reason it was chosen."""
    for test in rule.tests:
        label = program.orders[test.order].label
        yield _number(f"{label} counts as done for {test.within} days", test.why, test.sources)
    seen = set()
    for clause in clauses:
        if clause.sources or clause.why:
            said = sentence(program.rules, clause)
            if said not in seen:
                seen.add(said)
                yield _number(said, clause.why, clause.sources)


def _number(says: str, why: str | None, sources: list[str] | None) -> dict[str, Any]:
    return {"says": says, **({"why": why} if why else {}), **({"sources": sources} if sources else {})}


def _here(decided: Decided, rule_id: str) -> dict[str, Any]:
    """What the site decided on one rule."""
    site = decided.site
    thresholds = [{"path": c.path, "published": c.was, "here": c.now} for c in decided.of(rule_id)]
    switched = "off" if rule_id in site.off else "draft" if rule_id in site.draft else None
    return {**({"thresholds": thresholds} if thresholds else {}), **({"switched": switched} if switched else {})}
