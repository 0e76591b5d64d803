"""The words of the vocabulary as functions: each asks the facts one question."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import product
from operator import attrgetter
from typing import Any, get_args

from service.engine.answers import NO, YES, Answer, Truth, any_of, unknown
from service.engine.case import Case
from service.engine.comparison import comparing, newest
from service.facts.dates import Day
from service.facts.model import Condition, Event, Fact, Facts
from service.knowledge.schema import (
    Age,
    ConditionTerms,
    Indicator,
    MedicationTerms,
    ObservationTerms,
    ResultTerms,
    RuleTerms,
)

Ask = Callable[[Case], Answer]
_NO, _YES = Truth.NO, Truth.YES


def _settle(case: Case, kind: str, yes: list[Fact], open_questions: list[str]) -> Answer:
    """Yes with what was found; else unknown for what is open or not supplied; else no."""
    if yes:
        return Answer(_YES, tuple(yes))
    if open_questions:
        return unknown(*open_questions)
    return NO if case.supplied(kind) else unknown(case.missing(kind))


def _condition(terms: ConditionTerms) -> Ask:
    valuesets, within, older, side = terms.in_, terms.within, terms.older_than, terms.side
    status = None if terms.status == "any" else terms.status
    verification = None if terms.verification == "any" else terms.verification
    category = None if terms.category == "any" else terms.category
    unsettled, ended_by = terms.unsettled, terms.ended_by
    dated = attrgetter({"onset": "day", "recorded": "recorded", "later": "later"}[terms.date])

    def ask(case: Case) -> Answer:
        yes: list[Fact] = []
        undated: list[str] = []
        for valueset in valuesets:
            for fact in case.facts.conditions.get(valueset, ()):
                if (
                    (status and fact.status != status)
                    or (verification and fact.verification != verification)
                    or (category and fact.category != category)
                    or (side and not _on_side(fact, side))
                    or (unsettled and _is_settled(case, valueset, fact))
                    or (ended_by and _is_ended(case, ended_by, fact.later))
                ):
                    continue
                if within is None and older is None:
                    yes.append(fact)
                    continue
                day: Day | None = dated(fact)
                if day is None:
                    if terms.undated == "unknown":
                        undated.append(f"date of {fact.reference}")
                elif (within is None or case.within(day, within)) and (older is None or case.age_days(day) > older):
                    yes.append(fact)
        return _settle(case, "condition", yes, undated)

    return ask


def _on_side(fact: Fact, side: str | None) -> bool:
    return side is None or (fact.side in ("left", "right", "one") if side == "one" else fact.side == side)


def _is_settled(case: Case, valueset: str, suspicion: Condition) -> bool:
    """Whether an entry of the same day or later, not of the other leg, confirms or refutes a suspicion."""
    since = suspicion.later
    if since is None:
        return False
    confirmed = (fact for fact in case.facts.conditions.get(valueset, ()) if fact.verification == "confirmed")
    return any(
        fact.later is not None
        and fact.later.date >= since.date
        and (fact.side not in ("left", "right") or suspicion.side in (None, "one", fact.side))
        for fact in (*confirmed, *case.facts.refuted.get(valueset, ()))
    )


def _is_ended(case: Case, valuesets: list[str], since: Day | None) -> bool:
    """Whether an observation after that day answers with one of the value sets, or asks about one and says no."""
    if since is None:
        return False
    return any(
        event.day is not None and event.day.date > since.date
        for valueset in valuesets
        for event in (
            *case.facts.denied.get(valueset, ()),
            *(told for told in case.facts.observations.get(valueset, ()) if valueset in told.values),
        )
    )


def _medication(terms: MedicationTerms) -> Ask:
    valuesets, started, lasting = terms.in_, terms.started_within, terms.for_at_least
    wanted: tuple[str, ...] = {
        "current": ("current",),
        "draft": ("draft",),
        "current-or-draft": ("current", "draft"),
    }[terms.status]
    if terms.given_within is not None:
        wanted, started = ("given",), terms.given_within
    not_for = frozenset(terms.reason_not_in or ())

    def ask(case: Case) -> Answer:
        yes: list[Fact] = []
        undated: list[str] = []
        for valueset in valuesets:
            for fact in case.facts.medicines.get(valueset, ()):
                if fact.status not in wanted or not not_for.isdisjoint(fact.reasons):
                    continue
                if started is None and lasting is None:
                    yes.append(fact)
                elif fact.day is None:
                    undated.append(f"start of {fact.reference}")
                elif (started is None or case.within(fact.day, started)) and (
                    lasting is None or case.age_days(fact.day) >= lasting
                ):
                    yes.append(fact)
        return _settle(case, "medication", yes, undated)

    return ask


def _result(terms: ResultTerms) -> Ask:
    compare = comparing(terms)

    def ask(case: Case) -> Answer:
        results = newest(case, terms.in_, terms.within)
        if results:
            answers = [compare(case, result) for result in results]
            answer = any_of(answers) if len(answers) > 1 else answers[0]
            if answer.truth is _NO and not case.supplied("result"):
                return unknown(case.missing("result"))
            return answer
        open_questions = [
            f"{item.reason} in {item.reference}"
            for item in case.facts.unusable
            if item.decisive
            and item.valueset in terms.in_
            and (item.day is None or case.within(item.day, terms.within))
        ]
        return _settle(case, "result", [], open_questions)

    return ask


def _observation(terms: ObservationTerms) -> Ask:
    values = frozenset(terms.value_in or ())

    def ask(case: Case) -> Answer:
        yes: list[Fact] = [
            fact
            for valueset in terms.in_
            for fact in case.facts.observations.get(valueset, ())
            if fact.day is not None
            and case.within(fact.day, terms.within)
            and (not values or values & fact.values)
            and _on_side(fact, terms.side)
            and not (terms.ended_by and _is_ended(case, terms.ended_by, fact.day))
        ]
        return _settle(case, "observation", yes, [])

    return ask


def event(kind: str, valuesets: list[str], window_days: int | None) -> Ask:
    """Returns what asks for a procedure, reason of a visit, answer or allergy, in a window where one is given."""
    group = {"questionnaire": "answers", "allergy": "allergies"}.get(kind, f"{kind}s")
    events: Callable[[Facts], Mapping[str, list[Event]]] = attrgetter(group)

    def ask(case: Case) -> Answer:
        yes: list[Fact] = []
        undated: list[str] = []
        for valueset in valuesets:
            for event in events(case.facts).get(valueset, ()):
                if window_days is None:
                    yes.append(event)
                elif event.day is None:
                    undated.append(f"date of {event.reference}")
                elif case.within(event.day, window_days):
                    yes.append(event)
        return _settle(case, kind, yes, undated)

    return ask


def _rule(terms: RuleTerms) -> Ask:
    wanted = frozenset(product(terms.outcome, [terms.indicator] if terms.indicator else get_args(Indicator)))
    those, others = terms.any_of, terms.except_ or ()

    def ask(case: Case) -> Answer:
        for rule, said in case.outcomes.items():
            if said in wanted and (those is None or rule in those) and rule not in others:
                return YES
        return NO

    return ask


def _age(terms: Age) -> Ask:
    below, at_least = terms.below, terms.at_least

    def ask(case: Case) -> Answer:
        age = case.facts.age
        if age is None:
            return unknown("Patient.birthDate")
        return YES if (below is None or age < below) and (at_least is None or age >= at_least) else NO

    return ask


def _sex(wanted: str | None) -> Ask:
    def ask(case: Case) -> Answer:
        if case.facts.sex not in ("female", "male"):
            return unknown("Patient.gender")
        return YES if case.facts.sex == wanted else NO

    return ask


def _supplied(kinds: Iterable[str]) -> Ask:
    def ask(case: Case) -> Answer:
        missing = [case.missing(kind) for kind in kinds if not case.supplied(kind)]
        return unknown(*missing) if missing else YES

    return ask


def _found(name: str) -> Ask:
    """Whether the clause of that name is part of what made the trigger yes."""
    return lambda case: YES if case.bound.get(name) else NO


WORDS: dict[str, Callable[[Any], Ask]] = {
    "condition": _condition,
    "medication": _medication,
    "result": _result,
    "observation": _observation,
    "rule": _rule,
    "age": _age,
    "sex": _sex,
    "supplied": _supplied,
    "found": _found,
}
