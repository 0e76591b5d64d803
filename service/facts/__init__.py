"""Record × terms → facts: FHIR's awkwardness ends here."""

from __future__ import annotations

from datetime import date, tzinfo

from service.facts.conditions import read_conditions
from service.facts.dates import reader
from service.facts.events import read_events
from service.facts.medicines import read_medicines
from service.facts.model import Facts
from service.facts.reading import Reading
from service.facts.results import read_results
from service.facts.values import in_unit
from service.record import Record
from service.terms import Recogniser, Terms

__all__ = ["Facts", "normalise"]


def normalise(record: Record, terms: Terms, today: date, zone: tzinfo, drafts: frozenset[str] = frozenset()) -> Facts:
    """Returns the facts of a record as of a day: codes, dates, statuses and units in one form.

    today: the last day of every window, in `zone`. drafts: references of orders selected in a hook's context. What
    cannot be used stands in `rejected` with its reason; nothing is skipped silently.
    """
    facts = Facts(
        supplied=record.supplied,
        broken=record.broken,
        rejected=list(record.rejected),
        shapes_read=record.shapes_read,
    )
    reading = Reading(record, terms, Recogniser(terms), facts, today, reader(zone))
    _read_patient(reading)
    read_conditions(reading)
    read_medicines(reading, drafts)
    read_results(reading)
    read_events(reading, drafts)
    for valueset, factor in terms.units.shown.items():
        if valueset in facts.results:
            facts.results[valueset] = [in_unit(result, factor) for result in facts.results[valueset]]
    return facts


def _read_patient(reading: Reading) -> None:
    """Age in completed years as of `today`, a partial birth date counting from its first day; deceased by `today`."""
    record, facts, today = reading.record, reading.facts, reading.today
    patient = record.patient
    if patient is None:
        return
    reference = record.patient_reference or "Patient"
    reading.check_dates(reference, patient)
    facts.sex = patient.gender.strip().lower() if patient.gender else None
    if patient.deceasedBoolean:
        facts.deceased = True
    if patient.deceasedDateTime:
        died = reading.day(patient.deceasedDateTime)
        facts.deceased = died is None or died.date <= today or facts.deceased
    if patient.birthDate:
        birth = reading.day(patient.birthDate)
        if birth is None or birth.date > today:
            facts.reject(reference, "Patient.birthDate is no usable FHIR date: the age is unknown")
        else:
            had_birthday = (today.month, today.day) >= (birth.date.month, birth.date.day)
            facts.age = today.year - birth.date.year - (0 if had_birthday else 1)
