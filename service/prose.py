"""Clauses as plain English, for the rule catalogue."""

from __future__ import annotations

from collections.abc import Iterable

from service.knowledge.load import Rules
from service.knowledge.schema import (
    Age,
    Clause,
    ConditionTerms,
    DoneTerms,
    Latest,
    Limits,
    MedicationTerms,
    ObservationTerms,
    ResultTerms,
    RuleTerms,
)

_JOINS = {"all": "{}", "any": "{}", "none": "not: {}"}
_BOUNDS = {"below": "below", "at_most": "at most", "above": "above", "at_least": "at least"}


def sentence(rules: Rules, clause: Clause) -> str:
    """Returns what a clause asks, as one sentence."""
    said = _clause(rules, clause)
    if clause.word in ("all", "any") and said.startswith("("):
        said = said[1:-1]
    return f"{said[0].upper()}{said[1:]}."


def _clause(rules: Rules, clause: Clause) -> str:
    word = clause.word
    terms = getattr(clause, word)
    match terms:
        case ConditionTerms():
            return _condition(rules, terms)
        case MedicationTerms():
            return _medication(rules, terms)
        case ResultTerms():
            return _result(rules, terms)
        case ObservationTerms():
            side = {"one": " on one side", "both": " on both sides", None: ""}[terms.side]
            return f"{_titles(rules, terms.in_)} observed{side} in the last {terms.within} days"
        case DoneTerms():
            return f"{_order(rules, terms.order)} done in the last {terms.within} days"
        case Age():
            below = f"below {terms.below}" if terms.below is not None else ""
            return f"age {below or f'{terms.at_least} or more'}"
        case RuleTerms():
            return _rule(rules, terms)
    if word in _JOINS:
        return _JOINS[word].format(
            _joined((_clause(rules, inner) for inner in terms), "and" if word == "all" else "or")
        )
    plain = {
        "definition": lambda: rules.definitions[terms].says.rstrip(".").lower(),
        "supplied": lambda: f"{' and '.join(terms)} data were supplied",
        "sex": lambda: f"sex is {terms}",
    }
    if word in plain:
        return plain[word]()
    within = f" in the last {terms.within} days" if getattr(terms, "within", None) is not None else ""
    return f"{word} {_titles(rules, terms.in_)}{within}"


def _joined(parts: Iterable[str], word: str) -> str:
    listed = list(parts)
    if len(listed) == 1:
        return listed[0]
    return f"({f' {word} '.join(listed)})"


def _titles(rules: Rules, valuesets: Iterable[str]) -> str:
    return " or ".join(rules.valuesets[name].title for name in valuesets)


def _order(rules: Rules, key: str) -> str:
    return next(order.label for order in rules.orders.orders if order.key == key)


def _condition(rules: Rules, terms: ConditionTerms) -> str:
    words = [_titles(rules, terms.in_)]
    if terms.verification != "any":
        words.append(terms.verification)
    words.append({"current": "current", "past": "in the past", "any": "on record"}[terms.status])
    words += {"one": ["on one side"], "both": ["on both sides"], None: []}[terms.side]
    if terms.within is not None:
        words.append(f"dated in the last {terms.within} days")
    if terms.older_than is not None:
        words.append(f"dated more than {terms.older_than} days ago")
    return f"{words[0]} ({', '.join(words[1:])})"


def _medication(rules: Rules, terms: MedicationTerms) -> str:
    words = [
        {"current": "in use", "draft": "being ordered", "current-or-draft": "in use or being ordered"}[terms.status]
    ]
    if terms.started_within is not None:
        words.append(f"started in the last {terms.started_within} days")
    if terms.for_at_least is not None:
        words.append(f"for at least {terms.for_at_least} days")
    if terms.reason_not_in:
        words.append(f"not for {_titles(rules, terms.reason_not_in)}")
    return f"{_titles(rules, terms.in_)} ({', '.join(words)})"


def _result(rules: Rules, terms: ResultTerms) -> str:
    words = []
    if terms.latest:
        words.append(_bounds(terms.latest))
    if terms.times_upper_limit:
        words.append(f"{_bounds(terms.times_upper_limit)} the upper reference limit")
    if terms.outside_reference:
        words.append("outside the reference range")
    return f"newest {_titles(rules, terms.in_)} of the last {terms.within} days {' and '.join(words)}".rstrip()


def _bounds(bounds: Latest) -> str:
    said = []
    for name, word in _BOUNDS.items():
        limits: Limits | None = getattr(bounds, name)
        if limits:
            said.append(f"{word} {' = '.join(f'{value:g} {unit}' for unit, value in limits.items())}")
    return " and ".join(said)


def _rule(rules: Rules, terms: RuleTerms) -> str:
    if terms.any_of:
        which = " or ".join(f"“{rules.recommendations[name].title}”" for name in terms.any_of)
    elif terms.except_:
        which = f"any rule but {', '.join(terms.except_)}"
    else:
        which = "any rule"
    indicator = f" as {terms.indicator}" if terms.indicator else ""
    outcomes = {"fires": "fires", "satisfied": "is satisfied", "replaced": "is replaced"}
    return f"{which} {' or '.join(outcomes[outcome] for outcome in terms.outcome)}{indicator}"
