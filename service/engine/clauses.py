"""Clauses compiled to functions: how their words are joined, and what asks once in an evaluation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from service.engine.answers import NO, Answer, Truth, all_of, any_of, none_of
from service.engine.case import Case
from service.engine.completion import Completion
from service.engine.reach import touching, walk
from service.engine.words import WORDS, Ask, event
from service.facts.dates import Day
from service.facts.model import Condition, Fact
from service.knowledge.schema import Clause, Definition, DoneTerms

_NO, _YES = Truth.NO, Truth.YES


class Clauses:
    """Compiles clauses against the definitions and orders of one rule set."""

    def __init__(self, definitions: Mapping[str, Definition], completions: Mapping[str, Completion]) -> None:
        self._definitions = definitions
        self._completions = completions
        self._compiled: dict[str, Ask] = {}

    def compile(self, clause: Clause) -> Ask:
        """Returns the function that answers a clause; what it found is bound to the clause's name.

        Clauses that ask the same are one function, which asks once in an evaluation.
        """
        name, ask = clause.as_, self._asked(clause)
        if name is None:
            return ask
        later = clause.condition is not None and clause.condition.date == "later"

        def bind(case: Case) -> Answer:
            answer = ask(case)
            if answer.truth is _YES:
                case.bound.setdefault(name, []).extend([(fact, _anchor(fact, later)) for fact in answer.found])
            return answer

        return bind

    def _asked(self, clause: Clause) -> Ask:
        """The function for what a clause asks, whatever it is called; one for all that ask the same."""
        if clause.definition:
            return self.compile(self._definitions[clause.definition].when)
        content = clause.model_dump_json(exclude={"as_", "why", "sources"}, exclude_defaults=True)
        if content not in self._compiled:
            ask = self._word(clause)
            inner = (part for part in walk(clause, self._definitions) if part is not clause)
            lasting = _is_lasting(clause) and not any(part.as_ or not _is_lasting(part) for part in inner)
            self._compiled[content] = _once(len(self._compiled), ask) if lasting else ask
        return self._compiled[content]

    def _word(self, clause: Clause) -> Ask:
        word = clause.word
        terms = getattr(clause, word)
        match word:
            case "all" | "any" | "none":
                parts = [(touching(part, self._definitions), self.compile(part)) for part in terms]
                return _all(parts) if word == "all" else _either(any_of if word == "any" else none_of, parts)
            case "done":
                return self._done(terms)
            case "allergy":
                return event(word, terms.in_, None)
            case "procedure" | "encounter" | "questionnaire":
                return event(word, terms.in_, terms.within)
            case _:
                return WORDS[word](terms)

    def _done(self, terms: DoneTerms) -> Ask:
        completion = self._completions[terms.order]
        return lambda case: completion.answer(case, terms.within, case.latest_start(terms.after or ()))


def _is_lasting(clause: Clause) -> bool:
    """Whether a clause by itself has one answer for a record as of a day, whatever was bound and other rules say."""
    return not (clause.found or clause.rule or (clause.done and clause.done.after))


def _once(number: int, ask: Ask) -> Ask:
    """Asks once in an evaluation. number: of the clause."""

    def once(case: Case) -> Answer:
        answer = case.answers.get(number)
        if answer is None:
            answer = case.answers[number] = ask(case)
        return answer

    return once


def _all(parts: list[tuple[frozenset[str], Ask]]) -> Ask:
    """One no decides: a part that the case does not touch is one, and what comes behind it is not asked."""

    def ask(case: Case) -> Answer:
        answers = []
        for touched_by, inner in parts:
            if touched_by.isdisjoint(case.touches) or (answer := inner(case)).truth is _NO:
                return NO
            answers.append(answer)
        return all_of(answers)

    return ask


def _either(join: Callable[[Sequence[Answer]], Answer], parts: list[tuple[frozenset[str], Ask]]) -> Ask:
    """Any or none of the parts: those that the case does not touch are no, and change neither."""
    untouched = join([])

    def ask(case: Case) -> Answer:
        answers = []
        for touched_by, inner in parts:
            if not touched_by.isdisjoint(case.touches) and (answer := inner(case)).truth is not _NO:
                answers.append(answer)
        return join(answers) if answers else untouched

    return ask


def _anchor(fact: Fact, later: bool) -> Day | None:
    return fact.later if later and isinstance(fact, Condition) else fact.day
