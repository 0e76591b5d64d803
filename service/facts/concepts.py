"""CodeableConcepts of every FHIR version as codings and texts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from service.knowledge.phrases import Tokens, tokens
from service.shapes import Annotation, Concept, Status
from service.terms import Coded, Terms, one_of


def codings(concept: Concept | None) -> tuple[Coded, ...]:
    """Returns the codings of a concept, trimmed; R5's CodeableReference is looked into."""
    if concept is None:
        return ()
    if concept.coding is None and concept.concept is not None:
        concept = concept.concept
    return tuple(
        Coded(c.system and c.system.strip(), c.code and c.code.strip(), c.display) for c in concept.coding or ()
    )


def texts(concept: Concept | None) -> tuple[str, ...]:
    """Returns the free text of a concept."""
    if concept is None:
        return ()
    if concept.concept is not None and concept.text is None:
        concept = concept.concept
    return (concept.text,) if concept.text else ()


def word(concept: Concept | Status | str | None) -> str:
    """Returns the one code of a status-like element (R4 CodeableConcept, older plain string), empty for none."""
    if concept is None or isinstance(concept, str):
        return (concept or "").strip().lower()
    for coding in concept.coding or ():
        if coding.code:
            return coding.code.strip().lower()
    return (concept.text or "").strip().lower()


def listed(value: list[Concept] | Concept | str | None) -> Iterable[Concept]:
    """Returns the concepts of an element that some versions and clients send as one and others as a list."""
    if isinstance(value, list):
        return value
    return (value,) if isinstance(value, Concept) else ()


def side_of(terms: Terms, sites: list[Concept] | Concept | None) -> str | None:
    """Returns left, right, both or one where the codes, displays or texts of body sites name it."""
    if sites is None:
        return None
    return one_of(
        side
        for site in listed(sites)
        for side in (*map(terms.side_of_code, codings(site)), *map(terms.side, said(site)))
    )


def at_site(
    terms: Terms, valuesets: frozenset[str], code: Concept | None, sites: list[Concept] | Concept | None
) -> frozenset[str]:
    """Returns the value sets without those that a body site takes back: swelling of the hand is none of the leg."""
    where = [words for site in listed(sites) for words in said(site)]
    if not where:
        return valuesets
    return frozenset(name for name in valuesets if not terms.is_elsewhere(name, [*where, *said(code)]))


def said(concept: Concept | None) -> Iterator[Tokens]:
    """Yields the words of a concept's texts and displays."""
    for text in (*texts(concept), *(coding.display for coding in codings(concept) if coding.display)):
        yield tokens(text)


def written(notes: list[Annotation] | Annotation | str | None) -> Iterator[str]:
    """Yields the texts of notes."""
    if isinstance(notes, str):
        yield notes
    elif isinstance(notes, Annotation):
        if notes.text:
            yield notes.text
    else:
        for note in notes or ():
            if note.text:
                yield note.text
