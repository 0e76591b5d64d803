"""Codes and names compiled to look-ups: what a coded or written thing is recognised as."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from service.knowledge.load import OVERLAY, Row, Rules
from service.knowledge.phrases import Phrase, PhraseIndex, Phrases, Tokens, tokens
from service.terms.negation import Negation, index
from service.terms.scan import Scan
from service.terms.story import Story
from service.terms.units import Units, compile_units

_TREES = ("icd-10-cm", "icd-10", "icd-9-cm", "atc")  # systems whose codes are compared without the dot, by prefix
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


class Coded(NamedTuple):
    """A coding as it stands in the chart, trimmed."""

    system: str | None
    code: str | None
    display: str | None


@dataclass(frozen=True, slots=True)
class Recognition:
    """What a concept means to the rules.

    by: code, overlay (a code of the site's file) or name.
    contradiction: its display means something else than its code; both are in `valuesets`.
    suspected: the words say so ("suspected", "query"). tells_leg_cramps: the words tell of them (A3).
    side: left, right, both, one (of the two, nobody says which) or None.
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


NOTHING = Recognition(frozenset())
Words = tuple[tuple[Coded, ...], tuple[str, ...]]  # codings and texts of a concept
Concept = tuple[str, tuple[Coded, ...], tuple[str, ...]] | tuple[str, bytes]  # kind of thing, and the concept
_MOST_REMEMBERED = 20_000  # distinct concepts; a chart has hundreds, a hospital's catalogues thousands


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
    asides: frozenset[Phrase]
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
    memory: dict[Concept, Recognition] = field(default_factory=dict)

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
        if system not in _TREES:
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

    def by_name(self, words: Tokens) -> dict[str, str]:
        """Returns the value sets whose names stand in the words, with the medicine's ingredient where one is meant.

        A name does not count where it is negated, another person's, past, hypothetical, or forbidden by its set. Words
        of side and articles may stand inside it.
        """
        found: dict[str, str] = {}
        for start, end, (valueset, ingredient) in self._named(words):
            if valueset in self.alone and len(words) > self.alone_words:
                continue
            if valueset not in found and self._stands(words, start, end, valueset):
                found[valueset] = ingredient
            elif ingredient and valueset in found and ingredient not in found[valueset]:
                found[valueset] = f"{found[valueset]}|{ingredient}"
        return found

    def _named(self, words: Tokens) -> Iterator[tuple[int, int, tuple[str, str]]]:
        yield from self.names.find(words)
        kept = [number for number in range(len(words)) if words[number : number + 1] not in self.asides]
        if len(kept) < len(words):
            for start, end, name in self.names.find(tuple(words[number] for number in kept)):
                yield kept[start], kept[end - 1] + 1, name

    def _stands(self, words: Tokens, start: int, end: int, valueset: str) -> bool:
        if self.negation.denies(words, start, end):
            return False
        if self.negation.aside(self.elsewhere, words, start, end):
            return False
        return not self._forbidden(valueset, words) and not self.is_elsewhere(valueset, [words])

    def _forbidden(self, valueset: str, words: Tokens) -> bool:
        """Whether the words hold what the set may not mean; what they deny ("not on dialysis") does not count."""
        forbidden = self.not_names.get(valueset)
        return forbidden is not None and any(
            not self.negation.before(words, start, in_part=True) for start, _, _ in forbidden.find(words)
        )

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
            return not any(self._stands(words, start, end, valueset) for start, end in named)
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
        spans = list(self.sides.find(words))
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


class Recogniser:
    """Recognises the concepts of one request, each distinct one once.

    What a coded concept means is kept from request to request: it follows from the concept and the rule set alone,
    never from whose it is. Free text without a code is forgotten with the request.
    """

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._coded = terms.memory
        self._written: dict[Concept, Recognition] = {}
        self._routes: dict[str, frozenset[str]] = {}

    def system(self, uri: str | None) -> str | None:
        """Returns our short name of a code system, None for one that we do not know."""
        return self._terms.system(uri) if uri else None

    def recognise(self, kind: str, codings: Sequence[Coded], texts: Sequence[str] = ()) -> Recognition:
        """Returns what a concept means among the value sets for its kind of thing: by code first, by name second."""
        concept = (kind, tuple(codings), tuple(texts))
        memory = self._coded if any(coding.code for coding in codings) else self._written
        known = memory.get(concept)
        return self._remember(memory, concept, codings, texts) if known is None else known

    def recognise_written(self, kind: str, written: bytes, read: Callable[[bytes], Words]) -> Recognition:
        """Returns what a concept that was left as bytes means; it is read only where it is met for the first time."""
        concept = (kind, written)
        known = self._coded.get(concept) or self._written.get(concept)
        if known is None:
            codings, texts = read(written)
            memory = self._coded if any(coding.code for coding in codings) else self._written
            known = self._remember(memory, concept, codings, texts)
        return known

    def _remember(
        self, memory: dict[Concept, Recognition], concept: Concept, codings: Sequence[Coded], texts: Sequence[str]
    ) -> Recognition:
        if len(memory) >= _MOST_REMEMBERED:
            memory.clear()
        found = memory[concept] = _recognise(self._terms, concept[0], codings, texts)
        return found

    def by_route(self, found: Recognition, texts: Iterable[str]) -> Recognition:
        """Returns a medicine without the value sets that leave out the route which the texts name."""
        if not found.valuesets:
            return found
        routes = frozenset[str]().union(*map(self._routes_in, texts))
        if not routes:
            return found
        left_out = {name for name in found.valuesets if routes & self._terms.not_routes.get(name, frozenset())}
        return replace(found, valuesets=found.valuesets - left_out) if left_out else found

    def _routes_in(self, text: str) -> frozenset[str]:
        known = self._routes.get(text)
        if known is None:
            known = self._routes[text] = frozenset(route for _, _, route in self._terms.routes.find(tokens(text)))
        return known


def _recognise(terms: Terms, kind: str, codings: Sequence[Coded], texts: Sequence[str]) -> Recognition:
    wanted = terms.by_kind[kind]
    matches: list[Match] = []
    blocked: set[str] = set()
    system = code = None
    for coding in codings:
        short = terms.system(coding.system) if coding.system else None
        if short is None or coding.code is None:
            continue
        found, refused = terms.by_code(short, coding.code)
        found = [match for match in found if match.valueset in wanted]
        blocked |= refused
        if found and code is None:
            system, code = coding.system, coding.code
        matches += found
    words = [tokens(text) for text in dict.fromkeys([*(c.display for c in codings if c.display), *texts])]
    matches = [match for match in matches if not terms.refused(match.valueset, words)]
    # A coded observation measures something: that its name holds that of a condition does not mean that it is there.
    measures = kind == "observation" and any(coding.code for coding in codings)
    by_its_name = wanted - terms.by_kind["condition"] if measures else wanted
    named: dict[str, str] = {}
    for sentence in words:
        for valueset, ingredient in terms.by_name(sentence).items():
            if valueset in by_its_name and valueset not in blocked:
                named.setdefault(valueset, ingredient)
    tells = any(terms.story.tells(sentence) for sentence in words)
    by_code = frozenset(match.valueset for match in matches)
    added = frozenset(name for name in named if not by_code.isdisjoint(terms.refines.get(name, ())))
    contradiction = bool(by_code and named.keys() - added) and by_code.isdisjoint(named)
    if not by_code and not named:
        return Recognition(frozenset(), tells_leg_cramps=True) if tells else NOTHING
    ingredients = {part for match in matches for part in match.ingredients}
    if not by_code or contradiction:
        ingredients.update(part for ingredient in named.values() for part in ingredient.split("|") if part)
    sides = [match.side for match in matches if match.side not in ("", "unspecified")]
    first = next(((c.system, c.code) for c in codings if c.code), (None, None))
    return Recognition(
        valuesets=by_code.union(named) if contradiction or not by_code else by_code | added,
        by=_how(matches),
        label=_label(terms, matches, named, ingredients),
        system=system if code else first[0],
        code=code or first[1],
        ingredients=frozenset(ingredients),
        side=sides[0] if sides else next((side for side in map(terms.side, words) if side), None),
        contradiction=contradiction,
        suspected=any(sentence.doubted or terms.suspected.holds(sentence) for sentence in words),
        tells_leg_cramps=tells,
    )


def _how(matches: list[Match]) -> str:
    if not matches:
        return "name"
    return "overlay" if all(match.overlay for match in matches) else "code"


def _label(terms: Terms, matches: list[Match], named: dict[str, str], ingredients: Iterable[str]) -> str:
    """Our own words for it: the label of the code, the medicine's ingredients, or the title of the value set."""
    if ingredients:
        return ", ".join(sorted(ingredients))
    labelled = next((match.label for match in matches if match.label), None)
    if labelled:
        return labelled
    return terms.titles[matches[0].valueset if matches else next(iter(named))]


def compile_terms(rules: Rules) -> Terms:
    """Compiles the value sets of a rule set. Pure; raises nothing that check_references would not have named."""
    tables = _Tables()
    for name, rows in rules.expansions.items():
        for row in rows:
            tables.add(name, row)
    tables.add_products(rules)
    names: list[tuple[Phrase, tuple[str, str]]] = [
        *tables.names,
        *((tokens(phrase), (name, "")) for name, valueset in rules.valuesets.items() for phrase in valueset.names),
    ]
    kinds: dict[str, str] = {name: valueset.kind for name, valueset in rules.valuesets.items()}
    phrases = rules.phrases
    asides = _asides(phrases)
    short = ((tuple(word for word in name if (word,) not in asides), meant) for name, meant in names)
    names += [(name, meant) for name, meant in short if len(name) > 1]
    return Terms(
        systems=_systems(rules),
        kinds=kinds,
        titles={name: valueset.title for name, valueset in rules.valuesets.items()},
        exact={key: tuple(matches) for key, matches in tables.exact.items()},
        blocked={key: frozenset(sets) for key, sets in tables.blocked.items()},
        prefixes={key: tuple(pairs) for key, pairs in tables.prefixes.items()},
        names=PhraseIndex(dict.fromkeys(names)),
        order_names=PhraseIndex((tokens(name), order.key) for order in rules.orders.orders for name in order.names),
        not_names={name: index(v.not_names) for name, v in rules.valuesets.items() if v.not_names},
        refused_by={
            name: (index(v.refused_by), index(v.outweighed_by)) for name, v in rules.valuesets.items() if v.refused_by
        },
        negation=Negation(phrases),
        elsewhere=index(phrases.other_person, phrases.past, phrases.hypothetical),
        suspected=index(phrases.suspected),
        sides=PhraseIndex((tokens(phrase), side) for side, listed in _sides(phrases) for phrase in listed),
        side_codes={(code.system, code.code): code.side for code in phrases.side_codes},
        asides=asides,
        story=Story(phrases),
        scan=Scan(phrases),
        units=compile_units(rules),
        refusing=frozenset(name for name, valueset in rules.valuesets.items() if valueset.words_refuse),
        alone=frozenset(name for name, valueset in rules.valuesets.items() if valueset.names_alone),
        refines={name: frozenset(valueset.refines) for name, valueset in rules.valuesets.items() if valueset.refines},
        alone_words=phrases.whole_text_tokens,
        spoiled={name: index(v.spoiled_by) for name, v in rules.valuesets.items() if v.spoiled_by},
        routes=PhraseIndex((tokens(word), route) for route, listed in phrases.routes.items() for word in listed),
        not_routes={name: frozenset(v.not_routes) for name, v in rules.valuesets.items() if v.not_routes},
        answers_yes=frozenset(word.lower() for word in phrases.answers_yes),
        answers_no=frozenset(word.lower() for word in phrases.answers_no),
        by_kind={
            kind: frozenset(name for name, own in kinds.items() if own in among) for kind, among in _AMONG.items()
        },
    )


class _Tables:
    """The expansions' rows sorted into look-ups."""

    def __init__(self) -> None:
        self.exact: dict[tuple[str, str], list[Match]] = {}
        self.blocked: dict[tuple[str, str], set[str]] = {}
        self.prefixes: dict[tuple[str, str], list[tuple[str, Match | None]]] = {}
        self.names: list[tuple[Tokens, tuple[str, str]]] = []
        self.ingredients: dict[str, list[Match]] = {}

    def add(self, valueset: str, row: Row) -> None:
        ingredients = tuple(filter(None, row.ingredient.split("|")))
        match = Match(valueset, row.label, ingredients, row.side, overlay=row.verified_in == OVERLAY)
        key = (row.system, row.code.replace(".", "").upper() if row.system in _TREES else row.code)
        if row.match in ("exact", "ingredient"):
            self.exact.setdefault(key, []).append(match)
            if row.match == "ingredient":
                self.ingredients.setdefault(row.code, []).append(match)
        elif row.match == "prefix":
            self.prefixes.setdefault(key, []).append((valueset, match))
        elif row.match == "not-exact":
            self.blocked.setdefault(key, set()).add(valueset)
        elif row.match == "not-prefix":
            self.prefixes.setdefault(key, []).append((valueset, None))
        elif row.match == "name":
            self.names.append((tokens(row.code), (valueset, row.ingredient)))

    def add_products(self, rules: Rules) -> None:
        """A product belongs to every set that lists one of its ingredients, unless its route is left out there."""
        routes = {name: frozenset(valueset.not_routes) for name, valueset in rules.valuesets.items()}
        shared: dict[tuple[tuple[str, ...], str], list[Match]] = {}
        for product in rules.products:
            made = (product.ingredients, product.route)
            if made not in shared:
                shared[made] = [
                    match
                    for ingredient in product.ingredients
                    for match in self.ingredients.get(ingredient, ())
                    if not product.route or product.route not in routes[match.valueset]
                ]
            known = self.exact.get(("rxnorm", product.code))
            if known is None:
                self.exact["rxnorm", product.code] = shared[made]
            else:
                self.exact["rxnorm", product.code] = [*known, *(m for m in shared[made] if m not in known)]


# which kinds of value set a kind of thing in the chart may be in
_AMONG = {
    "condition": ("condition",),
    "medication": ("medication",),
    "observation": ("result", "report", "observation", "condition"),
    "report": ("report", "result"),
    "procedure": ("procedure", "report"),
    "order": ("result", "report", "procedure"),
    "answer": ("observation", "condition"),
}


def _sides(phrases: Phrases) -> Iterable[tuple[str, list[str]]]:
    return (
        ("left", phrases.left),
        ("right", phrases.right),
        ("both", phrases.both),
        ("one", phrases.one_side),
        ("", phrases.no_side),
    )


def _asides(phrases: Phrases) -> frozenset[Phrase]:
    """The single words that may stand inside a name without changing it: articles, and words of side."""
    listed = [phrase for side, words in _sides(phrases) if side for phrase in words]
    return frozenset(words for words in map(tokens, [*listed, *phrases.articles]) if len(words) == 1)


def _systems(rules: Rules) -> dict[str, str]:
    known: dict[str, str] = {}
    for system in rules.systems.systems:
        for uri in (system.uri, *system.aliases):
            known[uri] = known[uri.strip().rstrip("/").lower()] = system.id
    for uri in rules.overlay.local if rules.overlay else ():
        known[uri] = known[uri.strip().rstrip("/").lower()] = f"local:{uri}"
    return known
