"""Each draft order that the rules can offer is a valid FHIR R4 ServiceRequest.

Checked here and not at each start: the models of FHIR take a third of a second to load that no hook call needs.
"""

from __future__ import annotations

from fhir.resources.R4B.servicerequest import ServiceRequest
from pydantic import ValidationError

from service.cards import build_drafts
from service.engine.program import Program


def check_drafts(program: Program) -> tuple[int, list[str]]:
    """Returns how many draft orders there are, and each fault of one with its key."""
    templates = build_drafts(program).templates
    faults: list[str] = []
    for key, template in templates.items():
        try:
            ServiceRequest.model_validate({**template, "subject": {"reference": "Patient/template"}})
        except ValidationError as invalid:
            wrong = (".".join(map(str, fault["loc"])) + ": " + fault["msg"] for fault in invalid.errors())
            faults += [f"orders.yaml: {key}: {fault}" for fault in wrong]
    return len(templates), faults
