"""What a site decides: consensus thresholds and windows, rules off or in draft, and how cards are shown."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, ValidationError

from service.knowledge import strict_yaml
from service.knowledge.load import Rules, RulesInvalid
from service.knowledge.schema import Definition, Model, Once, Recommendation, Slug, Text

_WINDOWS = ("within", "older_than", "started_within", "for_at_least", "given_within")
_LIMITS = ("below", "at_most", "above", "at_least", "fallback_upper", "fallback")
_CONSENSUS = "clinical-spec"
_INTERVALS = frozenset(("kdigo", "ada", "nice", "sps", "bpac"))  # clinical.md F5.3: whose intervals are published
_LOW_LINES = frozenset(("potassium", "magnesium", "calcium-adjusted"))  # clinical.md Annex 2: a laboratory's limits may
_TSH = frozenset(("tsh",))  # replace the warning lines of these; the critical ones, which bound them below, are fixed

Written = TypeVar("Written", Recommendation, Definition)


class Site(Model):
    """The decisions of one site.

    thresholds: rule or definition → path → value, as {ppi-long-term: {tests.magnesium.within: 200 days}}. A path names
    the keys from the top of the rule's file; an item of a list by its number from 0, its order key or its word.
    off: not evaluated. draft: evaluated and counted, never shown. cap: the most urgent indicator of a card. units: of
    results in card text. intent: of the orders offered. shadow: all is evaluated and counted, no card is shown.
    """

    thresholds: dict[Slug, Annotated[dict[Text, Text], Field(min_length=1)]] = Field(default_factory=dict)
    off: Annotated[list[Slug], Once] = Field(default_factory=list)
    draft: Annotated[list[Slug], Once] = Field(default_factory=list)
    cap: Literal["info", "warning"] | None = None
    units: Literal["si", "us"] | None = None
    intent: Literal["proposal", "plan", "order"] = "proposal"
    shadow: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """One number that the site set."""

    rule: str
    path: str
    was: str
    now: str


@dataclass(frozen=True, slots=True)
class Decided:
    """A site's decisions, applied."""

    site: Site
    digest: str
    changes: tuple[Change, ...] = ()

    def of(self, rule: str) -> tuple[Change, ...]:
        """Returns what was changed in one rule or definition."""
        return tuple(change for change in self.changes if change.rule == rule)


class _Refused(ValueError):
    pass


def with_site(rules: Rules, path: Path) -> Rules:
    """Returns the rules as the site's file decides. Raises RulesInvalid with its faults."""
    read = strict_yaml.read_file(path, Site)
    if isinstance(read, list):
        raise RulesInvalid(read)
    site, document, content = read
    applied, faults = apply(rules, site, f"sha256:{hashlib.sha256(content).hexdigest()}")
    if faults:
        raise RulesInvalid([document.fault(str(path), where, said) for where, said in faults])
    return applied


def apply(rules: Rules, site: Site, digest: str) -> tuple[Rules, list[tuple[strict_yaml.Path, str]]]:
    """Returns the rules as decided, and what cannot be decided with its place in the file. Pure."""
    faults: list[tuple[strict_yaml.Path, str]] = []
    recommendations, definitions = dict(rules.recommendations), dict(rules.definitions)
    changes: list[Change] = []
    critical = _critical(rules)
    for name, numbers in site.thresholds.items():
        group: dict[str, Any] = recommendations if name in recommendations else definitions
        if name not in group:
            faults.append((("thresholds", name), f"there is no rule or definition {name}"))
            continue
        for path, value in numbers.items():
            try:
                group[name], change = _changed(name, group[name], path, value, fixed=name in critical)
            except _Refused as refused:
                faults.append((("thresholds", name, path), str(refused)))
            else:
                changes.append(change)
    for word, status in (("draft", "draft"), ("off", "retired")):
        for number, name in enumerate(getattr(site, word)):
            if name not in recommendations:
                faults.append(((word, number), f"there is no rule {name}"))
            elif word == "off" and name in site.draft:
                faults.append(((word, number), f"{name} is in draft and off"))
            else:
                recommendations[name] = recommendations[name].model_copy(update={"status": status})
    decided = Decided(site, digest, tuple(changes))
    return replace(rules, recommendations=recommendations, definitions=definitions, decided=decided), faults


def _critical(rules: Rules) -> set[str]:
    """The critical rules, and the definitions by which they are triggered: their limits are fixed."""
    found = {name for name, rule in rules.recommendations.items() if rule.indicator == "critical"}
    open_clauses = [rules.recommendations[name].when for name in found]
    while open_clauses:
        clause = open_clauses.pop()
        if clause.definition in rules.definitions and clause.definition not in found:
            found.add(clause.definition)
            open_clauses.append(rules.definitions[clause.definition].when)
        open_clauses += [*(clause.all or ()), *(clause.any or ()), *(clause.none or ())]
    return found


