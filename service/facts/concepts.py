"""CodeableConcepts of every FHIR version as codings and texts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from service.knowledge.phrases import tokens
from service.shapes import Annotation, Concept
from service.terms import Coded, Terms


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


def word(concept: Concept | str | None) -> str:
    """Returns the one code of a status-like element (R4 CodeableConcept, older plain string), empty for none."""
    if isinstance(concept, Concept):
        for coding in concept.coding or ():
            if coding.code:
                return coding.code.strip().lower()
        return (concept.text or "").strip().lower()
    return (concept or "").strip().lower()


def listed(value: list[Concept] | Concept | str | None) -> Iterable[Concept]:
    """Returns the concepts of an element that some versions and clients send as one and others as a list."""
    if isinstance(value, list):
        return value
    return (value,) if isinstance(value, Concept) else ()


def side_of(terms: Terms, sites: list[Concept] | Concept | None) -> str | None:
    """Returns left, right or both where a body site's display or text names it."""
    for site in listed(sites):
        for text in (*texts(site), *(c.display for c in codings(site) if c.display)):
            side = terms.side(tokens(text))
            if side:
                return side
    return None


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
