"""Laboratory results as clients send them: panels, corrections, ranges, calcium, what is unusable and why."""

from __future__ import annotations

import json
from datetime import UTC, date
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from service.cards import Audience, compose, sections_of
from service.cards.drafts import build_drafts
from service.engine.evaluate import evaluate
from service.engine.program import Program, load_program
from service.facts import Facts, normalise
from service.facts.model import Result
from service.posted import read_posted
from service.settings import Settings

TODAY = date(2026, 6, 15)
LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"


@cache
def program() -> Program:
    return load_program(Settings().rules_dir)


def bundle(*resources: dict[str, Any], sex: str = "female") -> bytes:
    patient = {"resourceType": "Patient", "id": "p", "birthDate": "1960-01-01", "gender": sex}
    entries = [{"resource": resource} for resource in (patient, *resources)]
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}).encode()


def facts_of(*resources: dict[str, Any], sex: str = "female") -> Facts:
    record = read_posted(bundle(*resources, sex=sex), frozenset({"Observation", "Condition"}))
    return normalise(record, program().terms, TODAY, UTC)


def lab(
    code: str, value: float | None, unit: str | None = None, day: str | None = "2026-06-10", **more: Any
) -> dict[str, Any]:
    resource: dict[str, Any] = {
        "resourceType": "Observation",
        "id": more.pop("id", f"{code}-{value}"),
        "status": "final",
        "code": {"coding": [{"system": LOINC, "code": code}]},
        "subject": {"reference": "Patient/p"},
    }
    if value is not None:
        resource["valueQuantity"] = {"value": value} | ({"unit": unit, "system": UCUM, "code": unit} if unit else {})
    if day:
        resource["effectiveDateTime"] = day
    return {**resource, **more}


def one(facts: Facts, analyte: str) -> Result:
    (result,) = facts.results[analyte]
    return result


@pytest.mark.parametrize("written", ["x", 5, True, [], [5], None])
def test_a_panel_whose_quantity_is_none_measures_nothing_itself(written: object) -> None:
    part = {"code": {"coding": [{"system": LOINC, "code": "17861-6"}]}, "valueQuantity": {"value": 7, "unit": "mg/dL"}}
    facts = facts_of(lab("2823-3", None, valueQuantity=written, component=[part]))
    assert not facts.unusable
    assert one(facts, "calcium-total").value == 7


# --- what is superseded ---------------------------------------------------------------------------------------------


def test_a_day_that_is_none_is_not_taken_for_an_old_one() -> None:
    no_day = lab("2823-3", 6.8, "mmol/L", day="2020-02-30T08:00:00Z", issued="2026-06-12")
    assert one(facts_of(lab("2823-3", 4.1, "mmol/L"), no_day), "potassium").value == 6.8


def test_a_result_written_two_days_before_is_of_the_same_day_at_the_other_end_of_the_zones() -> None:
    west = lab("2823-3", 6.8, "mmol/L", day="2026-06-08T23:30:00-12:00")
    record = read_posted(bundle(lab("2823-3", 4.1, "mmol/L", day="2026-06-10"), west), frozenset({"Observation"}))
    facts = normalise(record, program().terms, TODAY, ZoneInfo("Pacific/Kiritimati"))
    assert sorted(result.value for result in facts.results["potassium"]) == [4.1, 6.8]


def test_of_one_day_what_came_first_is_named_first() -> None:
    late = "2026-06-11T00:30:00+14:00"  # of the tenth in UTC
    usable = (lab("2823-3", 4.4, "mmol/L"), lab("2823-3", 4.1, "mmol/L", day=late))
    unusable = (lab("2823-3", 4.2, "bananas"), lab("2823-3", 4.3, "bananas", day=late))
    read = facts_of(*usable, *unusable)
    assert [result.value for result in read.results["potassium"]] == [4.4, 4.1]
    assert [result.reference for result in read.unusable] == ["Observation/2823-3-4.2", "Observation/2823-3-4.3"]


# --- panels ----------------------------------------------------------------------------------------------------------


def test_components_are_results_of_the_observations_day() -> None:
    component = {
        "code": {"coding": [{"system": LOINC, "code": "2823-3"}]},
        "valueQuantity": {"value": 3.1, "unit": "mmol/L"},
    }
    panel = lab("24326-1", None, component=[component])
    assert one(facts_of(panel), "potassium").written == "3.1 mmol/L"


