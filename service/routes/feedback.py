"""CDS Hooks feedback: what became of the cards."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Annotated

import msgspec
from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from service import feedback
from service.answer import Knowledge
from service.body import read_body
from service.callers import Callers
from service.errors import Code, Refusal
from service.memory import Memory
from service.observe import Metrics, note
from service.record import Body
from service.routes.hooks import NAMES
from service.services import SERVICES
from service.settings import Settings

router = APIRouter(tags=["CDS Hooks"])
_MOST_BYTES = 1024 * 1024  # thousands of entries


@router.post(
    "/cds-services/{id}/feedback",
    summary="Feedback: what became of cards",
    operation_id="feedback",
    responses={200: {"description": "How many entries were counted"}},
)
async def tell(
    request: Request,
    service_id: Annotated[str, Path(alias="id", description="As in discovery.", openapi_examples=NAMES)],
) -> Response:
    """Counts accepted and overridden cards by service, rule and override reason; comments are not kept.

    One entry that cannot be read is counted as rejected and does not spoil the others. The same card, outcome and time
    told again is counted once.
    """
    if service_id not in SERVICES:
        raise Refusal(Code.SERVICE_UNKNOWN)
    callers: Callers = request.app.state.callers
    own = f"/cds-services/{service_id}"
    await callers.caller(request, service_id, f"{own}/feedback", own)
    settings: Settings = request.app.state.settings
    body = await read_body(request, settings, _MOST_BYTES)
    counts = await asyncio.to_thread(_count, request, service_id, body)
    return Response(msgspec.json.encode(counts), media_type="application/json")


def _count(request: Request, service_id: str, body: Body) -> dict[str, int]:
    told = feedback.read(body)
    knowledge: Knowledge = request.app.state.knowledge
    memory: Memory = request.app.state.memory
    metrics: Metrics = request.app.state.metrics
    known = [(reason.system, reason.code) for reason in knowledge.program.rules.ruleset.override_reasons]
    outcomes: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for entry in told.entries:
        if not memory.is_new(entry.card, entry.outcome, entry.at):
            continue
        reason = feedback.reason_label(entry, known)
        metrics.count_feedback(service_id, memory.rules_of(entry.card), entry.outcome, reason)
        outcomes[entry.outcome] += 1
        if entry.outcome == "overridden":
            reasons[reason] += 1
    counts = {
        "accepted": outcomes["accepted"],
        "overridden": outcomes["overridden"],
        "repeated": len(told.entries) - outcomes.total(),
        "rejected": told.rejected,
    }
    note(request.scope, service=service_id, reasons=dict(reasons), **counts)
    return counts
