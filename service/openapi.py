"""The OpenAPI document: what FastAPI derives from the routes, with requests and refusals as they really are."""

from collections.abc import Iterable
from copy import deepcopy
from typing import Any, Literal

from fastapi import FastAPI
from fastapi.openapi.models import Schema
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from service.contract import (
    Alive,
    Bundle,
    CdsResponse,
    CdsServices,
    FeedbackCall,
    FeedbackResponse,
    HookCall,
    Ready,
    Rule,
    RuleList,
)
from service.errors import ERROR_SYSTEM, Code, Refusal, operation_outcome, problem
from service.examples import examples
from service.rendering import speaks_fhir

_SLUGS = [code.slug for code in Code]
_SCHEMAS = "#/components/schemas/"
# The routes read their bodies from the bytes and write their answers as bytes, so FastAPI knows nothing of either.
# operation → model of its answer
_ANSWERS: dict[str, type[BaseModel]] = {
    "discovery": CdsServices,
    "call": CdsResponse,
    "feedback": FeedbackResponse,
    "evaluate": CdsResponse,
    "rules": RuleList,
    "rule": Rule,
    "livez": Alive,
    "readyz": Ready,
}
# operation → model of its request, folder of examples
_REQUESTS: dict[str, tuple[type[BaseModel], str]] = {
    "evaluate": (Bundle, "evaluate"),
    "call": (HookCall, "cds-services"),
    "feedback": (FeedbackCall, "feedback"),
}
# The refusals worth naming beside the default.
_BODY = (Code.BODY_TOO_SLOW, Code.BODY_TOO_LARGE, Code.MEDIA_TYPE_UNSUPPORTED, Code.BUSY)
_CALLER = (Code.NOT_AUTHENTICATED, Code.NOT_ENABLED)
_REFUSALS: dict[str, tuple[Code, ...]] = {
    "evaluate": (
        *_CALLER, Code.BODY_NOT_JSON, Code.BODY_NOT_OBJECT, Code.QUERY_INVALID, *_BODY,
        Code.NOT_A_BUNDLE, Code.MORE_THAN_ONE_PATIENT, Code.SHAPE_UNREADABLE,
    ),
    "call": (
        *_CALLER,
        Code.BODY_NOT_JSON, Code.BODY_NOT_OBJECT, Code.MEMBER_MISSING, Code.MEMBER_ILL_TYPED, Code.HOOK_MISMATCH,
        Code.CONTEXT_INVALID, Code.SERVICE_UNKNOWN, Code.REQUIRED_DATA_MISSING, *_BODY,
    ),
    "feedback": (
        *_CALLER, Code.BODY_NOT_JSON, Code.BODY_NOT_OBJECT, Code.MEMBER_MISSING, Code.MEMBER_ILL_TYPED,
        Code.SERVICE_UNKNOWN, *_BODY,
    ),
    "rule": (Code.RULE_UNKNOWN,),
    "readyz": (Code.BUSY,),
}  # fmt: skip

