"""What may be known of a request afterwards: the facts of its log line, and metrics."""

import logging
from collections.abc import Iterable, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, GCCollector, ProcessCollector, generate_latest
from starlette.types import Scope

from service.engine import Finding
from service.log import OWN, LibraryLog
from service.settings import Settings
from service.stages import STAGES
from service.tallies import Spread, Tally


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
