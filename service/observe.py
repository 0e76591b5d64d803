"""What may be known of a request afterwards: log lines by an allow-list of keys, and metrics."""

import logging
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
import structlog
from prometheus_client import (
    CollectorRegistry,
    Counter,
    GCCollector,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from starlette.types import Scope
from structlog.typing import EventDict, WrappedLogger

from service.engine import Finding
from service.settings import Settings
from service.stages import STAGES

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
_LEVELS = logging.getLevelNamesMapping()


def note(scope: Scope, **facts: str | float | dict[str, int]) -> None:
    """Add facts to the one log line of this request; the keys are those of LOGGED."""
    scope.setdefault("state", {}).setdefault("noted", {}).update(facts)


def noted(scope: Scope) -> dict[str, Any]:
    """The facts noted so far."""
    facts: dict[str, Any] = scope.setdefault("state", {}).setdefault("noted", {})
    return facts


def start_logging(settings: Settings) -> None:
    """Write log lines as JSON on standard error, those of libraries without their arguments."""
    structlog.configure(
        processors=[written],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[settings.log_level.upper()]),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers = [_LibraryLog()]
    root.setLevel(logging.WARNING)


def written(_logger: WrappedLogger, method: str, event: EventDict) -> str:
    """The event as one line of JSON, without keys that are not in LOGGED and without values that are not plain."""
    line = {key: value for key, value in event.items() if key in LOGGED and _is_plain(value)}
    line["level"] = method
    line["timestamp"] = datetime.now(UTC)
    return msgspec.json.encode(line).decode()


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
        structlog.get_logger().log(record.levelno, "library", **facts)


class Metrics:
    """The counters of one app. Labels come from closed sets: routes, codes, rule ids, outcomes."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # they double the page, and a scrape knows the time
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self.requests = Counter(
            "cramps_requests", "Requests answered", ["route", "method", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "cramps_request_seconds",
            "Seconds from request to answer",
            ["route"],
            buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10),
            registry=self.registry,
        )
        self._stage_seconds = Histogram(
            "cramps_stage_seconds",
            "Seconds of each stage of an evaluated request",
            ["stage"],
            buckets=(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
            registry=self.registry,
        )
        self._stages = {stage: self._stage_seconds.labels(stage) for stage in STAGES}
        self.refusals = Counter("cramps_refusals", "Requests refused, by code", ["code"], registry=self.registry)
        self.rule_outcomes = Counter(
            "cramps_rule_outcomes", "Outcomes of rules but silence", ["rule", "outcome"], registry=self.registry
        )
        self.evaluations = Counter("cramps_evaluations", "Records evaluated", registry=self.registry)
        self._outcomes: dict[tuple[str, str], Counter] = {}
        self.fetches = Counter(
            "cramps_fetches", "Calls to FHIR servers of clients, by outcome", ["outcome"], registry=self.registry
        )
        self.fetch_seconds = Histogram(
            "cramps_fetch_seconds",
            "Seconds that hook calls waited for FHIR servers of clients",
            buckets=(0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.7, 1, 1.5, 2, 3, 5),
            registry=self.registry,
        )
        self.authentications = Counter(
            "cramps_authentications", "Who called, by outcome", ["client", "outcome"], registry=self.registry
        )
        self.feedback = Counter(
            "cramps_feedback", "Feedback on cards", ["service", "outcome", "reason"], registry=self.registry
        )
        self.rule_feedback = Counter(
            "cramps_rule_feedback",
            "Feedback on cards of which this process knows the rules, once for each rule",
            ["rule", "outcome", "reason"],
            registry=self.registry,
        )

    def count_request(self, route: str, method: str, status: int, seconds: float) -> None:
        """Counts a request that was answered, and how long that took."""
        self.requests.labels(route, method, status).inc()
        self.seconds.labels(route).observe(seconds)

    def count_rules(self, findings: Iterable[Finding]) -> None:
        """Counts what the rules said, drafts and shadow runs included; silence is the rest of the evaluations."""
        self.evaluations.inc()
        for finding in findings:
            if finding.outcome != "silent":
                said = finding.rule.id, finding.outcome
                counter = self._outcomes.get(said)
                if counter is None:
                    counter = self._outcomes[said] = self.rule_outcomes.labels(*said)
                counter.inc()

    def count_fetches(self, outcomes: dict[str, int], seconds: float) -> None:
        """Counts the calls that one hook call made or could not make."""
        for outcome, count in outcomes.items():
            self.fetches.labels(outcome).inc(count)
        self.fetch_seconds.observe(seconds)

    def observe_stages(self, seconds: Mapping[str, float]) -> None:
        """Observes how long the stages of one request took."""
        for stage, taken in seconds.items():
            self._stages[stage].observe(taken)

    def count_feedback(self, service: str, rules: Iterable[str], outcome: str, reason: str) -> None:
        """Counts what became of one card: for its service, and for each rule that it spoke for."""
        self.feedback.labels(service, outcome, reason).inc()
        for rule in rules:
            self.rule_feedback.labels(rule, outcome, reason).inc()

    def page(self) -> bytes:
        """All metrics in Prometheus' text format."""
        return generate_latest(self.registry)
