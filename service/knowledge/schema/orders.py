"""What a card may offer to order."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from service.knowledge.schema.model import FhirCode, Model, Once, Slug, Slugs, Text


class Code(Model):
    system: Slug
    code: FhirCode
    display: Text | None = None


class AnyOf(Model):
    any: Slugs


class Order(Model):
    """What a card may offer to order. `complete`: the value sets that must all have a result before it counts as done.

    placed_as: codes under which the same order stands in a chart, besides the codes of `complete` when that is one set.
    """

    key: Slug
    label: Text
    category: Literal["laboratory", "imaging", "procedure", "referral"]
    code: Code | None = None
    placed_as: list[Code] = []
    names: list[Text] = []
    complete: list[Slug | AnyOf] = Field(min_length=1)
    shows: list[Slug] = []
    sources: list[Slug] = []


class Panel(Model):
    """A code that orders several keys at once, used when at least `at_least` of `covers` and all of `with` are due.

    counts: keys that count towards `at_least` and stay orders of their own, for the panel does not hold them.
    """

    key: Slug
    label: Text
    code: Code
    covers: list[Slug]
    at_least: int
    with_: list[Slug] = Field(default=[], alias="with")
    counts: list[Slug] = []
    why: Text


class Orders(Model):
    orders: Annotated[list[Order], Once]
    panels: Annotated[list[Panel], Once] = []
