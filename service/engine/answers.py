"""Three-valued answers with their provenance: Kleene's no < unknown < yes."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

import msgspec

from service.facts.model import Fact


class Truth(IntEnum):
    """no < unknown < yes: all is the least, any the greatest, none the mirror of any."""

    NO = 0
    UNKNOWN = 1
    YES = 2


class Answer(msgspec.Struct, frozen=True, gc=False):
    """What a clause says: its truth, the facts that made it yes, and what was missing where it is unknown."""

    truth: Truth
    found: tuple[Fact, ...] = ()
    missing: tuple[str, ...] = ()


_NO, _UNKNOWN, _YES = Truth
NO = Answer(Truth.NO)
YES = Answer(Truth.YES)


def unknown(*missing: str) -> Answer:
    """Returns an answer that cannot be decided for want of what is named."""
    return Answer(Truth.UNKNOWN, (), missing)


def all_of(answers: Sequence[Answer]) -> Answer:
    """Yes when all are yes, no when one is no."""
    truth = min([answer.truth for answer in answers], default=_YES)
    if truth is _NO:
        return NO
    return Answer(truth, _found(answers), _missing(answers) if truth is _UNKNOWN else ())


def any_of(answers: Sequence[Answer]) -> Answer:
    """Yes when one is yes, no when all are no."""
    truth = max([answer.truth for answer in answers], default=_NO)
    if truth is _YES:
        return Answer(_YES, _found(answers))
    return Answer(_UNKNOWN, (), _missing(answers)) if truth is _UNKNOWN else NO


def none_of(answers: Sequence[Answer]) -> Answer:
    """Yes when all are no, no when one is yes."""
    truth = max([answer.truth for answer in answers], default=_NO)
    if truth is _YES:
        return NO
    return Answer(_UNKNOWN, (), _missing(answers)) if truth is _UNKNOWN else YES


def _found(answers: Sequence[Answer]) -> tuple[Fact, ...]:
    found = [fact for answer in answers if answer.truth is _YES for fact in answer.found]
    if len(found) > 1:
        first: dict[tuple[str, str], Fact] = {}
        for fact in found:
            first.setdefault((fact.reference, fact.label), fact)
        return tuple(first.values())
    return tuple(found)


def _missing(answers: Sequence[Answer]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(m for answer in answers if answer.truth is _UNKNOWN for m in answer.missing))
