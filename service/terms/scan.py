"""What the words of a scan's report say of a thrombosis."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

from service.knowledge.phrases import PhraseIndex, Phrases, Tokens, tokens

Verdict = Literal["positive", "unclear", ""]
_SENTENCE = re.compile(r"[.;:!?\n]+|\b(?:but|however|although|except|aber|jedoch|ausser|außer)\b", re.IGNORECASE)
_NEGATION_REACH = 3  # shorter than in charts: a report that says no in one vein and yes in the next says yes


class Scan:
    """Reads conclusions sentence by sentence; what is not plainly denied counts as described.

    A conclusion in words that neither denies a thrombosis nor says that the veins are clear settles nothing: words
    that stand on no list are not a clear scan.
    """

    def __init__(self, phrases: Phrases) -> None:
        def index(listed: list[str]) -> PhraseIndex[bool]:
            return PhraseIndex((tokens(phrase), True) for phrase in listed)

        self._positive = index(phrases.scan_positive)
        self._unclear = index(phrases.scan_unclear)
        self._clear = index(phrases.scan_clear)
        self._before = index([*phrases.negated_before, *phrases.negated_to_comma])
        self._after = index([*phrases.negated_after, *phrases.negated_last])
        self._past = index([*phrases.past, *phrases.other_person])

    def verdict(self, texts: Iterable[str], coded: Iterable[str] = ()) -> Verdict:
        """Returns positive where a text describes a thrombosis, unclear where the texts settle nothing, else nothing.

        coded: the words of coded conclusions, which need not say that the veins are clear.
        """
        written = list(texts)
        unclear = False
        clear = not any(tokens(text) for text in written)
        for text in (*written, *coded):
            for sentence in _SENTENCE.split(text):
                words = tokens(sentence)
                if self._past.holds(words):
                    continue
                unclear |= self._unclear.holds(words)
                clear |= any(not self._denied(words, start, end) for start, end, _ in self._clear.find(words))
                for start, end, _ in self._positive.find(words):
                    if not self._denied(words, start, end):
                        return "unclear" if self._unclear.holds(words) else "positive"
                    clear = True
        return "unclear" if unclear or not clear else ""

    def _denied(self, words: Tokens, start: int, end: int) -> bool:
        before = any(start - stop <= _NEGATION_REACH for _, stop, _ in self._before.find(words[:start]))
        return before or any(begin <= _NEGATION_REACH for begin, _, _ in self._after.find(words[end:]))
