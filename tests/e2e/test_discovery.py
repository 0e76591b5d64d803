"""Discovery: what each service says of itself, and the prefetch lines that analysts copy by hand."""

import re
from typing import Any

import httpx2
import pytest

from service.prefetch import Template, select
from tests.support.conformance import is_discovery
from tests.support.records import PATIENT, cramps

CHART = "nocturnal-leg-cramps"
FOR_ALL = [
    "patient", "conditions", "medication-requests", "medication-statements", "medication-dispenses", "observations",
    "reports", "procedures", "encounters", "questionnaires", "allergies", "orders",
]  # fmt: skip
FOR_CHARTS = [*FOR_ALL, "medication-administrations"]
# Typed by hand where discovery is not read: keys may be added here, but none is ever renamed or taken away.
KEYS = {
    CHART: FOR_CHARTS,
    f"{CHART}-on-demand": FOR_CHARTS,
    f"{CHART}-problem": FOR_CHARTS,
    f"{CHART}-encounter": FOR_CHARTS,
    f"{CHART}-order-select": FOR_ALL,
    f"{CHART}-order-sign": FOR_ALL,
}
# What a client of CDS Hooks 2.0 knows, and what 3.0 and Da Vinci add that it passes over.
MEMBERS = {
    "hook", "title", "description", "id", "prefetch", "usageRequirements",
    "version", "extension",
}  # fmt: skip
CODES = r"[a-z]+://[A-Za-z0-9./-]+\|[A-Za-z0-9.-]+"


@pytest.fixture(scope="module")
def services(client: httpx2.Client) -> dict[str, dict[str, Any]]:
    return {service["id"]: service for service in is_discovery(client.get("/cds-services"))["services"]}


@pytest.mark.requirement("D-1", "D-2", "D-3", "D-5", "D-6", "D-7", "D-8", "D-9", "D-10", "D-11", "D-13")
def test_each_service_says_what_it_is(client: httpx2.Client, services: dict[str, dict[str, Any]]) -> None:
    assert list(services) == list(KEYS)
    assert len(services) == len(client.get("/cds-services").json()["services"])
    for service in services.values():
        assert set(service) == MEMBERS
        assert service["version"] == "2.0.1"
        for name in ("title", "description", "usageRequirements"):
            assert service[name].strip()
        assert re.fullmatch(r"[a-z-]+", service["id"])


@pytest.mark.requirement("P-1", "P-2", "P-3", "P-4", "P-5", "P-6", "P-8", "P-9", "P-11", "P-12", "D-14")
def test_templates_stay_in_the_portable_dialect(services: dict[str, dict[str, Any]]) -> None:
    for service in services.values():
        for key, template in service["prefetch"].items():
            assert re.fullmatch(r"[A-Za-z][A-Za-z0-9-]*", key)
            assert set(re.findall(r"{{(.*?)}}", template)) == {"context.patientId"}
            if key == "patient":
                assert template == "Patient/{{context.patientId}}"
                continue
            kind, query = template.split("?")
            assert re.fullmatch(r"[A-Z][A-Za-z]+", kind)
            pairs = [part.split("=") for part in query.split("&")]
            values = dict(pairs)
            assert len(values) == len(pairs), "the public sandbox folds a name that comes twice into one"
            assert values.pop("patient") == "{{context.patientId}}"
            for name, value in values.items():
                match name:
                    case "code":
                        assert re.fullmatch(f"{CODES}(,{CODES})*", value)
                    case "status":
                        assert re.fullmatch(r"[a-z-]+(,[a-z-]+)*", value)
                    case "_count":
                        assert value.isdecimal()
                    case "_sort":
                        assert re.fullmatch(r"-[a-z-]+", value)
                    case _:
                        pytest.fail(f"{name} is not in the portable dialect")


@pytest.mark.requirement("P-12")
def test_a_key_never_changes(services: dict[str, dict[str, Any]]) -> None:
    assert {name: set(service["prefetch"]) for name, service in services.items()} == {
        name: set(keys) for name, keys in KEYS.items()
    }


def test_a_key_means_the_same_in_every_service(services: dict[str, dict[str, Any]]) -> None:
    chart = services[CHART]["prefetch"]
    for service in services.values():
        assert service["prefetch"].items() <= chart.items()


def test_data_that_no_template_asks_for_stop_the_start() -> None:
    offered = (Template("patient", "Patient", "Patient/{{context.patientId}}"),)
    assert select(offered, frozenset({"Patient"})) == offered
    with pytest.raises(ValueError, match="supplies Immunization"):
        select(offered, frozenset({"Patient", "Immunization"}))


@pytest.mark.requirement("P-10", "F-2")
@pytest.mark.parametrize("name", KEYS)
def test_what_the_rules_of_a_service_read_is_asked_for(
    client: httpx2.Client, services: dict[str, dict[str, Any]], name: str
) -> None:
    """Without its optional data a service misses the types of its templates, and no others."""
    service = services[name]
    order = {"resourceType": "MedicationRequest", "id": "m"}
    context = {
        "userId": "Practitioner/d1", "patientId": "p1", "encounterId": "e1",
        "conditions": {"resourceType": "Bundle", "entry": [{"resource": cramps()}]},
        "draftOrders": {"resourceType": "Bundle", "entry": [{"resource": order}]},
        "selections": ["MedicationRequest/m"],
    }  # fmt: skip
    conditions = {"resourceType": "Bundle", "entry": [{"resource": cramps()}]}
    message = {
        "hook": service["hook"],
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "context": context,
        "prefetch": {"patient": PATIENT, "conditions": conditions},
    }
    body = client.post(f"/cds-services/{name}", json=message).json()
    types = {template.partition("?")[0] for key, template in service["prefetch"].items() if key != "patient"}
    missed = body["extension"]["org.nocturnal-cramps.evaluation"]["notSupplied"]
    assert set(missed) == types - {"Condition"}


@pytest.mark.requirement("CRD-7", "CRD-8", "X-1", "X-2")
def test_what_can_be_set_is_described(services: dict[str, dict[str, Any]]) -> None:
    for service in services.values():
        assert set(service["extension"]) == {"davinci-crd.configuration-options"}
        options = service["extension"]["davinci-crd.configuration-options"]
        assert {option["code"]: (option["type"], option["default"]) for option in options} == {
            "urgent": ("boolean", True),
            "workup": ("boolean", True),
            "medicines": ("boolean", True),
            "self-care": ("boolean", True),
            "max-cards": ("integer", 4),
        }
        for member in ("code", "name", "description"):
            assert len({option[member] for option in options}) == len(options)
