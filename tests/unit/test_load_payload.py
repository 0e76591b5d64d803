"""The bodies that are measured with: of the sizes that are claimed, the same every time, and real FHIR."""

import json
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.patient import Patient

from service import answer, wire
from service.services import SERVICES
from service.settings import Settings
from service.supply import supply
from tests.load.payload import SERVICE, build_call, shares


def _resources(body: bytes) -> list[dict[str, Any]]:
    prefetch = json.loads(body)["prefetch"].values()
    return [entry["resource"] for part in prefetch for entry in part.get("entry", ())]


@pytest.mark.parametrize(("resources", "kilobytes"), [(10, 14), (100, 133), (1000, 1300)])
def test_a_call_has_the_size_that_the_tables_name(resources: int, kilobytes: int) -> None:
    assert len(build_call(resources)) / 1000 == pytest.approx(kilobytes, rel=0.15)


@pytest.mark.parametrize("resources", [1, 6, 10, 100, 333])
def test_a_call_has_as_many_resources_as_asked_for_each_once(resources: int) -> None:
    found = _resources(build_call(resources))
    assert len(found) == resources
    assert len({resource["id"] for resource in found}) == resources


def test_the_kinds_of_resource_have_their_shares() -> None:
    kinds = [resource["resourceType"] for resource in _resources(build_call(200))]
    assert {kind: kinds.count(kind) for kind in kinds} == {
        "Condition": 30,
        "MedicationRequest": 30,
        "Observation": 140,
    }
    assert shares(5000) == (750, 750, 3500)


def test_a_call_is_the_same_every_time() -> None:
    assert build_call(50) == build_call(50)


def test_every_resource_is_valid() -> None:
    prefetch = json.loads(build_call(60))["prefetch"]
    Patient.model_validate(prefetch.pop("patient"))
    for part in prefetch.values():
        Bundle.model_validate(part)


def test_the_service_uses_all_of_a_call() -> None:
    knowledge = answer.load(Settings())
    message = wire.read(build_call(40), SERVICES[SERVICE])
    assert set(message.prefetch) == {template.key for template in knowledge.templates}
    record = supply(message, knowledge.templates)
    assert record.rejected == []
    assert sum(map(len, record.by_type.values())) == 40
