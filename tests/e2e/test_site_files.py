"""A site's own codes and decisions, and quinine without cramps, as a client of the real service sees them."""

import json
import os
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.support.conformance import is_response
from tests.support.server import ROOT, serving

EXTENSION = "org.nocturnal-cramps.evaluation"
LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
OVERLAY = """system,code,value set,label
snomed,99999999001,diabetes,Diabetes by our own code
local:https://ehr.example/tests,HBA1C,hba1c
"""
SITE = """
thresholds:
  ppi-long-term: {tests.magnesium.within: 200 days}
  lab-potassium-low: {when.result.latest.below.mmol/L: 3.6}
off: [arthritis]
draft: [diuretic]
cap: warning
units: us
intent: plan
"""


def ago(days: int) -> str:
    return (date.today() - timedelta(days=days)).isoformat()  # noqa: DTZ011 - the service counts days in UTC; so near is enough


def condition(system: str, code: str, **other: Any) -> dict[str, Any]:
    return {"resourceType": "Condition", "code": {"coding": [{"system": system, "code": code}]}, **other}


def medicine(code: str, days: int) -> dict[str, Any]:
    concept = {"coding": [{"system": RXNORM, "code": code}]}
    order = {"status": "active", "intent": "order", "authoredOn": ago(days)}
    return {"resourceType": "MedicationRequest", "medicationCodeableConcept": concept, **order}


