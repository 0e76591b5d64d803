"""What is said once for all rules: sources, definitions, order, versions."""

from __future__ import annotations

from datetime import date
from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field

from service.knowledge.schema.clauses import Clause
from service.knowledge.schema.model import Days, Limits, Model, Once, Slug, Slugs, Text
from service.knowledge.schema.recommendations import Version


class Source(Model):
    id: Slug
    citation: Text
    year: int
    url: Annotated[str, Field(pattern=r"^https://")] | None = None
    seen: Literal["retrieved", "second-hand", "from memory"]
    note: Text | None = None


class Sources(Model):
    sources: Annotated[list[Source], Once]


class Definition(Model):
    id: Slug
    says: Text
    when: Clause


class Definitions(Model):
    definitions: Annotated[list[Definition], Once]


class OverrideReason(Model):
    system: Annotated[str, Field(pattern=r"^(https?://|urn:)")]
    code: Text
    display: Text


Bound = Literal["above", "at_least", "below", "at_most"]
Bounded = tuple[str, Bound, Limits]  # high or low, on which side, of what


class Notable(Model):
    """A value not older than `within` that is marked high or low in the done table, also where no rule speaks of it.

    aged_from: one that old is listed with its age. unranged: only where no reference range was reported beside it.
    """

    in_: Slugs = Field(alias="in")
    within: Days
    above: Limits | None = None
    at_least: Limits | None = None
    below: Limits | None = None
    at_most: Limits | None = None
    unranged: bool = False
    aged_from: Days | None = None
    sources: list[Slug] = Field(min_length=1)

    @cached_property
    def bounds(self) -> tuple[Bounded, ...]:
        """The limits that are given, each with what a value beyond it is called."""
        given: tuple[tuple[str, Bound, Limits | None], ...] = (
            ("high", "above", self.above),
            ("high", "at_least", self.at_least),
            ("low", "below", self.below),
            ("low", "at_most", self.at_most),
        )
        return tuple([(level, bound, limits) for level, bound, limits in given if limits is not None])


class Flagged(Model):
    """Results without a readable unit that the laboratory flags as critical: shown first, unevaluated."""

    within: Days
    sources: list[Slug] = Field(min_length=1)


class Ordering(Model):
    """When a medicine is being ordered, the rules speak whose trigger, or what raises it, rests on that order.

    rules: those that speak besides. own_card: those that stand on a card of their own then.
    """

    rules: list[Slug] = []
    own_card: list[Slug] = []


class Ruleset(Model):
    """What holds for all rules: identity, intended use, gate, order, card titles, override reasons, notable values."""

    id: Slug
    version: Version
    title: Text
    intended_use: Text
    not_for: Text
    developer: Text
    funding: Text
    contact: Text
    released: date | None = None
    revised: date | None = None
    gate: Slug
    adult_age: int
    card_titles: dict[Literal["urgent", "workup", "medicines", "self-care"], Text]
    topics: dict[Literal["urgent", "workup", "medicines", "self-care"], Text]
    order: Annotated[list[Slug], Once]
    ordering: Ordering = Ordering()
    override_reasons: list[OverrideReason] = Field(min_length=5)
    notable: list[Notable] = []
    flagged: Flagged | None = None
    sources: list[Slug] = Field(min_length=1)

    @cached_property
    def override_codings(self) -> list[dict[str, str]]:
        """The override reasons as Codings."""
        return [reason.model_dump() for reason in self.override_reasons]

    @cached_property
    def notable_of(self) -> dict[str, list[Notable]]:
        """Value set → the notable limits of its results."""
        limits: dict[str, list[Notable]] = {}
        for notable in self.notable:
            for valueset in notable.in_:
                limits.setdefault(valueset, []).append(notable)
        return limits


class RuleLock(Model):
    """What a version of a rule meant and said, as digests."""

    id: Slug
    version: Version
    meaning: Text
    wording: Text


class RuleLocks(Model):
    rules: list[RuleLock]
