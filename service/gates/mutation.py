"""Mutation: each rule is spoiled in every small way; some vignette of that rule must notice."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from pydantic import ValidationError

from service.engine.program import CompiledRule, Program, recompile
from service.gates.vignettes import Prepared, run
from service.knowledge.schema import Definition, Recommendation

_DAYS = ("within", "older_than", "started_within", "for_at_least", "given_within")
_LOOSER = {
    "current": "any",
    "past": "any",
    "confirmed": "any",
    "suspected": "any",
    "problem": "any",
    "encounter": "any",
}
_SWAPS = {"below": "at_most", "at_most": "below", "above": "at_least", "at_least": "above"}
Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Survivor:
    """A spoiled rule that no vignette noticed."""

    rule: str
    path: str
    change: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.path}: {self.change}"


def mutants(model: Recommendation | Definition) -> Iterator[tuple[Path, str, dict[str, Any]]]:
    """Yields every small spoiling of a rule or definition: where, what, and the spoiled tree."""
    tree = model.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    for path, change, mutate in _mutations(tree, ()):
        spoiled = copy.deepcopy(tree)
        mutate(spoiled)
        yield path, change, spoiled


def survivors(
    program: Program, prepared: list[Prepared], rules: list[str] | None = None
) -> Iterator[tuple[int, list[Survivor]]]:
    """Yields for each rule how many mutants were tried and which of them no vignette noticed."""
    by_rule: dict[str, list[Prepared]] = {}
    for item in prepared:
        by_rule.setdefault(item.subject, []).append(item)
    for rule in program.all:
        if not rules or rule.id in rules:
            watching = [item for name in (rule.id, *rule.recommendation.replaces) for item in by_rule.get(name, ())]
            yield _try(rule.id, rule.recommendation, watching, partial(_spoil, program, rule))
    for name, definition in program.rules.definitions.items():
        if not rules or name in rules:
            yield _try(name, definition, by_rule.get(name, []), partial(_spoil_definition, program))


def _try(
    name: str,
    model: Recommendation | Definition,
    watching: list[Prepared],
    spoil: Callable[[dict[str, Any]], Program | None],
) -> tuple[int, list[Survivor]]:
    """Returns how many mutants there are, and those that none of the vignettes notices."""
    tried, alive = 0, []
    for path, change, tree in mutants(model):
        mutated = spoil(tree)
        if mutated is not None:
            tried += 1
            if not any(run(mutated, item) for item in watching):
                alive.append(Survivor(name, ".".join(map(str, path)), change))
    return tried, alive


def _spoil_definition(program: Program, tree: dict[str, Any]) -> Program | None:
    try:
        definition = Definition.model_validate(tree)
    except ValidationError:
        return None
    return replace(
        program, definitions={**program.definitions, definition.id: program.clauses.compile(definition.when)}
    )


def _spoil(program: Program, rule: CompiledRule, tree: dict[str, Any]) -> Program | None:
    """Returns the program with one rule spoiled, None where the spoiled rule is no rule any more."""
    try:
        recommendation = Recommendation.model_validate(tree)
    except ValidationError:
        return None
    spoiled = recompile(program, recommendation)
    first = tuple(spoiled if old is rule else old for old in program.first)
    second = tuple(spoiled if old is rule else old for old in program.second)
    return replace(program, first=first, second=second)


def _mutations(node: Any, path: Path) -> Iterator[tuple[Path, str, Any]]:
    if isinstance(node, list):
        for number, item in enumerate(node):
            yield from _mutations(item, (*path, number))
        return
    if not isinstance(node, dict):
        return
    for name, value in node.items():
        here = (*path, name)
        if name == "card":
            yield from _mutations({"variants": value.get("variants", [])}, here)
        if name in ("evidence", "card", "authors", "reviewed", "sources", "why", "title", "purpose", "limits"):
            continue
        yield from _of_member(name, value, here, path)
        yield from _mutations(value, here)


def _of_member(name: str, value: Any, here: Path, path: Path) -> Iterator[tuple[Path, str, Any]]:
    if name in (
        "all",
        "any",
        "none",
        "in",
        "tests",
        "offers",
        "escalate",
        "replaces",
        "negative",
        "reason_not_in",
        "ended_by",
        "variants",
    ):
        least = 0 if name in ("tests", "offers", "escalate", "replaces", "variants") else 1
        for number in range(len(value)) if len(value) > least else ():
            yield (*here, number), "dropped", _dropping(here, number)
    if name in _DAYS and isinstance(value, int):
        for step in (-1, 1):
            if value + step >= 0:
                yield here, f"{value} days became {value + step}", _setting(here, value + step)
    if name in ("below", "at_least", "above", "at_most"):
        yield from _of_bound(name, value, here, path)
    if name in ("status", "verification", "category") and isinstance(value, str) and value in _LOOSER and len(path) > 0:
        yield here, f"{value} became any", _setting(here, "any")
    if name in (
        "if",
        "unless",
        "if_possible",
        "after",
        "same_side",
        "negative",
        "side",
        "date",
        "undated",
        "unsettled",
        "ended_by",
        "escalate",
        "outside_reference",
        "unadjusted",
        "fallback_upper",
        "fallback",
        "complete",
    ):
        yield here, "removed", _removing(here)
    if name in ("fallback_upper", "fallback"):
        yield from _of_fallback(value, here)
    if len(path) == 0:
        yield from _of_rule(name, value, here)


def _of_rule(name: str, value: Any, here: Path) -> Iterator[tuple[Path, str, Any]]:
    if name == "indicator":
        yield here, f"{value} became another", _setting(here, "info" if value != "info" else "warning")
    if name == "population":
        yield here, f"{value} became adults", _setting(here, "adults")
    if name == "gate":
        yield here, "removed", _removing(here)


def _of_fallback(value: Any, here: Path) -> Iterator[tuple[Path, str, Any]]:
    for place, limit in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(limit, int | float):
            yield from _shifted(limit, (*here, place))


def _of_bound(name: str, value: Any, here: Path, path: Path) -> Iterator[tuple[Path, str, Any]]:
    if isinstance(value, int):
        for step in (-1, 1):
            yield here, f"{value} became {value + step}", _setting(here, value + step)
        return
    for unit, limit in value.items():
        yield from _shifted(limit, (*here, unit))
    other = _SWAPS[name]

    def swap(tree: Any) -> None:
        parent = _at(tree, path)
        if other not in parent:
            parent[other] = parent.pop(name)

    yield here, f"{name} became {other}", swap


def _shifted(limit: float, here: Path) -> Iterator[tuple[Path, str, Any]]:
    shift = 0.01 if limit < 1 else 0.1 if limit < 100 else 1.0
    for changed in (round(limit - shift, 4), round(limit + shift, 4)):
        yield here, f"{limit} became {changed}", _setting(here, changed)


def _at(tree: Any, path: Path) -> Any:
    for step in path:
        tree = tree[step]
    return tree


def _dropping(path: Path, number: int) -> Any:
    def mutate(tree: Any) -> None:
        del _at(tree, path)[number]

    return mutate


def _setting(path: Path, value: Any) -> Any:
    def mutate(tree: Any) -> None:
        _at(tree, path[:-1])[path[-1]] = value

    return mutate


def _removing(path: Path) -> Any:
    def mutate(tree: Any) -> None:
        del _at(tree, path[:-1])[path[-1]]

    return mutate
