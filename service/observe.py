"""What may be known of a request afterwards: the facts of its log line, and metrics."""

import logging
from collections.abc import Iterable, Mapping
from typing import Any

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

from service.engine import Finding
from service.log import OWN, LibraryLog
from service.settings import Settings
from service.stages import STAGES


def note(scope: Scope, **facts: str | float | dict[str, int]) -> None:
    """Add facts to the one log line of this request; the keys are those of LOGGED."""
    scope.setdefault("state", {}).setdefault("noted", {}).update(facts)


def noted(scope: Scope) -> dict[str, Any]:
    """The facts noted so far."""
    facts: dict[str, Any] = scope.setdefault("state", {}).setdefault("noted", {})
    return facts


def start_logging(settings: Settings) -> None:
    """Obey the level of the settings, and pass on that libraries logged, without their arguments."""
    OWN.setLevel(settings.log_level.upper())
    root = logging.getLogger()
    root.handlers = [LibraryLog()]
    root.setLevel(logging.WARNING)


class Metrics:
    """The counters of one app. Labels come from closed sets: routes, codes, rule ids, outcomes."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # they double the page, and a scrape knows the time
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        GCCollector(registry=registry)
        self._requests = Counter(
            "cramps_requests", "Requests answered", ["route", "method", "status"], registry=registry
        )
        self._seconds = Histogram(
            "cramps_request_seconds",
            "Seconds from request to answer",
            ["route"],
            buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10),
            registry=registry,
        )
        stage_seconds = Histogram(
            "cramps_stage_seconds",
            "Seconds of each stage of an evaluated request",
            ["stage"],
            buckets=(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
            registry=registry,
        )
        self._stages = {stage: stage_seconds.labels(stage) for stage in STAGES}
        self._refusals = Counter("cramps_refusals", "Requests refused, by code", ["code"], registry=registry)
        self._rule_outcomes = Counter(
            "cramps_rule_outcomes", "Outcomes of rules but silence", ["rule", "outcome"], registry=registry
        )
        self._outcomes: dict[tuple[str, str], Counter] = {}  # to look a child up by its labels costs more than to count
        self._evaluations = Counter("cramps_evaluations", "Records evaluated", registry=registry)
        self._fetches = Counter(
            "cramps_fetches", "Calls to FHIR servers of clients, by outcome", ["outcome"], registry=registry
        )
        self._fetch_seconds = Histogram(
            "cramps_fetch_seconds",
            "Seconds that hook calls waited for FHIR servers of clients",
            buckets=(0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.7, 1, 1.5, 2, 3, 5),
            registry=registry,
        )
        self._authentications = Counter(
            "cramps_authentications", "Who called, by outcome", ["client", "outcome"], registry=registry
        )
        self._feedback = Counter(
            "cramps_feedback", "Feedback on cards", ["service", "outcome", "reason"], registry=registry
        )
        self._rule_feedback = Counter(
            "cramps_rule_feedback",
            "Feedback on cards of which this process knows the rules, once for each rule",
            ["rule", "outcome", "reason"],
            registry=registry,
        )

    def count_request(self, route: str, method: str, status: int, seconds: float, code: str | None) -> None:
        """Counts a request that was answered, how long that took, and the code of a refusal."""
        self._requests.labels(route, method, status).inc()
        self._seconds.labels(route).observe(seconds)
        if code is not None:
            self._refusals.labels(code).inc()

    def count_caller(self, client: str, outcome: str) -> None:
        """Counts how an authentication ended."""
        self._authentications.labels(client, outcome).inc()

    def count_rules(self, findings: Iterable[Finding]) -> None:
        """Counts what the rules said, drafts and shadow runs included; silence is the rest of the evaluations."""
        self._evaluations.inc()
        for finding in findings:
            if finding.outcome != "silent":
                said = finding.rule.id, finding.outcome
                counter = self._outcomes.get(said)
                if counter is None:
                    counter = self._outcomes[said] = self._rule_outcomes.labels(*said)
                counter.inc()

    def count_fetches(self, outcomes: dict[str, int], seconds: float) -> None:
        """Counts the calls that one hook call made or could not make."""
        for outcome, count in outcomes.items():
            self._fetches.labels(outcome).inc(count)
        self._fetch_seconds.observe(seconds)

    def observe_stages(self, seconds: Mapping[str, float]) -> None:
        """Observes how long the stages of one request took."""
        for stage, taken in seconds.items():
            self._stages[stage].observe(taken)

    def count_feedback(self, service: str, rules: Iterable[str], outcome: str, reason: str) -> None:
        """Counts what became of one card: for its service, and for each rule that it spoke for."""
        self._feedback.labels(service, outcome, reason).inc()
        for rule in rules:
            self._rule_feedback.labels(rule, outcome, reason).inc()

    def page(self) -> bytes:
        """All metrics in Prometheus' text format."""
        return generate_latest(self.registry)