def test_a_panel_without_a_value_of_its_own_is_no_unusable_result() -> None:
    component = {
        "code": {"coding": [{"system": LOINC, "code": "2823-3"}]},
        "valueQuantity": {"value": 3.1, "unit": "mmol/L"},
    }
    facts = facts_of(lab("2823-3", None, component=[component]))
    assert facts.unusable == []


@pytest.mark.parametrize(
    "reference", ["Observation/k", "https://ehr.example/fhir/Observation/k", "Observation/k/_history/2"]
)
def test_a_member_without_a_date_is_of_its_panels_day(reference: str) -> None:
    member = lab("2823-3", 3.1, "mmol/L", day=None, id="k")
    panel = lab("24326-1", None, day="2026-06-01", hasMember=[{"reference": reference}])
    day = one(facts_of(member, panel), "potassium").day
    assert day is not None
    assert day.date == date(2026, 6, 1)


def report(**more: Any) -> dict[str, Any]:
    coded = {"coding": [{"system": LOINC, "code": "24326-1"}]}
    return {
        "resourceType": "DiagnosticReport",
        "id": "r",
        "status": "final",
        "code": coded,
        "effectiveDateTime": "2026-06-01",
        **more,
    }


def test_a_result_without_a_date_is_of_its_reports_day() -> None:
    member = lab("2823-3", 3.1, "mmol/L", day=None, id="k")
    facts = facts_of(member, report(result=[{"reference": "Observation/k"}]))
    day = one(facts, "potassium").day
    assert day is not None
    assert day.date == date(2026, 6, 1)


def test_a_date_of_its_own_comes_before_that_of_the_report() -> None:
    member = lab("2823-3", 3.1, "mmol/L", id="k")
    facts = facts_of(member, report(result=[{"reference": "Observation/k"}]))
    day = one(facts, "potassium").day
    assert day is not None
    assert day.date == date(2026, 6, 10)


def test_a_contained_result_is_read_once_with_the_reports_day() -> None:
    member = lab("2823-3", 3.1, "mmol/L", day=None, id="k")
    facts = facts_of(report(contained=[member], result=[{"reference": "#k"}]))
    assert one(facts, "potassium").reference == "DiagnosticReport/r#k"


def test_a_report_entered_in_error_takes_what_it_contains_with_it() -> None:
    member = lab("2823-3", 3.1, "mmol/L", id="k")
    facts = facts_of(report(status="entered-in-error", contained=[member]))
    assert not facts.results.get("potassium")


def test_a_result_nobody_dates_is_unusable() -> None:
    (item,) = facts_of(lab("2823-3", 3.1, "mmol/L", day=None)).unusable
    assert item.reason == "no usable date"


# --- corrections and duplicates --------------------------------------------------------------------------------------


def test_a_corrected_result_replaces_the_final_one_of_the_same_moment() -> None:
    wrong = lab("2823-3", 2.1, "mmol/L", day="2026-06-10T08:00:00Z")
    right = lab("2823-3", 4.1, "mmol/L", day="2026-06-10T08:00:00Z", status="corrected")
    facts = facts_of(wrong, right)
    assert one(facts, "potassium").value == 4.1
    assert any("corrected" in rejection.reason for rejection in facts.rejected)


def test_of_one_day_without_a_time_both_stand() -> None:
    facts = facts_of(lab("2823-3", 2.1, "mmol/L"), lab("2823-3", 4.1, "mmol/L", status="corrected"))
    assert [result.value for result in facts.results["potassium"]] == [2.1, 4.1]


def test_the_same_value_twice_counts_once() -> None:
    facts = facts_of(lab("2823-3", 3.1, "mmol/L", id="a"), lab("2823-3", 3.1, "mmol/L", id="b"))
    assert one(facts, "potassium").reference == "Observation/a"


def test_of_one_day_the_abnormal_value_stands_first() -> None:
    limits = [{"low": {"value": 3.5, "unit": "mmol/L"}, "high": {"value": 5.1, "unit": "mmol/L"}}]
    well = lab("2823-3", 4.1, "mmol/L", referenceRange=limits)
    ill = lab("2823-3", 3.1, "mmol/L", referenceRange=limits)
    assert [result.value for result in facts_of(well, ill).results["potassium"]] == [3.1, 4.1]


# --- reference ranges ------------------------------------------------------------------------------------------------


def ck(*ranges: dict[str, Any], sex: str = "female", unit: str = "U/L") -> tuple[float | None, float | None]:
    result = one(facts_of(lab("2157-6", 900, unit, referenceRange=list(ranges)), sex=sex), "ck")
    return result.low, result.high


