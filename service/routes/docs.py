"""The documentation page and the OpenAPI document; everything they need is shipped, nothing is fetched."""

import asyncio
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, JSONResponse, RedirectResponse
from starlette.background import BackgroundTask

from service import validation
from service.errors import Code, Refusal

_STATIC = Path(__file__).resolve().parent.parent / "static"
_SWAGGER_UI = _STATIC / "swagger-ui"
_ASSETS = {
    "init.js": _STATIC / "init.js",
    "rules.css": _STATIC / "rules.css",
    "swagger-ui-bundle.js": _SWAGGER_UI / "swagger-ui-bundle.js",
    "swagger-ui-bundle.js.LICENSE.txt": _SWAGGER_UI / "swagger-ui-bundle.js.LICENSE.txt",
    "swagger-ui.css": _SWAGGER_UI / "swagger-ui.css",
    "favicon-32x32.png": _SWAGGER_UI / "favicon-32x32.png",
}

router = APIRouter(include_in_schema=False)


@router.get("/")
async def front(request: Request) -> RedirectResponse:
    """Where a visitor is sent who names no page."""
    return RedirectResponse(f"{request.scope.get('root_path', '')}/docs")


@router.get("/docs")
async def page() -> FileResponse:
    """The interactive documentation; who opens it is about to try /evaluate, which validates."""
    return FileResponse(_STATIC / "docs.html", background=BackgroundTask(validation.load))


@router.get("/docs/{name}")
async def asset(name: str) -> FileResponse:
    """A file of the documentation page, from a closed list."""
    if name not in _ASSETS:
        raise Refusal(Code.ROUTE_UNKNOWN)
    return FileResponse(_ASSETS[name], headers={"Cache-Control": "public, max-age=3600"})


@router.get("/openapi.json")
async def openapi(request: Request) -> JSONResponse:
    """The OpenAPI document, with the address at which a proxy offers the service."""
    document = await asyncio.to_thread(request.app.openapi)  # the first one takes a while
    root_path = request.scope.get("root_path", "")
    return JSONResponse({**document, "servers": [{"url": root_path}]} if root_path else document)
