"""Whether a text denies what it names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from service.knowledge.phrases import Phrase, PhraseIndex, Phrases, Tokens, tokens


class Negation:
    """Finds what denies a name, before it and after it, without reaching into what is said of something else.

    Before a name a denial reaches over commas, as in a list ("no fever, chills, cramps"; in German only where a word
    joins the list), but not out of another sentence, nor where it denies what stands before it ("DVT ruled out, left
    leg swollen"). After a name it stays in the part between commas ("leg cramps, denies chest pain"); a later part
    denies the name only where it says nothing else ("leg cramps, resolved"). What is "not excluded" is not denied.
    """

    def __init__(self, phrases: Phrases) -> None:
        backwards = {tokens(phrase) for phrase in phrases.negated_after}
        self._before = PhraseIndex(
            (words, words in backwards) for words in map(tokens, (*phrases.negated_before, *phrases.negated_to_comma))
        )
        self._to_comma = frozenset(tokens(phrase) for phrase in phrases.negated_to_comma)
        self._joins = index(phrases.joins)
        self._after = PhraseIndex(
            (tokens(phrase), last)
            for last, listed in ((False, phrases.negated_after), (True, phrases.negated_last))
            for phrase in listed
        )
        self._open = index(phrases.suspected)
        self._goes_on = index(phrases.goes_on)
        self._turns = index(phrases.turns)
        self._abbreviations = frozenset(tokens(phrase) for phrase in phrases.abbreviations)
        self._reach = phrases.within_tokens

    def denies(self, words: Tokens, start: int, end: int, reach: int | None = None) -> bool:
        """Returns whether what stands from start to end is denied, by words at most `reach` words away."""
        reach = self._reach if reach is None else reach
        return self.before(words, start, reach) or self._denied_after(words, end, reach)

    def before(self, words: Tokens, start: int, reach: int | None = None, *, in_part: bool = False) -> bool:
        """Returns whether a denial stands before a place, in its sentence or, with in_part, between its commas."""
        found = self._before.find(words[:start])
        if not found:  # nearly always
            return False
        reach = self._reach if reach is None else reach
        breaks = self._breaks(words)
        part = _part_start(breaks, start)
        low = part if in_part else _sentence_start(breaks, start)
        for begin, stop, backwards in found:
            if begin < low or start - stop > reach or self._is_open(words, begin, stop):
                continue
            ends = words[begin:stop] in self._to_comma and not self._joins.holds(words[stop:start])
            if begin >= part or not (backwards or ends or stop in breaks):
                return True
        return False

    def aside(self, listed: PhraseIndex[bool], words: Tokens, start: int, end: int) -> bool:
        """Returns whether a phrase that is true of somebody else, or not now, is said of what stands from start to end.

        It is where the phrase stands before it in the sentence, behind it between the same commas, or ends a later part
        ("breast cancer (mother)", but not "left leg swollen, history of DVT").
        """
        found = listed.find(words)
        if not found:  # nearly always
            return False
        breaks = self._breaks(words)
        low = _sentence_start(breaks, start)
        own_end = _part_end(breaks, end, words)
        if any(low <= begin and stop <= start for begin, stop, _ in found):
            return True
        ends = {*breaks, len(words)}
        return any(begin >= end and (begin < own_end or stop in ends) for begin, stop, _ in found)

    def part(self, words: Tokens, start: int, end: int) -> tuple[int, int]:
        """Returns the bounds of what stands between the commas or stops around a place."""
        breaks = self._breaks(words)
        return _part_start(breaks, start), _part_end(breaks, end, words)

    def parts(self, words: Tokens) -> Iterable[Phrase]:
        """Returns the words split at commas and stops."""
        ends = [*sorted(self._breaks(words)), len(words)]
        return [words[low:high] for low, high in zip([0, *ends], ends, strict=False) if low < high]

    def holds(self, words: Phrase) -> bool:
        """Returns whether anything is denied in the words."""
        return self._before.holds(words) or self._after.holds(words)

    def _denied_after(self, words: Tokens, end: int, reach: int) -> bool:
        found = self._after.find(words[end:])
        if not found:  # nearly always
            return False
        breaks = [at for at in sorted(self._breaks(words)) if at >= end]
        own_end = breaks[0] if breaks else len(words)
        for begin, stop, last in ((begin + end, stop + end, last) for begin, stop, last in found):
            if begin - end > reach or self._is_open(words, begin, stop):
                continue
            closes = stop in (*breaks, len(words)) or any(at == 0 for at, _, _ in self._goes_on.find(words[stop:]))
            if begin < own_end and (closes or not last):
                return True
            if begin in breaks and closes:
                return True
        return False

    def _is_open(self, words: Tokens, start: int, end: int) -> bool:
        """Whether the words of a denial belong to a suspicion ("cannot be excluded")."""
        return any(begin <= start and end <= stop for begin, stop, _ in self._open.find(words))

    def _breaks(self, words: Tokens) -> dict[int, bool]:
        """The places where a new part begins → whether a new sentence does."""
        if words.parts is None:
            words.parts = self._divide(words)
        return words.parts

    def _divide(self, words: Tokens) -> dict[int, bool]:
        found = {
            at: mark != ","
            for at, mark in words.breaks.items()
            if mark != "." or (len(words[at - 1]) > 2 and words[at - 1 : at] not in self._abbreviations)
        }
        found.update((stop, True) for _, stop, _ in self._turns.find(words) if stop < len(words))
        return found


def _sentence_start(breaks: Mapping[int, bool], place: int) -> int:
    return max((at for at, new_sentence in breaks.items() if at <= place and new_sentence), default=0)


def _part_start(breaks: Mapping[int, bool], place: int) -> int:
    return max((at for at in breaks if at <= place), default=0)


def _part_end(breaks: Mapping[int, bool], place: int, words: Tokens) -> int:
    return min((at for at in breaks if at >= place), default=len(words))


def index(*lists: list[str]) -> PhraseIndex[bool]:
    """Returns the phrases of some word lists."""
    return PhraseIndex((tokens(phrase), True) for listed in lists for phrase in listed)