def high(value: float, unit: str | None = "U/L", **more: Any) -> dict[str, Any]:
    return {"high": {"value": value} | ({"unit": unit} if unit else {}), **more}


def test_a_range_for_the_own_sex_comes_first_and_the_others_is_not_used() -> None:
    men, women = high(308, appliesTo=[{"text": "Male"}]), high(192, appliesTo=[{"coding": [{"code": "248152002"}]}])
    assert ck(men, women) == (None, 192)
    assert ck(men, women, sex="male") == (None, 308)
    assert ck(men) == (None, None)
    assert ck(men, high(200)) == (None, 200)
    assert ck(men, women, sex="unknown") == (None, None)


def test_a_range_that_is_not_normal_is_not_used() -> None:
    assert ck(high(2000, type={"coding": [{"code": "critical"}]}), high(200)) == (None, 200)


def test_a_range_in_another_unit_is_converted_one_in_no_known_unit_is_not_used() -> None:
    assert ck(high(3.2, "ukat/L")) == (None, 192)
    assert ck(high(3.2, "furlong")) == (None, None)
    assert ck(high(192, None)) == (None, 192)


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        ("26-192", (26, 192)),
        ("26 – 192 U/L", (26, 192)),
        ("26,5 bis 192", (26.5, 192)),
        ("< 192", (None, 192)),
        ("<=192 U/l", (None, 192)),
        (">= 26", (26, None)),
        ("26-192 ukat/L", (None, None)),
        ("see comment", (None, None)),
        ("negative", (None, None)),
    ],
)
def test_a_range_in_words(text: str, limits: tuple[float | None, float | None]) -> None:
    assert ck({"text": text}) == limits


# --- calcium ---------------------------------------------------------------------------------------------------------


def test_calcium_is_adjusted_in_the_unit_that_was_reported() -> None:
    si = one(facts_of(lab("2000-8", 1.90, "mmol/L"), lab("1751-7", 30, "g/L")), "calcium-adjusted")
    us = one(facts_of(lab("17861-6", 6.8, "mg/dL"), lab("1751-7", 3.0, "g/dL")), "calcium-adjusted")
    assert (si.written, us.written) == ("2.1 mmol/L", "7.6 mg/dL")
    assert us.canonical == pytest.approx(1.896, abs=0.001)


def test_albumin_counts_two_days_either_way_and_the_nearest_wins() -> None:
    calcium = lab("2000-8", 1.90, "mmol/L", day="2026-06-10")
    near, far = lab("1751-7", 30, "g/L", day="2026-06-11"), lab("1751-7", 20, "g/L", day="2026-06-08")
    assert one(facts_of(calcium, near, far), "calcium-adjusted").value == 2.1
    assert one(facts_of(calcium, far), "calcium-adjusted").value == 2.3
    late = one(facts_of(calcium, lab("1751-7", 20, "g/L", day="2026-06-13")), "calcium-adjusted")
    assert late.unadjusted
    assert late.value == 1.9


def test_the_albumin_of_an_older_calcium_counts_beside_a_newer_one() -> None:
    calcium = lab("2000-8", 1.90, "mmol/L", day="2026-06-10")
    near, newer = lab("1751-7", 30, "g/L", day="2026-06-11"), lab("1751-7", 20, "g/L", day="2026-06-14")
    assert one(facts_of(calcium, near, newer), "calcium-adjusted").value == 2.1


def test_an_albumin_below_a_limit_adjusts_nothing() -> None:
    albumin = lab("1751-7", 10, "g/L")
    albumin["valueQuantity"]["comparator"] = "<"
    assert one(facts_of(lab("2000-8", 1.90, "mmol/L"), albumin), "calcium-adjusted").unadjusted


def test_where_the_laboratory_adjusts_the_service_does_not() -> None:
    facts = facts_of(lab("2000-8", 1.85, "mmol/L"), lab("29265-6", 2.25, "mmol/L"))
    assert one(facts, "calcium-adjusted").value == 2.25


# --- what cannot be used ---------------------------------------------------------------------------------------------


def detail(*resources: dict[str, Any]) -> str:
    facts = facts_of(*resources)
    evaluation = evaluate(program(), facts, TODAY, complaint_given=True)
    audience = Audience(patient="Patient/p")
    sections, _ = sections_of(evaluation, program(), audience.wishes)
    cards = compose(sections, evaluation, program(), build_drafts(program()), audience)
    return str(cards[0]["detail"])


def flagged(code: str) -> dict[str, Any]:
    return {"interpretation": [{"coding": [{"code": code}]}]}


