"""Medicines: which are current, and since when without a gap (clinical.md B0 and B9.3)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta, tzinfo

from service import shapes
from service.facts import concepts
from service.facts.dates import Day, read_day
from service.facts.model import Facts, Medicine
from service.record import Record
from service.terms import Coded, Recogniser, Recognition

_GAP_DAYS = 90  # clinical.md B9.3: renewals and refills join while the gap is at most this
_ORDERED = {"order", "original-order", "reflex-order", "filler-order", "instance-order", ""}
_NEVER = {"entered-in-error", "cancelled", "draft", "not-taken", "intended", "not-done", "preparation", "declined"}
_TAKEN = {"n", "unk", "na"}  # STU3 MedicationStatement.taken, other than yes
_DAYS = {"d": 1, "day": 1, "days": 1, "wk": 7, "week": 7, "weeks": 7, "mo": 30, "month": 30, "months": 30, "a": 365}


@dataclass(frozen=True, slots=True)
class _Use:
    """One prescription, statement or dispense of a recognised medicine."""

    reference: str
    found: Recognition
    status: str  # current, past or draft
    start: Day | None
    end: date | None
    reasons: frozenset[str]


def read_medicines(
    record: Record,
    recogniser: Recogniser,
    facts: Facts,
    today: date,
    zone: tzinfo,
    drafts: frozenset[str] = frozenset(),
) -> None:
    """Adds every recognised medicine that is current, each ingredient once, with the first day of its course.

    drafts: references of the orders selected in the hook's context; they count as draft, not as current.
    """
    uses = list(_uses(record, recogniser, facts, today, zone, drafts))
    courses = _courses(uses)
    seen: set[tuple[frozenset[str], str]] = set()
    for use in uses:
        if use.status == "past":
            continue
        ingredients = use.found.ingredients or frozenset((f"{use.found.system}|{use.found.code}",))
        if (ingredients, use.status) in seen:
            continue
        seen.add((ingredients, use.status))
        starts = [courses[ingredient] for ingredient in ingredients if ingredient in courses]
        fact = Medicine(
            reference=use.reference,
            valuesets=use.found.valuesets,
            label=use.found.label,
            day=min(starts) if starts else None,
            system=use.found.system,
            code=use.found.code,
            by=use.found.by,
            contradiction=use.found.contradiction,
            ingredients=ingredients,
            status=use.status,
            reasons=use.reasons,
        )
        for valueset in fact.valuesets:
            facts.medicines[valueset].append(fact)


def _courses(uses: list[_Use]) -> dict[str, Day]:
    """Returns for each ingredient in use the first day of the course that reaches to today."""
    spans: dict[str, list[tuple[Day, date]]] = defaultdict(list)
    running: dict[str, list[Day]] = defaultdict(list)
    for use in uses:
        if use.start is None or use.status == "draft":
            continue
        for ingredient in use.found.ingredients or (f"{use.found.system}|{use.found.code}",):
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


def _uses(
    record: Record, recogniser: Recogniser, facts: Facts, today: date, zone: tzinfo, drafts: frozenset[str]
) -> Iterator[_Use]:
    def made(
        reference: str, item: shapes.Prescription, status: str | None, start: str | None, end: date | None
    ) -> Iterator[_Use]:
        if status is None:
            return
        found = _recognise(reference, item, record, recogniser, facts)
        if not found.valuesets:
            return
        facts.check_dates(reference, item, zone)
        day = read_day(start, zone) if start else None
        if day and day.date > today and status == "current":
            day = None
        yield _Use(reference, found, status, day, end, _reasons(item, recogniser))

    for reference, request in record.of(shapes.MedicationRequest):
        status = _request_status(request, reference in drafts)
        yield from made(reference, request, status, request.authoredOn, _request_end(request, zone))
    for reference, order in record.of(shapes.MedicationOrder):
        yield from made(reference, order, _plain_status(order.status), order.dateWritten, None)
    for reference, statement in record.of(shapes.MedicationStatement):
        period = statement.effectivePeriod or shapes.Period()
        start = statement.effectiveDateTime or period.start or None
        end = read_day(period.end, zone) if period.end else None
        yield from made(reference, statement, _statement_status(statement), start, end.date if end else None)
    for reference, dispense in record.of(shapes.MedicationDispense):
        start = dispense.whenHandedOver or dispense.whenPrepared
        end_date = _supply_end(dispense, zone)
        status = _plain_status(dispense.status)
        if status is not None:
            status = "current" if end_date is not None and end_date >= today else "past"
        yield from made(reference, dispense, status, start, end_date)


def _request_status(request: shapes.MedicationRequest, drafted: bool) -> str | None:
    status = (request.status or "").strip().lower()
    intent = (request.intent or "").strip().lower()
    if drafted:
        return "draft"
    if request.doNotPerform or status in _NEVER or intent not in _ORDERED:
        return None
    return "current" if status == "active" else "past"


def _plain_status(written: str | None) -> str | None:
    status = (written or "").strip().lower()
    if status in _NEVER:
        return None
    return "current" if status == "active" else "past"


def _statement_status(statement: shapes.MedicationStatement) -> str | None:
    if statement.wasNotTaken or (statement.taken or "").lower() in _TAKEN:
        return None
    return _plain_status(statement.status)


def _request_end(request: shapes.MedicationRequest, zone: tzinfo) -> date | None:
    supply = request.dispenseRequest
    if supply is None:
        return None
    if supply.validityPeriod and supply.validityPeriod.end:
        end = read_day(supply.validityPeriod.end, zone)
        return end.date if end else None
    start = read_day(request.authoredOn, zone) if request.authoredOn else None
    return _after(start, supply.expectedSupplyDuration)


def _supply_end(dispense: shapes.MedicationDispense, zone: tzinfo) -> date | None:
    handed = dispense.whenHandedOver or dispense.whenPrepared
    return _after(read_day(handed, zone) if handed else None, dispense.daysSupply)


def _after(start: Day | None, length: shapes.Quantity | None) -> date | None:
    if start is None or length is None or length.value is None:
        return None
    days = _DAYS.get((length.code or length.unit or "d").strip().lower())
    if days is None or not 0 <= length.value * days <= 3660:
        return None
    return start.date + timedelta(days=int(length.value * days))


def _recognise(
    reference: str, item: shapes.Prescription, record: Record, recogniser: Recogniser, facts: Facts
) -> Recognition:
    """What the medicine is; a Medication that is nowhere to be found is said."""
    codings, texts = concepts_of(item, record.medications)
    if not codings and not texts and _pointer(item) is not None:
        facts.reject(reference, "the Medication that it refers to is not in the record: not used")
    return recogniser.recognise("medication", codings, texts)


def concepts_of(
    item: shapes.Prescription, medications: Mapping[str, shapes.Resource]
) -> tuple[tuple[Coded, ...], tuple[str, ...]]:
    """Returns codings and texts of a medicine: in place, or of the Medication referred to and its ingredients."""
    concept = item.medicationCodeableConcept
    if concept is None and item.medication is not None and item.medication.reference is None:
        concept = item.medication
    medication = _resolve(item, _pointer(item), medications)
    if medication is None:
        pointer = _pointer(item)
        written = (pointer.display,) if pointer is not None and pointer.display else ()
        return concepts.codings(concept), (*concepts.texts(concept), *written)
    codings, texts = concepts.codings(medication.code), concepts.texts(medication.code)
    for ingredient in medication.ingredient or ():
        part = ingredient.itemCodeableConcept or ingredient.item
        codings += concepts.codings(part)
        texts += concepts.texts(part)
    return codings, texts


def _pointer(item: shapes.Prescription) -> shapes.Reference | None:
    """The reference to a Medication: R4's element, or R5's inside the CodeableReference."""
    return item.medicationReference or (item.medication.reference if item.medication else None)


def _resolve(
    item: shapes.Prescription, pointer: shapes.Reference | None, medications: Mapping[str, shapes.Resource]
) -> shapes.Medication | None:
    if pointer is None or not pointer.reference:
        return None
    written = pointer.reference.partition("/_history/")[0]
    if written.startswith("#"):
        inner = next((i for i in item.contained or () if i.id is not None and i.id.lstrip("#") == written[1:]), None)
        return inner if isinstance(inner, shapes.Medication) else None
    found = medications.get(written) or medications.get("/".join(written.split("/")[-2:]))
    return found if isinstance(found, shapes.Medication) else None


def _reasons(item: shapes.Prescription, recogniser: Recogniser) -> frozenset[str]:
    reasons: set[str] = set()
    written = [*concepts.listed(item.reasonCode), *concepts.listed(item.reason)]
    if isinstance(item, shapes.MedicationOrder):
        written += concepts.listed(item.reasonCodeableConcept)
    for concept in written:
        reasons |= recogniser.recognise("condition", concepts.codings(concept), concepts.texts(concept)).valuesets
    return frozenset(reasons)
