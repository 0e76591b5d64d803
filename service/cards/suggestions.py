"""Orders as suggestions of a card, in the way that the client can take them over (clinical.md B8, cds-hooks.md 1.7)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from service.cards.audience import Audience
from service.cards.drafts import Drafts, Link
from service.cards.wanted import Request
from service.engine.evaluate import Evaluation
from service.facts.model import Medicine
from service.knowledge.schema import Indicator

Suggestion = dict[str, Any]

REFERENCE = re.compile(r"(urn:uuid:[0-9a-f-]+|(https?://\S+/)?[A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64})$")
_REASON_TYPES = ("Condition/", "Observation/", "DiagnosticReport/")  # R4 allows these as reasons, no medicines
_PRIORITY: dict[Indicator, str] = {"info": "routine", "warning": "urgent", "critical": "stat"}


def suggest(wanted: Sequence[Request], evaluation: Evaluation, drafts: Drafts, audience: Audience) -> list[Suggestion]:
    """Returns a suggestion for each order.

    Where only one of them can be chosen, the first holds all orders that are due, and at most one is recommended.
    """
    profile = audience.caller.rendering
    single = [_single(request, evaluation, drafts, audience) for request in wanted]
    suggestions = single
    if profile.selection_behavior == "at-most-one":
        due = [number for number, request in enumerate(wanted) if not request.unchecked]
        if len(due) > 1 and not profile.one_action:
            suggestions = [_all_of([wanted[n] for n in due], [single[n] for n in due], audience), *single]
        _recommend_one(suggestions)
    if profile.cds_hooks == "1.0":
        for suggestion in suggestions:
            suggestion.pop("isRecommended", None)
    return suggestions


def _single(request: Request, evaluation: Evaluation, drafts: Drafts, audience: Audience) -> Suggestion:
    draft = _draft(request, evaluation, drafts, audience)
    description = f"Draft order: {request.label} ({', '.join(request.titles)})"
    suggestion: Suggestion = {
        "label": f"Order: {request.label}",
        "uuid": audience.new_id(),
        "actions": [{"type": "create", "description": description, "resource": draft}],
    }
    if request.recommended:
        suggestion["isRecommended"] = True
    return suggestion


def _draft(request: Request, evaluation: Evaluation, drafts: Drafts, audience: Audience) -> dict[str, Any]:
    """The draft order for one patient (clinical.md B8), a site's codes before LOINC's; rule ids stand in its note."""
    draft = dict(drafts.templates[request.key])
    if codes := audience.caller.order_codes.get(request.key):
        own = [code.model_dump(exclude_none=True) for code in codes]
        draft["code"] = {**draft["code"], "coding": own + draft["code"].get("coding", [])}
    draft["priority"] = _PRIORITY[request.indicator]
    draft["subject"] = {"reference": audience.patient}
    if audience.encounter:
        draft["encounter"] = {"reference": f"Encounter/{audience.encounter}"}
    draft["occurrencePeriod"] = _period(evaluation.today, request.within_days)
    because: list[Link] = []
    besides: list[Link] = []
    for reference, fact in {fact.reference: fact for fact in (*evaluation.gate.found, *request.reasons)}.items():
        if isinstance(fact, Medicine):
            if fact.status != "draft" and REFERENCE.fullmatch(reference):
                besides.append({"reference": reference})
        elif _is_reason(reference) and REFERENCE.fullmatch(reference):
            because.append({"reference": reference})
    if because:
        draft["reasonReference"] = because
    if besides:
        draft["supportingInfo"] = besides
    draft["note"] = [{"text": f"Suggested by the nocturnal leg cramp rules: {', '.join(request.rules)}."}]
    return draft


@lru_cache(maxsize=64)  # of the day and the rule set alone
def _period(today: date, within_days: int) -> dict[str, str]:
    return {"start": today.isoformat(), "end": (today + timedelta(days=within_days)).isoformat()}


def _is_reason(reference: str) -> bool:
    return reference.startswith(_REASON_TYPES) or any(f"/{kind}" in reference for kind in _REASON_TYPES)


def _all_of(wanted: Sequence[Request], single: Sequence[Suggestion], audience: Audience) -> Suggestion:
    suggestion: Suggestion = {
        "label": f"Order all: {'; '.join(request.label for request in wanted)}",
        "uuid": audience.new_id(),
        "actions": [action for one in single for action in one["actions"]],
    }
    if all(request.recommended for request in wanted):
        suggestion["isRecommended"] = True
    return suggestion


def _recommend_one(suggestions: Sequence[Suggestion]) -> None:
    """Leaves the recommendation where it is unambiguous: on all together, or on the only one (C-9)."""
    recommended = [suggestion for suggestion in suggestions if "isRecommended" in suggestion]
    keep = recommended[0] if recommended and (len(recommended) == 1 or recommended[0] is suggestions[0]) else None
    if keep is not None and len(keep["actions"]) == 1 and len(recommended) > 1:
        keep = None
    for suggestion in recommended:
        if suggestion is not keep:
            del suggestion["isRecommended"]
