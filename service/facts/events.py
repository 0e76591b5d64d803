"""Procedures, encounters, questionnaires, allergies and orders on record."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, tzinfo

from service import shapes
from service.facts import concepts, text
from service.facts.dates import Day, read_day
from service.facts.model import Event, Facts
from service.facts.products import pointed_at
from service.facts.symptoms import answers
from service.record import Record
from service.terms import Recogniser, Recognition, Terms

_DONE = {"completed", "in-progress"}
_ORDERED = {"active", "draft"}
_INTENDED = {"order", "original-order", "reflex-order", "filler-order", "instance-order", "plan", "proposal", ""}


def read_events(
    record: Record,
    terms: Terms,
    recogniser: Recogniser,
    facts: Facts,
    today: date,
    zone: tzinfo,
    drafts: frozenset[str] = frozenset(),
) -> None:
    """Adds what was done, asked, answered and ordered, where a value set recognises it.

    drafts: references of orders that are being signed; an active one counts as draft, whatever its date.
    """
    for reference, procedure in record.of(shapes.Procedure):
        _procedure(reference, procedure, terms, recogniser, facts, zone)
    for reference, encounter in record.of(shapes.Encounter):
        _encounter(reference, encounter, record, recogniser, facts, terms, zone)
    for reference, response in record.of(shapes.QuestionnaireResponse):
        if (response.status or "").lower() in ("completed", "amended", "in-progress"):
            facts.check_dates(reference, response, zone)
            day = _day(response.authored, zone)
            for item in _items(response.item):
                _answer(reference, item, day, terms, recogniser, facts)
    for reference, allergy in record.of(shapes.AllergyIntolerance):
        _allergy(reference, allergy, recogniser, facts, zone)
    for reference, request in record.of(shapes.ServiceRequest):
        _order(reference, request, terms, recogniser, facts, today, zone, drafted=reference in drafts)


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


def _day(written: str | None, zone: tzinfo) -> Day | None:
    return read_day(written, zone) if written else None


def _procedure(
    reference: str, procedure: shapes.Procedure, terms: Terms, recogniser: Recogniser, facts: Facts, zone: tzinfo
) -> None:
    if (procedure.status or "").lower() not in _DONE:
        return
    found = recogniser.recognise("procedure", concepts.codings(procedure.code), concepts.texts(procedure.code))
    if not found.valuesets:
        return
    facts.check_dates(reference, procedure, zone)
    period = procedure.performedPeriod or shapes.Period()
    written = procedure.performedDateTime or period.end or period.start
    side = concepts.side_of(terms, procedure.bodySite) or found.side
    event = _event(reference, found, _day(written, zone), side=side)
    for valueset in found.valuesets:
        group = facts.procedures if terms.kinds[valueset] == "procedure" else facts.reports
        group[valueset].append(event)


def _encounter(
    reference: str,
    encounter: shapes.Encounter,
    record: Record,
    recogniser: Recogniser,
    facts: Facts,
    terms: Terms,
    zone: tzinfo,
) -> None:
    """Adds the reasons of an encounter, in its own words or by the Conditions that they point to."""
    if (encounter.status or "").lower() in ("entered-in-error", "cancelled"):
        return
    period = encounter.period or shapes.Period()
    pointers = encounter.reasonReference
    reasons = list(concepts.listed(encounter.reasonCode))
    for pointer in pointers if isinstance(pointers, list) else [pointers] if pointers else []:
        reasons += pointed_at(encounter, pointer, record)
    for reason in reasons:
        found = recogniser.recognise("condition", concepts.codings(reason), concepts.texts(reason))
        valuesets = found.valuesets
        if found.tells_leg_cramps:
            valuesets |= {text.VALUESET}
        if valuesets:
            facts.check_dates(reference, encounter, zone)
            label = found.label or terms.titles[text.VALUESET]
            by = found.by if found.valuesets else "text"
            event = _event(reference, found, _day(period.start, zone), valuesets=valuesets, label=label, by=by)
            for valueset in valuesets:
                facts.encounters[valueset].append(event)


def _allergy(
    reference: str, allergy: shapes.AllergyIntolerance, recogniser: Recogniser, facts: Facts, zone: tzinfo
) -> None:
    """Adds an allergy or intolerance by its code or by the substance of a reaction, each value set once."""
    if concepts.word(allergy.verificationStatus) in ("refuted", "entered-in-error"):
        return
    known: set[str] = set()
    for substance in (allergy.code, *(reaction.substance for reaction in allergy.reaction or ())):
        found = recogniser.recognise("medication", concepts.codings(substance), concepts.texts(substance))
        if found.valuesets:
            facts.check_dates(reference, allergy, zone)
        for valueset in found.valuesets - known:
            facts.allergies[valueset].append(_event(reference, found, _day(allergy.recordedDate, zone)))
        known |= found.valuesets


def _items(items: list[shapes.Item] | None) -> Iterator[shapes.Item]:
    for item in items or ():
        yield item
        yield from _items(item.item)


def _answer(
    reference: str, item: shapes.Item, day: Day | None, terms: Terms, recogniser: Recogniser, facts: Facts
) -> None:
    """Adds an item that asks about a value set's meaning and is answered yes."""
    if not item.text or not item.answer:
        return
    given = item.answer if isinstance(item.answer, list) else [item.answer]
    if not any(_is_yes(answer, terms) for answer in given):
        return
    found = recogniser.recognise("condition", (), (item.text,))
    valuesets = found.valuesets
    if found.tells_leg_cramps:
        valuesets |= {text.VALUESET}
    for valueset in valuesets:
        label = found.label or terms.titles[text.VALUESET]
        facts.answers[valueset].append(_event(reference, found, day, valuesets=valuesets, label=label, by="text"))


def _is_yes(answer: shapes.Answer, terms: Terms) -> bool:
    if answer.valueBoolean is not None:
        return answer.valueBoolean
    coding = answer.valueCoding
    spoken = answers(shapes.Concept(coding=[coding])) if coding else (answer.valueString or "",)
    return any(word.strip().lower() in terms.answers_yes for word in spoken)


def _order(
    reference: str,
    request: shapes.ServiceRequest,
    terms: Terms,
    recogniser: Recogniser,
    facts: Facts,
    today: date,
    zone: tzinfo,
    *,
    drafted: bool,
) -> None:
    status = (request.status or "").lower()
    if status not in _ORDERED or (request.intent or "").lower() not in _INTENDED or request.doNotPerform:
        return
    codings, texts = concepts.codings(request.code), concepts.texts(request.code)
    found = recogniser.recognise("order", codings, texts)
    facts.check_dates(reference, request, zone)
    day = _day(request.authoredOn or request.occurrenceDateTime, zone)
    if day is not None and day.date > today:
        day = None
    named = terms.orders_named((*texts, *(coding.display for coding in codings if coding.display)))
    for coding in codings or (None,):
        facts.orders.append(
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
