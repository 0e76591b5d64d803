"""The OpenAPI document: committed, valid, and enough for a stranger."""

import json
from argparse import Namespace
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from openapi_spec_validator import validate

from service.commands import openapi
from service.errors import Code
from tests.support.server import ROOT

Operation = dict[str, Any]


@pytest.fixture(scope="module")
def document(client: httpx2.Client) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/openapi.json").json()
    return found


@pytest.fixture(scope="module")
def operations(document: dict[str, Any]) -> dict[str, Operation]:
    return {
        operation["operationId"]: operation | {"path": path, "method": method}
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def test_the_committed_document_is_current(capsys: pytest.CaptureFixture[str]) -> None:
    assert openapi.run(Namespace(check=True)) == 0, capsys.readouterr().err


def test_the_committed_document_is_what_is_served(document: dict[str, Any]) -> None:
    assert json.loads((ROOT / "openapi" / "openapi.json").read_bytes()) == document


def test_the_document_is_valid_openapi(document: dict[str, Any]) -> None:
    validate(document)


@pytest.mark.requirement("D-16")
def test_every_operation_is_described(operations: dict[str, Operation]) -> None:
    for name, operation in operations.items():
        assert operation["summary"], name
        assert len(operation["description"]) > len(operation["summary"]), name
        assert operation["responses"]["200"]["description"] not in ("", "Successful Response"), name
        for parameter in operation.get("parameters", ()):
            assert parameter["description"], (name, parameter["name"])


def test_every_parameter_that_is_needed_has_a_value_to_try(operations: dict[str, Operation]) -> None:
    for name, operation in operations.items():
        for parameter in operation.get("parameters", ()):
            assert parameter.get("examples") or not parameter["required"], (name, parameter["name"])


def _runs(operations: dict[str, Operation]) -> Iterator[tuple[str, str, dict[str, str], Any]]:
    """Every operation as the page sends it, once for each example of its body, with the parameters of the same name."""
    for operation in operations.values():
        content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        for name, example in content.get("examples", {"": {"value": None}}).items():
            path, query = operation["path"], {}
            for parameter in operation.get("parameters", ()):
                values = {key: shown["value"] for key, shown in parameter.get("examples", {}).items()}
                value = values.get(name, next(iter(values.values()), None))
                if value is not None and parameter["in"] == "path":
                    path = path.replace("{" + parameter["name"] + "}", value)
                elif value is not None:
                    query[parameter["name"]] = value
            yield operation["method"], path, query, example["value"]


def test_every_example_runs_as_it_stands_and_its_status_is_documented(
    client: httpx2.Client, operations: dict[str, Operation]
) -> None:
    seen = []
    for method, path, query, body in _runs(operations):
        answer = client.request(method, path, params=query, json=body)
        expected = 422 if body is not None and body.get("resourceType") == "Patient" else 200
        assert answer.status_code == expected, (path, answer.text)
        seen.append(path)
    assert len(seen) == len(operations) + 4 + 5  # five examples for /evaluate, six for a hook call, one of feedback


def test_refusals_are_shown_as_they_are_sent(operations: dict[str, Operation]) -> None:
    slugs = {code.slug: code for code in Code}
    for operation in operations.values():
        assert "default" in operation["responses"]
        for status, response in operation["responses"].items():
            for content in response["content"].values() if status > "399" and status != "default" else ():
                for slug, example in content["examples"].items():
                    assert str(slugs[slug].status) == status
                    assert slugs[slug].value.message in str(example["value"])


def test_nothing_in_the_document_is_of_this_machine(document: dict[str, Any]) -> None:
    assert "servers" not in document
    assert "/work" not in str(document)
    assert "127.0.0.1" not in str(document)
