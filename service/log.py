"""Log lines: JSON on standard error, by an allow-list of keys."""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime
from typing import Any

import msgspec

# A key that is not here is dropped, whoever passes it. None of these may ever hold anything from a patient's record.
LOGGED = frozenset(
    {
        "accepted",  # feedback entries by outcome
        "authentication",  # its outcome, of tokens.py
        "cards",  # how many
        "client",  # id in the clients file; proven unless the status is 401
        "code",  # of errors.py
        "digest",  # of the rule set
        "duration_ms",
        "event",
        "exception",  # its type alone
        "fetched",  # calls to the client's FHIR server, counted by outcome
        "gate",  # open or closed
        "hook",  # declared by the service that was called
        "level",
        "message",  # of the server program, at start and stop; why a key set is not used
        "method",
        "overridden",
        "outcomes",  # rules by outcome, counted
        "reasons",  # feedback entries by override reason of our list
        "rejected",  # feedback entries that could not be read
        "repeated",  # feedback entries told before
        "request_id",
        "route",  # the template, not the address
        "service",  # id in discovery
        "status",
        "tenant",  # one on the client's list
        "timestamp",
        "version",  # of the rule set
        "where",  # module and line of a fault
    }
)
_LONGEST_TEXT = 500
_LEVEL_NAMES = {level: name.lower() for name, level in logging.getLevelNamesMapping().items()}
OWN = logging.getLogger("service")  # knows the least level; its lines are written by log()


def log(level: int, event: str, **facts: object) -> None:
    """Write one line of JSON on standard error, without keys that are not in LOGGED and values that are not plain."""
    if not OWN.isEnabledFor(level):
        return
    line = {key: value for key, value in facts.items() if key in LOGGED and _is_plain(value)}
    line.update(event=event, level=_LEVEL_NAMES.get(level, ""), timestamp=datetime.now(UTC))
    sys.stderr.write(msgspec.json.encode(line).decode() + "\n")


def _is_plain(value: object) -> bool:
    """Whether the value is a short text, a number, or counts by name; records and exceptions are neither."""
    if isinstance(value, str):
        return len(value) <= _LONGEST_TEXT
    if isinstance(value, dict):
        return all(isinstance(name, str) and isinstance(count, int) for name, count in value.items())
    return isinstance(value, (int, float))


class LibraryLog(logging.Handler):
    """Passes on that a library logged. Of its words only the server's templates: arguments may hold input."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write the line."""
        facts: dict[str, Any] = {"where": record.name}
        if record.exc_info and record.exc_info[0]:
            facts["exception"] = record.exc_info[0].__name__
        if record.name == "uvicorn.error" and isinstance(record.msg, (str, OSError)):  # as where a port is taken
            facts["message"] = str(record.msg).strip()[-_LONGEST_TEXT:]
        log(record.levelno, "library", **facts)
