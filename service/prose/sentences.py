"""Clauses as plain English, for the rule catalogue."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from service.knowledge.load import Rules
from service.knowledge.schema import (
    Age,
    AllergyTerms,
    Clause,
    ConditionTerms,
    DoneTerms,
    EncounterTerms,
    MedicationTerms,
    ObservationTerms,
    ProcedureTerms,
    QuestionnaireTerms,
    ResultTerms,
    RuleTerms,
    Test,
)
from service.prose.joints import Said, joined, merged, parted, telling
from service.prose.wording import SIDES, age, amount, bounds, inside, limits, on_record, past


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
            wanted, refused = parted(clause.all)
            if len(wanted) == 1:
                said = self.top(wanted[0])
                in_each = "in each case " if wanted[0].any else ""
            else:
                parts = merged([self._said(inner) for inner in wanted], "and")
                said = ("; and " if any(part.join for part in parts) else " and ").join(part.text for part in parts)
                in_each = ""
            between = ";" if "; " in said else ","
            return f"{said}{between} {in_each}unless {self.either(refused)}" if refused else said
        if clause.any:
            parts = merged([self._said(inner) for inner in telling(clause.any)], "or")
            wide = len(parts) > 1 and any(part.join or ", " in part.text for part in parts)
            return "; or ".join(part.text for part in parts) if wide else joined(parts, "or").text
        return self._said(clause).text

    def either(self, clauses: Iterable[Clause]) -> str:
        """What is yes when one of the clauses is."""
        return self._or(clauses).text

    def _said(self, clause: Clause) -> Said:
        if clause.all:
            wanted, refused = parted(clause.all)
            said = joined([self._said(inner) for inner in wanted], "and")
            if not refused:
                return said
            in_each = "in each case " if said.join == "or" else ""
            return Said(f"{said.text}, {in_each}unless {self.either(refused)}", join="unless")
        if clause.any:
            return self._or(clause.any)
        if clause.none:
            return Said(f"it is not so that {self.either(clause.none)}", join="unless")
        if clause.found:
            named = self._named.get(clause.found)
            return self._said(named) if named else Said(f"“{clause.found}” was found")
        return self._atom(clause)

    def _or(self, clauses: Iterable[Clause]) -> Said:
        return joined([self._said(inner) for inner in telling(clauses)], "or")

    def _atom(self, clause: Clause) -> Said:  # noqa: C901, PLR0912 - one case for each word
        terms = getattr(clause, clause.word)
        match terms:
            case ConditionTerms():
                ended = f", and not {self._titles(terms.ended_by)} since" if terms.ended_by else ""
                return Said(self._titles(terms.in_), f"{on_record(terms)}{ended}")
            case MedicationTerms():
                return self._medication(terms)
            case ResultTerms():
                return self._result(terms)
            case ObservationTerms():
                value = f" as {self._titles(terms.value_in)}" if terms.value_in else ""
                ended = f", and not {self._titles(terms.ended_by)} since" if terms.ended_by else ""
                seen = f"was observed{value}{SIDES[terms.side]}{past(terms.within)}{ended}"
                return Said(self._titles(terms.in_), seen)
            case ProcedureTerms():
                return Said(self._titles(terms.in_), f"was done{past(terms.within)}")
            case EncounterTerms():
                return Said(self._titles(terms.in_), f"was the reason of a visit{past(terms.within)}")
            case QuestionnaireTerms():
                return Said(f"a question about {self._titles(terms.in_)}", f"was answered yes{past(terms.within)}")
            case AllergyTerms():
                return Said(f"an allergy or intolerance to {self._titles(terms.in_)}", "is on record")
            case DoneTerms():
                labels = {order.key: order.label for order in self._rules.orders.orders}
                when = "" if terms.within is None else past(terms.within)
                since = f", since {' and '.join(terms.after)} was found" if terms.after else ""
                return Said(f"the order “{inside(labels[terms.order])}”", f"was done{when}{since}")
            case Age():
                return Said("the patient", f"is {age(terms)}")
            case RuleTerms():
                return self._rule(terms)
        match clause.word:
            case "definition":
                return Said(f"there is {inside(self._rules.definitions[terms].says.rstrip('.'))}")
            case "supplied":
                return Said(f"{' and '.join(terms)} data", "were supplied")
            case _:
                return Said("the patient", f"is {terms}")

    def _titles(self, valuesets: Iterable[str]) -> str:
        """The titles of value sets; one with an `or` of its own stands in quotes beside others."""
        titles = [inside(self._rules.valuesets[name].title) for name in valuesets]
        if len(titles) > 1:
            titles = [f"“{title}”" if ", " in title or " or " in title else title for title in titles]
        return f"{', '.join(titles[:-1])} or {titles[-1]}" if len(titles) > 1 else titles[0]

    def _medication(self, terms: MedicationTerms) -> Said:
        titles = self._titles(terms.in_)
        besides = f" (not for {self._titles(terms.reason_not_in)})" if terms.reason_not_in else ""
        if terms.given_within is not None:
            return Said(f"a dose of {titles}", f"was given{past(terms.given_within)}{besides}")
        use = {"current": "in use", "draft": "being ordered", "current-or-draft": "in use or being ordered"}
        lasting = f" for at least {terms.for_at_least} days" if terms.for_at_least is not None else ""
        started = f" and was started{past(terms.started_within)}" if terms.started_within is not None else ""
        return Said(titles, f"{'has been' if lasting else 'is'} {use[terms.status]}{lasting}{started}{besides}")

    def _result(self, terms: ResultTerms) -> Said:
        words = []
        if terms.latest:
            words.append(bounds(terms.latest))
        if terms.times_upper_limit:
            fallback = f" ({limits(terms.fallback_upper)} where none is reported)" if terms.fallback_upper else ""
            words.append(f"{bounds(terms.times_upper_limit)} the upper reference limit{fallback}")
        if terms.outside_reference:
            low, high, unit = terms.fallback or (0.0, 0.0, "")
            fallback = f" ({low:g} to {amount(high, unit)} where none is reported)" if terms.fallback else ""
            words.append(f"outside the reference range{fallback}")
        titles, days = re.sub(r", (.*)", r" (\1)", self._titles(terms.in_)), terms.within
        if not words:
            return Said(f"there is a usable {titles} of the past {days} days")
        unadjusted = ", unadjusted for want of an albumin" if terms.unadjusted else ""
        return Said(f"the newest {titles} of the past {days} days", f"is {' and '.join(words)}{unadjusted}")

    def _rule(self, terms: RuleTerms) -> Said:
        titles = {name: f"“{rule.title}”" for name, rule in self._rules.recommendations.items()}
        if terms.any_of:
            which = f"the rule {' or '.join(titles[name] for name in terms.any_of)}"
        elif terms.except_:
            which = f"any rule but {' and '.join(titles[name] for name in terms.except_)}"
        else:
            which = "any other rule"
        outcomes = {"fires": "fires", "satisfied": "is satisfied", "replaced": "is replaced"}
        indicator = f" as {terms.indicator}" if terms.indicator else ""
        return Said(which, f"{' or '.join(outcomes[outcome] for outcome in terms.outcome)}{indicator}")
