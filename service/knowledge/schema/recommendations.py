"""Recommendations: one rule each."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from service.knowledge.schema.clauses import Clause
from service.knowledge.schema.model import Days, Grade, Indicator, Model, Slug, Slugs, Summary, Text


class Test(Model):
    """A gating test: due unless a usable result lies in the window.

    after: not before the start of what these names found; same_side: of the leg they were found on, of both or of an
    unspecified one; negative: a result that itself reports the finding does not count.
    """

    __test__ = False  # not a pytest class

    order: Slug
    within: Days
    after: Slugs | None = None
    same_side: Slugs | None = None
    negative: Slugs | None = None
    if_: Clause | None = Field(default=None, alias="if")
    why: Text | None = None
    sources: list[Slug] | None = None

    @model_validator(mode="after")
    def _sourced(self) -> Test:
        if not (self.sources or self.why):
            raise ValueError("a window is a number: name its sources, or say why")
        return self


class Offer(Model):
    """An order that goes with the rule and never gates it.

    within, after: one done in that window, and not before what these names found, is listed as done instead.
    complete: value sets of which this rule needs a result, where that is not what the order is otherwise complete with
    (platelets of a blood count).
    """

    order: Slug
    within: Days | None = None
    after: Slugs | None = None
    complete: Slugs | None = None
    if_: Clause | None = Field(default=None, alias="if")
    unless: Clause | None = None
    why: Text | None = None
    sources: list[Slug] | None = None

    @model_validator(mode="after")
    def _sourced(self) -> Offer:
        if self.within is not None and not (self.sources or self.why):
            raise ValueError("a window is a number: name its sources, or say why")
        return self


class Line(Model):
    """A line of text.

    if: shown on yes. unless: dropped on yes and on unknown. if_possible: shown on yes and on unknown.
    """

    text: Text
    if_: Clause | None = Field(default=None, alias="if")
    unless: Clause | None = None
    if_possible: Clause | None = None
    why: Text | None = None
    sources: list[Slug] | None = None


def _line(value: Any) -> Any:
    return {"text": value} if isinstance(value, str) else value


Lines = list[Annotated[Line, BeforeValidator(_line, json_schema_input_type=Text | Line)]]


class Escalation(Model):
    """Raises the indicator when the clause is yes; `summary` then replaces the card line.

    A rule raised to critical fires though all its tests are done: what is due today is not a test.
    """

    to: Indicator
    if_: Clause = Field(alias="if")
    summary: Summary | None = None


class Variant(Model):
    """A card line that stands in place of the usual one: `if` the clause is yes, or `if_possible` yes or unknown."""

    if_: Clause | None = Field(default=None, alias="if")
    if_possible: Clause | None = None
    summary: Summary

    @model_validator(mode="after")
    def _conditional(self) -> Variant:
        if (self.if_ is None) == (self.if_possible is None):
            raise ValueError("a variant has one condition: if, or if_possible")
        return self


class CardText(Model):
    """`group`: which card; `response`: urgent findings that share one go on one card; `rank`: most dangerous first."""

    group: Literal["urgent", "workup", "medicines", "self-care"]
    response: Slug | None = None
    rank: int = 50
    summary: Summary
    summary_unchecked: Summary | None = None
    variants: list[Variant] = []
    due_within: Text


class Evidence(Model):
    source: Slug
    supports: Text
    grade: Grade


class Review(Model):
    by: Text
    on: date
    again_by: date


Version = Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+$")]


class Recommendation(Model):
    """One rule. The file stem is its id; an id is never reused.

    bedside: what to ask and examine; advice: self-care; when_satisfied: what stays to be said once every test is done.
    """

    id: Slug
    version: Version
    status: Literal["draft", "active", "retired"]
    title: Text
    purpose: Text
    limits: Text
    population: Literal["adults", "children", "everyone"] = "adults"
    gate: Literal["required", "none"] = "required"
    when: Clause
    tests: list[Test] = []
    offers: list[Offer] = []
    bedside: Lines = []
    advice: Lines = []
    when_satisfied: Lines = []
    indicator: Indicator
    escalate: list[Escalation] = []
    replaces: list[Slug] = []
    card: CardText
    evidence: list[Evidence] = Field(min_length=1)
    authors: list[Text] = Field(min_length=1)
    reviewed: Review
