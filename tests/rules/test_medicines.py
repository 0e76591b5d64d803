"""Medicines of a record: which are current, since when, and that each counts once (clinical.md B0, B9.3)."""

import json
from datetime import UTC, date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from service.engine.program import Program, load_program
from service.facts import Facts, normalise
from service.facts.model import Medicine
from service.posted import read_posted

RULES = Path(__file__).parents[2] / "rules"
TODAY = date(2026, 6, 15)
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
ATC = "http://www.whocc.no/atc"
FUROSEMIDE = {"coding": [{"system": RXNORM, "code": "4603"}]}
IBUPROFEN = {"coding": [{"system": RXNORM, "code": "5640"}]}
TYPES = frozenset(["MedicationRequest", "MedicationStatement"])


@cache
def program() -> Program:
    return load_program(RULES)


def ago(days: int) -> str:
    return (TODAY - timedelta(days=days)).isoformat()


def facts(*resources: dict[str, Any], drafts: frozenset[str] = frozenset()) -> Facts:
    entries: list[dict[str, Any]] = [{"resource": {"resourceType": "Patient", "id": "p"}}]
    for number, resource in enumerate(resources):
        owned = {"subject": {"reference": "Patient/p"}} if resource["resourceType"] != "Medication" else {}
        entries.append({"resource": {"id": f"m{number}", **owned, **resource}})
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    record = read_posted(json.dumps(bundle).encode(), TYPES)
    return normalise(record, program().terms, TODAY, UTC, drafts)


def request(days: int | None = 10, status: str = "active", intent: str = "order", **other: Any) -> dict[str, Any]:
    written = {} if days is None else {"authoredOn": ago(days)}
    medicine = {} if "medicationReference" in other else {"medicationCodeableConcept": FUROSEMIDE}
    return {"resourceType": "MedicationRequest", "status": status, "intent": intent, **written, **medicine, **other}


def statement(status: str = "active", **other: Any) -> dict[str, Any]:
    return {
        "resourceType": "MedicationStatement", "status": status, "medicationCodeableConcept": FUROSEMIDE, **other,
    }  # fmt: skip


def dispense(days: int, supply: int | None, status: str = "completed", **other: Any) -> dict[str, Any]:
    length = {} if supply is None else {"daysSupply": {"value": supply, "unit": "d", "code": "d"}}
    return {
        "resourceType": "MedicationDispense", "status": status, "whenHandedOver": ago(days),
        "medicationCodeableConcept": FUROSEMIDE, **length, **other,
    }  # fmt: skip


def supplied_for(days: int) -> dict[str, Any]:
    return {"dispenseRequest": {"expectedSupplyDuration": {"value": days, "unit": "days", "code": "d"}}}


def found(read: Facts, valueset: str = "loop-diuretic") -> list[Medicine]:
    return read.medicines.get(valueset, [])


def start(*resources: dict[str, Any]) -> int | None:
    """Days since the course of the one furosemide began."""
    (medicine,) = found(facts(*resources))
    return None if medicine.day is None else (TODAY - medicine.day.date).days


@pytest.mark.parametrize("intent", ["order", "original-order", "reflex-order", "filler-order", "instance-order"])
def test_an_active_order_is_current(intent: str) -> None:
    assert [m.status for m in found(facts(request(intent=intent)))] == ["current"]


@pytest.mark.parametrize("intent", ["proposal", "plan", "option"])
def test_what_is_only_intended_is_not(intent: str) -> None:
    assert not found(facts(request(intent=intent)))


@pytest.mark.parametrize(
    "status", ["on-hold", "cancelled", "completed", "entered-in-error", "stopped", "draft", "unknown"]
)
def test_an_order_of_any_other_status_is_not_current(status: str) -> None:
    assert not found(facts(request(status=status)))


def test_an_order_not_to_give_it_is_not_current() -> None:
    assert not found(facts(request(doNotPerform=True)))


def test_a_draft_counts_as_draft_when_it_is_the_one_selected() -> None:
    draft = request(status="draft")
    assert [m.status for m in found(facts(draft, drafts=frozenset(["MedicationRequest/m0"])))] == ["draft"]
    assert not found(facts(draft, drafts=frozenset(["MedicationRequest/other"])))


def test_an_active_statement_is_current() -> None:
    assert [m.status for m in found(facts(statement()))] == ["current"]


@pytest.mark.parametrize(
    "status", ["intended", "completed", "stopped", "on-hold", "not-taken", "entered-in-error", "unknown"]
)
def test_a_statement_of_any_other_status_is_not(status: str) -> None:
    assert not found(facts(statement(status)))


@pytest.mark.parametrize("other", [{"taken": "n"}, {"wasNotTaken": True}])
def test_a_statement_that_it_is_not_taken_is_not(other: dict[str, Any]) -> None:
    assert not found(facts(statement(**other)))


