"""What a site decides: which numbers it may change, and that the rest is refused with file and line."""

from datetime import date
from pathlib import Path

import pytest

from service.engine import evaluate
from service.engine.program import compile_program
from service.facts.model import Condition, Facts
from service.knowledge.load import Rules, RulesInvalid, load_rules
from service.knowledge.site import Site, apply, with_site

RULES = Path(__file__).parents[2] / "rules"


@pytest.fixture(scope="module")
def rules() -> Rules:
    return load_rules(RULES)


def decided(rules: Rules, text: str, tmp_path: Path) -> Rules:
    (tmp_path / "site.yaml").write_text(text)
    return with_site(rules, tmp_path / "site.yaml")


def faults(rules: Rules, text: str, tmp_path: Path) -> list[str]:
    with pytest.raises(RulesInvalid) as refused:
        decided(rules, text, tmp_path)
    return [str(fault).removeprefix(f"{tmp_path}/") for fault in refused.value.faults]


def test_a_window_is_changed_and_the_change_is_kept(rules: Rules, tmp_path: Path) -> None:
    here = decided(rules, "thresholds: {ppi-long-term: {tests.magnesium.within: 200 days}}", tmp_path)
    assert here.recommendations["ppi-long-term"].tests[0].within == 200
    assert rules.recommendations["ppi-long-term"].tests[0].within == 180
    assert here.decided is not None
    (change,) = here.decided.changes
    assert (change.rule, change.was, change.now) == ("ppi-long-term", "180 days", "200 days")


@pytest.mark.parametrize("path", ["tests.0.within", "tests.magnesium.within"])
def test_an_item_is_named_by_its_number_or_its_order(rules: Rules, path: str, tmp_path: Path) -> None:
    here = decided(rules, f"thresholds: {{ppi-long-term: {{{path}: 170 days}}}}", tmp_path)
    assert here.recommendations["ppi-long-term"].tests[0].within == 170


def test_a_word_names_an_item(rules: Rules, tmp_path: Path) -> None:
    text = "thresholds: {statin: {when.all.any.medication.started_within: 60 days}}"
    here = decided(rules, text, tmp_path)
    assert here.decided is not None
    assert [(c.was, c.now) for c in here.decided.changes] == [("90 days", "60 days")]


def test_a_unit_with_a_dot_is_part_of_a_path(rules: Rules, tmp_path: Path) -> None:
    text = "thresholds: {kidney-stage-4-5: {'when.any.result.latest.below.mL/min/{1.73_m2}': 25}}"
    here = decided(rules, text, tmp_path)
    assert here.decided is not None
    assert [(c.was, c.now) for c in here.decided.changes] == [("30 mL/min/{1.73_m2}", "25 mL/min/{1.73_m2}")]


def test_a_laboratorys_limit_replaces_a_warning_line(rules: Rules, tmp_path: Path) -> None:
    here = decided(rules, "thresholds: {lab-potassium-low: {when.result.latest.below.mmol/L: 3.6}}", tmp_path)
    assert here.decided is not None
    assert here.decided.changes[0].now == "3.6 mmol/L"


