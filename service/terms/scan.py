"""What the words of a scan's report say of a thrombosis."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

from service.knowledge.phrases import PhraseIndex, Phrases, tokens

Verdict = Literal["positive", "unclear", ""]
_SENTENCE = re.compile(r"[.;:!?\n]+|\b(?:but|however|although|except|aber|jedoch|ausser|außer)\b", re.IGNORECASE)
_NEGATION_REACH = 3  # shorter than in charts: a report that says no in one vein and yes in the next says yes


class Scan:
    """Reads conclusions sentence by sentence; what is not plainly denied counts as described."""

    def __init__(self, phrases: Phrases) -> None:
        def index(listed: list[str]) -> PhraseIndex[bool]:
            return PhraseIndex((tokens(phrase), True) for phrase in listed)

        self._positive = index(phrases.scan_positive)
        self._unclear = index(phrases.scan_unclear)
        self._before = index(phrases.negated_before)
        self._after = index([*phrases.negated_after, *phrases.negated_last])
        self._past = index([*phrases.past, *phrases.other_person])

    def verdict(self, texts: Iterable[str]) -> Verdict:
        """Returns positive where a text describes a thrombosis, unclear where it settles nothing, else nothing."""
        unclear = False
        for text in texts:
            for sentence in _SENTENCE.split(text):
                words = tokens(sentence)
                if self._past.holds(words):
                    continue
                unclear |= self._unclear.holds(words)
                for start, end, _ in self._positive.find(words):
                    denied = any(start - stop <= _NEGATION_REACH for _, stop, _ in self._before.find(words[:start]))
                    denied |= any(begin <= _NEGATION_REACH for begin, _, _ in self._after.find(words[end:]))
                    if not denied:
                        return "unclear" if self._unclear.holds(words) else "positive"
        return "unclear" if unclear else ""