def test_an_order_of_dstu2_is_read() -> None:
    order = {"resourceType": "MedicationOrder", "status": "active", "dateWritten": ago(3)}
    patient = {"patient": {"reference": "Patient/p"}, "medicationCodeableConcept": FUROSEMIDE}
    assert [m.status for m in found(facts({**order, **patient}))] == ["current"]


def test_an_allergy_is_no_medicine() -> None:
    allergy = {"resourceType": "AllergyIntolerance", "patient": {"reference": "Patient/p"}, "code": FUROSEMIDE}
    read = facts(allergy)
    assert not found(read)
    assert read.allergies["loop-diuretic"]


@pytest.mark.parametrize(
    ("days", "supply", "current"), [(20, 30, True), (30, 30, True), (31, 30, False), (1, None, False)]
)
def test_a_dispense_is_current_while_its_supply_lasts(days: int, supply: int | None, current: bool) -> None:
    assert bool(found(facts(dispense(days, supply)))) == current


@pytest.mark.parametrize(
    "status", ["preparation", "in-progress", "cancelled", "on-hold", "entered-in-error", "stopped", "declined"]
)
def test_a_dispense_that_was_not_handed_over_is_not_current(status: str) -> None:
    assert not found(facts(dispense(2, 30, status)))


def test_a_combination_counts_for_each_member() -> None:
    product = {"coding": [{"system": RXNORM, "code": "197885"}]}  # lisinopril with hydrochlorothiazide
    read = facts(request(medicationCodeableConcept=product))
    for valueset in ("thiazide-diuretic", "diuretic", "ace-inhibitor"):
        assert [m.label for m in found(read, valueset)] == ["hydrochlorothiazide, lisinopril"]


def test_a_combination_by_its_brand_counts_for_each_member() -> None:
    read = facts(request(medicationCodeableConcept={"text": "Vimovo 500/20"}))
    assert found(read, "naproxen")
    assert found(read, "ppi")


def test_a_combination_by_the_ingredients_of_its_medication_counts_for_each_member() -> None:
    medication = {
        "resourceType": "Medication",
        "ingredient": [
            {"itemCodeableConcept": {"coding": [{"system": RXNORM, "code": code}]}} for code in ("5487", "29046")
        ],
    }
    read = facts(request(medicationReference={"reference": "Medication/m1"}), medication)
    assert found(read, "thiazide-diuretic")
    assert found(read, "ace-inhibitor")


def test_one_medicine_told_by_three_resources_counts_once() -> None:
    read = facts(request(400), statement(effectivePeriod={"start": ago(30)}), dispense(5, 30))
    assert len(found(read)) == 1
    assert start(request(400), statement(effectivePeriod={"start": ago(30)}), dispense(5, 30)) == 400


def test_by_code_and_by_name_it_is_the_same_medicine() -> None:
    read = facts(request(), statement(medicationCodeableConcept={"text": "Furosemide 40 mg"}))
    assert len(found(read)) == 1


def test_the_same_order_sent_twice_counts_once() -> None:
    assert len(found(facts(request(id="same"), request(id="same")))) == 1


def test_two_medicines_of_one_class_are_two() -> None:
    torasemide = {"coding": [{"system": RXNORM, "code": "38413"}]}
    assert len(found(facts(request(), request(medicationCodeableConcept=torasemide)))) == 2


@pytest.mark.parametrize(
    "form",
    [
        {"medicationCodeableConcept": {"text": "Ibuprofen 5 % gel"}},
        {"dosageInstruction": [{"route": {"text": "topical"}}]},
        {"dosageInstruction": [{"route": {"coding": [{"code": "6064005", "display": "Topical route"}]}}]},
        {"dosageInstruction": [{"route": {"coding": [{"code": "54485002", "display": "Ophthalmic route"}]}}]},
        {"medicationReference": {"reference": "Medication/m1"}},
    ],
)
def test_gels_and_eye_drops_are_left_out(form: dict[str, Any]) -> None:
    medication = {"resourceType": "Medication", "code": IBUPROFEN, "form": {"text": "Gel"}}
    read = facts(request(**({"medicationCodeableConcept": IBUPROFEN} | form if len(form) == 1 else form)), medication)
    assert not found(read, "nsaid")


def test_a_gel_does_not_hide_the_tablets() -> None:
    gel = request(medicationCodeableConcept=IBUPROFEN, dosageInstruction=[{"route": {"text": "topical"}}])
    tablets = request(medicationCodeableConcept=IBUPROFEN, dosageInstruction=[{"route": {"text": "oral"}}])
    assert len(found(facts(gel, tablets), "nsaid")) == 1


