"""The short ways of reading a chart say what the long ones say: on charts of every make, answers are the same."""

from __future__ import annotations

import json
from datetime import UTC, date
from functools import cache
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.answer import Knowledge, judge, prepare, respond
from service.cards import Audience
from service.engine import load_program
from service.explanation import EXTENSION
from service.facts import results
from service.posted import read_posted
from service.record import assembling, reading
from tests.load import chart
from tests.support.server import ROOT

TODAY = date(2026, 6, 15)
LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
_MARKS: dict[str, list[dict[str, Any]]] = {
    "Observation": [{"comments": "STU3 has none"}, {"comment": "x"}, {"interpretation": {"text": "H"}}],
    "Condition": [{"clinicalStatus": "active"}, {"assertedDate": "2026-01-01"}, {"verificationStatus": "refuted"}],
    "MedicationRequest": [{"context": {"reference": "Encounter/e"}}, {"medication": {"concept": {"text": "x"}}}],
}
_OWNERS = [
    {"subject": {"reference": "Patient/p"}},
    {"subject": {"reference": "https://ehr.example.org/Patient/p"}},
    {"subject": {"reference": "Patient/somebody-else"}},
    {"subject": {"display": "nobody knows"}},
    {"patient": {"reference": "Patient/p"}},
    {},
]


@cache
def knowledge() -> Knowledge:
    return prepare(load_program(ROOT / "rules"))


def answer(resources: list[dict[str, Any]]) -> dict[str, Any]:
    """Everything that is answered for a chart, but the ids of cards; what is rejected in one order."""
    patient = {"resourceType": "Patient", "id": "p", "birthDate": "1960-01-01", "gender": "female"}
    entries = [{"resource": resource} for resource in (patient, *resources)]
    body = json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}).encode()
    record = read_posted(body, knowledge().types)
    evaluation = judge(record, knowledge(), TODAY, UTC, complaint_given=True)
    said = respond(evaluation, knowledge(), Audience("Patient/p", new_id=lambda: UUID(int=1)), silent=True)
    said["extension"][EXTENSION].get("rejected", []).sort(key=lambda item: (item["reference"], item["reason"]))
    return said


def _coded(system: str, code: str | None, text: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code, "display": text}] if code else [], "text": text}


# Few, so that they meet: of one day, of one value set; calcium and the albumin that adjusts it; one that no rule reads.
_MEASURED = [
    *(item for item in chart.OBSERVATIONS.read if item[0] in ("2823-3", "17861-6", "4548-4")),
    ("1751-7", "Albumin [Mass/volume] in Serum or Plasma", 3.5, 5.0, "g/dL"),
    chart.OBSERVATIONS.other[0],
]
_DAYS = st.sampled_from(
    [
        "2026-06-15",
        "2026-06-14T23:30:00-05:00",
        "2026-06-13",
        "2026-06-12",
        "2026-06",
        "2025-12-01",
        "2020-03-04",
        "soon",
        None,
    ]
)


@st.composite
def measured(draw: st.DrawFn) -> dict[str, Any]:
    loinc, title, low, high, unit = draw(st.sampled_from(_MEASURED))
    quantity = {"value": draw(st.sampled_from([low - 1, low, high, high * 2])), "unit": unit, "code": unit}
    return {
        "resourceType": "Observation",
        "status": draw(st.sampled_from(["final", "preliminary", "corrected", "entered-in-error"])),
        "code": _coded(LOINC, loinc, title),
        "effectiveDateTime": draw(_DAYS),
        "valueQuantity": draw(st.sampled_from([quantity, quantity, quantity | {"code": "x", "unit": "x"}, None])),
        "referenceRange": draw(st.sampled_from([None, [{"low": {"value": low}, "high": {"value": high}}]])),
        "interpretation": draw(st.sampled_from([None, [{"coding": [{"code": "HH"}]}]])),
    }


