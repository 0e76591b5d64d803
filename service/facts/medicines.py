"""Medicines: which are current, and since when without a gap (clinical.md B0 and B9.3)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta

import msgspec

from service import shapes
from service.facts.dates import Day, misdated
from service.facts.model import Medicine
from service.facts.products import reasons_of, recognise
from service.facts.reading import Reading
from service.terms import NOTHING, UNTOLD, Recognition

_GAP_DAYS = 90  # clinical.md B9.3: renewals and refills join while the gap is at most this
_ORDERED = {"order", "original-order", "reflex-order", "filler-order", "instance-order", ""}
_NEVER = {"entered-in-error", "cancelled", "draft", "not-taken", "intended", "not-done", "preparation", "declined"}
_GIVEN = {"completed", "in-progress"}  # MedicationAdministration
_ENDED = {"entered-in-error", "cancelled", "stopped", "completed", "ended"}  # no longer being ordered
_DAYS = {"d": 1, "day": 1, "days": 1, "wk": 7, "week": 7, "weeks": 7, "mo": 30, "month": 30, "months": 30, "a": 365}


class _Use(msgspec.Struct, frozen=True, gc=False):
    """One prescription, statement or dispense of a recognised medicine."""

    reference: str
    found: Recognition
    status: str  # current, past, draft or given
    start: Day | None
    end: date | None
    reasons: frozenset[str] | None  # None where no reason is stated
    ingredients: frozenset[str]  # where none are known its code, else its label


def read_medicines(reading: Reading, drafts: frozenset[str] = frozenset()) -> None:
    """Adds every recognised medicine that is current, each once, with the first day of its course; doses given too.

    drafts: references of the orders selected in the hook's context; they count as draft, not as current.
    """
    facts, today = reading.facts, reading.today
    uses = [use for use in _uses(reading, drafts) if use is not None]
    courses = _courses(uses)
    given = sorted(_given(reading), key=lambda use: use.start or Day(today), reverse=True)
    for use in _once([*uses, *given]):
        starts = [courses[ingredient] for ingredient in use.ingredients if ingredient in courses]
        fact = Medicine(
            reference=use.reference,
            valuesets=use.found.valuesets,
            label=use.found.label,
            day=use.start if use.status == "given" else min(starts) if starts else None,
            system=use.found.system,
            code=use.found.code,
            by=use.found.by,
            contradiction=use.found.contradiction,
            ingredients=use.ingredients,
            status=use.status,
            reasons=use.reasons or frozenset(),
        )
        for valueset in fact.valuesets:
            facts.medicines[valueset].append(fact)


def _ingredients(found: Recognition) -> frozenset[str]:
    return found.ingredients or frozenset((f"{found.system}|{found.code}" if found.code else found.label,))


def _once(uses: list[_Use]) -> Iterator[_Use]:
    """Yields each medicine in use once, though several resources tell of it.

    It counts again for each reason that is stated; a use without a reason adds nothing to one that has it.
    """
    told: dict[tuple[frozenset[str], frozenset[str], str], dict[frozenset[str] | None, _Use]] = defaultdict(dict)
    for use in uses:
        if use.status != "past":
            told[use.ingredients, use.found.valuesets, use.status].setdefault(use.reasons, use)
    for by_reason in told.values():
        if len(by_reason) > 1:
            by_reason.pop(None, None)
        yield from by_reason.values()


def _courses(uses: list[_Use]) -> dict[str, Day]:
    """Returns for each ingredient in use the first day of the course that reaches to today."""
    spans: dict[str, list[tuple[Day, date]]] = defaultdict(list)
    running: dict[str, list[Day]] = defaultdict(list)
    for use in uses:
        if use.start is None or use.status == "draft":
            continue
        for ingredient in use.ingredients:
            if use.status == "current":
                running[ingredient].append(use.start)
            else:
                spans[ingredient].append((use.start, use.end or use.start.date))
    courses: dict[str, Day] = {}
    for ingredient, starts in running.items():
        first = min(starts)
        for start, end in sorted(spans[ingredient], key=lambda span: span[1], reverse=True):
            if start < first and (first.date - end).days <= _GAP_DAYS:
                first = start
        courses[ingredient] = first
    return courses


def _uses(reading: Reading, drafts: frozenset[str]) -> Iterator[_Use | None]:
    """Yields the uses of recognised medicines, None for what is no such use."""
    record, today = reading.record, reading.today
    known = reading.recogniser.known("medication")
    for reference, request in record.of(shapes.MedicationRequest):
        if request.medicationReference is None and known.get(bytes(request.raw_medication)) is NOTHING:
            continue  # what most of a chart prescribes is nothing that a rule reads
        status = _draft_status(request) if reference in drafts else _request_status(request)
        end = _request_end(request, reading) if status == "past" else None  # of a course that runs it does not matter
        yield _use(reference, request, status, request.authoredOn, end, reading)
    for reference, statement in record.of(shapes.MedicationStatement):
        if _is_recorded(statement) and statement.adherence is None and misdated(statement, reading.read_date):
            reading.check_dates(reference, statement)
            reading.facts.unreadable["medication"] = reference
            continue
        period = statement.effectivePeriod or shapes.Period()
        start = statement.effectiveDateTime or period.start or None
        until = reading.day(period.end)
        status = _recorded_status(period, reading) if _is_recorded(statement) else _plain_status(statement.status)
        yield _use(reference, statement, status, start, until.date if until else None, reading)
    for reference, dispense in record.of(shapes.MedicationDispense):
        start = dispense.whenHandedOver or dispense.whenPrepared
        end_date = _supply_end(dispense, reading)
        status = _plain_status(dispense.status)
        if status is not None:
            covers = (
                (dispense.status or "").strip().lower() == "completed" and end_date is not None and end_date >= today
            )
            status = "current" if covers else "past"
        yield _use(reference, dispense, status, start, end_date, reading)


def _use(
    reference: str, item: shapes.Prescription, status: str | None, start: str | None, end: date | None, reading: Reading
) -> _Use | None:
    if status is None:
        return None
    found = recognise(reference, item, reading)
    if not found.valuesets:
        if status == "current" and found is UNTOLD:
            reading.facts.unreadable["medication"] = reference
        return None
    day = reading.day(start)
    if day is None or not isinstance(item, shapes.MedicationRequest):  # a request has no other date
        reading.check_dates(reference, item)
    if not (item.status or "").strip():
        reading.facts.reject(reference, f"{type(item).__name__} has no status: not counted as in use")
    if day and day.date > reading.today and status == "current":
        day = None
    return _Use(reference, found, status, day, end, reasons_of(item, reading), _ingredients(found))


def _given(reading: Reading) -> Iterator[_Use]:
    """Yields the doses that were given and say when."""
    for reference, dose in reading.record.of(shapes.MedicationAdministration):
        if (dose.status or "").strip().lower() not in _GIVEN:
            continue
        found = recognise(reference, dose, reading)
        period = dose.effectivePeriod or shapes.Period()
        day = reading.day(dose.effectiveDateTime or period.end or period.start)
        if found.valuesets and day is None:
            reading.facts.reject(reference, "MedicationAdministration: no FHIR date says when it was given: not used")
        elif found.valuesets and day is not None and day.date <= reading.today:
            yield _Use(reference, found, "given", day, None, None, _ingredients(found))


def _draft_status(order: shapes.Prescription) -> str | None:
    """What an order of the hook's context counts as; signing again brings other statuses than draft."""
    forbids = isinstance(order, shapes.MedicationRequest) and order.doNotPerform
    return None if forbids or (order.status or "").strip().lower() in _ENDED else "draft"


