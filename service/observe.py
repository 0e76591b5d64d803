"""What may be known of a request afterwards: log lines by an allow-list of keys, and metrics."""

import logging
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from prometheus_client import CollectorRegistry, GCCollector, ProcessCollector, generate_latest
from starlette.types import Scope

from service.engine import Finding
from service.settings import Settings
from service.stages import STAGES
from service.tallies import Spread, Tally

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
_OWN = logging.getLogger("service")  # knows the least level; its lines are written by log()


def note(scope: Scope, **facts: str | float | dict[str, int]) -> None:
    """Add facts to the one log line of this request; the keys are those of LOGGED."""
    scope.setdefault("state", {}).setdefault("noted", {}).update(facts)


def noted(scope: Scope) -> dict[str, Any]:
    """The facts noted so far."""
    facts: dict[str, Any] = scope.setdefault("state", {}).setdefault("noted", {})
    return facts


def start_logging(settings: Settings) -> None:
    """Obey the level of the settings, and pass on that libraries logged, without their arguments."""
    _OWN.setLevel(settings.log_level.upper())
    root = logging.getLogger()
    root.handlers = [_LibraryLog()]
    root.setLevel(logging.WARNING)


def log(level: int, event: str, **facts: object) -> None:
    """Write one line of JSON on standard error, without keys that are not in LOGGED and values that are not plain."""
    if not _OWN.isEnabledFor(level):
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


class _LibraryLog(logging.Handler):
    """Passes on that a library logged. Of its words only the server's templates: arguments may hold input."""

    def emit(self, record: logging.LogRecord) -> None:
        facts: dict[str, Any] = {"where": record.name}
        if record.exc_info and record.exc_info[0]:
            facts["exception"] = record.exc_info[0].__name__
        if record.name == "uvicorn.error" and isinstance(record.msg, str):
            facts["message"] = record.msg.strip()[-_LONGEST_TEXT:]
        log(record.levelno, "library", **facts)


class Metrics:
    """The counters of one app. Labels come from closed sets: routes, codes, rule ids, outcomes."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self._requests = Tally("cramps_requests", "Requests answered", ("route", "method", "status"), self.registry)
        self._seconds = Spread(
            "cramps_request_seconds",
            "Seconds from request to answer",
            "route",
            (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10),
            self.registry,
        )
        self._stage_seconds = Spread(
            "cramps_stage_seconds",
            "Seconds of each stage of an evaluated request",
            "stage",
            (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
            self.registry,
            of=STAGES,
        )
        self._refusals = Tally("cramps_refusals", "Requests refused, by code", ("code",), self.registry)
        self._rule_outcomes = Tally(
            "cramps_rule_outcomes", "Outcomes of rules but silence", ("rule", "outcome"), self.registry
        )
        self._evaluations = Tally("cramps_evaluations", "Records evaluated", (), self.registry)
        self._fetches = Tally(
            "cramps_fetches", "Calls to FHIR servers of clients, by outcome", ("outcome",), self.registry
        )
        self._fetch_seconds = Spread(
            "cramps_fetch_seconds",
            "Seconds that hook calls waited for FHIR servers of clients",
            None,
            (0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.7, 1, 1.5, 2, 3, 5),
            self.registry,
        )
        self._authentications = Tally(
            "cramps_authentications", "Who called, by outcome", ("client", "outcome"), self.registry
        )
        self._feedback = Tally("cramps_feedback", "Feedback on cards", ("service", "outcome", "reason"), self.registry)
        self._rule_feedback = Tally(
            "cramps_rule_feedback",
            "Feedback on cards of which this process knows the rules, once for each rule",
            ("rule", "outcome", "reason"),
            self.registry,
        )

    def count_request(self, route: str, method: str, status: int, seconds: float, code: str | None) -> None:
        """Counts a request that was answered, how long that took, and the code of a refusal."""
        self._requests.add(route, method, str(status))
        self._seconds.observe(seconds, route)
        if code is not None:
            self._refusals.add(code)

    def count_caller(self, client: str, outcome: str) -> None:
        """Counts how an authentication ended."""
        self._authentications.add(client, outcome)

    def count_rules(self, findings: Iterable[Finding]) -> None:
        """Counts what the rules said, drafts and shadow runs included; silence is the rest of the evaluations."""
        self._evaluations.add()
        self._rule_outcomes.add_each(
            [(finding.rule.id, finding.outcome) for finding in findings if finding.outcome != "silent"]
        )

    def count_fetches(self, outcomes: dict[str, int], seconds: float) -> None:
        """Counts the calls that one hook call made or could not make."""
        for outcome, count in outcomes.items():
            self._fetches.add(outcome, count=count)
        self._fetch_seconds.observe(seconds)

    def observe_stages(self, seconds: Mapping[str, float]) -> None:
        """Observes how long the stages of one request took."""
        self._stage_seconds.observe_each(seconds.items())

    def count_feedback(self, service: str, rules: Iterable[str], outcome: str, reason: str) -> None:
        """Counts what became of one card: for its service, and for each rule that it spoke for."""
        self._feedback.add(service, outcome, reason)
        self._rule_feedback.add_each([(rule, outcome, reason) for rule in rules])

    def page(self) -> bytes:
        """All metrics in Prometheus' text format."""
        return generate_latest(self.registry)
