"""For those who operate the service: is it alive, is it ready, what has it done."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4

from service.errors import Code, Refusal

router = APIRouter(tags=["operations"])
_TEXT = {"text/plain": {"schema": {"type": "string"}}}


@router.get(
    "/livez",
    summary="Is the process alive?",
    operation_id="livez",
    responses={200: {"description": "It is"}},
)
async def livez() -> JSONResponse:
    """Answers as long as the process can answer at all."""
    return JSONResponse({"status": "alive"})


@router.get(
    "/readyz",
    summary="Can it answer hook calls?",
    operation_id="readyz",
    responses={200: {"description": "It can; with version and digest of its rules"}},
)
async def readyz(request: Request) -> JSONResponse:
    """Answers 200 once the rule set is compiled, and 503 before."""
    program = getattr(request.app.state, "program", None)
    if program is None:
        raise Refusal(Code.BUSY)
    return JSONResponse({"status": "ready", "ruleset": {"version": program.version, "digest": program.digest}})


@router.get(
    "/metrics",
    summary="Counters for Prometheus",
    operation_id="metrics",
    response_class=Response,
    responses={200: {"description": "Prometheus text format", "content": _TEXT}},
)
async def metrics(request: Request) -> Response:
    """Counts by route, status, code, rule and outcome; never anything about a patient."""
    return Response(request.app.state.metrics.page(), media_type=CONTENT_TYPE_PLAIN_0_0_4)
