"""The rule catalogue as data: what each rule asks, wants, says, and rests on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from service.engine.program import Program, walk
from service.knowledge.site import Decided


def listing(program: Program) -> dict[str, Any]:
    """Returns all rules, a few members each, in the rule set's order."""
    ruleset = program.rules.ruleset
    return {
        "ruleset": {"id": ruleset.id, "version": ruleset.version, "digest": program.digest, "title": ruleset.title},
        "intendedUse": ruleset.intended_use,
        "notFor": ruleset.not_for,
        "rules": [
            {
                "id": rule.id,
                "version": rule.version,
                "status": rule.status,
                "title": rule.title,
                "population": rule.population,
                "indicator": rule.indicator,
                "summary": rule.card.summary,
            }
            for rule in (program.rules.recommendations[name] for name in ruleset.order)
        ],
    }


def entry(program: Program, rule_id: str) -> dict[str, Any]:
    """Returns one rule as written, with its value sets by title and its sources in full."""
    rule = program.rules.recommendations[rule_id]
    written = rule.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    used = sorted(
        {name for clause in walk(rule.when, program.rules) for name in getattr(getattr(clause, clause.word), "in_", ())}
    )
    decided = program.rules.decided
    return {
        **written,
        **({"site": here} if decided and (here := _here(decided, rule_id)) else {}),
        "valueSets": [{"id": name, "title": program.rules.valuesets[name].title} for name in used],
        "sources": [
            program.rules.sources[name].model_dump(mode="json", exclude_none=True)
            for name in sorted(set(_sources(written)))
        ],
    }


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
