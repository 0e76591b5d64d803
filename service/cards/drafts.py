"""Draft orders: templates built and validated once, filled with ids, references and dates per request."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from fhir.resources.R4B.servicerequest import ServiceRequest

from service.clients import SiteCode
from service.engine.program import Program
from service.facts.model import Condition, Event, Fact, Medicine, Result
from service.knowledge.schema import Code, Indicator

_PRIORITY: dict[Indicator, str] = {"info": "routine", "warning": "urgent", "critical": "stat"}
REFERENCE = re.compile(r"(urn:uuid:[0-9a-f-]+|(https?://\S+/)?[A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64})$")
_REASONS = (Condition, Result, Event)  # R4 allows Condition, Observation, DiagnosticReport and DocumentReference only
_REASON_TYPES = ("Condition/", "Observation/", "DiagnosticReport/")
_CATEGORY = {
    "laboratory": ("15220000", "Laboratory test"),
    "imaging": ("363679005", "Imaging"),
    "procedure": ("103693007", "Diagnostic procedure"),
    "referral": ("3457005", "Patient referral"),
}


@dataclass(frozen=True, slots=True)
class Drafts:
    """Order key or panel key → a valid draft ServiceRequest without its patient."""

    templates: dict[str, dict[str, Any]]

    def fill(
        self,
        key: str,
        *,
        patient: str,
        encounter: str | None,
        indicator: Indicator,
        within_days: int,
        rules: Iterable[str],
        reasons: Iterable[Fact],
        today: date,
    ) -> dict[str, Any]:
        """Returns the draft order of a key for one patient (clinical.md B8); rule ids stand in its note."""
        draft = dict(self.templates[key])
        draft["priority"] = _PRIORITY[indicator]
        draft["subject"] = {"reference": patient}
        if encounter:
            draft["encounter"] = {"reference": f"Encounter/{encounter}"}
        end = today + timedelta(days=within_days)
        draft["occurrencePeriod"] = {"start": today.isoformat(), "end": end.isoformat()}
        because: list[str] = []
        besides: list[str] = []
        for reference, fact in {fact.reference: fact for fact in reasons}.items():
            if not REFERENCE.fullmatch(reference):
                continue
            if isinstance(fact, Medicine):
                if fact.status != "draft":
                    besides.append(reference)
            elif isinstance(fact, _REASONS) and _is_reason(reference):
                because.append(reference)
        if because:
            draft["reasonReference"] = [{"reference": reference} for reference in because]
        if besides:
            draft["supportingInfo"] = [{"reference": reference} for reference in besides]
        draft["note"] = [{"text": f"Suggested by the nocturnal leg cramp rules: {', '.join(rules)}."}]
        return draft


def coded(draft: dict[str, Any], codes: Sequence[SiteCode]) -> dict[str, Any]:
    """Returns a draft order with a site's own codes before LOINC's."""
    if not codes:
        return draft
    own = [code.model_dump(exclude_none=True) for code in codes]
    return {**draft, "code": {**draft["code"], "coding": own + draft["code"].get("coding", [])}}


def _is_reason(reference: str) -> bool:
    return reference.startswith(_REASON_TYPES) or any(f"/{kind}" in reference for kind in _REASON_TYPES)


def build_drafts(program: Program, intent: str = "proposal") -> Drafts:
    """Builds the templates of all orders and panels; each is checked as a FHIR R4 ServiceRequest."""
    templates: dict[str, dict[str, Any]] = {}
    for order in program.rules.orders.orders:
        templates[order.key] = _template(program, order.label, order.code, order.category, intent)
    for panel in program.rules.orders.panels:
        templates[panel.key] = _template(program, panel.label, panel.code, "laboratory", intent)
    return Drafts(templates)


def _template(program: Program, label: str, code: Code | None, category: str, intent: str) -> dict[str, Any]:
    uris: dict[str, str] = {system.id: system.uri for system in program.rules.systems.systems}
    concept: dict[str, Any] = {"text": label}
    if code is not None:
        coding = {"system": uris[code.system], "code": code.code}
        if code.display:
            coding["display"] = code.display
        concept = {"coding": [coding], "text": label}
    group, display = _CATEGORY[category]
    template = {
        "resourceType": "ServiceRequest",
        "status": "draft",
        "intent": intent,
        "category": [{"coding": [{"system": "http://snomed.info/sct", "code": group, "display": display}]}],
        "code": concept,
    }
    ServiceRequest.model_validate({**template, "subject": {"reference": "Patient/template"}})
    return template
