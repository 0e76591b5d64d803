"""The value sets of a rule set compiled to look-ups."""

from __future__ import annotations

from collections.abc import Iterable

from service.knowledge.load import OVERLAY, Row, Rules
from service.knowledge.phrases import Phrase, PhraseIndex, Phrases, Tokens, tokens
from service.terms.lookup import TREES, Match, Terms
from service.terms.negation import index
from service.terms.scan import Scan
from service.terms.story import Story
from service.terms.units import compile_units


def compile_terms(rules: Rules) -> Terms:
    """Compiles the value sets of a rule set. Pure; nothing that it names may be missing."""
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
    story = Story(phrases)
    asides = _asides(phrases)
    short = ((tuple(word for word in name if word not in asides), meant) for name, meant in names)
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
        negation=story.negation,
        elsewhere=index(phrases.other_person, phrases.past, phrases.hypothetical),
        suspected=index(phrases.suspected),
        sides=PhraseIndex((tokens(phrase), side) for side, listed in _sides(phrases) for phrase in listed),
        side_codes={(code.system, code.code): code.side for code in phrases.side_codes},
        asides=asides,
        story=story,
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
        key = (row.system, row.code.replace(".", "").upper() if row.system in TREES else row.code)
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
    "measurement": ("result", "report", "observation"),
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


def _asides(phrases: Phrases) -> frozenset[str]:
    """The single words that may stand inside a name without changing it: articles, and words of side."""
    listed = [phrase for side, words in _sides(phrases) if side for phrase in words]
    return frozenset(words[0] for words in map(tokens, [*listed, *phrases.articles]) if len(words) == 1)


def _systems(rules: Rules) -> dict[str, str]:
    known: dict[str, str] = {}
    for system in rules.systems.systems:
        for uri in (system.uri, *system.aliases):
            known[uri] = known[uri.strip().rstrip("/").lower()] = system.id
    for uri in rules.overlay.local if rules.overlay else ():
        known[uri] = known[uri.strip().rstrip("/").lower()] = f"local:{uri}"
    return known
