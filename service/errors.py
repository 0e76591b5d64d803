"""One table of the ways in which a request can be refused, and its two renderings."""

import re
from dataclasses import dataclass
from enum import Enum
from typing import Any

ERROR_SYSTEM = "http://nocturnal-cramps.org/fhir/CodeSystem/error"

# Names of members, parameters, prefetch keys and resource types. Anything else may be input, and is dropped.
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.:\[\]-]{0,99}")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: HTTP status, FHIR issue type, and what to do next."""

    slug: str
    status: int
    issue: str
    message: str


class Code(Enum):
    """Every refusal that this service can give. A code is never reused for another meaning."""

    BODY_NOT_JSON = Row(
        "body-not-json",
        400,
        "structure",
        "The body cannot be read as JSON. Send one UTF-8 JSON document without NaN or Infinity and of ordinary depth.",
    )
    BODY_NOT_OBJECT = Row("body-not-object", 400, "structure", "The body must be one JSON object.")
    MEMBER_MISSING = Row(
        "member-missing",
        400,
        "required",
        "A required member is missing. Add the member that diagnostics names.",
    )
    MEMBER_ILL_TYPED = Row(
        "member-ill-typed",
        400,
        "value",
        "A member has the wrong type. Correct the member that diagnostics names; the OpenAPI document shows its type.",
    )
    HOOK_MISMATCH = Row(
        "hook-mismatch",
        400,
        "value",
        "The hook is not the one that this service declares. Discovery, at /cds-services, lists which hook each takes.",
    )
    CONTEXT_INVALID = Row(
        "context-invalid",
        400,
        "invalid",
        "The context does not fit the hook. Correct the context field that diagnostics names.",
    )
    QUERY_INVALID = Row(
        "query-invalid",
        400,
        "value",
        "A query parameter has a value that is not allowed. The OpenAPI document lists the values of each.",
    )
    NOT_AUTHENTICATED = Row("not-authenticated", 401, "login", "A valid bearer token is required.")
    NOT_ENABLED = Row(
        "not-enabled",
        403,
        "forbidden",
        "This caller may not use this service. Ask its operator to enable it.",
    )
    SERVICE_UNKNOWN = Row(
        "service-unknown",
        404,
        "not-found",
        "There is no such CDS service. Discovery, at /cds-services, lists them.",
    )
    ROUTE_UNKNOWN = Row(
        "route-unknown", 404, "not-found", "There is nothing at this address. The routes are listed at /docs."
    )
    RULE_UNKNOWN = Row("rule-unknown", 404, "not-found", "There is no such rule. GET /rules lists them.")
    METHOD_NOT_ALLOWED = Row(
        "method-not-allowed",
        405,
        "not-supported",
        "This address takes another method; the Allow header says which.",
    )
    BODY_TOO_SLOW = Row(
        "body-too-slow", 408, "timeout", "The body did not arrive in time. Send the request again, faster."
    )
    REQUIRED_DATA_MISSING = Row(
        "required-data-missing",
        412,
        "required",
        "Data without which nothing can be said were neither sent nor to be had from the FHIR server. Send the prefetch"
        " keys that diagnostics names, or a fhirServer with a token that this service may use.",
    )
    BODY_TOO_LARGE = Row(
        "body-too-large",
        413,
        "too-long",
        "The body is larger than is taken here. Send less at a time; the limit for records is CRAMPS_MAX_BODY_BYTES.",
    )
    MEDIA_TYPE_UNSUPPORTED = Row(
        "media-type-unsupported",
        415,
        "not-supported",
        "The body is of a type that cannot be read. Send application/json or application/fhir+json, uncompressed.",
    )
    NOT_A_BUNDLE = Row("not-a-bundle", 422, "structure", "The body must be a FHIR R4 Bundle.")
    MORE_THAN_ONE_PATIENT = Row(
        "more-than-one-patient",
        422,
        "multiple-matches",
        "The record holds more than one patient. Send one patient's record at a time.",
    )
    SHAPE_UNREADABLE = Row(
        "shape-unreadable",
        422,
        "structure",
        "The record has a shape that cannot be read safely, so nothing was concluded from it. Send FHIR R4.",
    )
    INTERNAL = Row(
        "internal",
        500,
        "exception",
        "The service failed; nothing was concluded. Report the X-Request-ID header to its operator.",
    )
    BUSY = Row(
        "busy",
        503,
        "transient",
        "The service cannot take this request now. Try again after the seconds in Retry-After.",
    )

    @property
    def slug(self) -> str:
        """The code as it is written in answers, logs and metrics."""
        return self.value.slug

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.value.status


_HEADERS = {
    Code.NOT_AUTHENTICATED: {"WWW-Authenticate": "Bearer"},
    Code.BUSY: {"Retry-After": "1"},
}


class Refusal(Exception):
    """The reason why a request gets no answer.

    Args:
        code: A line of the table.
        *names: Members, parameters, prefetch keys or resource types in our own words; never a value from the request.
        headers: Added to the answer, over those that the code always has.
    """

    def __init__(self, code: Code, *names: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(code.slug)
        self.code = code
        self.names = tuple(name for name in names if _NAME.fullmatch(name))
        self.headers = {**_HEADERS.get(code, {}), **(headers or {})}


def operation_outcome(refusal: Refusal) -> dict[str, Any]:
    """The refusal as a FHIR OperationOutcome with one issue."""
    row = refusal.code.value
    issue: dict[str, Any] = {
        "severity": "fatal" if row.status >= 500 else "error",
        "code": row.issue,
        "details": {"coding": [{"system": ERROR_SYSTEM, "code": row.slug}], "text": row.message},
    }
    if refusal.names:
        issue["diagnostics"] = ", ".join(refusal.names)
    return {"resourceType": "OperationOutcome", "issue": [issue]}


def problem(refusal: Refusal) -> dict[str, Any]:
    """The refusal as problem details (RFC 9457)."""
    row = refusal.code.value
    details: dict[str, Any] = {
        "type": f"{ERROR_SYSTEM}#{row.slug}",
        "title": row.message,
        "status": row.status,
        "code": row.slug,
    }
    if refusal.names:
        details["detail"] = ", ".join(refusal.names)
    return details
