"""Which findings go on which card, and which cards a call does not want (clinical.md C2)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Literal

import msgspec

from service.cards import text
from service.cards.options import Group, Wishes
from service.engine.evaluate import Evaluation
from service.engine.findings import Finding
from service.engine.program import Program
from service.knowledge.schema import Indicator

_MOST_URGENT_CARDS = 2
_GROUPS: tuple[Group, ...] = ("workup", "medicines", "self-care")  # of the cards that are not urgent
RANK: dict[Indicator, int] = {"critical": 0, "warning": 1, "info": 2}


class Section(msgspec.Struct, frozen=True, gc=False):
    """The findings that go on one card, most urgent first."""

    group: Group
    findings: tuple[Finding, ...]

    @property
    def rules(self) -> tuple[str, ...]:
        """The ids of the rules whose findings they are."""
        return tuple([finding.rule.id for finding in self.findings])

    @property
    def indicator(self) -> Indicator:
        """The most urgent indicator of the findings; advice for the patient is never more than information."""
        return "info" if self.group == "self-care" else self.findings[0].indicator


class Withheld(msgspec.Struct, frozen=True, gc=False):
    """A card that the call did not want: its group, why, and the rules that would have spoken."""

    group: Group
    by: Literal["configuration", "max-cards"]
    rules: tuple[str, ...]

    def described(self) -> dict[str, Any]:
        """What the explanation says of it: a card is never left out in silence."""
        return {"card": self.group, "by": self.by, "rules": list(self.rules)}


def sections_of(evaluation: Evaluation, program: Program, wishes: Wishes) -> tuple[list[Section], list[Withheld]]:
    """Returns the sections of an evaluation that a call wants, most urgent first, and those that it does not."""
    alone = program.rules.ruleset.ordering.own_card if evaluation.case.orders is not None else ()
    kept: list[Section] = []
    withheld: list[Withheld] = []
    for section in arrange(evaluation.shown, alone):
        if section.group in wishes.unwanted:
            withheld.append(Withheld(section.group, "configuration", section.rules))
        elif len(kept) >= wishes.max_cards and section.group != "urgent":
            withheld.append(Withheld(section.group, "max-cards", section.rules))
        else:
            kept.append(section)
    return kept, withheld


def arrange(findings: Sequence[Finding], alone: Collection[str] = ()) -> list[Section]:
    """Returns the sections in order: urgent findings that share a response together, at most two such cards.

    alone: rules that stand on a card of their own, first of their group.
    """
    firing = [f for f in findings if f.outcome == "fires" and f.rule.status == "active"]
    firing.sort(key=lambda f: (RANK[f.indicator], text.days(f.due_within), f.rule.card.rank))
    responses: dict[str, list[Finding]] = {}
    apart: dict[Group, list[Section]] = {}
    together: dict[Group, list[Finding]] = {}
    for finding in firing:
        rule = finding.rule
        group: Group = "workup" if rule.card.group == "urgent" else rule.card.group
        if finding.indicator == "critical":
            response = rule.card.response or rule.id
            if response not in responses and len(responses) == _MOST_URGENT_CARDS:
                response = list(responses)[-1]
            responses.setdefault(response, []).append(finding)
        elif rule.id in alone:
            apart.setdefault(group, []).append(Section(group, (finding,)))
        else:
            together.setdefault(group, []).append(finding)
    sections = [Section("urgent", tuple(members)) for members in responses.values()]
    for group in _GROUPS:
        sections += apart.get(group, ())
        if group in together:
            sections.append(Section(group, tuple(together[group])))
    return sections