@st.composite
def anything(draw: st.DrawFn) -> dict[str, Any]:
    resource: dict[str, Any] = draw(measured())
    kind = draw(st.sampled_from(["Observation", "Condition", "MedicationRequest"]))
    if kind == "Condition":
        _, snomed, title = draw(st.sampled_from([*chart.CONDITIONS.read, *chart.CONDITIONS.other[:3]]))
        resource = {"code": _coded(SNOMED, snomed, title), "recordedDate": draw(_DAYS)}
    elif kind == "MedicationRequest":
        rxnorm, title = draw(st.sampled_from([*chart.MEDICINES.read, *chart.MEDICINES.other[:3]]))
        resource = {"status": "active", "medicationCodeableConcept": _coded(RXNORM, rxnorm, title)}
    resource |= {"resourceType": kind, "id": draw(st.sampled_from(["a", "b", "c", "d", "e", "f", None]))}
    resource |= draw(st.sampled_from(_OWNERS[:1] * 8 + _OWNERS))
    resource |= draw(st.sampled_from([{}] * 8 + _MARKS[kind]))
    inner = draw(st.sampled_from([None] * 6 + [[{"resourceType": kind, "id": "in"}]]))
    return {name: value for name, value in (resource | {"contained": inner}).items() if value is not None}


@settings(max_examples=200)
@given(st.lists(anything(), max_size=12))
def test_entries_sorted_together_are_sorted_as_one_by_one(resources: list[dict[str, Any]]) -> None:
    together = answer(resources)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "are_r4", lambda _kind, _resources: False)
        patch.setattr(assembling._Sorting, "takes_all", lambda _self, _kind, _group: False)
        assert answer(resources) == together


@settings(max_examples=200)
@given(st.lists(measured(), max_size=12))
def test_results_that_a_newer_one_supersedes_change_nothing(drawn: list[dict[str, Any]]) -> None:
    subject = {"reference": "Patient/p"}
    diabetes = _coded(SNOMED, "44054006", "Type 2 diabetes mellitus")
    resources = [
        {"resourceType": "Condition", "id": "c", "code": diabetes, "subject": subject},
        *({**one, "id": f"o{number}", "subject": subject} for number, one in enumerate(drawn)),
    ]
    newest = answer(resources)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(results, "NEEDED_WHOLE", frozenset(knowledge().program.terms.kinds))
        every = answer(resources)
    for said in (newest, every):  # what is superseded is not looked at, and so not rejected
        said["extension"][EXTENSION].pop("rejected", None)
    assert newest == every


def test_a_superseded_result_is_not_looked_at() -> None:
    potassium = {"resourceType": "Observation", "status": "final", "code": _coded(LOINC, "2823-3", "Potassium")}
    old, new = (
        potassium | {"id": name, "effectiveDateTime": day, "valueQuantity": {"value": 4.0, "unit": unit}}
        for name, day, unit in (("old", "2026-01-01", "bananas"), ("new", "2026-02-01", "mmol/L"))
    )
    assert "rejected" not in answer([old, new])["extension"][EXTENSION]
    (said,) = answer([old])["extension"][EXTENSION]["rejected"]
    assert said["reference"] == "Observation/old"


def test_what_came_first_counts_though_a_bundle_inside_brought_it() -> None:
    kidney, cold = (
        {
            "resourceType": "Condition",
            "id": "c",
            "code": _coded(SNOMED, code, text),
            "subject": {"reference": "Patient/p"},
        }
        for code, text in (("431857002", "Chronic kidney disease stage 4"), ("82272006", "Common cold"))
    )
    inside = {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": kidney}]}
    alone = answer([kidney])
    assert alone["cards"] != answer([cold])["cards"]
    assert answer([inside, cold])["cards"] == alone["cards"]


def test_orders_of_every_version_stand_in_the_order_in_which_they_came() -> None:
    medicine = {"medicationCodeableConcept": {"text": "furosemide"}, "subject": {"reference": "Patient/p"}}
    old = {"resourceType": "MedicationOrder", "id": "a", "status": "active", **medicine}
    new = {"resourceType": "MedicationRequest", "id": "b", "status": "active", "intent": "order", **medicine}
    for first, second in ((old, new), (new, old)):
        rules = answer([first, second])["extension"][EXTENSION]["rules"]
        named = {found["reference"] for rule in rules for found in rule.get("found", ())}
        assert named == {f"{first['resourceType']}/{first['id']}"}
