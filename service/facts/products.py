"""What a prescription, statement, dispense or dose is of, and what it is given for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from service import shapes
from service.facts import concepts
from service.facts.reading import Reading
from service.record import Record
from service.terms import Coded, Recognition

_DOSAGE = msgspec.json.Decoder(list[shapes.Dosage] | None)
_NO_REASON = {"refuted", "entered-in-error"}


def recognise(reference: str, item: shapes.Prescription, reading: Reading) -> Recognition:
    """What the medicine is; a Medication that is nowhere to be found is said."""
    if item.medicationReference is not None or item.dosage is not None:
        return _recognise(reference, item, reading)
    written = bytes(item.raw_medication), bytes(item.raw_dosage)
    found = reading.products.get(written)
    if found is None:
        said = len(reading.facts.rejected)
        found = _recognise(reference, item, reading)
        if len(reading.facts.rejected) == said:  # what is faulty is said of each
            reading.products[written] = found
    return found


def _recognise(reference: str, item: shapes.Prescription, reading: Reading) -> Recognition:
    pointer, medications = item.medicationReference, reading.record.medications
    if pointer is None:
        written = item.raw_medication
        found = reading.recognise_written("medication", reference, item, "medicationCodeableConcept", written)
    else:
        codings, texts = concepts_of(item, medications)
        if not codings and not texts:
            reading.facts.reject(reference, "the Medication that it refers to is not in the record: not used")
        found = reading.recogniser.recognise("medication", codings, texts)
    if found.valuesets.isdisjoint(reading.terms.not_routes):
        return found
    return reading.recogniser.by_route(found, _routes(reference, item, reading))


def _routes(reference: str, item: shapes.Prescription, reading: Reading) -> set[str]:
    """The routes that the dosage names, or the dose form."""
    instructed, _ = reading.opened(reference, item, "dosageInstruction", item.raw_dosage, _DOSAGE)
    doses = item.dosage if isinstance(item.dosage, list) else [item.dosage] if item.dosage else []
    medication = _resolve(item, item.medicationReference, reading.record.medications)
    forms = [medication.form] if medication else []
    return _named([*(dose.route for dose in (*(instructed or ()), *doses)), *forms], reading)


def _named(concepts_of_routes: Iterable[shapes.Concept | None], reading: Reading) -> set[str]:
    routes: set[str] = set()
    for concept in concepts_of_routes:
        if concept is not None:
            routes |= reading.recogniser.routes_of(concepts.codings(concept), concepts.texts(concept))
    return routes


def concepts_of(
    item: shapes.Prescription, medications: Mapping[str, shapes.Resource]
) -> tuple[tuple[Coded, ...], tuple[str, ...]]:
    """Returns codings and texts of a medicine: in place, or of the Medication referred to and its ingredients."""
    concept = item.medication_concept
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
    item: shapes.Owned, pointer: shapes.Reference | None, known: Mapping[str, shapes.Resource]
) -> shapes.Resource | None:
    """The resource that a reference points to: contained, by its address, or by type and id."""
    if pointer is None or not pointer.reference:
        return None
    written = pointer.reference.partition("/_history/")[0]
    if written.startswith("#"):
        return next((i for i in item.contained or () if i.id is not None and i.id.lstrip("#") == written[1:]), None)
    return known.get(written) or known.get("/".join(written.split("/")[-2:]))


def reasons_of(item: shapes.Prescription, reading: Reading) -> frozenset[str] | None:
    """The value sets of what a medicine is given for, by code or by reference to a Condition; None: it is not said."""
    if item.reasonCode is None and item.reasonReference is None:
        return None
    stated = list(concepts.listed(item.reasonCode))
    pointers = item.reasonReference if isinstance(item.reasonReference, list) else [item.reasonReference]
    for pointer in pointers:
        if pointer is not None:
            stated += pointed_at(item, pointer, reading.record)
    told = [(concepts.codings(concept), concepts.texts(concept)) for concept in stated]
    told = [(codings, texts) for codings, texts in told if codings or texts]
    if not told:
        return None
    return frozenset[str]().union(*(reading.recogniser.recognise("condition", *words).valuesets for words in told))


def pointed_at(item: shapes.Owned, pointer: shapes.Reference, record: Record) -> Iterator[shapes.Concept]:
    """Yields the code of the Condition that a reason points to, unless it was refuted; else what the pointer says."""
    found = _target(item, pointer, record.conditions)
    if isinstance(found, shapes.Condition):
        code = found.code
        if code is not None and concepts.word(found.verificationStatus) not in _NO_REASON:
            yield code
    elif pointer.display:
        yield shapes.Concept(text=pointer.display)
