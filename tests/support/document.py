"""The OpenAPI document as a measure: every answer is one that it describes."""

import json
import re
from functools import cache
from typing import Any

import httpx2
from jsonschema import Draft202012Validator

from tests.support.server import ROOT


def documented(answer: httpx2.Response) -> None:
    """Assert that an answer of a documented operation has a media type and members that the document shows for it."""
    operation = _operation(answer.request.url.path, answer.request.method.lower())
    answer.read()
    if operation is None or not answer.content:
        return
    responses = operation["responses"]
    response = responses.get(str(answer.status_code), responses["default"])
    # Of a refusal, other headers belong to one of several codes.
    always = response["headers"] if answer.status_code < 400 else ["X-Request-ID"]
    assert [name for name in always if name not in answer.headers] == []
    shown = response["content"]
    media_type = answer.headers["content-type"].partition(";")[0]
    assert media_type in shown, f"{media_type} of {answer.status_code} at {answer.request.url.path}"
    schema = shown[media_type].get("schema")
    assert schema, f"nothing is said of {media_type} at {answer.request.url.path}"
    if media_type.endswith("json"):
        faults = _validator(json.dumps(schema)).iter_errors(answer.json())
        assert [f"{fault.json_path}: {fault.message}" for fault in faults] == []


@cache
def _document() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / "openapi" / "openapi.json").read_bytes())
    return found


@cache
def _validator(schema: str) -> Draft202012Validator:
    return Draft202012Validator({**json.loads(schema), "components": _document()["components"]})


@cache
def _templates() -> dict[str, re.Pattern[str]]:
    return {path: re.compile(re.sub(r"\{\w+\}", "[^/]+", path)) for path in _document()["paths"]}


def _operation(path: str, method: str) -> dict[str, Any] | None:
    for template, pattern in _templates().items():
        if pattern.fullmatch(path):
            operation: dict[str, Any] | None = _document()["paths"][template].get(method)
            return operation
    return None
