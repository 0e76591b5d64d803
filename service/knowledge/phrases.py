"""Free text as tokens, and the word lists by which it is read."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Generic, Literal, TypeVar

from pydantic import Field

from service.knowledge.schema import Model, System, Text

T = TypeVar("T")

Phrase = tuple[str, ...]
_TOKEN = re.compile(r"[a-z0-9]+")
_STOP = re.compile(r"[;!?\n\r•]")
_DOT = re.compile(r"\.(?=\s)")
_COMMA = re.compile(r"[,()\[\]–—]|\s-\s")
_ANY_MARK = re.compile(r"[;!?\n\r•.,()\[\]–—]|\s-\s")  # at least what the three above find
_DOUBT = re.compile(r"(?<!\w)\?|\?(?!\w)")


class Tokens(tuple[str, ...]):
    """The words of a text, and what stood between them.

    breaks: index of the word behind a mark → the mark: `;` ends a sentence, `.` may end one or an abbreviation, `,`
    sets a part of it off. doubted: a question mark stands beside a word, not inside one as where an encoding went
    wrong.
    """

    breaks: Mapping[int, str]
    doubted: bool


def tokens(text: str) -> Tokens:
    """Returns the lower-case words and numbers of a text, accents folded (ä as a, ß as ss)."""
    if not text.isascii():
        text = "".join(
            c for c in unicodedata.normalize("NFKD", text.replace("ß", "ss")) if not unicodedata.combining(c)
        )
    text = text.lower()
    spans = list(_TOKEN.finditer(text))
    words = Tokens(span[0] for span in spans)
    words.breaks = (
        {
            number: mark
            for number in range(1, len(spans))
            if (mark := _mark(text[spans[number - 1].end() : spans[number].start()]))
        }
        if _ANY_MARK.search(text)
        else {}
    )
    words.doubted = "?" in text and _DOUBT.search(text) is not None
    return words


def _mark(between: str) -> str:
    if between == " ":
        return ""
    return next((mark for mark, found in ((";", _STOP), (".", _DOT), (",", _COMMA)) if found.search(between)), "")


class PhraseIndex(Generic[T]):
    """Phrases by their first word, so that a text is read once for all of them."""

    def __init__(self, phrases: Iterable[tuple[Phrase, T]]) -> None:
        self._by_first: dict[str, list[tuple[Phrase, T]]] = {}
        for phrase, value in phrases:
            if phrase:
                self._by_first.setdefault(phrase[0], []).append((tuple(phrase), value))
        for candidates in self._by_first.values():
            candidates.sort(key=lambda candidate: -len(candidate[0]))

    def find(self, words: Phrase) -> Iterator[tuple[int, int, T]]:
        """Yields (start, end, value) for each phrase that stands in the words."""
        if self._by_first.keys().isdisjoint(words):  # nearly always
            return
        for start, word in enumerate(words):
            for phrase, value in self._by_first.get(word, ()):
                end = start + len(phrase)
                if words[start:end] == phrase:
                    yield start, end, value

    def holds(self, words: Phrase) -> bool:
        """Returns whether any of the phrases stands in the words."""
        return next(self.find(words), None) is not None


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
