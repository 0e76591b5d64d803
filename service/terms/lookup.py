"""Value sets as look-ups: what a code is in, what the words name, and what takes that back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, field

import msgspec

from service.knowledge.phrases import PhraseIndex, Tokens, tokens
from service.terms.negation import Negation
from service.terms.scan import Scan
from service.terms.story import Story
from service.terms.units import Units

TREES = ("icd-10-cm", "icd-10", "icd-9-cm", "atc")  # systems whose codes are compared without the dot, by prefix
_SNOMED = re.compile(r"(\d{6,18})(?:\s*\|.*)?")
_EDITION = re.compile(r"(https?://snomed\.info/sct)/\d+(?:/version/\d+)?")
_NOTE_REACH = 2  # words between a negation and "haemolysed" in a laboratory's note


@dataclass(frozen=True, slots=True)
class Match:
    """One value set that a code belongs to."""

    valueset: str
    label: str
    ingredients: tuple[str, ...] = ()
    side: str = ""
    overlay: bool = False


class Coded(msgspec.Struct, frozen=True, gc=False):
    """A coding as it stands in the chart, trimmed."""

    system: str | None
    code: str | None
    display: str | None


class Apart(msgspec.Struct, frozen=True, gc=False):
    """Value sets that do not follow from what labels the whole: from a further coding, or a display against the code.

    by, label, system, code: as of Recognition, for these alone.
    """

    valuesets: frozenset[str]
    by: str
    label: str
    system: str | None
    code: str | None


class Recognition(msgspec.Struct, frozen=True, gc=False):
    """What a concept means to the rules.

    by: code, overlay (a code of the site's file) or name.
    contradiction: its display means something else than its code; both are in `valuesets`.
    suspected: the words say so ("suspected", "query"). tells_leg_cramps: the words tell of them (A3).
    side: left, right, both, one (of the two, nobody says which) or None.
    measures: the value sets, where all are of results and it tells of nothing else.
    apart: those of the value sets to which `label` and `code` do not belong.
    """

    valuesets: frozenset[str]
    by: str = "code"
    label: str = ""
    system: str | None = None
    code: str | None = None
    ingredients: frozenset[str] = frozenset()
    side: str | None = None
    contradiction: bool = False
    suspected: bool = False
    tells_leg_cramps: bool = False
    measures: tuple[str, ...] = ()
    apart: tuple[Apart, ...] = ()


NOTHING = Recognition(frozenset())
UNTOLD = Recognition(frozenset())  # nobody can tell what it is
Concept = tuple[tuple[Coded, ...], tuple[str, ...]] | bytes  # codings and texts, or what was left as bytes


@dataclass(slots=True)
class Terms:
    """All value sets as look-ups by code and by name. Immutable once compiled, but for what it remembers."""

    systems: dict[str, str]
    kinds: dict[str, str]
    titles: dict[str, str]
    exact: dict[tuple[str, str], tuple[Match, ...]]
    blocked: dict[tuple[str, str], frozenset[str]]
    prefixes: dict[tuple[str, str], tuple[tuple[str, Match | None], ...]]
    names: PhraseIndex[tuple[str, str]]
    order_names: PhraseIndex[str]
    not_names: dict[str, PhraseIndex[bool]]
    refused_by: dict[str, tuple[PhraseIndex[bool], PhraseIndex[bool]]]
    negation: Negation
    elsewhere: PhraseIndex[bool]
    suspected: PhraseIndex[bool]
    sides: PhraseIndex[str]
    side_codes: dict[tuple[str, str], str]
    asides: frozenset[str]
    story: Story
    scan: Scan
    units: Units
    refusing: frozenset[str]
    alone: frozenset[str]
    refines: dict[str, frozenset[str]]
    alone_words: int
    spoiled: dict[str, PhraseIndex[bool]]
    routes: PhraseIndex[str]
    not_routes: dict[str, frozenset[str]]
    answers_yes: frozenset[str]
    answers_no: frozenset[str]
    by_kind: dict[str, frozenset[str]] = field(default_factory=dict)
    memory: dict[str, dict[Concept, Recognition]] = field(default_factory=dict)
    routes_known: dict[Concept, frozenset[str]] = field(default_factory=dict)

    def system(self, uri: str) -> str | None:
        """Returns our short name of a code system URI or OID, None for one that we do not know."""
        known = self.systems.get(uri)
        if known is None:
            uri = uri.partition("|")[0].strip().rstrip("/").lower()
            edition = _EDITION.fullmatch(uri)
            known = self.systems.get(edition[1] if edition else uri)
        return known

    def by_code(self, system: str, code: str) -> tuple[list[Match], set[str]]:
        """Returns the value sets that a code is in, and those that it is expressly not in (nor by its name)."""
        code = code.strip()
        blocked: set[str] = set()
        if system == "snomed":
            expression = _SNOMED.fullmatch(code)
            if expression is None:
                return [], blocked
            code = expression[1]
        if system not in TREES:
            blocked.update(self.blocked.get((system, code), ()))
            return [match for match in self.exact.get((system, code), ()) if match.valueset not in blocked], blocked
        code = code.replace(".", "").upper()
        decided: dict[str, Match | None] = {match.valueset: match for match in self.exact.get((system, code), ())}
        for valueset in self.blocked.get((system, code), ()):
            decided.setdefault(valueset, None)
        for length in range(len(code), 0, -1):
            for valueset, match in self.prefixes.get((system, code[:length]), ()):
                decided.setdefault(valueset, match)
        found = [match for match in decided.values() if match is not None]
        blocked.update(valueset for valueset, match in decided.items() if match is None)
        return found, blocked

    def by_name(self, words: Tokens, among: Set[str]) -> dict[str, str]:
        """Returns the value sets whose names stand in the words, with the medicine's ingredient where one is meant.

        A name does not count where it is negated, another person's, past, hypothetical, or forbidden by its set. Words
        of side and articles may stand inside it.
        """
        found: dict[str, str] = {}
        said: dict[tuple[int, int], bool] = {}
        for start, end, (valueset, ingredient) in self._named(words):
            if valueset not in among or (valueset in self.alone and len(words) > self.alone_words):
                continue
            if valueset in found:
                if ingredient and ingredient not in found[valueset]:
                    found[valueset] = f"{found[valueset]}|{ingredient}"
                continue
            if (start, end) not in said:
                said[start, end] = self._is_said(words, start, end)
            if said[start, end] and self._may_mean(valueset, words):
                found[valueset] = ingredient
        return found

    def _named(self, words: Tokens) -> Sequence[tuple[int, int, tuple[str, str]]]:
        found = self.names.find(words)
        if self.asides.isdisjoint(words) or self.names.firsts.isdisjoint(words):
            return found
        kept = [number for number, word in enumerate(words) if word not in self.asides]
        inside = self.names.find(tuple([words[number] for number in kept]))
        return [*found, *((kept[start], kept[end - 1] + 1, name) for start, end, name in inside)]

    def _is_said(self, words: Tokens, start: int, end: int) -> bool:
        """Whether what stands there is said of this patient and now: not denied, of somebody else, or past."""
        return not self.negation.denies(words, start, end) and not self.negation.aside(
            self.elsewhere, words, start, end
        )

    def _may_mean(self, valueset: str, words: Tokens) -> bool:
        """Whether the words hold nothing that keeps a name from meaning the set."""
        return not self._forbidden(valueset, words) and not self.is_elsewhere(valueset, [words])

    def _forbidden(self, valueset: str, words: Tokens) -> bool:
        """Whether the words hold what the set may not mean; what they deny ("not on dialysis") does not count."""
        forbidden = self.not_names.get(valueset)
        if forbidden is None or forbidden.firsts.isdisjoint(words):
            return False
        return any(not self.negation.before(words, start, in_part=True) for start, _, _ in forbidden.find(words))

    def is_elsewhere(self, valueset: str, texts: Sequence[Tokens]) -> bool:
        """Returns whether the texts name what the set refuses (another site), and nothing that outweighs it."""
        refusing, outweighing = self.refused_by.get(valueset, (None, None))
        return (
            refusing is not None
            and outweighing is not None
            and any(refusing.holds(words) for words in texts)
            and not any(outweighing.holds(words) for words in texts)
        )

    def refused(self, valueset: str, texts: Sequence[Tokens]) -> bool:
        """Returns whether the words beside a code take it back, for the value sets whose codes are that unspecific."""
        if self.is_elsewhere(valueset, texts):
            return True
        return valueset in self.refusing and any(self._takes_back(valueset, words) for words in texts)

    def _takes_back(self, valueset: str, words: Tokens) -> bool:
        named = [(start, end) for start, end, (name, _) in self._named(words) if name == valueset]
        if named:
            is_said = any(self._is_said(words, start, end) for start, end in named)
            return not (is_said and self._may_mean(valueset, words))
        if self.elsewhere.holds(words) or self._forbidden(valueset, words):
            return True
        return bool(words) and all(self.negation.holds(part) for part in self.negation.parts(words))

    def is_spoiled(self, valueset: str, words: Tokens) -> bool:
        """Returns whether a laboratory's note says that the sample was spoiled, and does not deny it."""
        return any(
            not self.negation.denies(words, start, end, _NOTE_REACH)
            for start, end, _ in self.spoiled[valueset].find(words)
        )

    def orders_named(self, texts: Iterable[str]) -> frozenset[str]:
        """Returns the keys of the orders whose names stand in the texts of a request."""
        return frozenset(key for text in texts for _, _, key in self.order_names.find(tokens(text)))

    def side(self, words: Tokens) -> str | None:
        """Returns the side that the words name; one where they say one-sided and not which; both for both sides."""
        spans = self.sides.find(words)
        if not spans:
            return None
        meaningless = [(start, end) for start, end, side in spans if not side]
        return one_of(
            side
            for start, end, side in spans
            if side and not any(low <= start and end <= high for low, high in meaningless)
        )

    def side_of_code(self, coding: Coded) -> str | None:
        """Returns the side that the code of a body site or qualifier means; of an expression, that of its parts."""
        system = self.system(coding.system) if coding.system else None
        if system is None or coding.code is None:
            return None
        parts = re.findall(r"\d{6,18}", coding.code) if system == "snomed" else [coding.code]
        return one_of(side for part in parts if (side := self.side_codes.get((system, part))))


def one_of(sides: Iterable[str | None]) -> str | None:
    """Returns what several sides come to: the one that is named, both where two are, one where only that is said."""
    named = {side for side in sides if side}
    sure = named - {"one"}
    if not named:
        return None
    return "both" if len(sure) > 1 else next(iter(sure or named))
