"""What came of asking a client's FHIR server, and how each call went."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from service.record import Source


class Outcome(StrEnum):
    """How one call went, or why it was not made. The words are those of logs and metrics."""

    USED = "used"
    NOT_ALLOWED = "not-allowed"  # the server is not on the caller's list
    NO_TOKEN = "no-token"  # noqa: S105 - none came that may be used
    ADDRESS_REFUSED = "address-refused"
    LATE = "late"  # not begun within the budget
    DEADLINE = "deadline"  # begun, and abandoned
    UNREACHABLE = "unreachable"  # no connection, or a broken one
    UNAUTHORISED = "unauthorised"
    NOT_FOUND = "not-found"
    REDIRECTED = "redirected"
    SERVER_ERROR = "server-error"
    REFUSED = "refused"  # any other status
    NOT_JSON = "not-json"
    TOO_LARGE = "too-large"
    FAILED = "failed"  # an OperationOutcome
    UNUSABLE = "unusable"  # another type, or another patient's
    PAGE_REFUSED = "page-refused"  # the next page lies elsewhere, or comes again
    TOO_MANY_PAGES = "too-many-pages"


@dataclass(slots=True)
class Fetched:
    """What came, by prefetch key: incomplete where not all of it came. A key without any answer is not in it."""

    sources: dict[str, Source] = field(default_factory=dict)
    outcomes: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    size_bytes: int = 0
