"""A report of how entries differ from FHIR R4B. It never changes the cards, and is not on the hook path."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

from pydantic import ValidationError

from service.record import Body
from service.shapes import READ

_MOST_ISSUES = 10
_TOO_DEEP = "nested too deep to be validated"


def validate(body: Body, explanation: dict[str, Any] | None) -> list[dict[str, Any]]:
    """Returns what is wrong with each cited entry: `reference`, and the paths of the elements with the kind of fault.

    explanation: only the entries that it names are validated; None validates all. No value of the record is repeated.
    """
    from fhir.resources.R4B import get_fhir_model_class  # noqa: PLC0415 - slow to import, and needed here alone

    try:
        # Integers as floats, because Python refuses to convert those of thousands of digits.
        tree = json.loads(body, parse_int=float)
    except RecursionError:
        return [{"reference": "Bundle", "issues": [{"path": "Bundle", "fault": _TOO_DEEP}]}]
    cited = None if explanation is None else set(_references(explanation))
    report = []
    for reference, resource in _entries(tree):
        if cited is not None and reference not in cited:
            continue
        issues: list[dict[str, str]] = []
        try:
            get_fhir_model_class(str(resource.get("resourceType"))).model_validate(resource)
        except ValidationError as error:
            faults = error.errors(include_url=False, include_input=False, include_context=False)
            issues += [{"path": _path(fault["loc"]), "fault": fault["type"]} for fault in faults[:_MOST_ISSUES]]
        except RecursionError:
            issues.append({"path": "resource", "fault": _TOO_DEEP})
        except (KeyError, LookupError, ValueError, TypeError, AttributeError):
            issues.append({"path": "resourceType", "fault": "not a resource of FHIR R4B"})
        if issues:
            report.append({"reference": reference, "issues": issues})
    return report


@cache
def load() -> None:
    """Loads the models of the types that are read, once, so that the first record does not wait for them."""
    entries = [{"resource": {"resourceType": kind}} for kind in READ]
    validate(json.dumps({"entry": entries}).encode(), None)


def _path(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location if str(part).replace("_", "").isalnum()) or "resource"


def _entries(bundle: Any, name: str = "Bundle") -> Iterator[tuple[str, dict[str, Any]]]:
    for number, entry in enumerate(bundle.get("entry") or ()):
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if not isinstance(resource, dict):
            continue
        place = f"{name}.entry[{number}]"
        if resource.get("resourceType") == "Bundle":
            yield from _entries(resource, place)
        else:
            own = f"{resource.get('resourceType')}/{resource['id']}" if isinstance(resource.get("id"), str) else None
            yield own or entry.get("fullUrl") or place, resource


def _references(tree: Any) -> Iterator[str]:
    if isinstance(tree, dict):
        if isinstance(tree.get("reference"), str):
            yield tree["reference"]
        for value in tree.values():
            yield from _references(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _references(value)
