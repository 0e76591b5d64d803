"""A changed meaning needs a changed version: each rule's meaning is locked with its version in rules/versions.yaml."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from service.engine.program import clauses_of
from service.engine.reach import walk
from service.knowledge import strict_yaml
from service.knowledge.load import Rules
from service.knowledge.schema import Model, Recommendation, RuleLocks
from service.knowledge.strict_yaml import Fault

FILE = "versions.yaml"
_PROSE = {"title", "purpose", "limits", "evidence", "authors", "reviewed", "why", "sources", "version", "says"}
_TEXT = {"text", "summary", "summary_unchecked", "due_within"}


def check_versions(rules: Rules, folder: Path) -> list[Fault]:
    """Returns a fault for each rule whose meaning or wording changed while its version did not."""
    read = _read(folder)
    if isinstance(read, list):
        return read
    locks = {lock.id: lock for lock in read.rules}
    faults = [
        Fault(FILE, 1, name, "no such rule: run `make versions`") for name in locks.keys() - rules.recommendations
    ]
    for name, rule in rules.recommendations.items():
        file = f"recommendations/{name}.yaml"
        lock = locks.get(name)
        if lock is None:
            faults.append(rules.fault(file, ("version",), "the version is not locked: run `make versions`"))
        elif lock.version == rule.version:
            if lock.meaning != meaning(rules, rule):
                say = f"the meaning changed since {lock.version}: raise the major or minor number"
                faults.append(rules.fault(file, ("version",), say))
            elif lock.wording != wording(rule):
                faults.append(
                    rules.fault(file, ("version",), f"the wording changed since {lock.version}: raise the patch")
                )
        elif _parts(rule.version) < _parts(lock.version):
            faults.append(rules.fault(file, ("version",), f"a version is never lowered: it was {lock.version}"))
        elif lock.meaning != meaning(rules, rule) and _parts(rule.version)[:2] == _parts(lock.version)[:2]:
            say = f"the meaning changed since {lock.version}: raise the major or minor number, not the patch"
            faults.append(rules.fault(file, ("version",), say))
        else:
            faults.append(rules.fault(file, ("version",), f"{rule.version} is not locked yet: run `make versions`"))
    return faults


def write_locks(rules: Rules, folder: Path) -> list[Fault]:
    """Locks new rules and raised versions; returns the faults that only a raised version mends, and locks nothing."""
    if (folder / FILE).exists():
        left = [fault for fault in check_versions(rules, folder) if "`make versions`" not in fault.message]
        if left:
            return left
    lines = [
        "# Written by `make versions`: what each version of a rule means and says. A change here shows in review.",
        "rules:",
    ]
    for name in sorted(rules.recommendations):
        rule = rules.recommendations[name]
        lines.append(
            f"  - {{id: {name}, version: {rule.version}, meaning: {meaning(rules, rule)}, wording: {wording(rule)}}}"
        )
    (folder / FILE).write_text("\n".join(lines) + "\n")
    return []


def meaning(rules: Rules, rule: Recommendation) -> str:
    """Returns what identifies a rule's behaviour: its logic, the value sets, definitions, orders and units it uses."""
    tree = rule.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    clauses = [clause for own in clauses_of(rule) for clause in walk(own, rules.definitions)]
    definitions = sorted({clause.definition for clause in clauses if clause.definition})
    orders = {test.order for test in rule.tests} | {offer.order for offer in rule.offers}
    orders |= {clause.done.order for clause in clauses if clause.done}
    complete = {o.key: o.model_dump(mode="json")["complete"] for o in rules.orders.orders if o.key in orders}
    named = [*clauses, *rule.tests, *complete.values(), *(rules.definitions[name].when for name in definitions)]
    used = {
        "sets": {name: [row[:5] for row in rules.expansions.get(name, [])] for name in _sets(rules, named)},
        "units": {n: [u.model_dump() for u in rules.valuesets[n].units] for n in _sets(rules, named)},
        "definitions": {name: _bare(rules.definitions[name].when.model_dump(mode="json")) for name in definitions},
        "orders": complete,
    }
    return _digest([_bare(tree, {*_PROSE, *_TEXT}), used])


def _sets(rules: Rules, named: list[Any]) -> list[str]:
    """Every value set whose id stands anywhere in what is given."""

    def words(tree: Any) -> Iterator[str]:
        if isinstance(tree, Model):
            tree = tree.model_dump(mode="json")
        if isinstance(tree, dict):
            tree = list(tree.values())
        if isinstance(tree, list):
            for item in tree:
                yield from words(item)
        elif isinstance(tree, str):
            yield tree

    return sorted({word for item in named for word in words(item)} & rules.valuesets.keys())


def wording(rule: Recommendation) -> str:
    """Returns what identifies a rule's text: card lines, bedside and advice."""
    tree = rule.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return _digest([tree.get(name) for name in ("title", "card", "bedside", "advice", "when_satisfied")])


def _bare(tree: Any, without: set[str] = _PROSE) -> Any:
    """A tree without the members that say why rather than what."""
    if isinstance(tree, dict):
        kept = {name: _bare(value, without) for name, value in tree.items() if name not in without}
        return {name: value for name, value in kept.items() if value is not None}
    return [_bare(item, without) for item in tree] if isinstance(tree, list) else tree


def _digest(tree: Any) -> str:
    return hashlib.sha256(json.dumps(tree, sort_keys=True).encode()).hexdigest()[:16]


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _read(folder: Path) -> RuleLocks | list[Fault]:
    path = folder / FILE
    if not path.exists():
        return [Fault(FILE, 1, "", "the file is missing: run `make versions`")]
    read = strict_yaml.read_model(path.read_text(), FILE, RuleLocks)
    return read if isinstance(read, list) else read[0]
