"""Clauses as plain English, for the rule catalogue."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

from service.knowledge.load import Rules
from service.knowledge.schema import (
    Age,
    AllergyTerms,
    Clause,
    ConditionTerms,
    DoneTerms,
    EncounterTerms,
    Latest,
    Limits,
    MedicationTerms,
    ObservationTerms,
    ProcedureTerms,
    QuestionnaireTerms,
    ResultTerms,
    RuleTerms,
    Test,
)

_BOUNDS = {"below": "below", "at_most": "at most", "above": "above", "at_least": "at least"}
_SIDES = {"one": " on one side", "both": " on both sides", None: ""}
_NAMES = frozenset(("Achilles", "Guillain-Barré", "Parkinson"))  # words that keep their capital inside a sentence
_UNITS = {"meq/L": "mEq/L", "mL/min/{1.73_m2}": "mL/min/1.73 m²", "10*9/L": "× 10⁹/L", "1": ""}


class _Said(NamedTuple):
    """A part of a sentence. Parts of one subject share it: the newest potassium is below 2.5 or is at least 6.5."""

    subject: str
    predicate: str = ""
    join: Literal["", "and", "or", "unless"] = ""

    @property
    def text(self) -> str:
        return f"{self.subject} {self.predicate}".strip()


def sentence(rules: Rules, clause: Clause) -> str:
    """Returns what a clause asks, as one sentence."""
    said = f"always, unless {_Prose(rules, {}).either(clause.none)}" if clause.none else _Prose(rules, {}).top(clause)
    first = next(place for place, letter in enumerate(said) if letter.isalnum())
    return f"{said[:first]}{said[first].upper()}{said[first + 1 :]}."


def condition(rules: Rules, named: Mapping[str, Clause], line: object) -> str | None:
    """Returns when a test, offer, line or variant applies, None where it always does.

    named: the clauses of the rule that have a name, of which `found` speaks.
    """
    may = "if it may be that"
    words = {"if_": may if isinstance(line, Test) else "if", "if_possible": may, "unless": "if it is ruled out that"}
    prose = _Prose(rules, named)
    said = [f"{word} {prose.top(clause)}" for name, word in words.items() if (clause := getattr(line, name, None))]
    return "; and ".join(said) or None


class _Prose:
    def __init__(self, rules: Rules, named: Mapping[str, Clause]) -> None:
        self._rules = rules
        self._named = named

    def top(self, clause: Clause) -> str:
        """A whole sentence: its widest joints are semicolons, so that what they part needs no brackets."""
        if clause.all:
            wanted, refused = _parted(clause.all)
            if len(wanted) == 1:
                said = self.top(wanted[0])
                in_each = "in each case " if wanted[0].any else ""
            else:
                parts = _merged([self._said(inner) for inner in wanted], "and")
                said = ("; and " if any(part.join for part in parts) else " and ").join(part.text for part in parts)
                in_each = ""
            between = ";" if "; " in said else ","
            return f"{said}{between} {in_each}unless {self.either(refused)}" if refused else said
        if clause.any:
            parts = _merged([self._said(inner) for inner in _telling(clause.any)], "or")
            wide = len(parts) > 1 and any(part.join or ", " in part.text for part in parts)
            return "; or ".join(part.text for part in parts) if wide else _joined(parts, "or").text
        return self._said(clause).text

    def either(self, clauses: Iterable[Clause]) -> str:
        """What is yes when one of the clauses is."""
        return self._or(clauses).text

    def _said(self, clause: Clause) -> _Said:
        if clause.all:
            wanted, refused = _parted(clause.all)
            said = _joined([self._said(inner) for inner in wanted], "and")
            if not refused:
                return said
            in_each = "in each case " if said.join == "or" else ""
            return _Said(f"{said.text}, {in_each}unless {self.either(refused)}", join="unless")
        if clause.any:
            return self._or(clause.any)
        if clause.none:
            return _Said(f"it is not so that {self.either(clause.none)}", join="unless")
        if clause.found:
            named = self._named.get(clause.found)
            return self._said(named) if named else _Said(f"“{clause.found}” was found")
        return self._atom(clause)

    def _or(self, clauses: Iterable[Clause]) -> _Said:
        return _joined([self._said(inner) for inner in _telling(clauses)], "or")

    def _atom(self, clause: Clause) -> _Said:  # noqa: C901, PLR0912 - one case for each word
        terms = getattr(clause, clause.word)
        match terms:
            case ConditionTerms():
                ended = f", and not {self._titles(terms.ended_by)} since" if terms.ended_by else ""
                return _Said(self._titles(terms.in_), f"{_condition(terms)}{ended}")
            case MedicationTerms():
                return self._medication(terms)
            case ResultTerms():
                return self._result(terms)
            case ObservationTerms():
                value = f" as {self._titles(terms.value_in)}" if terms.value_in else ""
                ended = f", and not {self._titles(terms.ended_by)} since" if terms.ended_by else ""
                seen = f"was observed{value}{_SIDES[terms.side]}{_past(terms.within)}{ended}"
                return _Said(self._titles(terms.in_), seen)
            case ProcedureTerms():
                return _Said(self._titles(terms.in_), f"was done{_past(terms.within)}")
            case EncounterTerms():
                return _Said(self._titles(terms.in_), f"was the reason of a visit{_past(terms.within)}")
            case QuestionnaireTerms():
                return _Said(f"a question about {self._titles(terms.in_)}", f"was answered yes{_past(terms.within)}")
            case AllergyTerms():
                return _Said(f"an allergy or intolerance to {self._titles(terms.in_)}", "is on record")
            case DoneTerms():
                labels = {order.key: order.label for order in self._rules.orders.orders}
                past = "" if terms.within is None else _past(terms.within)
                since = f", since {' and '.join(terms.after)} was found" if terms.after else ""
                return _Said(f"the order “{_inside(labels[terms.order])}”", f"was done{past}{since}")
            case Age():
                return _Said("the patient", f"is {_age(terms)}")
            case RuleTerms():
                return self._rule(terms)
        match clause.word:
            case "definition":
                return _Said(f"there is {_inside(self._rules.definitions[terms].says.rstrip('.'))}")
            case "supplied":
                return _Said(f"{' and '.join(terms)} data", "were supplied")
            case _:
                return _Said("the patient", f"is {terms}")

    def _titles(self, valuesets: Iterable[str]) -> str:
        """The titles of value sets; one with an `or` of its own stands in quotes beside others."""
        titles = [_inside(self._rules.valuesets[name].title) for name in valuesets]
        if len(titles) > 1:
            titles = [f"“{title}”" if ", " in title or " or " in title else title for title in titles]
        return f"{', '.join(titles[:-1])} or {titles[-1]}" if len(titles) > 1 else titles[0]

    def _medication(self, terms: MedicationTerms) -> _Said:
        titles = self._titles(terms.in_)
        besides = f" (not for {self._titles(terms.reason_not_in)})" if terms.reason_not_in else ""
        if terms.given_within is not None:
            return _Said(f"a dose of {titles}", f"was given{_past(terms.given_within)}{besides}")
        use = {"current": "in use", "draft": "being ordered", "current-or-draft": "in use or being ordered"}
        lasting = f" for at least {terms.for_at_least} days" if terms.for_at_least is not None else ""
        started = f" and was started{_past(terms.started_within)}" if terms.started_within is not None else ""
        return _Said(titles, f"{'has been' if lasting else 'is'} {use[terms.status]}{lasting}{started}{besides}")

    def _result(self, terms: ResultTerms) -> _Said:
        words = []
        if terms.latest:
            words.append(_bounds(terms.latest))
        if terms.times_upper_limit:
            fallback = f" ({_limits(terms.fallback_upper)} where none is reported)" if terms.fallback_upper else ""
            words.append(f"{_bounds(terms.times_upper_limit)} the upper reference limit{fallback}")
        if terms.outside_reference:
            low, high, unit = terms.fallback or (0.0, 0.0, "")
            fallback = f" ({low:g} to {_amount(high, unit)} where none is reported)" if terms.fallback else ""
            words.append(f"outside the reference range{fallback}")
        titles, days = re.sub(r", (.*)", r" (\1)", self._titles(terms.in_)), terms.within
        if not words:
            return _Said(f"there is a usable {titles} of the past {days} days")
        unadjusted = ", unadjusted for want of an albumin" if terms.unadjusted else ""
        return _Said(f"the newest {titles} of the past {days} days", f"is {' and '.join(words)}{unadjusted}")

    def _rule(self, terms: RuleTerms) -> _Said:
        titles = {name: f"“{rule.title}”" for name, rule in self._rules.recommendations.items()}
        if terms.any_of:
            which = f"the rule {' or '.join(titles[name] for name in terms.any_of)}"
        elif terms.except_:
            which = f"any rule but {' and '.join(titles[name] for name in terms.except_)}"
        else:
            which = "any other rule"
        outcomes = {"fires": "fires", "satisfied": "is satisfied", "replaced": "is replaced"}
        indicator = f" as {terms.indicator}" if terms.indicator else ""
        return _Said(which, f"{' or '.join(outcomes[outcome] for outcome in terms.outcome)}{indicator}")


def _parted(clauses: Iterable[Clause]) -> tuple[list[Clause], list[Clause]]:
    """The clauses that are to hold, and those inside a `none`. Where only the latter are, nothing is parted."""
    wanted = [clause for clause in clauses if not clause.none]
    if not wanted:
        return list(clauses), []
    return wanted, [inner for clause in clauses for inner in clause.none or ()]


def _telling(clauses: Iterable[Clause]) -> list[Clause]:
    """The clauses of an `any` without those that are yes only where another one is: they stand there for their name."""
    listed = list(clauses)
    return [
        clause
        for clause in listed
        if not any(
            clause.result and other.result and other is not clause and _covers(other.result, clause.result)
            for other in listed
        )
    ]


def _covers(wide: ResultTerms, narrow: ResultTerms) -> bool:
    """Whether a result that meets the narrow terms meets the wide ones, which differ from them."""
    bounds = {"latest", "times_upper_limit", "unadjusted"}
    if wide == narrow or wide.model_dump(exclude=bounds) != narrow.model_dump(exclude=bounds):
        return False
    pairs = ((wide.latest, narrow.latest), (wide.times_upper_limit, narrow.times_upper_limit))
    return all(_looser(*pair) for pair in pairs) and (narrow.unadjusted or not wide.unadjusted)


def _looser(wide: Latest | None, narrow: Latest | None) -> bool:
    if wide is None or narrow is None:
        return wide is None
    for name in _BOUNDS:
        wider: Limits = getattr(wide, name) or {}
        closer: Limits = getattr(narrow, name) or {}
        sign = 1 if name.startswith(("b", "at_m")) else -1
        if wider.keys() != closer.keys() or any(sign * wider[unit] < sign * closer[unit] for unit in wider):
            return False
    return True


def _merged(parts: Iterable[_Said], word: str) -> list[_Said]:
    """Parts without repeats; neighbours of one subject, or that say the same of two, are one part."""
    merged: list[_Said] = []
    for part in dict.fromkeys(parts):
        last = merged[-1] if merged else None
        if last and last.predicate and last.subject == part.subject:
            comma = "," if ", " in last.predicate else ""
            merged[-1] = _Said(part.subject, f"{last.predicate}{comma} {word} {part.predicate}")
        elif last and last.predicate and last.predicate == part.predicate and word == "or":
            merged[-1] = _Said(f"{last.subject}, or {part.subject}", part.predicate)
        else:
            merged.append(part)
    return merged


def _joined(parts: Iterable[_Said], word: Literal["and", "or"]) -> _Said:
    """One part of many. An `or` inside an `and`, and an `unless` inside either, stands in brackets."""
    merged = _merged(parts, word)
    if len(merged) == 1:
        return merged[0]
    bracketed = ("or", "unless") if word == "and" else ("unless",)
    texts = [f"({part.text})" if part.join in bracketed else part.text for part in merged]
    comma = "," if word == "or" or any(part.join or ", " in part.text for part in merged) else ""
    return _Said(f"{comma} {word} ".join(texts), join=word)


def _inside(text: str) -> str:
    """A text as it stands inside a sentence: without its capital, unless it is a name or an abbreviation."""
    first = text.split(maxsplit=1)[0].rstrip(",")
    return text[0].lower() + text[1:] if first == "A" or (first[1:].islower() and first not in _NAMES) else text


def _past(days: int) -> str:
    return f" in the past {days} days"


def _age(terms: Age) -> str:
    words = [f"under {terms.below}"] if terms.below is not None else []
    words += [f"{terms.at_least} or older"] if terms.at_least is not None else []
    return " and ".join(words)


def _condition(terms: ConditionTerms) -> str:
    status = {"current": ["current"], "past": ["past"], "any": []}[terms.status]
    verified = [terms.verification] if terms.verification != "any" else []
    said = f" as {' and '.join([*verified, *status])}" if verified or status else ""
    place = {"problem": " in the problem list", "encounter": " from an encounter", "any": ""}[terms.category]
    dated = {"onset": "dated", "recorded": "recorded", "later": "dated or recorded"}[terms.date]
    within = f", {dated}{_past(terms.within)}" if terms.within is not None else ""
    older = f", {dated} more than {terms.older_than} days ago" if terms.older_than is not None else ""
    return f"is on record{said}{place}{_SIDES[terms.side]}{within}{older}"


def _bounds(bounds: Latest) -> str:
    said = []
    for name, word in _BOUNDS.items():
        limits: Limits | None = getattr(bounds, name)
        if limits:
            said.append(f"{word} {_limits(limits)}")
    return " and ".join(said)


def _limits(limits: Limits) -> str:
    """The first number, and in brackets the same in other units."""
    first, *others = [_amount(value, unit) for unit, value in limits.items()]
    return f"{first} ({', '.join(others)})" if others else first


def _amount(value: float, unit: str) -> str:
    shown = _UNITS.get(unit, unit)
    if shown == unit:
        shown = unit.replace("[IU]", "IU")
        shown = f"µ{shown[1:]}" if shown.startswith("u") else shown
    return f"{value:g} {shown}".rstrip()
