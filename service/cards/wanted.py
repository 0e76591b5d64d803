"""Orders as a set: each key once, with the reasons of all rules that want it; panels where they save orders."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from service.cards import text
from service.cards.sections import RANK, Section
from service.engine.completion import Evidence
from service.engine.findings import Finding, Wanted
from service.engine.program import Program
from service.facts.model import Fact, Unusable
from service.knowledge.schema import Indicator


class Request(msgspec.Struct, eq=False, gc=False):
    """One order to suggest.

    section: the card it goes on. reasons: what the rules rest on, some of it more than once. parts: of a panel, the
    orders that it stands in for.
    """

    key: str
    label: str
    section: int
    indicator: Indicator
    unchecked: bool = False
    recommended: bool = False
    rules: list[str] = []
    titles: list[str] = []
    reasons: list[Fact] = []
    last: Evidence | None = None
    unusable: Unusable | None = None
    within_days: int = 42
    parts: list[Request] = []

    def row(self, program: Program) -> tuple[str, str, str]:
        """Its line in the table of what is due; a panel has none but those of its parts."""
        order = program.orders[self.key]
        why = ", ".join(map(text.own, self.titles))
        return text.own(order.label), why, "" if order.category == "referral" else self._known(program)

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
        if len(program.completions[self.key].members) > 1:
            return True
        measured, ordered = last.label.lower(), program.orders[self.key].label.lower()
        return measured not in ordered and ordered not in measured


def requests(sections: Sequence[Section], program: Program, coded: frozenset[str] = frozenset()) -> list[Request]:
    """Returns what to suggest on each section, in order; an order that is placed already is not suggested again.

    coded: keys for which the client has codes of its own; a panel without one does not replace orders that have.
    """
    by_key: dict[str, Request] = {}
    for number, section in enumerate(sections):
        for finding in section.findings:
            within_days = text.days(finding.due_within)
            for wanted in (*finding.due, *finding.unchecked, *finding.offered):
                if wanted.ordered is not None:
                    continue
                key = wanted.order
                request = by_key.get(key)
                if request is None:
                    label = program.orders[key].label
                    request = Request(key, label, number, finding.indicator, wanted.unchecked)
                    by_key[key] = request
                _merge(request, finding, wanted, within_days)
    return _panelled(list(by_key.values()), program, coded)


def _merge(request: Request, finding: Finding, wanted: Wanted, within_days: int) -> None:
    """Adds to an order what one more finding says of it."""
    if RANK[finding.indicator] < RANK[request.indicator]:
        request.indicator = finding.indicator
    if finding.indicator == "warning" and wanted in finding.due:  # clinical.md C2
        request.recommended = True
    if finding.rule.id not in request.rules:
        request.rules.append(finding.rule.id)
        if finding.rule.title not in request.titles:
            request.titles.append(finding.rule.title)
        request.reasons += finding.found
        request.within_days = min(request.within_days, within_days)
    request.unusable = request.unusable or wanted.unusable
    request.last = request.last or wanted.last


def _panelled(single: list[Request], program: Program, coded: frozenset[str]) -> list[Request]:
    """Replaces single orders by a panel that covers them, where the rule set says so (clinical.md C2, B9.16)."""
    remaining = single
    keys = {request.key for request in single}
    for panel in program.rules.orders.panels:
        covers = keys.intersection(panel.covers)
        if not covers or len(covers) + len(keys.intersection(panel.counts)) < panel.at_least:
            continue
        if not keys.issuperset(panel.with_):
            continue
        if panel.key not in coded and not coded.isdisjoint((*panel.covers, *panel.with_)):
            continue
        covered = [request for request in remaining if request.key in covers]
        covered += [request for request in remaining if request.key in panel.with_ and request not in covered]
        first = min(covered, key=lambda request: request.section)
        merged = Request(
            panel.key,
            panel.label,
            first.section,
            min((request.indicator for request in covered), key=RANK.__getitem__),
            recommended=any(request.recommended for request in covered),
            rules=list(dict.fromkeys([rule for request in covered for rule in request.rules])),
            titles=list(dict.fromkeys([title for request in covered for title in request.titles])),
            reasons=[fact for request in covered for fact in request.reasons],
            within_days=min(request.within_days for request in covered),
            parts=[part for request in covered for part in request.parts or [request]],
        )
        remaining[remaining.index(first)] = merged
        remaining = [request for request in remaining if request not in covered]
        keys = {request.key for request in remaining}
    return sorted(remaining, key=lambda request: (request.section, RANK[request.indicator]))
