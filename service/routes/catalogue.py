"""The rule catalogue: JSON, or a page when a browser asks."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Path, Query, Request
from fastapi.openapi.models import Example
from starlette.responses import HTMLResponse, Response

from service.answer import Knowledge
from service.catalogue import entry, listing
from service.catalogue_page import listing_page, rule_page
from service.errors import Code, Refusal

router = APIRouter(tags=["rules"])
_DIABETES: dict[str, Example] = {"diabetes": {"summary": "Diabetes with night cramps", "value": "diabetes"}}
_CONTENT: dict[str, Any] = {"application/json": {}, "text/html": {"schema": {"type": "string"}}}
_ALL: dict[int | str, dict[str, Any]] = {200: {"description": "The catalogue", "content": _CONTENT}}
_ONE: dict[int | str, dict[str, Any]] = {200: {"description": "The rule", "content": _CONTENT}}
_VARY = {"Vary": "Accept"}


@router.get("/rules", summary="All rules", operation_id="rules", response_class=Response, responses=_ALL)
async def rules(
    request: Request,
    show: str | None = Query(None, description="Ids of the rules to show, separated by commas. Default: all."),
) -> Response:
    """Lists the rules with version, indicator, logic in one sentence and the line that they put on a card.

    JSON, or a page to read and print when the `Accept` header prefers HTML.
    """
    knowledge: Knowledge = request.app.state.knowledge
    only = [part.strip() for part in (show or "").split(",") if part.strip()]
    content = listing(knowledge.program, only)
    return (
        HTMLResponse(listing_page(content, _root(request)), headers=_VARY) if _wants_page(request) else _json(content)
    )


@router.get("/rules/{id}", summary="One rule", operation_id="rule", response_class=Response, responses=_ONE)
async def rule(
    request: Request,
    rule_id: Annotated[str, Path(alias="id", description="As in the list.", openapi_examples=_DIABETES)],
) -> Response:
    """Shows one rule whole: purpose, limits, logic, thresholds with their sources, tests, evidence and review."""
    knowledge: Knowledge = request.app.state.knowledge
    if rule_id not in knowledge.program.rules.recommendations:
        raise Refusal(Code.RULE_UNKNOWN)
    content = entry(knowledge.program, rule_id)
    return HTMLResponse(rule_page(content, _root(request)), headers=_VARY) if _wants_page(request) else _json(content)


def _wants_page(request: Request) -> bool:
    """Whether HTML stands before JSON in what the caller accepts."""
    accepted = request.headers.get("accept", "")
    html = accepted.find("text/html")
    json = accepted.find("application/json")
    return html >= 0 and (json < 0 or html < json)


def _root(request: Request) -> str:
    root: str = request.scope.get("root_path", "")
    return root


def _json(content: dict[str, Any]) -> Response:
    return Response(msgspec.json.encode(content), headers=_VARY, media_type="application/json")
