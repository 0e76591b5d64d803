"""What the catalogue says of the rules, and health of the service."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from service.contract.explanation import NumberSet, Ruleset, RulesNamed
from service.contract.model import Day, Part
from service.knowledge.schema import Grade, Indicator, Version

Clause = Annotated[
    dict[str, Any], Field(description="As written, in the words of rules/README.md; windows are numbers of days.")
]
Ids = Annotated[list[str], Field(min_length=1)]


class RulesTitled(Ruleset):
    """The rule set."""

    title: str


class Review(Part):
    """Who reviewed a rule, and when."""

    by: str
    on: Day
    again_by: Day


class SourceAttribute(Part):
    """One of the source attributes of 45 CFR 170.315(b)(11)(iv)(A)."""

    id: str
    title: str
    how: str
    used: bool | None = Field(None, description="Of data that a rule may read: whether one does.")
    rules: Ids | dict[str, list[str]] | None = Field(
        None, description="The rules that read it; of citations, the ids of sources by rule."
    )
    sources: dict[str, str] | None = Field(None, description="Id of a source → its citation.")
    released: Day | None = None
    revised: Day | None = None


class RuleLine(Part):
    """A rule, as the list shows it."""

    id: str
    version: Version
    status: Literal["draft", "active", "retired"]
    title: str
    population: Literal["adults", "children", "everyone"]
    indicator: Indicator
    summary: str = Field(max_length=139)
    logic: str = Field(description="When it speaks, in a sentence.")
    reviewed: Review


class RuleList(Part):
    """The rule set and its rules."""

    ruleset: RulesTitled
    intendedUse: str
    notFor: str
    developer: str
    funding: str
    contact: str
    rules: list[RuleLine]
    sourceAttributes: list[SourceAttribute]


class RuleTest(Part):
    """A test that is due unless it was done in its window."""

    order: str
    label: str
    within: int = Field(description="Days.")
    after: Ids | None = None
    same_side: Ids | None = None
    negative: Ids | None = None
    if_: Clause | None = Field(None, alias="if")
    applies: str | None = Field(None, description="The condition in words.")
    why: str | None = None
    sources: Ids | None = None


class RuleOffer(Part):
    """An order that goes with the rule and decides nothing."""

    order: str
    label: str
    within: int | None = Field(None, description="Days.")
    after: Ids | None = None
    complete: Ids | None = None
    if_: Clause | None = Field(None, alias="if")
    unless: Clause | None = None
    applies: str | None = Field(None, description="The condition in words.")
    why: str | None = None
    sources: Ids | None = None


class RuleText(Part):
    """A line of a card."""

    text: str
    if_: Clause | None = Field(None, alias="if")
    unless: Clause | None = None
    if_possible: Clause | None = None
    applies: str | None = Field(None, description="The condition in words.")
    why: str | None = None
    sources: Ids | None = None


class RuleEscalation(Part):
    """What raises the indicator."""

    to: Indicator
    if_: Clause = Field(alias="if")
    applies: str = Field(description="The condition in words.")
    summary: str | None = None


class RuleVariant(Part):
    """Another summary under a condition."""

    if_: Clause | None = Field(None, alias="if")
    if_possible: Clause | None = None
    applies: str = Field(description="The condition in words.")
    summary: str


class RuleCard(Part):
    """What the rule puts on a card."""

    group: Literal["urgent", "workup", "medicines", "self-care"]
    response: str | None = None
    rank: int | None = Field(None, description="Of findings of one indicator the smaller comes first; absent: 50.")
    summary: str
    summary_unchecked: str | None = None
    variants: list[RuleVariant] | None = Field(None, min_length=1)
    due_within: str


class RuleEvidence(Part):
    """What a source says of the rule."""

    source: str
    supports: str
    grade: Grade


class RuleNumber(Part):
    """A number of the rule, with its sources or the reason why it was chosen."""

    says: str
    why: str | None = None
    sources: Ids | None = None


class ValueSetUsed(Part):
    """A value set that the rule asks for."""

    id: str
    title: str
    purpose: str
    codes: int = Field(ge=0)


class Citation(Part):
    """A source."""

    id: str
    citation: str
    year: int
    url: str | None = None
    seen: Literal["retrieved", "second-hand", "from memory"]
    note: str | None = None


class SiteOfRule(Part):
    """What the site changed of the rule."""

    thresholds: list[NumberSet] | None = Field(None, min_length=1)
    switched: Literal["off", "draft"] | None = None


class Rule(Part):
    """One rule as written, with its logic in words, its numbers, value sets and sources."""

    id: str
    version: Version
    status: Literal["draft", "active", "retired"]
    title: str
    purpose: str
    limits: str
    population: Literal["children", "everyone"] | None = Field(None, description="Absent: adults.")
    gate: Literal["none"] | None = Field(None, description="Absent: only with leg cramps on record.")
    when: Clause
    tests: list[RuleTest] | None = Field(None, min_length=1)
    offers: list[RuleOffer] | None = Field(None, min_length=1)
    bedside: list[RuleText] | None = Field(None, min_length=1)
    advice: list[RuleText] | None = Field(None, min_length=1)
    when_satisfied: list[RuleText] | None = Field(None, min_length=1)
    indicator: Indicator
    escalate: list[RuleEscalation] | None = Field(None, min_length=1)
    replaces: Ids | None = None
    card: RuleCard
    evidence: list[RuleEvidence] = Field(min_length=1)
    authors: Ids
    reviewed: Review
    site: SiteOfRule | None = None
    logic: str = Field(description="When it speaks, in a sentence.")
    thresholds: list[RuleNumber]
    valueSets: list[ValueSetUsed]
    sources: list[Citation]
    sourceAttributes: list[SourceAttribute]


class Alive(Part):
    """The process answers."""

    status: Literal["alive"]


class Ready(Part):
    """The rules are compiled."""

    status: Literal["ready"]
    ruleset: RulesNamed
