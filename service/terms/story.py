"""The proximity rule by which free text tells of leg cramps."""

from __future__ import annotations

from service.knowledge.phrases import Phrases, Tokens
from service.terms.negation import Negation, index


class Story:
    """Night, leg and cramp words near each other, and none that refuses them."""

    def __init__(self, phrases: Phrases) -> None:
        self._near = (index(phrases.night), index(phrases.leg), index(phrases.cramp))
        self._night_cramps = index(phrases.night_cramps)
        self._leg_cramps = index(phrases.leg_cramps)
        # One of these stands in whatever tells of leg cramps.
        self._firsts = self._night_cramps.firsts | self._leg_cramps.firsts | self._near[-1].firsts
        self._refusing = index(phrases.other_person, phrases.past, phrases.hypothetical)
        self._other_site = index(phrases.other_site)
        self.negation = Negation(phrases)
        self._reach = phrases.within_tokens
        self._whole = phrases.whole_text_tokens

    def tells(self, words: Tokens) -> bool:
        """Returns whether the words tell of the patient's own leg cramps."""
        if self._firsts.isdisjoint(words):  # nearly always
            return False
        for start, end, _ in self._night_cramps.find(words):
            if self._stands(words, start, end, start):
                return True
        if len(words) <= self._whole:
            for start, end, _ in self._leg_cramps.find(words):
                if self._stands(words, start, end, start):
                    return True
        nights, legs, cramps = (found.find(words) for found in self._near)
        for cramp in cramps:
            for leg in legs:
                for night in nights:
                    near = _gap(night, leg) <= self._reach and min(_gap(leg, cramp), _gap(night, cramp)) <= self._reach
                    first, last = min(cramp[0], leg[0], night[0]), max(cramp[1], leg[1], night[1])
                    if near and self._stands(words, first, last, cramp[0]):
                        return True
        return False

    def _stands(self, words: Tokens, start: int, end: int, cramp: int) -> bool:
        """Whether what stands from start to end, the cramp itself at `cramp`, is neither refused nor denied."""
        if self.negation.aside(self._refusing, words, end, end) or self._elsewhere(words, start, end):
            return False
        return not self.negation.denies(words, cramp, end)

    def _elsewhere(self, words: Tokens, start: int, end: int) -> bool:
        """Whether another site is named in the same part of the text; "no chest pain" names none."""
        low, high = self.negation.part(words, start, end)
        return any(
            not self.negation.before(words, low + begin, in_part=True)
            for begin, _, _ in self._other_site.find(words[low:high])
        )


def _gap(one: tuple[int, int, bool], other: tuple[int, int, bool]) -> int:
    """Words between two spans; 0 where they touch or overlap."""
    return max(0, one[0] - other[1], other[0] - one[1])
