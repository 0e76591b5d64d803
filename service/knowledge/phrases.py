"""Free text as tokens, and the word lists by which it is read."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Generic, Literal, TypeVar

from pydantic import Field

from service.knowledge.schema import Model, System, Text

T = TypeVar("T")

Phrase = tuple[str, ...]
_TOKEN = re.compile(r"[a-z0-9]+")
_STOP = re.compile(r"[;!?\n\r•]")
_DOT = re.compile(r"\.(?=\s)")
_COMMA = re.compile(r"[,()\[\]–—]|\s-\s")
_MARKS = ((";", _STOP), (".", _DOT), (",", _COMMA))
_DOUBT = re.compile(r"(?<!\w)\?|\?(?!\w)")


class Tokens(tuple[str, ...]):
    """The words of a text, and what stood between them, worked out when it is asked for: most texts name nothing."""

    text: str
    parts: dict[int, bool] | None = None  # what Negation makes of the marks

    @cached_property
    def breaks(self) -> dict[int, str]:
        """Index of the word behind a mark → the mark.

        `;` ends a sentence, `.` may end one or an abbreviation, `,` sets a part of it off.
        """
        between = _TOKEN.split(self.text)[1:-1]
        marks = {gap: mark for gap in set(between) if (mark := _mark(gap))}
        return {number: marks[gap] for number, gap in enumerate(between, 1) if gap in marks} if marks else {}

    @property
    def doubted(self) -> bool:
        """Whether a question mark stands beside a word, not inside one as where an encoding went wrong."""
        return "?" in self.text and _DOUBT.search(self.text) is not None


def tokens(text: str) -> Tokens:
    """Returns the lower-case words and numbers of a text, accents folded (ä as a, ß as ss)."""
    if not text.isascii():
        text = "".join(
            c for c in unicodedata.normalize("NFKD", text.replace("ß", "ss")) if not unicodedata.combining(c)
        )
    text = text.lower()
    words = Tokens(_TOKEN.findall(text))
    words.text = text
    return words


def _mark(between: str) -> str:
    return next((mark for mark, found in _MARKS if found.search(between)), "")


class PhraseIndex(Generic[T]):
    """Phrases by their first word, so that a text is read once for all of them."""

    def __init__(self, phrases: Iterable[tuple[Phrase, T]]) -> None:
        meant: dict[Phrase, list[T]] = {}
        lengths: dict[str, set[int]] = {}
        for phrase, value in phrases:
            if phrase:
                meant.setdefault(tuple(phrase), []).append(value)
                lengths.setdefault(phrase[0], set()).add(len(phrase))
        self._meant = {phrase: tuple(values) for phrase, values in meant.items()}
        self._lengths = {first: tuple(sorted(found, reverse=True)) for first, found in lengths.items()}
        self.firsts = frozenset(lengths)

    def find(self, words: Phrase) -> Sequence[tuple[int, int, T]]:
        """Returns (start, end, value) for each phrase that stands in the words, of one place the longest first."""
        if self.firsts.isdisjoint(words):  # nearly always
            return ()
        lengths, meant, last = self._lengths, self._meant, len(words)
        return [
            (start, start + length, value)
            for start, word in enumerate(words)
            if word in lengths
            for length in lengths[word]
            if start + length <= last
            for value in meant.get(words[start : start + length], ())
        ]

    def holds(self, words: Phrase) -> bool:
        """Returns whether any of the phrases stands in the words."""
        return bool(self.find(words))


class SideCode(Model):
    """A code of a body site or a qualifier that names a side."""

    system: System
    code: Text
    side: Literal["left", "right", "both", "one"]


class Phrases(Model):
    """The word lists of rules/text.yaml."""

    negated_before: list[Text]
    negated_to_comma: list[Text]
    joins: list[Text]
    negated_after: list[Text]
    negated_last: list[Text]
    goes_on: list[Text]
    turns: list[Text]
    abbreviations: list[Text]
    other_person: list[Text]
    past: list[Text]
    hypothetical: list[Text]
    suspected: list[Text]
    other_site: list[Text]
    left: list[Text]
    right: list[Text]
    both: list[Text]
    one_side: list[Text]
    no_side: list[Text]
    side_codes: list[SideCode]
    articles: list[Text]
    night: list[Text]
    leg: list[Text]
    cramp: list[Text]
    night_cramps: list[Text]
    leg_cramps: list[Text]
    scan_positive: list[Text]
    scan_unclear: list[Text]
    scan_clear: list[Text]
    answers_yes: list[Text]
    answers_no: list[Text]
    routes: dict[str, list[Text]] = Field(default_factory=dict)
    within_tokens: int
    whole_text_tokens: int
    why: Text
