"""Conditions: what they are, whether they are current, how sure, since when, on which side."""

from __future__ import annotations

from datetime import date

import msgspec
from msgspec.structs import replace

from service import shapes
from service.facts import concepts, text
from service.facts.dates import Day
from service.facts.model import Condition
from service.facts.reading import Reading
from service.knowledge.phrases import tokens
from service.terms import NOTHING, UNTOLD, Recognition

_CURRENT = {"active", "recurrence", "relapse"}
_PAST = {"inactive", "remission", "resolved"}
_IGNORED = {"entered-in-error"}
_SUSPECTED = {"provisional", "differential", "unconfirmed"}
_CATEGORY = msgspec.json.Decoder(list[shapes.Concept] | shapes.Concept | str | None)


def read_conditions(reading: Reading) -> None:
    """Adds every recognised condition that counts (status table of clinical.md A2)."""
    for located, condition, found in reading.each(shapes.Condition, "condition"):
        if found is not NOTHING or condition.note is not None:
            _read(located.reference, condition, found, reading)


def _read(reference: str, condition: shapes.Condition, found: Recognition, reading: Reading) -> None:
    facts, terms = reading.facts, reading.terms
    verification = concepts.word(condition.verificationStatus)
    if verification in _IGNORED:
        return
    refuted = verification == "refuted"
    if found is UNTOLD and not refuted:
        facts.unreadable["condition"] = reference
    valuesets, by, label = found.valuesets, found.by, found.label
    if condition.bodySite is not None:
        valuesets = concepts.at_site(terms, valuesets, condition.code, condition.bodySite)
    current = _is_current(condition, reading)
    if found.tells_leg_cramps or (
        condition.note is not None
        and current
        and text.tells_leg_cramps(terms, map(tokens, concepts.written(condition.note)))
    ):
        if not valuesets:
            by, label = "text", terms.titles[text.VALUESET]
        valuesets |= {text.VALUESET}
    if not valuesets:
        return
    reading.check_dates(reference, condition)
    period = condition.onsetPeriod
    onset = reading.day(condition.onsetDateTime) or (reading.day(period.start) if period else None)
    recorded = reading.day(condition.recordedDate)
    if _is_future(onset, reading.today):
        facts.reject(reference, "Condition.onset lies in the future: the date is not used")
        onset = None
    fact = Condition(
        reference=reference,
        valuesets=valuesets,
        label=label,
        day=onset or recorded,
        recorded=recorded or onset,
        system=found.system,
        code=found.code,
        by=by,
        contradiction=found.contradiction,
        side=concepts.side_of(terms, condition.bodySite) or found.side,
        status="current" if current else "past",
        verification="suspected" if verification in _SUSPECTED or found.suspected else "confirmed",
        category="encounter" if _is_encounter_diagnosis(reference, condition, reading) else "problem",
    )
    apart: dict[str, Condition] = {}
    for part in found.apart:
        said = replace(fact, by=part.by, label=part.label, system=part.system, code=part.code)
        apart.update(dict.fromkeys(part.valuesets, said))
    group = facts.refuted if refuted else facts.conditions
    for valueset in valuesets:
        group[valueset].append(apart.get(valueset, fact))


def _is_current(condition: shapes.Condition, reading: Reading) -> bool:
    status = concepts.word(condition.clinicalStatus)
    if status in _CURRENT:
        return True
    if status in _PAST:
        return False
    if condition.abatementBoolean:
        return False
    period = condition.abatementPeriod
    day = reading.day(condition.abatementDateTime or (period.end if period else None))
    return day is None or day.date > reading.today


def _is_encounter_diagnosis(reference: str, condition: shapes.Condition, reading: Reading) -> bool:
    written = bytes(condition.raw_category)
    known = reading.diagnoses.get(written)
    if known is None:
        category, is_faulty = reading.opened(reference, condition, "category", condition.raw_category, _CATEGORY)
        known = _means_encounter_diagnosis(category)
        if not is_faulty:  # what is faulty is said of each
            reading.diagnoses[written] = known
    return known


def _means_encounter_diagnosis(category: list[shapes.Concept] | shapes.Concept | str | None) -> bool:
    words = [concepts.word(said) for said in concepts.listed(category)]
    if isinstance(category, str):
        words.append(category.lower())
    return any(word in ("encounter-diagnosis", "diagnosis") for word in words) and "problem-list-item" not in words


def _is_future(day: Day | None, today: date) -> bool:
    return day is not None and not day.approximate and day.date > today
