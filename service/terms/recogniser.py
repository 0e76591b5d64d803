"""What a coded or written concept is recognised as: by code first, by name second."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from msgspec.structs import replace

from service.knowledge.phrases import tokens
from service.terms.lookup import NOTHING, UNTOLD, Apart, Coded, Concept, Match, Recognition, Terms

T = TypeVar("T")
_MOST_REMEMBERED = 5_000  # distinct concepts of a kind; a chart has hundreds, a hospital's catalogues thousands
_LONGEST_REMEMBERED = 2_000  # bytes or characters of a concept
_MEDICINES = ("rxnorm", "atc")  # a code of these that no value set holds is another medicine


class Recogniser:
    """Recognises the concepts of one request, each distinct one once.

    What a coded concept means is kept from request to request: it follows from the concept and the rule set alone,
    never from whose it is. Free text without a code is forgotten with the request.
    """

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._written: dict[tuple[str, Concept], Recognition] = {}
        self._routes: dict[Concept, frozenset[str]] = {}

    def known(self, kind: str) -> Mapping[Concept, Recognition]:
        """Returns what is remembered of one kind of thing: coded concepts, as codings and texts or as bytes."""
        return self._terms.memory.setdefault(kind, {})

    def recognise(self, kind: str, codings: Sequence[Coded], texts: Sequence[str] = ()) -> Recognition:
        """Returns what a concept means among the value sets for its kind of thing: by code first, by name second."""
        concept = tuple(codings), tuple(texts)
        return self.known(kind).get(concept) or self.remember(kind, concept, codings, texts)

    def remember(self, kind: str, concept: Concept, codings: Sequence[Coded], texts: Sequence[str]) -> Recognition:
        """Returns what a concept means that is not known yet; the next time it is."""
        found = self._written.get((kind, concept))
        if found is not None:
            return found
        found = _recognise(self._terms, kind, codings, texts)
        if _may_be_kept(concept, codings):
            _keep(self._terms.memory.setdefault(kind, {}), concept, found)
        else:
            self._written[kind, concept] = found
        return found

    def by_route(self, found: Recognition, routes: set[str]) -> Recognition:
        """Returns a medicine without the value sets that leave out one of the routes."""
        left_out = {name for name in found.valuesets if routes & self._terms.not_routes.get(name, frozenset())}
        return replace(found, valuesets=found.valuesets - left_out) if left_out else found

    def routes_of(self, codings: Sequence[Coded], texts: Sequence[str]) -> frozenset[str]:
        """Returns the routes that a concept names, in its displays or its text."""
        concept = tuple(codings), tuple(texts)
        found = self._terms.routes_known.get(concept, self._routes.get(concept))
        if found is None:
            said = [*(coding.display for coding in codings if coding.display), *texts]
            found = frozenset(route for text in said for _, _, route in self._terms.routes.find(tokens(text)))
            _keep(self._terms.routes_known if _may_be_kept(concept, codings) else self._routes, concept, found)
        return found


def _recognise(terms: Terms, kind: str, codings: Sequence[Coded], texts: Sequence[str]) -> Recognition:
    wanted = terms.by_kind[kind]
    told: list[tuple[Coded, list[Match]]] = []
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
        told.append((coding, found))
    words = [tokens(text) for text in dict.fromkeys([*(c.display for c in codings if c.display), *texts])]
    told = [(coding, [match for match in found if not terms.refused(match.valueset, words)]) for coding, found in told]
    matches = [match for _, found in told for match in found]
    # A coded observation measures something: that its name holds that of a condition does not mean that it is there.
    if kind == "observation" and any(coding.code for coding in codings):
        wanted = terms.by_kind["measurement"]
    named: dict[str, str] = {}
    for sentence in words:
        for valueset, ingredient in terms.by_name(sentence, wanted).items():
            if valueset not in blocked:
                named.setdefault(valueset, ingredient)
    tells = any(map(terms.story.tells, words))
    if not matches and not named:
        if tells:
            return Recognition(frozenset(), tells_leg_cramps=True)
        return UNTOLD if kind == "medication" and not words and not _is_other(terms, codings) else NOTHING
    by_code = frozenset(match.valueset for match in matches)
    added = frozenset(name for name in named if not by_code.isdisjoint(terms.refines.get(name, ())))
    contradiction = bool(by_code and named.keys() - added) and by_code.isdisjoint(named)
    ingredients = {part for match in matches for part in match.ingredients}
    if not by_code or contradiction:
        ingredients.update(part for ingredient in named.values() for part in ingredient.split("|") if part)
    sides = [match.side for match in matches if match.side not in ("", "unspecified")]
    first = next(((c.system, c.code) for c in codings if c.code), (None, None))
    valuesets = by_code.union(named) if contradiction or not by_code else by_code | added
    is_measured = not tells and all(terms.kinds[valueset] == "result" for valueset in valuesets)
    return Recognition(
        valuesets=valuesets,
        by=_how(matches),
        label=_label(terms, matches, named, ingredients),
        system=system if code else first[0],
        code=code or first[1],
        ingredients=frozenset(ingredients),
        side=sides[0] if sides else next((side for side in map(terms.side, words) if side), None),
        contradiction=contradiction,
        suspected=any(sentence.doubted or terms.suspected.holds(sentence) for sentence in words),
        tells_leg_cramps=tells,
        measures=tuple(sorted(valuesets)) if is_measured else (),
        apart=(*_further(terms, told), *(_against(terms, named, system, code) if contradiction else ())),
    )


def _further(terms: Terms, told: list[tuple[Coded, list[Match]]]) -> Iterator[Apart]:
    """Yields what each coding with a match adds to those before it; the first one has the label of the whole."""
    seen: set[str] = set()
    for coding, matches in told:
        own = [match for match in matches if match.valueset not in seen]
        if own and seen:
            label = _label(terms, own, {}, ())
            yield Apart(frozenset(match.valueset for match in own), _how(own), label, coding.system, coding.code)
        seen.update(match.valueset for match in own)


def _against(terms: Terms, named: Iterable[str], system: str | None, code: str | None) -> Iterator[Apart]:
    """Yields what the words name where the code means something else: under their own title, beside that code."""
    for valueset in named:
        yield Apart(frozenset((valueset,)), "name", terms.titles[valueset], system, code)


def _is_other(terms: Terms, codings: Sequence[Coded]) -> bool:
    """Whether a code without words is one of a system whose medicines we know: then it is another medicine."""
    return any(coding.code and coding.system and terms.system(coding.system) in _MEDICINES for coding in codings)


def _keep(memory: dict[Concept, T], concept: Concept, meaning: T) -> None:
    if len(memory) >= _MOST_REMEMBERED:
        memory.clear()
    memory[concept] = meaning


def _may_be_kept(concept: Concept, codings: Sequence[Coded]) -> bool:
    """Whether a concept is coded, and as long as concepts are: what is longer must not fill the memory."""
    if not any(coding.code for coding in codings):
        return False
    if isinstance(concept, bytes):
        return len(concept) <= _LONGEST_REMEMBERED
    codings, texts = concept
    coded = [part or "" for coding in codings for part in (coding.system, coding.code, coding.display)]
    return sum(map(len, (*coded, *texts))) <= _LONGEST_REMEMBERED


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
