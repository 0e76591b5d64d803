"""The rule catalogue."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from service.answer import Knowledge
from service.catalogue import entry, listing
from service.errors import Code, Refusal

router = APIRouter(tags=["rules"])


@router.get("/rules", summary="All rules", operation_id="rules")
async def rules(request: Request) -> Response:
    """Lists the rules with version, status, population, indicator and the line that they put on a card."""
    knowledge: Knowledge = request.app.state.knowledge
    return Response(msgspec.json.encode(listing(knowledge.program)), media_type="application/json")


@router.get("/rules/{rule_id}", summary="One rule", operation_id="rule")
async def rule(rule_id: str, request: Request) -> Response:
    """Shows one rule whole: purpose, limits, logic, thresholds with their sources, tests, evidence and review."""
    knowledge: Knowledge = request.app.state.knowledge
    if rule_id not in knowledge.program.rules.recommendations:
        raise Refusal(Code.RULE_UNKNOWN)
    return Response(msgspec.json.encode(entry(knowledge.program, rule_id)), media_type="application/json")
