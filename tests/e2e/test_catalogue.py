"""The rule catalogue over HTTP: JSON for tools, pages for clinicians."""

import re
from pathlib import Path
from typing import Any

import httpx2
import pytest

from service.engine import Program, load_program
from service.engine.program import clauses_of
from service.engine.reach import walk
from service.knowledge.load import load_rules
from service.knowledge.schema import Clause
from service.knowledge.strict_yaml import read_model
from service.prose import sentence

RULES_DIR = Path(__file__).parents[2] / "rules"
RULES = load_rules(RULES_DIR)
PAGE = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
ATTRIBUTES = [
    "citations", "developer", "funding", "dates", "race", "ethnicity", "language", "sexual-orientation",
    "gender-identity", "sex", "date-of-birth", "sdoh", "health-status",
]  # fmt: skip


@pytest.fixture(scope="module")
def listing(client: httpx2.Client) -> dict[str, Any]:
    content: dict[str, Any] = client.get("/rules").json()
    return content


def attributes(content: dict[str, Any]) -> dict[str, dict[str, Any]]:
    assert [attribute["id"] for attribute in content["sourceAttributes"]] == ATTRIBUTES
    return {attribute["id"]: attribute for attribute in content["sourceAttributes"]}


# --- what is listed -------------------------------------------------------------------------------------------------


def test_every_rule_is_listed_in_its_order(listing: dict[str, Any]) -> None:
    assert [rule["id"] for rule in listing["rules"]] == RULES.ruleset.order
    assert len(listing["rules"]) == 56


@pytest.mark.parametrize("name", RULES.ruleset.order)
def test_a_rule_tells_logic_numbers_value_sets_sources_and_version(client: httpx2.Client, name: str) -> None:
    rule = client.get(f"/rules/{name}").json()
    assert re.fullmatch(r"\d+\.\d+\.\d+", rule["version"])
    assert re.fullmatch(r"[^\s].*\.", rule["logic"])
    assert rule["evidence"]
    known = {source["id"] for source in rule["sources"]}
    assert {item["source"] for item in rule["evidence"]} <= known
    for number in rule["thresholds"]:
        assert number.get("sources") or number.get("why"), number
        assert set(number.get("sources", ())) <= known
    for valueset in rule["valueSets"]:
        assert valueset["codes"] or RULES.valuesets[valueset["id"]].names
    assert set(attributes(rule)["citations"]["rules"]) == {name}


@pytest.mark.parametrize("name", RULES.ruleset.order)
def test_the_page_of_a_rule_can_be_read(client: httpx2.Client, name: str) -> None:
    answer = client.get(f"/rules/{name}", headers=PAGE)
    assert answer.headers["content-type"].startswith("text/html")
    assert "<script" not in answer.text
    assert "style=" not in answer.text
    for heading in ("When", "Says", "Evidence", "Sources", "Source attributes"):
        assert f"<h2>{heading}</h2>" in answer.text, heading


def test_what_applies_to_some_patients_only_says_to_whom(client: httpx2.Client) -> None:
    rule = client.get("/rules/dvt-suspected").json()
    applies = {offer["order"]: offer["applies"] for offer in rule["offers"] if "applies" in offer}
    assert list(applies) == ["d-dimer"]
    assert applies["d-dimer"].startswith("if it is ruled out that there is pregnancy")
    assert "if it is ruled out that there is pregnancy" in client.get("/rules/dvt-suspected", headers=PAGE).text


# --- the thirteen source attributes ---------------------------------------------------------------------------------


def test_the_source_attributes_say_what_is_read_and_what_is_not(listing: dict[str, Any]) -> None:
    told = attributes(listing)
    never = {"race", "ethnicity", "language", "sexual-orientation", "gender-identity", "sdoh"}
    assert {name for name, attribute in told.items() if attribute.get("used") is False} == never
    assert {"alcohol-use", "lab-anaemia-iron"} <= set(told["sex"]["rules"])
    assert {"scope-under-18", "neuromuscular-red-flag"} <= set(told["date-of-birth"]["rules"])
    assert {"alcohol-use", "pregnancy"} <= set(told["health-status"]["rules"])
    assert told["developer"]["how"] == listing["developer"]
    assert told["funding"]["how"] == listing["funding"]
    assert told["dates"]["revised"] == "2026-11-22"


def test_every_rule_has_its_citations(listing: dict[str, Any]) -> None:
    citations = attributes(listing)["citations"]
    assert list(citations["rules"]) == RULES.ruleset.order
    assert {name for names in citations["rules"].values() for name in names} == set(citations["sources"])


def test_the_attributes_of_one_rule_are_its_own(client: httpx2.Client) -> None:
    diabetes = attributes(client.get("/rules/diabetes").json())
    assert diabetes["sex"]["used"] is False
    assert set(diabetes["citations"]["rules"]) == {"diabetes"}
    assert attributes(client.get("/rules/lab-anaemia-iron").json())["sex"]["used"] is True


def test_the_page_shows_them(client: httpx2.Client) -> None:
    page = client.get("/rules", headers=PAGE).text
    for title in ("Race", "Sexual orientation", "Date of birth", "Social determinants of health"):
        assert f">{title}</td>" in page


