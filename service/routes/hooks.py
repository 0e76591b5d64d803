"""CDS Hooks: discovery and hook calls."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Path, Request
from fastapi.openapi.models import Example
from starlette.responses import Response

from service import wire
from service.answer import Knowledge, judge, respond
from service.aside import Aside
from service.body import read_body
from service.callers import Callers
from service.cards import Audience, read_wishes
from service.cards.compose import RULES_EXTENSION
from service.clients import Caller
from service.errors import Code, Refusal
from service.explanation import EXTENSION
from service.fetch import FhirReader, is_to_fetch
from service.memory import Memory
from service.observe import Metrics, note
from service.record import Body, Source
from service.reply import reply
from service.routes.straight import Straight
from service.services import SERVICES, Service
from service.settings import Settings
from service.stages import begin, ended
from service.supply import supply
from service.wire import Message

router = APIRouter(tags=["CDS Hooks"], route_class=Straight)
NAMES: dict[str, Example] = {
    service.id: {"summary": service.title, "value": service.id} for service in SERVICES.values()
}
_TAGGED = {"ETag": {"description": "For `If-None-Match`", "schema": {"type": "string"}}}


@router.get(
    "/cds-services",
    summary="Which CDS services are there?",
    operation_id="discovery",
    responses={
        200: {"description": "The services, with hook and prefetch templates", "headers": _TAGGED},
        304: {"description": "What `If-None-Match` names is current", "headers": _TAGGED},
    },
)
async def discovery(request: Request) -> Response:
    """Lists the CDS services with their hooks and prefetch templates (CDS Hooks discovery)."""
    return _revalidated(request, msgspec.json.encode(request.app.state.discovery))


@router.post(
    "/cds-services/{id}",
    summary="A hook call: cards",
    operation_id="call",
    responses={200: {"description": "The cards, possibly none, and the explanation"}},
)
async def call(
    request: Request,
    service_id: Annotated[str, Path(alias="id", description="As in discovery.", openapi_examples=NAMES)],
) -> Response:
    """Answers a hook call with cards on the workup of nocturnal leg cramps.

    `prefetch` carries the data under the keys that discovery lists. What it lacks is fetched from `fhirServer`, where
    this service may call that server for this caller. Patient and Condition are required: where they cannot be had the
    answer is 412 and names the keys. What else is not supplied is said on the cards, never taken for absent.
    Without leg cramps in the chart the answer has no cards, except on the on-demand service, which takes the
    complaint as given, and where quinine is in use or being ordered. The order services speak of the orders in the
    context, and at any order of quinine, of magnesium with failing kidneys, and of low potassium or magnesium beside a
    drug that prolongs the QT interval. The options that discovery lists are set in the request's extension
    `davinci-crd.configuration`.
    """
    service = SERVICES.get(service_id)
    if service is None:
        raise Refusal(Code.SERVICE_UNKNOWN)
    note(request.scope, service=service.id, hook=service.hook)
    settings: Settings = request.app.state.settings
    stages = begin()
    callers: Callers = request.app.state.callers
    caller = await callers.caller(request, service.id, f"/cds-services/{service.id}")
    body = await read_body(request, settings)
    stages.end("receive")
    knowledge: Knowledge = request.app.state.knowledge
    metrics: Metrics = request.app.state.metrics
    aside: Aside = request.app.state.aside
    message, answer = await aside.work(len(body), _read_and_answer, body, service, caller, knowledge, settings, metrics)
    if answer is None:
        reader: FhirReader = request.app.state.fhir_reader
        fetched = await reader.fetch(message, knowledge.offered[service.id], caller)
        metrics.count_fetches(fetched.outcomes, fetched.seconds)
        note(request.scope, fetched=dict(fetched.outcomes))
        stages.end("fetch")
        answer = await aside.work(
            len(body) + fetched.size_bytes, _answer, message, fetched.sources, caller, knowledge, settings, metrics
        )
    if message.user_is_lay:
        return reply(request, answer, stages)
    gate = answer["extension"][EXTENSION]["gate"]
    note(request.scope, cards=len(answer["cards"]), gate="open" if gate["open"] else "closed")
    memory: Memory = request.app.state.memory
    for card in answer["cards"]:
        if "uuid" in card:  # without one no feedback ever comes
            memory.spoke(card["uuid"], card["extension"][RULES_EXTENSION])
    return reply(request, answer, stages)


def _revalidated(request: Request, content: bytes) -> Response:
    """The content with its ETag, or 304 where the caller holds it already (CRD-12)."""
    tag = f'"{sha256(content).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "private, max-age=300"}
    held = {one.strip().removeprefix("W/") for one in ",".join(request.headers.getlist("if-none-match")).split(",")}
    if held & {tag, "*"}:
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers, media_type="application/json")


def _read_and_answer(
    body: Body, service: Service, caller: Caller, knowledge: Knowledge, settings: Settings, metrics: Metrics
) -> tuple[Message, dict[str, Any] | None]:
    """The message and its answer, None where something has to be fetched first.

    Both in one go: a large record that waited for its turn half done would take memory meanwhile.
    """
    message = wire.read(body, service, caller.prefetch_keys)
    ended("read")
    if message.user_is_lay:
        return message, {"cards": []}
    if is_to_fetch(message, knowledge.offered[service.id]):
        return message, None
    ended("fetch")
    return message, _answer(message, {}, caller, knowledge, settings, metrics)


def _answer(
    message: Message,
    fetched: dict[str, Source],
    caller: Caller,
    knowledge: Knowledge,
    settings: Settings,
    metrics: Metrics,
) -> dict[str, Any]:
    service = message.service
    templates = knowledge.offered[service.id]
    record = supply(message, templates, fetched)
    ended("supply")
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
    metrics.count_rules(evaluation.said)
    wishes = read_wishes(message.extension)
    audience = Audience(f"Patient/{message.patient_id}", message.encounter_id, settings.base_url, caller, wishes)
    return respond(evaluation, knowledge, audience)