def test_a_value_without_a_unit_that_is_flagged_critical_stands_first_on_the_first_card() -> None:
    shown = detail(lab("2823-3", 7.1, day="2026-06-14", **flagged("HH")))
    assert shown.startswith("**Not evaluated; read the report now: Potassium 7.1, no unit, 2026-06-14, flagged HH.**")


def test_a_value_in_an_unknown_unit_likewise() -> None:
    assert "Potassium 7.1, a unit that cannot be converted" in detail(lab("2823-3", 7.1, "stone", **flagged("LL")))


def test_not_where_the_flag_is_no_critical_one_or_the_value_old_or_a_newer_one_is_known() -> None:
    unread = lab("2823-3", 7.1, **flagged("HH"))
    assert "Not evaluated" not in detail(lab("2823-3", 7.1, **flagged("H")))
    assert "Not evaluated" not in detail(unread, lab("2823-3", 4.1, "mmol/L", day="2026-06-11"))
    assert "Not evaluated" in detail(unread, lab("2823-3", 4.1, "mmol/L", day="2026-06-10"))
    assert "Not evaluated" in detail({**unread, "effectiveDateTime": "2026-03-17"})
    assert "Not evaluated" not in detail({**unread, "effectiveDateTime": "2026-03-16"})


def test_the_flag_is_named_with_the_reason() -> None:
    (rejection,) = facts_of(lab("2823-3", 7.1, **flagged("HH"))).rejected
    assert rejection.reason == "Potassium: no unit, flagged HH: not used"


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"status": "preliminary"}, "pending, not final yet"),
        ({"status": "cancelled"}, "status cancelled"),
        ({"status": "entered-in-error"}, "status entered-in-error"),
        ({"effectiveDateTime": "2026-06-16"}, "dated in the future"),
        ({"valueQuantity": {"value": 3.1}}, "no unit"),
        ({"valueQuantity": {"unit": "mmol/L"}}, "no numeric value"),
        ({"note": [{"text": "Sample haemolysed"}]}, "the laboratory says that the sample was spoiled"),
    ],
)
def test_every_unusable_value_says_why(changed: dict[str, Any], reason: str) -> None:
    facts = facts_of(lab("2823-3", 3.1, "mmol/L") | changed)
    assert not facts.results.get("potassium")
    assert [item.reason for item in facts.unusable] == [reason]
    assert [rejection.reason for rejection in facts.rejected] == [f"Potassium: {reason}: not used"]


# --- old alarming values ---------------------------------------------------------------------------------------------


def test_a_critical_potassium_of_two_months_ago_is_listed_with_its_age() -> None:
    assert "2026-05-15 (31 days old) | **2.4 mmol/L low**" in detail(lab("2823-3", 2.4, "mmol/L", day="2026-05-15"))
    assert "(90 days old) | **6.5 mmol/L high**" in detail(lab("2823-3", 6.5, "mmol/L", day="2026-03-17"))
    assert "days old" not in detail(lab("2823-3", 2.4, "mmol/L", day="2026-05-16"))
    assert "days old" not in detail(lab("2823-3", 2.5, "mmol/L", day="2026-05-15"))
    assert "days old" not in detail(lab("2823-3", 6.4, "mmol/L", day="2026-05-15"))
    assert "days old" not in detail(lab("2823-3", 6.5, "mmol/L", day="2026-03-16"))


def test_a_sodium_of_130_to_134_is_shown_and_nothing_more() -> None:
    assert "| Sodium | 2026-06-10 | **134 mmol/L low** |" in detail(lab("2951-2", 134, "mmol/L"))
    assert "Sodium" not in detail(lab("2951-2", 135, "mmol/L"))


def test_an_order_that_is_offered_again_shows_the_last_result() -> None:
    assert "| HbA1c | High HbA1c on record | 7.2 %, 2026-06-10 |" in detail(lab("4548-4", 7.2, "%"))


def test_a_calcium_that_is_not_adjusted_is_called_so() -> None:
    shown = detail(lab("2000-8", 1.75, "mmol/L"))
    assert "Calcium, total 1.75 mmol/L (unadjusted: no albumin within two days)" in shown


def test_a_side_is_not_said_twice() -> None:
    condition = {
        "resourceType": "Condition",
        "id": "c",
        "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "I70.221"}]},
        "subject": {"reference": "Patient/p"},
        "onsetDateTime": "2026-06-01",
    }
    assert "rest pain, right leg (2026-06-01)" in detail(condition)