def _request_status(request: shapes.MedicationRequest) -> str | None:
    status = (request.status or "").strip().lower()
    intent = (request.intent or "").strip().lower()
    if request.doNotPerform or status in _NEVER or intent not in _ORDERED:
        return None
    return "current" if status == "active" else "past"


def _plain_status(written: str | None) -> str | None:
    status = (written or "").strip().lower()
    if status in _NEVER:
        return None
    return "current" if status == "active" else "past"


def _is_recorded(statement: shapes.MedicationStatement) -> bool:
    return (statement.status or "").strip().lower() == "recorded"


def _recorded_status(period: shapes.Period, reading: Reading) -> str | None:
    """R5 says by the time of use what R4 says by the status: current unless that is over or has yet to begin."""
    start, end = reading.day(period.start), reading.day(period.end)
    if start is not None and start.date > reading.today:
        return None
    return "past" if end is not None and end.date < reading.today else "current"


def _request_end(request: shapes.MedicationRequest, reading: Reading) -> date | None:
    supply = request.dispenseRequest
    if supply is None:
        return None
    if supply.validityPeriod and supply.validityPeriod.end:
        end = reading.day(supply.validityPeriod.end)
        return end.date if end else None
    return _after(reading.day(request.authoredOn), supply.expectedSupplyDuration)


def _supply_end(dispense: shapes.MedicationDispense, reading: Reading) -> date | None:
    return _after(reading.day(dispense.whenHandedOver or dispense.whenPrepared), dispense.daysSupply)


def _after(start: Day | None, length: shapes.Quantity | None) -> date | None:
    if start is None or length is None or length.value is None:
        return None
    days = _DAYS.get((length.code or length.unit or "d").strip().lower())
    if days is None or not 0 <= length.value * days <= 3660:
        return None
    return start.date + timedelta(days=int(length.value * days))
