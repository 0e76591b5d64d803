"""Everything that must hold for every answer, whatever was asked."""

import importlib.util
import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, cast

import httpx2
from fhir.resources.R4B.servicerequest import ServiceRequest

from tests.support.document import documented
from tests.support.shared import CONFORMANCE

EVALUATION = "org.nocturnal-cramps.evaluation"
CMARK = shutil.which("cmark-gfm")
ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
Check = Callable[[str, Any], list[str]]


@cache
def hl7() -> Check | None:
    """HL7's logical models and invariants, where they are at hand."""
    if not CONFORMANCE.is_file():
        return None
    spec = importlib.util.spec_from_file_location("check_cds_hooks", CONFORMANCE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return cast("Check", module.check)


def holds(answer: httpx2.Response) -> None:
    """Assert what must hold of the bytes of every reply; the client of the tests asks it of each."""
    documented(answer)
    path = answer.request.url.path
    if not (path.startswith("/cds-services") or path == "/evaluate") or answer.request.method not in ("GET", "POST"):
        return
    answer.read()
    if not answer.content:
        return
    body = _read(answer.content)
    assert "systemActions" not in body
    if answer.status_code != 200:
        assert body["resourceType"] == "OperationOutcome"
    elif "services" in body:
        _conforms("services", body)
    elif "cards" in body:
        _conforms("response", body)


def is_response(answer: httpx2.Response) -> dict[str, Any]:
    """Assert that the answer is a conformant CDS Hooks response, and give it."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    documented(answer)
    body = _read(answer.content)
    _conforms("response", body)
    ids = [card["uuid"] for card in body["cards"] if "uuid" in card]
    for card in body["cards"]:
        assert len(card["summary"]) < 140
        assert "\n" not in card["summary"]
        assert markup(card["detail"]) == []
        assert ("suggestions" in card) == ("selectionBehavior" in card)
        for suggestion in card.get("suggestions", ()):
            ids.append(suggestion["uuid"])
            for action in suggestion["actions"]:
                draft = ServiceRequest.model_validate(action["resource"])
                assert draft.status == "draft"
                assert draft.intent
                assert draft.subject.reference
                assert draft.code is not None
                assert draft.code.text
    assert all(ID.fullmatch(given) for given in ids)
    assert len(ids) == len(set(ids))
    return body


def is_discovery(answer: httpx2.Response) -> dict[str, Any]:
    """Assert that the answer is conformant discovery, and give it."""
    assert answer.status_code == 200, answer.text
    documented(answer)
    body = _read(answer.content)
    _conforms("services", body)
    return body


def is_feedback_reply(answer: httpx2.Response) -> dict[str, int]:
    """Assert that the answer is our reply to feedback, and give it."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    documented(answer)
    return cast("dict[str, int]", _read(answer.content))


def explanation(body: dict[str, Any]) -> dict[str, Any]:
    """The explanation of a response."""
    found: dict[str, Any] = body["extension"][EVALUATION]
    return found


def outcomes(body: dict[str, Any]) -> dict[str, str]:
    """What each rule said."""
    return {rule["id"]: rule["outcome"] for rule in explanation(body).get("rules", ())}


def finding(body: dict[str, Any], rule: str) -> dict[str, Any]:
    """What one rule said, whole."""
    (found,) = (shown for shown in explanation(body)["rules"] if shown["id"] == rule)
    return cast("dict[str, Any]", found)


def markup(detail: str) -> list[str]:
    """The raw HTML in a Markdown text: by cmark-gfm where it is installed, else whatever might be some."""
    if CMARK is None:
        unescaped = detail.replace("\\<", "").replace("\\&", "")
        return [sign for sign in ("<", "&") if sign in unescaped]
    command = [CMARK, "-e", "table", "-e", "strikethrough", "-e", "autolink"]
    html = subprocess.run(command, input=detail, capture_output=True, text=True, check=True).stdout
    return ["raw HTML"] if "raw HTML omitted" in html else []


def empties(tree: Any, path: str = "$") -> Iterator[str]:
    """Where a message holds null, or an empty string, array or object; only `cards` and `services` may be empty."""
    if tree is None or (isinstance(tree, str | list | dict) and not tree):
        if not (tree == [] and path in ("$.cards", "$.services")):
            yield path
    elif isinstance(tree, dict):
        for name, value in tree.items():
            yield from empties(value, f"{path}.{name}")
    elif isinstance(tree, list):
        for number, value in enumerate(tree):
            yield from empties(value, f"{path}[{number}]")


def _read(content: bytes) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(content)
    assert list(empties(body)) == []
    return body


def _conforms(kind: str, body: dict[str, Any]) -> None:
    check = hl7()
    if check is not None:
        assert check(kind, body) == []
