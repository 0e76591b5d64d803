"""The OpenAPI document: what FastAPI derives from the routes, with the refusals as they really are."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from service.errors import ERROR_SYSTEM, Code
from service.rendering import speaks_fhir

_SLUGS = [code.slug for code in Code]

_OPERATION_OUTCOME: dict[str, Any] = {
    "type": "object",
    "description": "FHIR R4 OperationOutcome with one issue.",
    "required": ["resourceType", "issue"],
    "properties": {
        "resourceType": {"const": "OperationOutcome"},
        "issue": {
            "type": "array",
            "minItems": 1,
            "maxItems": 1,
            "items": {
                "type": "object",
                "required": ["severity", "code", "details"],
                "properties": {
                    "severity": {"enum": ["error", "fatal"]},
                    "code": {"type": "string", "description": "FHIR issue type"},
                    "details": {
                        "type": "object",
                        "required": ["coding", "text"],
                        "properties": {
                            "coding": {
                                "type": "array",
                                "items": {
                                    "type": "object",
                                    "required": ["system", "code"],
                                    "properties": {"system": {"const": ERROR_SYSTEM}, "code": {"enum": _SLUGS}},
                                },
                            },
                            "text": {"type": "string", "description": "What is wrong, and what to do next"},
                        },
                    },
                    "diagnostics": {"type": "string", "description": "Names of members or prefetch keys"},
                },
            },
        },
    },
}
_PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "Problem details (RFC 9457).",
    "required": ["type", "title", "status", "code"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string", "description": "What is wrong, and what to do next"},
        "status": {"type": "integer"},
        "code": {"enum": _SLUGS},
        "detail": {"type": "string", "description": "Names of parameters"},
    },
}


def document(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document of the app. Every operation names the shape of its refusals."""
    derived = get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        description=app.description,
        routes=app.routes,
        tags=app.openapi_tags,
        license_info=app.license_info,
    )
    for path, operations in derived["paths"].items():
        for operation in operations.values():
            _correct(operation["responses"], path)
    schemas = derived.setdefault("components", {}).setdefault("schemas", {})
    # The framework's own 422 is never sent: errors.py speaks instead.
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    schemas.update(OperationOutcome=_OPERATION_OUTCOME, Problem=_PROBLEM)
    return derived


def _correct(responses: dict[str, Any], path: str) -> None:
    if speaks_fhir(path):
        media_type, name = "application/json", "OperationOutcome"
    else:
        media_type, name = "application/problem+json", "Problem"
    content = {media_type: {"schema": {"$ref": f"#/components/schemas/{name}"}}}
    if "HTTPValidationError" in str(responses.get("422")):
        del responses["422"]
    for status, response in responses.items():
        if status >= "400":
            response.setdefault("content", content)
    responses.setdefault("default", {"description": "A refusal, from the one table of codes", "content": content})
