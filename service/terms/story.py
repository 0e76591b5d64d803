"""The proximity rule by which free text tells of leg cramps."""

from __future__ import annotations

from service.knowledge.phrases import PhraseIndex, Phrases, Tokens, tokens


class Story:
    """Night, leg and cramp words near each other, and none that refuses them."""

    def __init__(self, phrases: Phrases) -> None:
        def index(*lists: list[str]) -> PhraseIndex[bool]:
            return PhraseIndex((tokens(phrase), True) for listed in lists for phrase in listed)

        self._near = (index(phrases.night), index(phrases.leg), index(phrases.cramp))
        self._night_cramps = index(phrases.night_cramps)
        self._leg_cramps = index(phrases.leg_cramps)
        self._refusing = index(phrases.other_person, phrases.past, phrases.hypothetical, phrases.other_site)
        self._before = index(phrases.negated_before)
        self._after = index(phrases.negated_after)
        self._reach = phrases.within_tokens
        self._whole = phrases.whole_text_tokens

    def tells(self, words: Tokens) -> bool:
        """Returns whether the words tell of the patient's own leg cramps."""
        for start, end, _ in self._night_cramps.find(words):
            if self._stands(words, start, end):
                return True
        if len(words) <= self._whole:
            for start, end, _ in self._leg_cramps.find(words):
                if self._stands(words, start, end):
                    return True
        nights, legs, cramps = ([(start, end) for start, end, _ in index.find(words)] for index in self._near)
        for cramp in cramps:
            for leg in legs:
                for night in nights:
                    near = _gap(night, leg) <= self._reach and min(_gap(leg, cramp), _gap(night, cramp)) <= self._reach
                    if near and self._stands(words, cramp[0], max(cramp[1], leg[1], night[1])):
                        return True
        return False

    def _stands(self, words: Tokens, start: int, end: int) -> bool:
        if self._refusing.holds(words):
            return False
        if any(start - stop <= self._reach for _, stop, _ in self._before.find(words[:start])):
            return False
        return not any(begin <= self._reach for begin, _, _ in self._after.find(words[end:]))


def _gap(one: tuple[int, int], other: tuple[int, int]) -> int:
    """Words between two spans; 0 where they touch or overlap."""
    return max(0, one[0] - other[1], other[0] - one[1])