def result(code: str, value: float, unit: str, days: int, system: str = LOINC) -> dict[str, Any]:
    return {
        "resourceType": "Observation", "status": "final", "effectiveDateTime": ago(days),
        "code": {"coding": [{"system": system, "code": code}]},
        "valueQuantity": {"value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit},
    }  # fmt: skip


def bundle(*resources: dict[str, Any]) -> dict[str, Any]:
    patient = {"resourceType": "Patient", "id": "p", "birthDate": "1960-01-01", "gender": "female"}
    owned = [
        {"id": f"r{number}", "subject": {"reference": "Patient/p"}, **resource}
        for number, resource in enumerate(resources)
    ]
    return {
        "resourceType": "Bundle", "type": "collection",
        "entry": [{"resource": resource} for resource in (patient, *owned)],
    }  # fmt: skip


def evaluate(client: httpx2.Client, *resources: dict[str, Any], **query: str) -> dict[str, Any]:
    answer = client.post("/evaluate", json=bundle(*resources), params=query)
    return is_response(answer)


def rules(said: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {rule["id"]: rule for rule in said["extension"][EXTENSION].get("rules", ())}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("site")
    (folder / "codes.csv").write_text(OVERLAY)
    (folder / "site.yaml").write_text(SITE)
    files = {"OVERLAY_FILE": str(folder / "codes.csv"), "SITE_FILE": str(folder / "site.yaml")}
    with (
        serving(folder / "log", **files) as running,
        httpx2.Client(base_url=running.url, trust_env=False, timeout=30) as session,
    ):
        yield session


# --- overlay ---------------------------------------------------------------------------------------------------------


def test_the_sites_own_codes_are_recognised_and_said_to_be_so(site: httpx2.Client) -> None:
    said = evaluate(site, condition(SNOMED, "99999999001"), result("HBA1C", 7.1, "%", 10, "https://ehr.example/tests"))
    diabetes = rules(said)["diabetes"]
    assert diabetes["outcome"] == "satisfied"
    assert diabetes["found"][0]["recognisedBy"] == "overlay"
    assert diabetes["found"][0]["label"] == "Diabetes by our own code"
    explanation = said["extension"][EXTENSION]
    assert explanation["overlay"]["codes"] == 2
    assert explanation["overlay"]["digest"].startswith("sha256:")


def test_without_the_file_they_mean_nothing(client: httpx2.Client) -> None:
    said = evaluate(client, condition(SNOMED, "99999999001"))
    assert "diabetes" not in rules(said)
    assert {"overlay", "site"}.isdisjoint(said["extension"][EXTENSION])


# --- what the site decides -------------------------------------------------------------------------------------------


def test_a_window_of_the_site_holds(site: httpx2.Client, client: httpx2.Client) -> None:
    record = (medicine("40790", 700), result("2601-3", 0.8, "mmol/L", 190))
    assert rules(evaluate(client, *record))["ppi-long-term"]["outcome"] == "fires"
    assert rules(evaluate(site, *record))["ppi-long-term"]["outcome"] == "satisfied"


def test_a_laboratory_limit_of_the_site_holds_and_the_card_says_whose_it_is(site: httpx2.Client) -> None:
    said = evaluate(site, result("2823-3", 3.55, "mmol/L", 10))
    assert rules(said)["lab-potassium-low"]["outcome"] == "fires"
    (card,) = [c for c in said["cards"] if "lab-potassium-low" in c["extension"]["org.nocturnal-cramps.rules"]]
    assert "Set by this site" in card["detail"]
    assert "3.6 mmol/L instead of 3.5 mmol/L" in card["detail"]


def test_the_explanation_shows_what_was_decided(site: httpx2.Client) -> None:
    decided = evaluate(site)["extension"][EXTENSION]["site"]
    assert decided.pop("digest").startswith("sha256:")
    assert decided == {
        "thresholds": [
            {"rule": "ppi-long-term", "path": "tests.magnesium.within", "published": "180 days", "here": "200 days"},
            {
                "rule": "lab-potassium-low", "path": "when.result.latest.below.mmol/L",
                "published": "3.5 mmol/L", "here": "3.6 mmol/L",
            },
        ],
        "off": ["arthritis"], "draft": ["diuretic"], "cap": "warning", "units": "us", "intent": "plan",
    }  # fmt: skip


def test_so_does_the_page_of_a_rule(site: httpx2.Client) -> None:
    accept = {"Accept": "application/json"}
    rule = site.get("/rules/ppi-long-term", headers=accept).json()
    assert rule["site"] == {
        "thresholds": [{"path": "tests.magnesium.within", "published": "180 days", "here": "200 days"}]
    }
    assert site.get("/rules/arthritis", headers=accept).json()["site"] == {"switched": "off"}
    assert site.get("/rules/diuretic", headers=accept).json()["site"] == {"switched": "draft"}
    assert "site" not in site.get("/rules/diabetes", headers=accept).json()


def test_a_rule_that_is_off_says_nothing(site: httpx2.Client) -> None:
    assert "arthritis" not in rules(evaluate(site, condition(SNOMED, "396275006"), explain="all"))


def counted(client: httpx2.Client, rule: str, outcome: str) -> float:
    line = f'cramps_rule_outcomes_total{{outcome="{outcome}",rule="{rule}"}} '
    page = client.get("/metrics").text.splitlines()
    return next((float(written.removeprefix(line)) for written in page if written.startswith(line)), 0.0)


def test_a_rule_in_draft_is_counted_and_not_shown(site: httpx2.Client) -> None:
    before = counted(site, "diuretic", "fires")
    said = evaluate(site, medicine("4603", 400))
    assert "diuretic" not in rules(said)
    assert "Diuretic" not in json.dumps(said["cards"])
    assert counted(site, "diuretic", "fires") == before + 1


def test_no_card_is_more_urgent_than_the_cap(site: httpx2.Client, client: httpx2.Client) -> None:
    critical = result("2823-3", 2.1, "mmol/L", 2)
    assert evaluate(client, critical)["cards"][0]["indicator"] == "critical"
    said = evaluate(site, critical)
    assert {card["indicator"] for card in said["cards"]} == {"warning"}
    assert rules(said)["lab-potassium-critical"]["indicator"] == "critical"
    assert rules(said).get("self-care") is None


def test_cards_write_results_in_the_sites_units_and_the_explanation_as_reported(site: httpx2.Client) -> None:
    said = evaluate(site, result("2601-3", 0.6, "mmol/L", 10))
    assert "1.46 mg/dL" in json.dumps(said["cards"])
    assert "0.6 mmol/L" not in json.dumps(said["cards"])
    assert rules(said)["lab-magnesium-low"]["found"][0]["value"] == "0.6 mmol/L"


def test_orders_bear_the_sites_intent(site: httpx2.Client) -> None:
    said = evaluate(site, condition(SNOMED, "44054006"))
    orders = [
        action["resource"]
        for card in said["cards"]
        for suggestion in card.get("suggestions", ())
        for action in suggestion["actions"]
    ]
    assert orders
    assert {order["intent"] for order in orders} == {"plan"}


def test_in_shadow_everything_is_counted_and_no_card_is_shown(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text("shadow: true\n")
    with (
        serving(tmp_path / "log", SITE_FILE=str(tmp_path / "site.yaml")) as running,
        httpx2.Client(base_url=running.url, trust_env=False, timeout=30) as shadow,
    ):
        said = evaluate(shadow, condition(SNOMED, "44054006"))
        assert said["cards"] == []
        assert said["extension"][EXTENSION]["site"]["shadow"] is True
        assert rules(said)["diabetes"]["outcome"] == "fires"
        assert counted(shadow, "diabetes", "fires") == 1


@pytest.mark.parametrize(
    ("setting", "content", "fault"),
    [
        ("CRAMPS_OVERLAY_FILE", "system,code,value set\nsnomed,1,diabetis\n", ":2: there is no value set diabetis"),
        ("CRAMPS_SITE_FILE", "units: us\noff: [diabetis]\n", ":2: off.0: there is no rule diabetis"),
    ],
)
def test_a_wrong_file_stops_the_start_with_file_and_line(
    setting: str, content: str, fault: str, tmp_path: Path
) -> None:
    file = tmp_path / "file"
    file.write_text(content)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CRAMPS_")}
    started = subprocess.run(
        [sys.executable, "-m", "service", "serve", "--port", "1"],
        cwd=ROOT, env={**environment, setting: str(file)}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert started.returncode == 2
    assert started.stderr.strip() == f"{file}{fault}"


# --- quinine without cramps ------------------------------------------------------------------------------------------


def call(client: httpx2.Client, *resources: dict[str, Any]) -> dict[str, Any]:
    prefetch: dict[str, Any] = {"patient": {"resourceType": "Patient", "id": "p", "birthDate": "1960-01-01"}}
    offered = client.get("/cds-services").json()["services"][0]["prefetch"]
    for key, query in offered.items():
        kind = query.partition("?")[0]
        entries = [
            {"resource": {"id": f"r{n}", "subject": {"reference": "Patient/p"}, **resource}}
            for n, resource in enumerate(resources)
            if resource["resourceType"] == kind
        ]
        prefetch.setdefault(key, {"resourceType": "Bundle", "type": "searchset", "entry": entries})
    body = {
        "hook": "patient-view", "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea", "prefetch": prefetch,
        "context": {"userId": "Practitioner/1", "patientId": "p"},
    }  # fmt: skip
    answer = client.post("/cds-services/nocturnal-leg-cramps", json=body)
    assert answer.status_code == 200, answer.text
    said: dict[str, Any] = answer.json()
    return said


def test_quinine_speaks_without_cramps_and_does_not_pretend_them(client: httpx2.Client) -> None:
    said = call(client, medicine("9071", 30), condition(SNOMED, "44054006"))
    (card,) = said["cards"]
    assert card["extension"]["org.nocturnal-cramps.rules"] == ["quinine-hazard"]
    assert card["indicator"] == "warning"
    assert "No leg cramps on record" in card["detail"]
    assert said["extension"][EXTENSION]["gate"]["open"] is False
    assert set(rules(said)) == {"quinine-hazard"}


def test_with_a_contraindication_it_is_the_critical_card_alone(client: httpx2.Client) -> None:
    said = call(client, medicine("9071", 30), medicine("2556", 30))
    (card,) = said["cards"]
    assert card["indicator"] == "critical"
    assert rules(said)["quinine-hazard"]["by"] == "quinine-contraindicated"


def test_quinine_for_malaria_says_nothing(client: httpx2.Client) -> None:
    order = {**medicine("9071", 3), "reasonReference": [{"reference": "Condition/malaria"}]}
    assert call(client, condition(SNOMED, "61462000", id="malaria"), order)["cards"] == []


def test_nothing_else_speaks_without_cramps(client: httpx2.Client) -> None:
    assert call(client, medicine("4603", 30), result("2823-3", 2.1, "mmol/L", 2))["cards"] == []
