"""The rule catalogue as data: what each rule asks, wants, says, and rests on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from service.engine.program import Program, clauses_of, walk
from service.knowledge.schema import Clause, Recommendation
from service.knowledge.site import Decided
from service.prose import sentence


def listing(program: Program, only: Iterable[str] = ()) -> dict[str, Any]:
    """Returns the rule set and its rules, a few members each, in its order; `only` keeps the named ones."""
    ruleset = program.rules.ruleset
    wanted = set(only)
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
            for rule in (program.rules.recommendations[name] for name in ruleset.order)
            if not wanted or rule.id in wanted
        ],
    }


def entry(program: Program, rule_id: str) -> dict[str, Any]:
    """Returns one rule as written, with its logic in a sentence, its value sets, thresholds and sources in full."""
    rule = program.rules.recommendations[rule_id]
    written = rule.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    clauses = [clause for own in clauses_of(rule) for clause in walk(own, program.rules)]
    used = sorted({name for clause in clauses for name in getattr(getattr(clause, clause.word), "in_", None) or ()})
    decided = program.rules.decided
    return {
        **written,
        **({"site": here} if decided and (here := _here(decided, rule_id)) else {}),
        "logic": sentence(program.rules, rule.when),
        "thresholds": list(_thresholds(rule, clauses, program)),
        "valueSets": [_value_set(program, name) for name in used],
        "sources": [
            program.rules.sources[name].model_dump(mode="json", exclude_none=True)
            for name in sorted(set(_sources(written)))
        ],
    }


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


def _sources(tree: Any) -> Iterator[str]:
    """Yields the id of every source that a rule names anywhere."""
    if isinstance(tree, dict):
        for name, value in tree.items():
            if name == "sources":
                yield from value
            elif name == "source":
                yield value
            else:
                yield from _sources(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _sources(value)
