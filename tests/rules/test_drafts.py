"""A draft rule is evaluated and counted, never shown, and changes nothing of what is shown."""

import shutil
from datetime import UTC, date
from pathlib import Path

import msgspec
import pytest

from service.answer import judge, prepare
from service.cards.sections import arrange
from service.engine import Evaluation, load_program
from service.posted import read_posted

RULES = Path(__file__).parents[2] / "rules"
TODAY = date(2026, 6, 15)
RECORD = {
    "resourceType": "Bundle",
    "type": "collection",
    "entry": [
        {"resource": {"resourceType": "Patient", "id": "p", "birthDate": "1960-01-01"}},
        {
            "resource": {
                "resourceType": "Observation",
                "id": "k",
                "status": "final",
                "subject": {"reference": "Patient/p"},
                "code": {"coding": [{"system": "http://loinc.org", "code": "2823-3"}]},
                "effectiveDateTime": "2026-06-14",
                "valueQuantity": {"value": 2.2, "unit": "mmol/L"},
            }
        },
    ],
}


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    rules = tmp_path_factory.mktemp("draft") / "rules"
    shutil.copytree(RULES, rules, ignore=shutil.ignore_patterns("wrong", "cohort"))
    rule = rules / "recommendations" / "lab-potassium-critical.yaml"
    rule.write_text(rule.read_text("utf-8").replace("status: active", "status: draft"), "utf-8")
    knowledge = prepare(load_program(rules))
    record = read_posted(msgspec.json.encode(RECORD), knowledge.types)
    return judge(record, knowledge, TODAY, UTC, complaint_given=True)


def test_a_draft_is_evaluated_and_not_shown(evaluation: Evaluation) -> None:
    outcomes = {finding.rule.id: finding.outcome for finding in evaluation.findings}
    assert outcomes["lab-potassium-critical"] == "fires"
    shown = {finding.rule.id for section in arrange(evaluation.findings) for finding in section.findings}
    assert "lab-potassium-critical" not in shown


def test_a_draft_neither_replaces_nor_silences_what_is_shown(evaluation: Evaluation) -> None:
    outcomes = {finding.rule.id: finding.outcome for finding in evaluation.findings}
    assert outcomes["lab-potassium-low"] == "fires"
    assert outcomes["self-care"] == "fires"
