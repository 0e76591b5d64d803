"""Parts of sentences, joined so that a reader sees what belongs together."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

from service.knowledge.schema import Clause, Latest, Limits, ResultTerms
from service.prose.wording import BOUNDS


class Said(NamedTuple):
    """A part of a sentence. Parts of one subject share it: the newest potassium is below 2.5 or is at least 6.5."""

    subject: str
    predicate: str = ""
    join: Literal["", "and", "or", "unless"] = ""

    @property
    def text(self) -> str:
        """The part as it is read."""
        return f"{self.subject} {self.predicate}".strip()


def parted(clauses: Iterable[Clause]) -> tuple[list[Clause], list[Clause]]:
    """The clauses that are to hold, and those inside a `none`. Where only the latter are, nothing is parted."""
    wanted = [clause for clause in clauses if not clause.none]
    if not wanted:
        return list(clauses), []
    return wanted, [inner for clause in clauses for inner in clause.none or ()]


def telling(clauses: Iterable[Clause]) -> list[Clause]:
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
    for name in BOUNDS:
        wider: Limits = getattr(wide, name) or {}
        closer: Limits = getattr(narrow, name) or {}
        sign = 1 if name.startswith(("b", "at_m")) else -1
        if wider.keys() != closer.keys() or any(sign * wider[unit] < sign * closer[unit] for unit in wider):
            return False
    return True


def merged(parts: Iterable[Said], word: str) -> list[Said]:
    """Parts without repeats; neighbours of one subject, or that say the same of two, are one part."""
    found: list[Said] = []
    for part in dict.fromkeys(parts):
        last = found[-1] if found else None
        if last and last.predicate and last.subject == part.subject:
            comma = "," if ", " in last.predicate else ""
            found[-1] = Said(part.subject, f"{last.predicate}{comma} {word} {part.predicate}")
        elif last and last.predicate and last.predicate == part.predicate and word == "or":
            found[-1] = Said(f"{last.subject}, or {part.subject}", part.predicate)
        else:
            found.append(part)
    return found


def joined(parts: Iterable[Said], word: Literal["and", "or"]) -> Said:
    """One part of many. An `or` inside an `and`, and an `unless` inside either, stands in brackets."""
    several = merged(parts, word)
    if len(several) == 1:
        return several[0]
    bracketed = ("or", "unless") if word == "and" else ("unless",)
    texts = [f"({part.text})" if part.join in bracketed else part.text for part in several]
    comma = "," if word == "or" or any(part.join or ", " in part.text for part in several) else ""
    return Said(f"{comma} {word} ".join(texts), join=word)
