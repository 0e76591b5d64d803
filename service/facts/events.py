"""Procedures, encounters, questionnaires, allergies and orders on record."""

from __future__ import annotations

from collections.abc import Iterator

from service import shapes
from service.facts import concepts, text
from service.facts.dates import Day
from service.facts.model import Event
from service.facts.products import pointed_at
from service.facts.reading import Reading
from service.facts.symptoms import answers
from service.terms import Recognition, Terms

_DONE = {"completed", "in-progress"}
_ORDERED = {"active", "draft"}
_INTENDED = {"order", "original-order", "reflex-order", "filler-order", "instance-order", "plan", "proposal", ""}


def read_events(reading: Reading, drafts: frozenset[str] = frozenset()) -> None:
    """Adds what was done, asked, answered and ordered, where a value set recognises it.

    drafts: references of orders that are being signed; an active one counts as draft, whatever its date.
    """
    record = reading.record
    for located, procedure, found in reading.each(shapes.Procedure, "procedure"):
        if found.valuesets:
            _procedure(located.reference, procedure, found, reading)
    for reference, encounter in record.of(shapes.Encounter):
        _encounter(reference, encounter, reading)
    for reference, response in record.of(shapes.QuestionnaireResponse):
        if (response.status or "").lower() in ("completed", "amended", "in-progress"):
            reading.check_dates(reference, response)
            day = reading.day(response.authored)
            for item in _items(response.item):
                _answer(reference, item, day, reading)
    for reference, allergy in record.of(shapes.AllergyIntolerance):
        _allergy(reference, allergy, reading)
    for reference, request in record.of(shapes.ServiceRequest):
        _order(reference, request, reading, drafted=reference in drafts)


def _event(
    reference: str,
    found: Recognition,
    day: Day | None,
    *,
    side: str | None = None,
    status: str = "",
    by: str | None = None,
    valuesets: frozenset[str] | None = None,
    label: str | None = None,
) -> Event:
    return Event(
        reference=reference,
        valuesets=found.valuesets if valuesets is None else valuesets,
        label=label or found.label,
        day=day,
        system=found.system,
        code=found.code,
        by=by or found.by,
        contradiction=found.contradiction,
        side=side or found.side,
        status=status,
    )


def _procedure(reference: str, procedure: shapes.Procedure, found: Recognition, reading: Reading) -> None:
    if (procedure.status or "").lower() not in _DONE:
        return
    facts, terms = reading.facts, reading.terms
    reading.check_dates(reference, procedure)
    period = procedure.performedPeriod or shapes.Period()
    written = procedure.performedDateTime or period.end or period.start
    side = concepts.side_of(terms, procedure.bodySite) or found.side
    event = _event(reference, found, reading.day(written), side=side)
    for valueset in found.valuesets:
        group = facts.procedures if terms.kinds[valueset] == "procedure" else facts.reports
        group[valueset].append(event)


def _encounter(reference: str, encounter: shapes.Encounter, reading: Reading) -> None:
    """Adds the reasons of an encounter, in its own words or by the Conditions that they point to."""
    if (encounter.status or "").lower() in ("entered-in-error", "cancelled"):
        return
    period = encounter.period or shapes.Period()
    pointers = encounter.reasonReference
    reasons = list(concepts.listed(encounter.reasonCode))
    for pointer in pointers if isinstance(pointers, list) else [pointers] if pointers else []:
        reasons += pointed_at(encounter, pointer, reading.record)
    for reason in reasons:
        found = reading.recognise("condition", reason)
        valuesets = found.valuesets
        if found.tells_leg_cramps:
            valuesets |= {text.VALUESET}
        if valuesets:
            reading.check_dates(reference, encounter)
            label = found.label or reading.terms.titles[text.VALUESET]
            by = found.by if found.valuesets else "text"
            event = _event(reference, found, reading.day(period.start), valuesets=valuesets, label=label, by=by)
            for valueset in valuesets:
                reading.facts.encounters[valueset].append(event)


def _allergy(reference: str, allergy: shapes.AllergyIntolerance, reading: Reading) -> None:
    """Adds an allergy or intolerance by its code or by the substance of a reaction, each value set once."""
    if concepts.word(allergy.verificationStatus) in ("refuted", "entered-in-error"):
        return
    known: set[str] = set()
    for substance in (allergy.code, *(reaction.substance for reaction in allergy.reaction or ())):
        found = reading.recognise("medication", substance)
        if found.valuesets:
            reading.check_dates(reference, allergy)
        for valueset in found.valuesets - known:
            reading.facts.allergies[valueset].append(_event(reference, found, reading.day(allergy.recordedDate)))
        known |= found.valuesets


def _items(items: list[shapes.Item] | None) -> Iterator[shapes.Item]:
    for item in items or ():
        yield item
        yield from _items(item.item)


def _answer(reference: str, item: shapes.Item, day: Day | None, reading: Reading) -> None:
    """Adds an item that asks about a value set's meaning and is answered yes."""
    if not item.text or not item.answer:
        return
    terms = reading.terms
    given = item.answer if isinstance(item.answer, list) else [item.answer]
    if not any(_is_yes(answer, terms) for answer in given):
        return
    found = reading.recogniser.recognise("condition", (), (item.text,))
    valuesets = found.valuesets
    if found.tells_leg_cramps:
        valuesets |= {text.VALUESET}
    for valueset in valuesets:
        label = found.label or terms.titles[text.VALUESET]
        event = _event(reference, found, day, valuesets=valuesets, label=label, by="text")
        reading.facts.answers[valueset].append(event)


def _is_yes(answer: shapes.Answer, terms: Terms) -> bool:
    if answer.valueBoolean is not None:
        return answer.valueBoolean
    coding = answer.valueCoding
    spoken = answers(shapes.Concept(coding=[coding])) if coding else (answer.valueString or "",)
    return any(word.strip().lower() in terms.answers_yes for word in spoken)


def _order(reference: str, request: shapes.ServiceRequest, reading: Reading, *, drafted: bool) -> None:
    status = (request.status or "").lower()
    if status not in _ORDERED or (request.intent or "").lower() not in _INTENDED or request.doNotPerform:
        return
    codings, texts = concepts.codings(request.code), concepts.texts(request.code)
    found = reading.recogniser.recognise("order", codings, texts)
    reading.check_dates(reference, request)
    day = reading.day(request.authoredOn or request.occurrenceDateTime)
    if day is not None and day.date > reading.today:
        day = None
    named = reading.terms.orders_named((*texts, *(coding.display for coding in codings if coding.display)))
    for coding in codings or (None,):
        reading.facts.orders.append(
            Event(
                reference=reference,
                valuesets=found.valuesets,
                label=found.label,
                day=day,
                system=coding.system if coding else None,
                code=coding.code if coding else None,
                by=found.by,
                side=found.side,
                values=named,
                status="draft" if drafted else status,
            )
        )