# --- how clauses are said -------------------------------------------------------------------------------------------

SAID = {
    "condition: {in: leg-dvt, verification: suspected}":
        "Deep vein thrombosis of the leg is on record as suspected and current.",
    "condition: {in: leg-dvt, status: past, verification: confirmed}":
        "Deep vein thrombosis of the leg is on record as confirmed and past.",
    "condition: {in: leg-swelling, side: one, within: 14 days, date: later}":
        "Leg swelling is on record as current on one side, dated or recorded in the past 14 days.",
    "condition: {in: diabetes, category: encounter, status: any, older_than: 30 days}":
        "Diabetes mellitus is on record from an encounter, dated more than 30 days ago.",
    "medication: {in: quinine, status: current-or-draft, reason_not_in: [malaria, babesiosis]}":
        "Quinine is in use or being ordered (not for malaria or babesiosis).",
    "medication: {in: iv-iron, given_within: 30 days}":
        "A dose of intravenous iron was given in the past 30 days.",
    "medication: {in: statin, for_at_least: 90 days}": "Statin has been in use for at least 90 days.",
    "result: {in: magnesium, within: 30 days, latest: {below: {mmol/L: 0.5, mg/dL: 1.22}}}":
        "The newest magnesium of the past 30 days is below 0.5 mmol/L (1.22 mg/dL).",
    "result: {in: calcium-adjusted, within: 90 days, latest: {below: {mmol/L: 2.2}}, unadjusted: true}":
        "The newest calcium (adjusted for albumin) of the past 90 days is below 2.2 mmol/L, unadjusted for want of an"
        " albumin.",
    "result: {in: ck, within: 30 days, times_upper_limit: {above: {times: 10}}, fallback_upper: {U/L: 200}}":
        "The newest creatine kinase (CK) of the past 30 days is above 10 times the upper reference limit (200 U/L where"
        " none is reported).",
    'result: {in: tsh, within: 30 days, outside_reference: true, fallback: [0.4, 4, "m[IU]/L"]}':
        "The newest thyrotropin (TSH) of the past 30 days is outside the reference range (0.4 to 4 mIU/L where none is"
        " reported).",
    "result: {in: potassium, within: 30 days}": "There is a usable potassium of the past 30 days.",
    "observation: {in: pregnancy-status, value_in: pregnancy-status-positive, within: 300 days}":
        "Pregnancy status was observed as pregnant in the past 300 days.",
    "procedure: {in: dialysis-procedure, within: 60 days}": "Dialysis session was done in the past 60 days.",
    "encounter: {in: cramp-leg, within: 30 days}": "Leg cramps was the reason of a visit in the past 30 days.",
    "questionnaire: {in: cramp-leg, within: 90 days}":
        "A question about leg cramps was answered yes in the past 90 days.",
    "allergy: {in: quinine-reaction}":
        "An allergy or intolerance to quinine, quinidine or mefloquine is on record.",
    "age: {at_least: 65}": "The patient is 65 or older.",
    "sex: female": "The patient is female.",
    "done: {order: hba1c, within: 90 days}": "The order “HbA1c” was done in the past 90 days.",
    "supplied: [condition, medication]": "Condition and medication data were supplied.",
    "found: swelling": "“Swelling” was found.",
    "rule: {indicator: critical, outcome: [fires]}": "Any other rule fires as critical.",
    "rule: {any_of: [diabetes], outcome: [fires, satisfied]}":
        "The rule “Diabetes” fires or is satisfied.",
    "definition: kidney-stage-4-5":
        "There is chronic kidney disease stage 4 or 5 by code, or an eGFR below 30 in the past year.",
    "all: [{sex: male}, {any: [{sex: female}, {definition: unsteady}]}, {none: [{condition: {in: diabetes}}]}]":
        "The patient is male; and the patient is female, or there is falls or frailty on record; unless diabetes"
        " mellitus is on record as current.",
    "none: [{rule: {outcome: [fires]}}]": "Always, unless any other rule fires.",
    "any: [{age: {below: 18}, why: x}, {age: {at_least: 65}, why: x}]": "The patient is under 18 or is 65 or older.",
}  # fmt: skip


@pytest.mark.parametrize("written", SAID)
def test_a_clause_is_said_in_plain_words(written: str) -> None:
    read = read_model(f"{written}\nwhy: judgement", "clause", Clause)
    assert not isinstance(read, list), [str(fault) for fault in read]
    assert sentence(RULES, read[0]) == SAID[written]


def test_every_word_has_a_sentence_here() -> None:
    words = set(Clause.model_fields) - {"as_", "why", "sources"}
    assert {written.partition(":")[0] for written in SAID} == words


@pytest.fixture(scope="module")
def program() -> Program:
    return load_program(RULES_DIR)


def test_no_clause_of_a_rule_is_said_in_the_words_of_its_file(program: Program) -> None:
    for rule in program.rules.recommendations.values():
        for own in clauses_of(rule):
            for clause in walk(own, program.rules.definitions):
                said = sentence(program.rules, clause)
                assert not re.search(r"\bnot: |=|_|\(\(|\)\)|\bNone\b|[{}\[\]]", said), said