def test_the_course_begins_with_the_order() -> None:
    assert start(request(40)) == 40


def test_a_start_that_nobody_wrote_down_is_not_known() -> None:
    assert start(request(None)) is None


def test_a_start_in_the_future_is_not_known() -> None:
    assert start(request(-3)) is None


@pytest.mark.parametrize(("gap", "began"), [(0, 130), (90, 220), (91, 40)])
def test_renewals_join_over_gaps_of_up_to_90_days(gap: int, began: int) -> None:
    earlier = request(40 + gap + 90, "completed", **supplied_for(90))
    assert start(request(40), earlier) == began


@pytest.mark.parametrize(("gap", "began"), [(90, 130), (91, 40)])
def test_without_a_supply_the_gap_counts_from_the_day_of_the_order(gap: int, began: int) -> None:
    assert start(request(40), request(40 + gap, "completed")) == began


@pytest.mark.parametrize(("gap", "began"), [(90, 160), (91, 40)])
def test_refills_join_as_renewals_do(gap: int, began: int) -> None:
    assert start(request(40), dispense(40 + gap + 30, 30)) == began


@pytest.mark.parametrize(("gap", "began"), [(90, 400), (91, 40)])
def test_a_period_of_intake_that_has_ended_joins_too(gap: int, began: int) -> None:
    period = {"effectivePeriod": {"start": ago(400), "end": ago(40 + gap)}}
    assert start(request(40), statement("completed", **period)) == began


def test_a_chain_of_renewals_reaches_back_to_its_first_link() -> None:
    chain = [request(40 + 90 * link, "completed", **supplied_for(90)) for link in range(1, 9)]
    assert start(request(40), *reversed(chain)) == 760


def test_the_chain_ends_at_the_first_long_gap() -> None:
    assert start(request(40), request(120, "completed"), request(211, "completed"), request(300, "completed")) == 120


def test_of_two_active_orders_the_earlier_begins_the_course() -> None:
    assert start(request(10), request(900)) == 900


def test_each_ingredient_has_its_own_course() -> None:
    torasemide = {"coding": [{"system": RXNORM, "code": "38413"}]}
    assert start(request(40), request(60, "completed", medicationCodeableConcept=torasemide)) == 40


def test_medicines_known_by_name_alone_have_courses_of_their_own() -> None:
    limptar = request(20, medicationCodeableConcept={"text": "Limptar N"})
    pantozol = request(50, "completed", medicationCodeableConcept={"text": "Pantozol"})
    (medicine,) = found(facts(limptar, pantozol), "quinine")
    assert medicine.day is not None
    assert (TODAY - medicine.day.date).days == 20


def test_a_cancelled_order_never_began_a_course() -> None:
    assert start(request(40), request(60, "cancelled"), request(70, "entered-in-error")) == 40


def test_doses_given_make_nothing_current() -> None:
    dose = {
        "resourceType": "MedicationAdministration", "status": "completed", "effectiveDateTime": ago(3),
        "medicationCodeableConcept": FUROSEMIDE,
    }  # fmt: skip
    assert [m.status for m in found(facts(dose))] == ["given"]


@pytest.mark.parametrize(
    "reason",
    [
        {"reasonCode": [{"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "B50.9"}]}]},
        {"reasonReference": [{"reference": "Condition/malaria"}]},
        {"reasonReference": [{"reference": "https://ehr.example/fhir/Condition/malaria/_history/2"}]},
        {"reasonReference": [{"display": "Malaria"}]},
        {"reason": [{"reference": {"reference": "Condition/malaria"}}]},
        {"reason": [{"concept": {"text": "Malaria"}}]},
        {
            "reasonReference": [{"reference": "#why"}],
            "contained": [{"resourceType": "Condition", "id": "why", "code": {"text": "Malaria"}}],
        },
    ],
)
def test_the_reason_is_read_wherever_it_stands(reason: dict[str, Any]) -> None:
    quinine = {"coding": [{"system": RXNORM, "code": "9071"}]}
    malaria = {"resourceType": "Condition", "id": "malaria", "code": {"text": "Malaria"}}
    (medicine,) = found(facts(request(medicationCodeableConcept=quinine, **reason), malaria), "quinine")
    assert "malaria" in medicine.reasons


@pytest.mark.parametrize("element", ["code", "substance", "reaction"])
def test_an_allergy_is_read_wherever_its_substance_stands(element: str) -> None:
    quinine = {"text": "Quinine"}
    said = {"reaction": [{"substance": quinine}]} if element == "reaction" else {element: quinine}
    read = facts({"resourceType": "AllergyIntolerance", "patient": {"reference": "Patient/p"}, **said})
    assert len(read.allergies["quinine-reaction"]) == 1
