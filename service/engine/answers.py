"""Three-valued answers with their provenance: Kleene's no < unknown < yes."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import NamedTuple

from service.facts.model import Fact


class Truth(IntEnum):
    """no < unknown < yes: all is the least, any the greatest, none the mirror of any."""

    NO = 0
    UNKNOWN = 1
    YES = 2


class Answer(NamedTuple):
    """What a clause says: its truth, the facts that made it yes, and what was missing where it is unknown."""

    truth: Truth
    found: tuple[Fact, ...] = ()
    missing: tuple[str, ...] = ()


NO = Answer(Truth.NO)
YES = Answer(Truth.YES)


def unknown(*missing: str) -> Answer:
    """Returns an answer that cannot be decided for want of what is named."""
    return Answer(Truth.UNKNOWN, (), missing)


def all_of(answers: Iterable[Answer]) -> Answer:
    """Yes when all are yes, no when one is no."""
    answers = tuple(answers)
    truth = min(answer.truth for answer in answers)
    return Answer(truth, _found(answers) if truth else (), _missing(answers) if truth == Truth.UNKNOWN else ())


def any_of(answers: Iterable[Answer]) -> Answer:
    """Yes when one is yes, no when all are no."""
    answers = tuple(answers)
    truth = max(answer.truth for answer in answers)
    return Answer(truth, _found(answers), _missing(answers) if truth == Truth.UNKNOWN else ())


def none_of(answers: Iterable[Answer]) -> Answer:
    """Yes when all are no, no when one is yes."""
    answers = tuple(answers)
    truth = Truth(2 - max(answer.truth for answer in answers))
    return Answer(truth, (), _missing(answers) if truth == Truth.UNKNOWN else ())


def _found(answers: tuple[Answer, ...]) -> tuple[Fact, ...]:
    seen: dict[tuple[str, str], Fact] = {}
    for answer in answers:
        if answer.truth == Truth.YES:
            for fact in answer.found:
                seen.setdefault((fact.reference, fact.label), fact)
    return tuple(seen.values())


def _missing(answers: tuple[Answer, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(m for answer in answers if answer.truth == Truth.UNKNOWN for m in answer.missing))
