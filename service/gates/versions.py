"""A changed meaning needs a changed version: each rule's meaning is locked with its version in rules/versions.yaml."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from service.engine.program import walk
from service.knowledge import strict_yaml
from service.knowledge.load import Rules
from service.knowledge.schema import Clause, Recommendation, RuleLocks
from service.knowledge.strict_yaml import Fault

FILE = "versions.yaml"
_PROSE = {"title", "purpose", "limits", "evidence", "authors", "reviewed", "why", "sources", "version", "says"}


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
    """Locks new rules and raised versions; returns the faults that only a raised version mends, locking nothing then."""
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
    """Returns what identifies a rule's behaviour: its logic, the value sets, definitions and orders that it uses."""
    tree = rule.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    clauses = [clause for own in _clauses(rule) for clause in walk(own, rules)]
    sets = sorted({name for clause in clauses for name in getattr(getattr(clause, clause.word), "in_", None) or ()})
    definitions = sorted({clause.definition for clause in clauses if clause.definition})
    orders = {test.order for test in rule.tests} | {offer.order for offer in rule.offers}
    used = {
        "sets": {name: [row[:5] for row in rules.expansions.get(name, [])] for name in sets},
        "definitions": {name: _bare(rules.definitions[name].when.model_dump(mode="json")) for name in definitions},
        "orders": {o.key: o.model_dump(mode="json")["complete"] for o in rules.orders.orders if o.key in orders},
    }
    return _digest([_bare({**tree, "card": None, "bedside": None, "advice": None, "when_satisfied": None}), used])


def wording(rule: Recommendation) -> str:
    """Returns what identifies a rule's text: card lines, bedside and advice."""
    tree = rule.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return _digest([tree.get(name) for name in ("title", "card", "bedside", "advice", "when_satisfied")])


def _clauses(rule: Recommendation) -> Iterator[Clause]:
    yield rule.when
    for item in (*rule.tests, *rule.offers, *rule.escalate):
        for name in ("if_", "unless"):
            clause = getattr(item, name, None)
            if clause is not None:
                yield clause


def _bare(tree: Any) -> Any:
    """A tree without what says why rather than what."""
    if isinstance(tree, dict):
        return {name: _bare(value) for name, value in tree.items() if name not in _PROSE and value is not None}
    return [_bare(item) for item in tree] if isinstance(tree, list) else tree


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
