"""Refusals as HTTP answers: an OperationOutcome where FHIR is spoken, problem details elsewhere."""

import msgspec
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import Scope

from service.errors import Code, Refusal, operation_outcome, problem
from service.observe import note

_FHIR_PATHS = ("/cds-services", "/evaluate")


def install(app: FastAPI) -> None:
    """Make the app answer every refusal from the one table; what the caller sent is never repeated."""
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(HTTPException, _http_exception)
    app.add_exception_handler(RequestValidationError, _invalid_parameter)


def render(scope: Scope, refusal: Refusal) -> Response:
    """The answer that the refusal gets at this address."""
    note(scope, code=refusal.code.slug)
    if speaks_fhir(route_path(scope)):
        content, media_type = operation_outcome(refusal), "application/json"
    else:
        content, media_type = problem(refusal), "application/problem+json"
    return Response(msgspec.json.encode(content), refusal.code.status, headers=refusal.headers, media_type=media_type)


def speaks_fhir(path: str) -> bool:
    """Whether a refusal at this path is an OperationOutcome."""
    return any(path == prefix or path.startswith(f"{prefix}/") for prefix in _FHIR_PATHS)


def route_path(scope: Scope) -> str:
    """The path as the routes are written, without the prefix of a proxy."""
    path: str = scope["path"]
    root_path: str = scope.get("root_path", "")
    if root_path and (path == root_path or path.startswith(f"{root_path}/")):
        return path[len(root_path) :]
    return path


async def _refused(request: Request, exception: Exception) -> Response:
    if not isinstance(exception, Refusal):
        raise exception
    return render(request.scope, exception)


async def _http_exception(request: Request, exception: Exception) -> Response:
    """What the framework itself refuses: an unknown address or a wrong method. Anything else is our fault."""
    status = exception.status_code if isinstance(exception, HTTPException) else 500
    if status == Code.METHOD_NOT_ALLOWED.status:
        allowed = {"Allow": ", ".join(_methods_at(request))}
        return render(request.scope, Refusal(Code.METHOD_NOT_ALLOWED, headers=allowed))
    return render(request.scope, Refusal(Code.ROUTE_UNKNOWN if status == 404 else Code.INTERNAL))


async def _invalid_parameter(request: Request, exception: Exception) -> Response:
    """Only the names that we declared are told: of a member that we do not know, the name itself is input."""
    errors = exception.errors() if isinstance(exception, RequestValidationError) else []
    declared = [
        str(error["loc"][1])
        for error in errors
        if len(error["loc"]) == 2 and error["loc"][0] in {"query", "path"} and error["type"] != "extra_forbidden"
    ]
    return render(request.scope, Refusal(Code.QUERY_INVALID, *declared))


def _methods_at(request: Request) -> list[str]:
    """The methods that some route takes at this path; the envelope answers HEAD wherever GET is."""
    methods: set[str] = set()
    for context in iter_route_contexts(request.app.routes):
        route = context.original_route
        if isinstance(route, Route) and route.matches(request.scope)[0] is not Match.NONE:
            methods |= route.methods or set()
    return sorted(methods | ({"HEAD"} if "GET" in methods else set()))
