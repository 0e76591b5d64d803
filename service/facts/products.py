"""What a prescription, statement, dispense or dose is of, and what it is given for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from service import shapes
from service.facts import concepts
from service.facts.model import Facts
from service.record import Record
from service.terms import Coded, Recogniser, Recognition

_KNOWN_SYSTEMS = ("rxnorm", "atc")  # a code of these that no value set holds is another medicine
_NO_REASON = {"refuted", "entered-in-error"}


def recognise(
    reference: str, item: shapes.Prescription, record: Record, recogniser: Recogniser, facts: Facts
) -> Recognition:
    """What the medicine is; a Medication that is nowhere to be found is said."""
    codings, texts = concepts_of(item, record.medications)
    if not codings and not texts and item.medicationReference is not None:
        facts.reject(reference, "the Medication that it refers to is not in the record: not used")
    return recogniser.by_route(recogniser.recognise("medication", codings, texts), _routes(item, record.medications))


def is_unreadable(item: shapes.Prescription, record: Record, recogniser: Recogniser) -> bool:
    """Whether nobody can tell what the medicine is: no words, and no code of a system whose medicines we know."""
    codings, texts = concepts_of(item, record.medications)
    if texts or any(coding.display for coding in codings):
        return False
    return not any(coding.code and recogniser.system(coding.system) in _KNOWN_SYSTEMS for coding in codings)


def _routes(item: shapes.Prescription, medications: Mapping[str, shapes.Resource]) -> Iterator[str]:
    """Yields the words of the routes that the dosage names, and of the dose form."""
    doses = item.dosage if isinstance(item.dosage, list) else [item.dosage]
    medication = _resolve(item, item.medicationReference, medications)
    named = [dose.route for dose in (*doses, *(item.dosageInstruction or ())) if dose is not None]
    for concept in (*named, medication.form if medication else None):
        yield from (coding.display for coding in concepts.codings(concept) if coding.display)
        yield from concepts.texts(concept)


def concepts_of(
    item: shapes.Prescription, medications: Mapping[str, shapes.Resource]
) -> tuple[tuple[Coded, ...], tuple[str, ...]]:
    """Returns codings and texts of a medicine: in place, or of the Medication referred to and its ingredients."""
    concept = item.medicationCodeableConcept
    medication = _resolve(item, item.medicationReference, medications)
    if medication is None:
        pointer = item.medicationReference
        written = (pointer.display,) if pointer is not None and pointer.display else ()
        return concepts.codings(concept), (*concepts.texts(concept), *written)
    codings, texts = concepts.codings(medication.code), concepts.texts(medication.code)
    for ingredient in medication.ingredient or ():
        part = ingredient.itemCodeableConcept or ingredient.item
        codings += concepts.codings(part)
        texts += concepts.texts(part)
    return codings, texts


def _resolve(
    item: shapes.Prescription, pointer: shapes.Reference | None, medications: Mapping[str, shapes.Resource]
) -> shapes.Medication | None:
    found = _target(item, pointer, medications)
    return found if isinstance(found, shapes.Medication) else None


def _target(
    item: shapes.Prescription, pointer: shapes.Reference | None, known: Mapping[str, shapes.Resource]
) -> shapes.Resource | None:
    """The resource that a reference points to: contained, by its address, or by type and id."""
    if pointer is None or not pointer.reference:
        return None
    written = pointer.reference.partition("/_history/")[0]
    if written.startswith("#"):
        return next((i for i in item.contained or () if i.id is not None and i.id.lstrip("#") == written[1:]), None)
    return known.get(written) or known.get("/".join(written.split("/")[-2:]))


def reasons_of(item: shapes.Prescription, recogniser: Recogniser, record: Record) -> frozenset[str] | None:
    """The value sets of what a medicine is given for, by code or by reference to a Condition; None: it is not said."""
    stated = list(concepts.listed(item.reasonCode))
    pointers = item.reasonReference if isinstance(item.reasonReference, list) else [item.reasonReference]
    for pointer in pointers:
        if pointer is not None:
            stated += _pointed_at(item, pointer, record)
    told = [(concepts.codings(concept), concepts.texts(concept)) for concept in stated]
    told = [(codings, texts) for codings, texts in told if codings or texts]
    if not told:
        return None
    return frozenset[str]().union(*(recogniser.recognise("condition", *words).valuesets for words in told))


def _pointed_at(item: shapes.Prescription, pointer: shapes.Reference, record: Record) -> Iterator[shapes.Concept]:
    """The code of the Condition that a reason points to, unless it was refuted; else what the pointer itself says."""
    found = _target(item, pointer, record.conditions)
    if isinstance(found, shapes.Condition):
        if found.code is not None and concepts.word(found.verificationStatus) not in _NO_REASON:
            yield found.code
    elif pointer.display:
        yield shapes.Concept(text=pointer.display)