def _changed(name: str, model: Written, path: str, value: str, *, fixed: bool) -> tuple[Written, Change]:
    """Returns a rule with one number changed, and what it was. Its line changes where it names the window in days.

    fixed: its limits are.
    """
    tree = model.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    steps = list(_steps(tree, path))
    parent, key = steps[-1]
    is_window, is_limit = key in _WINDOWS, len(steps) > 1 and steps[-2][1] in _LIMITS
    if not (is_window or is_limit) or not isinstance(parent[key], int | float) or steps[0][1] == "card":
        raise _Refused("this is no window and no limit")
    if is_limit and fixed:
        raise _Refused("limits of critical rules are fixed (clinical.md Annex 2)")
    if not (is_limit and _is_warning_line(steps)):
        _consensus(steps, is_window=is_window)
    was, now = parent[key], _days(value) if is_window else _number(value)
    if was == now:
        raise _Refused("this is what the rules say already")
    parent[key] = now
    if is_window and "card" in tree:
        for words in ("summary", "summary_unchecked"):
            if words in tree["card"]:
                tree["card"][words] = re.sub(rf"\b{was} days\b", f"{now} days", tree["card"][words])
    try:
        changed = type(model).model_validate(tree)
    except ValidationError as fault:
        raise _Refused(fault.errors()[0]["msg"]) from None
    unit = "days" if is_window else {"1": ""}.get(key, key) if isinstance(parent, dict) else parent[-1]
    return changed, Change(name, path, f"{was:g} {unit}".rstrip(), f"{now:g} {unit}".rstrip())


def _steps(tree: Any, path: str) -> Iterator[tuple[Any, Any]]:
    """Yields (parent, key) from the top to what the path names. A key may hold dots, as units do."""
    node, rest = tree, path
    while rest:
        key, rest = _step(node, rest)
        yield node, key
        node = node[key]


def _step(node: Any, rest: str) -> tuple[Any, str]:
    if isinstance(node, dict):
        for key in sorted(node, key=len, reverse=True):
            if rest == key or rest.startswith(f"{key}."):
                return key, rest[len(key) + 1 :]
        raise _Refused(f"there is no {rest.partition('.')[0]}: {', '.join(map(str, node))}")
    if isinstance(node, list):
        name, _, after = rest.partition(".")
        if name.isdigit() and int(name) < len(node):
            return int(name), after
        meant = [n for n, item in enumerate(node) if isinstance(item, dict) and name in (item.get("order"), *item)]
        if len(meant) == 1:  # a word names the item and what stands under it
            return meant[0], rest if name in node[meant[0]] else after
        how_many = "more than one" if meant else "none"
        raise _Refused(f"{name} is {how_many} of the {len(node)} here: use its number from 0")
    raise _Refused(f"there is nothing below to be called {rest}")


def _is_warning_line(steps: list[tuple[Any, Any]]) -> bool:
    """Whether a limit is one that a laboratory's reference limit may replace."""
    asked = next((parent[key]["in"] for parent, key in steps if key == "result"), ())
    analytes = frozenset([asked] if isinstance(asked, str) else asked)
    return bool(analytes) and (analytes <= _TSH or (analytes <= _LOW_LINES and steps[-2][1] == "below"))


def _consensus(steps: list[tuple[Any, Any]], *, is_window: bool) -> None:
    """Refuses a number that rests on a published source.

    Where a clause has both, its limit is the published one and its window a judgement, but for guideline intervals.
    """
    for parent, _ in reversed(steps):
        if isinstance(parent, dict) and ("sources" in parent or "why" in parent):
            sources = parent.get("sources") or ()
            is_judgement = str(parent.get("why", "")).startswith("judgement")
            published = [source for source in sources if source != _CONSENSUS]
            interval = any(source.partition("-")[0] in _INTERVALS for source in published)
            if published and (interval or not (is_window and is_judgement and _CONSENSUS in sources)):
                raise _Refused(f"rests on {', '.join(published)}, it is not for a site to change")
            if sources or is_judgement:
                return
            break
    raise _Refused("does not say that it is a consensus, it is not for a site to change")


def _days(text: str) -> int:
    match = re.fullmatch(r"(\d{1,5}) days?", text)
    if match is None:
        raise _Refused('a window is written in whole days: "90 days"')
    return int(match[1])


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or number < 0:
        raise _Refused("a limit is a number from 0")
    return number
