"""Free text as tokens, and the word lists by which it is read."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

from pydantic import Field

from service.knowledge.schema import Model, Text

T = TypeVar("T")

Tokens = tuple[str, ...]
_TOKEN = re.compile(r"[a-z0-9]+")


def tokens(text: str) -> Tokens:
    """Returns the lower-case words and numbers of a text, accents folded (ä as a, ß as ss)."""
    if not text.isascii():
        text = "".join(
            c for c in unicodedata.normalize("NFKD", text.replace("ß", "ss")) if not unicodedata.combining(c)
        )
    return tuple(_TOKEN.findall(text.lower()))


class PhraseIndex(Generic[T]):
    """Phrases by their first word, so that a text is read once for all of them."""

    def __init__(self, phrases: Iterable[tuple[Tokens, T]]) -> None:
        self._by_first: dict[str, list[tuple[Tokens, T]]] = {}
        for phrase, value in phrases:
            if phrase:
                self._by_first.setdefault(phrase[0], []).append((phrase, value))
        for candidates in self._by_first.values():
            candidates.sort(key=lambda candidate: -len(candidate[0]))

    def find(self, words: Tokens) -> Iterator[tuple[int, int, T]]:
        """Yields (start, end, value) for each phrase that stands in the words."""
        for start, word in enumerate(words):
            for phrase, value in self._by_first.get(word, ()):
                end = start + len(phrase)
                if words[start:end] == phrase:
                    yield start, end, value

    def holds(self, words: Tokens) -> bool:
        """Returns whether any of the phrases stands in the words."""
        return next(self.find(words), None) is not None


class Phrases(Model):
    """The word lists of rules/text.yaml."""

    negated_before: list[Text]
    negated_after: list[Text]
    other_person: list[Text]
    past: list[Text]
    hypothetical: list[Text]
    suspected: list[Text]
    other_site: list[Text]
    left: list[Text]
    right: list[Text]
    both: list[Text]
    night: list[Text]
    leg: list[Text]
    cramp: list[Text]
    night_cramps: list[Text]
    leg_cramps: list[Text]
    scan_positive: list[Text]
    scan_unclear: list[Text]
    answers_yes: list[Text]
    answers_no: list[Text]
    routes: dict[str, list[Text]] = Field(default_factory=dict)
    within_tokens: int
    whole_text_tokens: int
    why: Text
