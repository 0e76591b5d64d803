"""CDS Hooks: discovery and hook calls."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, ParamSpec, TypeVar

import msgspec
from fastapi import APIRouter, Path, Request
from fastapi.openapi.models import Example
from starlette.responses import Response

from service import wire
from service.answer import Knowledge, judge, respond
from service.body import read_body
from service.cards import Audience, read_wishes
from service.clients import ANYBODY, Caller
from service.contract import CdsResponse, CdsServices
from service.errors import Code, Refusal
from service.observe import Metrics
from service.services import SERVICES
from service.settings import Settings
from service.supply import supply
from service.wire import Message

router = APIRouter(tags=["CDS Hooks"])
_OFF_LOOP_BYTES = 256 * 1024  # larger bodies are worked on beside the event loop
P = ParamSpec("P")
T = TypeVar("T")


_NAMES: dict[str, Example] = {
    service.id: {"summary": service.title, "value": service.id} for service in SERVICES.values()
}


@router.get(
    "/cds-services",
    summary="Which CDS services are there?",
    operation_id="discovery",
    responses={200: {"model": CdsServices, "description": "The services, with hook and prefetch templates"}},
)
async def discovery(request: Request) -> Response:
    """Lists the CDS services with their hooks and prefetch templates (CDS Hooks discovery)."""
    return _json(request.app.state.discovery)


@router.post(
    "/cds-services/{id}",
    summary="A hook call: cards",
    operation_id="call",
    responses={200: {"model": CdsResponse, "description": "The cards, possibly none, and the explanation"}},
)
async def call(
    request: Request,
    service_id: Annotated[str, Path(alias="id", description="As in discovery.", openapi_examples=_NAMES)],
) -> Response:
    """Answers a hook call with cards on the workup of nocturnal leg cramps.

    `prefetch` carries the data under the keys that discovery lists. Patient and Condition are required: without them
    the answer is 412 and names the keys. What else is not supplied is said on the cards, never taken for absent.
    Without leg cramps in the chart the answer has no cards, except on the on-demand service, which takes the
    complaint as given, and where quinine is in use or being ordered. The order services speak of the orders in the
    context alone. The options that discovery lists are set in the request's extension `davinci-crd.configuration`.
    """
    service = SERVICES.get(service_id)
    if service is None:
        raise Refusal(Code.SERVICE_UNKNOWN)
    settings: Settings = request.app.state.settings
    body = await read_body(request, settings)
    knowledge: Knowledge = request.app.state.knowledge
    metrics: Metrics = request.app.state.metrics
    work = asyncio.to_thread if len(body) > _OFF_LOOP_BYTES else _at_once
    caller = ANYBODY
    message = await work(wire.read, body, service, caller.prefetch_keys)
    if message.user_is_lay:
        return _json({"cards": []})
    return _json(await work(_answer, message, caller, knowledge, settings, metrics))


async def _at_once(verb: Callable[P, T], /, *arguments: P.args, **named: P.kwargs) -> T:
    return verb(*arguments, **named)


def _answer(
    message: Message, caller: Caller, knowledge: Knowledge, settings: Settings, metrics: Metrics
) -> dict[str, Any]:
    service = message.service
    templates = knowledge.offered[service.id]
    record = supply(message, templates)
    today = datetime.now(settings.timezone).date()
    evaluation = judge(
        record,
        knowledge,
        today,
        settings.timezone,
        complaint_given=service.gate == "given",
        brought=message.brought,
        types=frozenset(template.type for template in templates),
    )
    metrics.count_rules((finding.rule.id, finding.outcome) for finding in evaluation.findings)
    wishes = read_wishes(message.extension)
    audience = Audience(f"Patient/{message.patient_id}", message.encounter_id, settings.base_url, caller, wishes)
    return respond(evaluation, knowledge, audience)


def _json(content: dict[str, Any]) -> Response:
    return Response(msgspec.json.encode(content), media_type="application/json")