_BEARER = "client"
_TOKEN = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "Signed by a client of the clients file. Without such a file, or where it says so, none is needed.",
}
_REQUEST_ID: dict[str, Any] = {
    "description": "That of the request where it is a UUID, else a new one; the log line of the request has it too.",
    "schema": {"type": "string", "format": "uuid"},
}
_OPERATION_OUTCOME: dict[str, Any] = {
    "type": "object",
    "description": "FHIR R4 OperationOutcome with one issue.",
    "required": ["resourceType", "issue"],
    "additionalProperties": False,
    "properties": {
        "resourceType": {"const": "OperationOutcome"},
        "issue": {
            "type": "array",
            "minItems": 1,
            "maxItems": 1,
            "items": {
                "type": "object",
                "required": ["severity", "code", "details"],
                "additionalProperties": False,
                "properties": {
                    "severity": {"enum": ["error", "fatal"]},
                    "code": {"type": "string", "description": "FHIR issue type"},
                    "details": {
                        "type": "object",
                        "required": ["coding", "text"],
                        "additionalProperties": False,
                        "properties": {
                            "coding": {
                                "type": "array",
                                "items": {
                                    "type": "object",
                                    "required": ["system", "code"],
                                    "additionalProperties": False,
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
    "additionalProperties": False,
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
    schemas = derived.setdefault("components", {}).setdefault("schemas", {})
    answered: dict[str, Any] = {}
    answers = {name: _schema(shape, answered, "serialization") for name, shape in _ANSWERS.items()}
    for model, schema in sorted(answered.items()):
        schemas[model] = Schema.model_validate(schema).model_dump(mode="json", by_alias=True, exclude_none=True)
    for path, operations in derived["paths"].items():
        for operation in operations.values():
            name = operation["operationId"]
            _correct(operation["responses"], path, _REFUSALS.get(name, ()))
            for parameter in operation.get("parameters", ()):
                _tidy(parameter["schema"])
            if name in answers:
                operation["responses"]["200"]["content"]["application/json"]["schema"] = answers[name]
            if name in _REQUESTS:
                shape, folder = _REQUESTS[name]
                operation["requestBody"] = _request_body(shape, folder, schemas)
            if Code.NOT_AUTHENTICATED in _REFUSALS.get(name, ()):
                operation["security"] = [{}, {_BEARER: []}]
    derived["components"]["securitySchemes"] = {_BEARER: _TOKEN}
    # The framework's own 422 is never sent: errors.py speaks instead.
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    schemas.update(OperationOutcome=_OPERATION_OUTCOME, Problem=_PROBLEM)
    return derived


def _tidy(schema: dict[str, Any]) -> None:
    """A parameter may be left out, but cannot be null; its description and title stand outside already."""
    for kind in schema.pop("anyOf", ()):
        if kind != {"type": "null"}:
            schema.update(kind)
    if "const" in schema:
        schema["enum"] = [schema.pop("const")]
    schema.pop("title", None)
    schema.pop("description", None)


def _request_body(model: type[BaseModel], folder: str, schemas: dict[str, Any]) -> dict[str, Any]:
    schema = _schema(model, schemas, "validation")
    content: dict[str, Any] = {"application/json": {"schema": schema, "examples": examples(folder)}}
    if model is Bundle:
        content["application/fhir+json"] = {"schema": schema}
    return {"required": True, "content": content}


def _schema(
    model: type[BaseModel], schemas: dict[str, Any], mode: Literal["validation", "serialization"]
) -> dict[str, str]:
    """The reference to a model's schema, which is put among the schemas with those that it refers to."""
    schema = model.model_json_schema(ref_template=f"{_SCHEMAS}{{model}}", mode=mode)
    schemas.update(schema.pop("$defs", {}))
    schemas[model.__name__] = schema
    return {"$ref": f"{_SCHEMAS}{model.__name__}"}


def _correct(responses: dict[str, Any], path: str, refusals: Iterable[Code]) -> None:
    if speaks_fhir(path):
        media_type, name, render = "application/json", "OperationOutcome", operation_outcome
    else:
        media_type, name, render = "application/problem+json", "Problem", problem
    content = {media_type: {"schema": {"$ref": f"{_SCHEMAS}{name}"}}}
    if "HTTPValidationError" in str(responses.get("422")):
        del responses["422"]
    for code in refusals:
        line = f"- `{code.slug}`: {code.value.message}"
        response = responses.setdefault(str(code.status), {"description": "", "content": deepcopy(content)})
        response["description"] = f"{response['description']}\n{line}".lstrip()
        refusal = {"value": render(Refusal(code))}
        response["content"][media_type].setdefault("examples", {})[code.slug] = refusal
        for header, value in Refusal(code).headers.items():
            response.setdefault("headers", {})[header] = {"schema": {"type": "string"}, "example": value}
    for status, response in responses.items():
        if status >= "400":
            response.setdefault("content", content)
    responses.setdefault("default", {"description": "A refusal, from the one table of codes", "content": content})
    for response in responses.values():
        response.setdefault("headers", {})["X-Request-ID"] = _REQUEST_ID
