"""A posted FHIR Bundle: the same cards as a hook call, with the whole explanation."""

from __future__ import annotations

import asyncio
import re
from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.openapi.models import Example
from pydantic import BeforeValidator
from starlette.responses import Response

from service.answer import Knowledge, judge, respond
from service.aside import LARGE_BYTES, Aside
from service.body import read_body
from service.callers import Callers
from service.cards import Audience
from service.clients import EVALUATE
from service.explanation import EXTENSION
from service.observe import Metrics
from service.posted import read_posted
from service.record import Body
from service.reply import reply
from service.settings import Settings
from service.stages import begin, ended
from service.validation import validate

router = APIRouter(tags=["evaluation"])


_DAYS: dict[str, Example] = {
    "examples": {"summary": "The day for which the examples are written", "value": "2026-06-15"}
}


def _as_written(text: str | None) -> str | None:
    """Without this, pydantic takes a bare number for seconds since 1970; and windows need room on the calendar."""
    if text is not None and not re.fullmatch(r"(19|20|21)\d\d-\d\d-\d\d", text):
        raise ValueError("a day is written YYYY-MM-DD")
    return text


@router.post(
    "/evaluate",
    summary="Evaluate one patient's FHIR Bundle",
    operation_id="evaluate",
    responses={200: {"description": "The cards and the explanation"}},
)
async def evaluate(
    request: Request,
    asOf: Annotated[  # noqa: N803
        date | None,
        BeforeValidator(_as_written),
        Query(
            description="Day on which all windows end, YYYY-MM-DD from 1900 to 2199. Default: today.",
            openapi_examples=_DAYS,
        ),
    ] = None,
    complaint: Literal["given", "chart"] = Query(
        "given",
        description="`given`: the patient complains of night leg cramps. `chart`: only if the record shows them.",
    ),
    explain: Literal["all"] | None = Query(None, description="`all` lists the silent rules too."),
    validate_: Literal["cited", "all", "none"] = Query(
        "cited",
        alias="validate",
        description="Which entries are validated as FHIR R4B: those that the explanation names, all, or none.",
    ),
) -> Response:
    """Takes a FHIR R4 Bundle of any type with the record of one patient and answers with CDS Hooks cards.

    The extension `org.nocturnal-cramps.evaluation` says what every rule found, which tests are due and done, what
    could not be checked, and which entries were not used. The Bundle counts as the whole record, unless it carries a
    `next` link or an error OperationOutcome.
    """
    settings: Settings = request.app.state.settings
    stages = begin()
    callers: Callers = request.app.state.callers
    await callers.caller(request, EVALUATE, "/evaluate")
    body = await read_body(request, settings)
    stages.end("receive")
    knowledge: Knowledge = request.app.state.knowledge
    today = asOf or datetime.now(settings.timezone).date()
    metrics: Metrics = request.app.state.metrics
    work = (body, knowledge, settings, metrics, today, complaint == "given", explain == "all", validate_)
    aside: Aside = request.app.state.aside
    if validate_ != "none" and len(body) <= LARGE_BYTES:  # validation is slow, but not so slow as to wait its turn
        answer = await asyncio.to_thread(_answer, *work)
    else:
        answer = await aside.work(len(body), _answer, *work)
    return reply(request, answer, stages)


def _answer(
    body: Body,
    knowledge: Knowledge,
    settings: Settings,
    metrics: Metrics,
    today: date,
    given: bool,
    silent: bool,
    depth: str,
) -> dict[str, Any]:
    record = read_posted(body, knowledge.types)
    ended("read")
    evaluation = judge(record, knowledge, today, settings.timezone, complaint_given=given)
    metrics.count_rules(evaluation.said)
    audience = Audience(patient=record.patient_reference or "Patient/unknown", base_url=settings.base_url)
    answer = respond(evaluation, knowledge, audience, silent=silent)
    if depth != "none":
        report = validate(body, answer["extension"][EXTENSION] if depth == "cited" else None)
        if report:
            answer["extension"][EXTENSION]["validation"] = report
        ended("validate")
    return answer
