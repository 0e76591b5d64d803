"""Orders as a set: each key once, with the reasons of all rules that want it; panels where they save orders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from service.cards import text
from service.engine.completion import Evidence
from service.engine.findings import Finding, Wanted
from service.engine.program import Program
from service.facts.model import Fact, Unusable
from service.knowledge.schema import Indicator

_RANK: dict[Indicator, int] = {"critical": 0, "warning": 1, "info": 2}


@dataclass(slots=True, eq=False)
class Request:
    """One order to suggest.

    keys: the order keys that it covers, more than one for a panel. section: the card it goes on.
    """

    key: str
    label: str
    section: int
    keys: list[str]
    indicator: Indicator
    recommended: bool = False
    rules: list[str] = field(default_factory=list)
    titles: list[str] = field(default_factory=list)
    reasons: list[Fact] = field(default_factory=list)
    unchecked: bool = False
    last: Evidence | None = None
    unusable: Unusable | None = None
    within_days: int = 42

    parts: list[Request] = field(default_factory=list)

    @property
    def why(self) -> list[str]:
        """The titles of the rules that want it, each once."""
        return list(dict.fromkeys([title for request in (self.parts or [self]) for title in request.titles]))

    def rows(self, program: Program) -> list[list[str]]:
        """The lines of the table of what is due, one a key, each with its own reasons."""
        if self.parts:
            return [row for part in self.parts for row in part.rows(program)]
        order = program.orders[self.key]
        why = ", ".join(map(text.own, dict.fromkeys(self.titles)))
        return [[text.own(order.label), why, "" if order.category == "referral" else self._known(program)]]

    def _known(self, program: Program) -> str:
        """What is known of the last result: its value, why it cannot be used, or that nobody could look."""
        if self.unchecked:
            return "not available"
        named = f"{text.own(self.last.label)} " if self.last and self._must_name(self.last, program) else ""
        known = f"{named}{text.value(self.last)}, {text.when(self.last.day)}" if self.last else ""
        spoilt = self.unusable
        if spoilt and (self.last is None or (spoilt.day and self.last.day and spoilt.day >= self.last.day)):
            title = text.own(program.terms.titles[spoilt.valueset])
            known = f"{title}: {spoilt.reason}, {text.when(spoilt.day)}" + (f"; {known}" if known else "")
        return known or "none found"

    def _must_name(self, last: Evidence, program: Program) -> bool:
        """Whether the label of the order leaves open what was measured, as in a panel or a blood count."""
        several = len(program.completions[self.key].members) > 1
        labels = (last.label.lower(), program.orders[self.key].label.lower())
        return several or not any(one in other for one, other in (labels, labels[::-1]))


def requests(
    sections: Sequence[tuple[str, Sequence[Finding]]], program: Program, coded: frozenset[str] = frozenset()
) -> list[Request]:
    """Returns what to suggest on each section, in order; an order that is placed already is not suggested again.

    coded: keys for which the client has codes of its own; a panel without one does not replace orders that have.
    """
    by_key: dict[str, Request] = {}
    for number, (_, findings) in enumerate(sections):
        for finding in findings:
            for wanted in finding.due:
                _merge(by_key, number, finding, wanted, program, gating=True)
            for wanted in (*finding.unchecked, *finding.offered):
                _merge(by_key, number, finding, wanted, program, gating=False)
    return _panelled(list(by_key.values()), program, coded)


def _merge(
    by_key: dict[str, Request],
    section: int,
    finding: Finding,
    wanted: Wanted,
    program: Program,
    *,
    gating: bool,
) -> None:
    if wanted.ordered is not None:
        return
    order = program.orders[wanted.order]
    request = by_key.get(order.key)
    if request is None:
        request = by_key[order.key] = Request(order.key, order.label, section, [order.key], finding.indicator)
        request.unchecked = wanted.unchecked
    request.indicator = min(request.indicator, finding.indicator, key=_RANK.__getitem__)
    request.recommended |= gating and finding.indicator == "warning"  # clinical.md C2
    if finding.rule.id not in request.rules:
        request.rules.append(finding.rule.id)
        request.titles.append(finding.rule.title)
    request.reasons += [fact for fact in finding.found if fact not in request.reasons]
    request.within_days = min(request.within_days, text.days(finding.due_within))
    request.unusable = request.unusable or wanted.unusable
    request.last = request.last or wanted.last


def _panelled(single: list[Request], program: Program, coded: frozenset[str]) -> list[Request]:
    """Replaces single orders by a panel that covers them, where the rule set says so (clinical.md C2, B9.16)."""
    remaining = list(single)
    for panel in program.rules.orders.panels:
        covered = [request for request in remaining if request.key in panel.covers]
        if not covered:
            continue
        present = {request.key for request in remaining}
        counted = len(covered) + len(present.intersection(panel.counts))
        if panel.key not in coded and not coded.isdisjoint((*panel.covers, *panel.with_)):
            continue
        if counted < panel.at_least or not present.issuperset(panel.with_):
            continue
        covered += [request for request in remaining if request.key in panel.with_ and request not in covered]
        first = min(covered, key=lambda request: request.section)
        merged = Request(
            panel.key,
            panel.label,
            first.section,
            [key for request in covered for key in request.keys],
            min((request.indicator for request in covered), key=_RANK.__getitem__),
            any(request.recommended for request in covered),
            parts=covered,
        )
        for request in covered:
            merged.rules += [rule for rule in request.rules if rule not in merged.rules]
            merged.reasons += [fact for fact in request.reasons if fact not in merged.reasons]
            merged.within_days = min(merged.within_days, request.within_days)
        remaining[remaining.index(first)] = merged
        remaining = [request for request in remaining if request not in covered]
    return sorted(remaining, key=lambda request: (request.section, _RANK[request.indicator]))
