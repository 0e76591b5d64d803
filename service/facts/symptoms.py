"""Symptoms and statuses recorded as Observations: by their code, their coded value, or a short text."""

from __future__ import annotations

from collections.abc import Iterator

from service import shapes
from service.facts import concepts, text
from service.facts.dates import Day
from service.facts.model import Event
from service.facts.reading import Reading
from service.facts.reports import USABLE
from service.knowledge.phrases import tokens
from service.terms import Recognition, Terms


def add_symptom(
    reference: str,
    observation: shapes.Observation,
    found: Recognition,
    day: Day | None,
    reading: Reading,
    *,
    in_words: bool,
) -> None:
    """Adds what an observation says is there, and apart from that what it denies. in_words: as of says_leg_cramps.

    What is absent for a reason, undated or about somebody else (R4 Observation.focus) is not added.
    """
    terms = reading.terms
    status = (observation.status or "").lower()
    if status not in USABLE | {"preliminary", "registered"} or observation.dataAbsentReason or observation.focus:
        return
    if _denies(terms, observation):
        if day is not None and day.date <= reading.today:
            _add_denied(reference, found, day, reading)
        return
    there = found.valuesets
    if observation.bodySite is not None:
        there = concepts.at_site(terms, there, observation.code, observation.bodySite)
    valuesets = {name for name in there if terms.kinds[name] in ("observation", "condition")}
    written = observation.raw_answer
    value = (
        reading.recognise_written("answer", reference, observation, "valueCodeableConcept", written)
        if written
        else None
    )
    if value:
        valuesets |= value.valuesets
    told = found.tells_leg_cramps or in_words
    if told:
        valuesets.add(text.VALUESET)
    if not valuesets or day is None or day.date > reading.today:
        return
    source = found if found.valuesets else value or found
    fact = Event(
        reference=reference,
        valuesets=frozenset(valuesets),
        label=source.label or terms.titles[text.VALUESET],
        day=day,
        system=source.system,
        code=source.code,
        by="text" if told and not source.valuesets else source.by,
        side=concepts.side_of(terms, observation.bodySite) or found.side or (value.side if value else None),
        values=value.valuesets if value else frozenset(),
        status=status,
    )
    for valueset in valuesets:
        reading.facts.observations[valueset].append(fact)


def says_leg_cramps(observation: shapes.Observation, terms: Terms) -> bool:
    """Returns whether the value of an observation tells of leg cramps in words."""
    return observation.valueString is not None and text.tells_leg_cramps(terms, (tokens(observation.valueString),))


def _add_denied(reference: str, found: Recognition, day: Day, reading: Reading) -> None:
    for valueset in found.valuesets:
        if reading.terms.kinds[valueset] == "observation":
            event = Event(reference=reference, valuesets=found.valuesets, label=found.label, day=day)
            reading.facts.denied[valueset].append(event)


def _denies(terms: Terms, observation: shapes.Observation) -> bool:
    """Whether it says no."""
    if observation.valueBoolean is False:
        return True
    said = [*answers(observation.answer), (observation.valueString or "").strip().lower()]
    return any(answer in terms.answers_no for answer in said if answer)


def answers(concept: shapes.Concept | None) -> Iterator[str]:
    """Yields the codes, displays and text of an answer, in lower case."""
    for coding in concepts.codings(concept):
        yield from (part.strip().lower() for part in (coding.code, coding.display) if part)
    yield from (part.strip().lower() for part in concepts.texts(concept))