def test_rules_are_switched_off_and_to_draft(rules: Rules, tmp_path: Path) -> None:
    here = decided(rules, "off: [arthritis]\ndraft: [laxative]", tmp_path)
    program = compile_program(here)
    assert "arthritis" not in {rule.id for rule in program.all}
    assert {rule.id: rule.recommendation.status for rule in program.all}["laxative"] == "draft"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("thresholds: {diabetis: {tests.hba1c.within: 80 days}}", "site.yaml:1: thresholds.diabetis: there is no rule"),
        ("thresholds:\n  diabetes: {tests.hba1c.within: 80 days}", "site.yaml:2: thresholds.diabetes.tests.hba1c.within: rests"),
        ("thresholds: {ppi-long-term: {tests.tsh.within: 80 days}}", "tsh is none of the 1 here: use its number from 0"),
        ("thresholds: {ppi-long-term: {test.within: 80 days}}", "there is no test: id, version,"),
        ("thresholds: {ppi-long-term: {tests.magnesium.within: 80}}", 'a window is written in whole days: "90 days"'),
        ("thresholds: {ppi-long-term: {tests.magnesium.within: 180 days}}", "this is what the rules say already"),
        ("thresholds: {ppi-long-term: {tests.magnesium.order: 80 days}}", "this is no window and no limit"),
        ("thresholds: {ppi-long-term: {tests.magnesium: 80 days}}", "this is no window and no limit"),
        ("thresholds: {ppi-long-term: {tests.magnesium.within.x: 80 days}}", "there is nothing below to be called x"),
        ("thresholds: {lab-potassium-low: {when.result.latest.below.mmol/L: low}}", "a limit is a number from 0"),
        ("thresholds: {lab-potassium-low: {when.result.latest.below.mmol/L: -1}}", "a limit is a number from 0"),
        ("thresholds: {statin: {when.all.1.any.result.within: 80 days}}", "result is none of the 2 here"),
        (
            "thresholds: {lab-potassium-critical: {when.any.0.result.latest.below.mmol/L: 2.4}}",
            "limits of critical rules are fixed",
        ),
        ("thresholds: {scope-under-18: {when.age.below: 16}}", "this is no window and no limit"),
        ("thresholds: {diabetes: {}}", "site.yaml:1: thresholds.diabetes: this must not be empty"),
        ("off: [arthritis, nothing]", "site.yaml:1: off.1: there is no rule nothing"),
        ("draft: [arthritis]\noff: [arthritis]", "site.yaml:2: off.0: arthritis is in draft and off"),
        ("off: [arthritis, arthritis]", "arthritis stands here twice"),
        ("cap: critical", "site.yaml:1: cap: "),
        ("units: imperial", "site.yaml:1: units: "),
        ("intent: wish", "site.yaml:1: intent: "),
        ("shadow: perhaps", "site.yaml:1: shadow: "),
        ("colour: blue", "site.yaml:1: colour: there is no such word here"),
        ("off: &all [arthritis]", "anchors are not allowed"),
    ],
)  # fmt: skip
def test_what_is_not_a_sites_to_decide_is_refused(rules: Rules, text: str, fault: str, tmp_path: Path) -> None:
    (told,) = faults(rules, text, tmp_path)
    assert fault in told


def test_every_fault_is_told_at_once(rules: Rules, tmp_path: Path) -> None:
    text = "thresholds:\n  nothing: {a: 1 days}\n  diabetes: {tests.hba1c.within: 1 days}\noff: [nobody]\n"
    assert [fault.split(":")[1] for fault in faults(rules, text, tmp_path)] == ["2", "3", "4"]


def test_a_file_that_cannot_be_read_is_a_fault(rules: Rules, tmp_path: Path) -> None:
    with pytest.raises(RulesInvalid, match="cannot be read"):
        with_site(rules, tmp_path / "none.yaml")


def test_nothing_decided_changes_nothing(rules: Rules) -> None:
    here, told = apply(rules, Site(), "sha256:0")
    assert told == []
    assert here.recommendations == rules.recommendations


def patient_on_dialysis() -> Facts:
    conditions = {
        name: [
            Condition(
                reference=f"Condition/{name}", valuesets=frozenset([name]), label=name, status="current",
                verification="confirmed", category="problem",
            )
        ]
        for name in ("dialysis", "kidney-disease")
    }  # fmt: skip
    supplied = frozenset(["Condition", "MedicationRequest", "Observation", "Procedure"])
    facts = Facts(age=60, sex="female", supplied=supplied)
    facts.conditions.update(conditions)
    return facts


@pytest.mark.parametrize(("draft", "outcome"), [([], "replaced"), (["dialysis"], "fires")])
def test_a_draft_speaks_for_no_rule_that_is_shown(rules: Rules, draft: list[str], outcome: str) -> None:
    here, _ = apply(rules, Site(draft=draft), "sha256:0")
    said = evaluate(compile_program(here), patient_on_dialysis(), date(2026, 6, 15), complaint_given=True)
    findings = {finding.rule.id: finding for finding in said.findings}
    assert findings["dialysis"].outcome == "fires"
    assert findings["kidney-disease"].outcome == outcome
