"""Conditions: what they are, whether they are current, how sure, since when, on which side."""

from __future__ import annotations

from datetime import date, tzinfo

from service import shapes
from service.facts import concepts, text
from service.facts.dates import Day, read_day
from service.facts.model import Condition, Facts
from service.record import Record
from service.terms import Recogniser, Terms

_CURRENT = {"active", "recurrence", "relapse"}
_PAST = {"inactive", "remission", "resolved"}
_IGNORED = {"entered-in-error"}
_SUSPECTED = {"provisional", "differential", "unconfirmed"}


def read_conditions(
    record: Record, terms: Terms, recogniser: Recogniser, facts: Facts, today: date, zone: tzinfo
) -> None:
    """Adds every recognised condition that counts (status table of clinical.md A2)."""
    for reference, condition in record.of(shapes.Condition):
        verification = concepts.word(condition.verificationStatus)
        if verification in _IGNORED:
            continue
        refuted = verification == "refuted"
        if not refuted and condition.code is None and _was_mended(record, reference):
            facts.unreadable["condition"] = reference
        found = recogniser.recognise("condition", concepts.codings(condition.code), concepts.texts(condition.code))
        valuesets = concepts.at_site(terms, found.valuesets, condition.code, condition.bodySite)
        by, label = found.by, found.label
        current = _is_current(condition, today, zone)
        if found.tells_leg_cramps or (
            current and text.tells_leg_cramps(terms, map(text.tokens, concepts.written(condition.note)))
        ):
            if not valuesets:
                by, label = "text", terms.titles[text.VALUESET]
            valuesets |= {text.VALUESET}
        if not valuesets:
            continue
        facts.check_dates(reference, condition, zone)
        onset = _day(condition.onsetDateTime, zone) or _start(condition.onsetPeriod, zone)
        recorded = _day(condition.recordedDate, zone)
        if _is_future(onset, today):
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
            category="encounter" if _is_encounter_diagnosis(condition) else "problem",
        )
        for valueset in valuesets:
            (facts.refuted if refuted else facts.conditions)[valueset].append(fact)


def _is_current(condition: shapes.Condition, today: date, zone: tzinfo) -> bool:
    status = concepts.word(condition.clinicalStatus)
    if status in _CURRENT:
        return True
    if status in _PAST:
        return False
    if condition.abatementBoolean:
        return False
    end = condition.abatementDateTime or (condition.abatementPeriod and condition.abatementPeriod.end)
    day = read_day(end, zone) if end else None
    return day is None or day.date > today


def _is_encounter_diagnosis(condition: shapes.Condition) -> bool:
    words = [concepts.word(category) for category in concepts.listed(condition.category)]
    if isinstance(condition.category, str):
        words.append(condition.category.lower())
    return any(word in ("encounter-diagnosis", "diagnosis") for word in words) and "problem-list-item" not in words


def _was_mended(record: Record, reference: str) -> bool:
    """Whether the code of a condition was there, but not of its FHIR type."""
    return any(r.reference == reference and r.reason.startswith("Condition.code") for r in record.rejected)


def _day(written: str | None, zone: tzinfo) -> Day | None:
    return read_day(written, zone) if written else None


def _start(period: shapes.Period | None, zone: tzinfo) -> Day | None:
    return read_day(period.start, zone) if period and period.start else None


def _is_future(day: Day | None, today: date) -> bool:
    return day is not None and not day.approximate and day.date > today
