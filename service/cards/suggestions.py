"""Orders as suggestions of a card, in the way that the client can take them over (clinical.md B8, cds-hooks.md 1.7)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from service.cards.audience import Audience
from service.cards.drafts import Drafts, coded
from service.cards.wanted import Request
from service.engine.evaluate import Evaluation

Suggestion = dict[str, Any]


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
    draft = drafts.fill(
        request.key,
        patient=audience.patient,
        encounter=audience.encounter,
        indicator=request.indicator,
        within_days=request.within_days,
        rules=request.rules,
        reasons=(*evaluation.gate.found, *request.reasons),
        today=evaluation.today,
    )
    draft = coded(draft, audience.caller.order_codes.get(request.key, ()))
    why = ", ".join(request.titles)
    suggestion: Suggestion = {
        "label": f"Order: {request.label}",
        "uuid": audience.new_id(),
        "actions": [{"type": "create", "description": f"Draft order: {request.label} ({why})", "resource": draft}],
    }
    if request.recommended:
        suggestion["isRecommended"] = True
    return suggestion


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
