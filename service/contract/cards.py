"""A card as it is answered."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from service.contract.model import Part
from service.knowledge.schema import Indicator


class Coding(Part):
    """FHIR Coding."""

    system: str
    code: str
    display: str | None = None


class Source(Part):
    """The guidance that a card rests on."""

    label: str
    url: str
    topic: Coding | None = Field(
        None,
        description="Static for each group of cards, so that a client can remember what was put off. "
        "Absent for a client of CDS Hooks 1.0.",
    )


class Action(Part):
    """What accepting a suggestion does."""

    type: Literal["create"]
    description: str
    resource: dict[str, Any] = Field(description="A draft FHIR R4 ServiceRequest, valid by itself.")


class Suggestion(Part):
    """An order, or all that are due, to be taken over."""

    label: str
    uuid: str
    isRecommended: Literal[True] | None = None
    actions: list[Action] = Field(min_length=1)


class Link(Part):
    """Where to read on."""

    label: str
    url: str
    type: Literal["absolute"]


class Pointer(Part):
    """FHIR Reference."""

    reference: str


class CardExtension(Part):
    """Which rules a card speaks for, and which orders of the context it is about."""

    rules: list[str] = Field(alias="org.nocturnal-cramps.rules", min_length=1, description="Ids of rules.")
    orders: list[Pointer] | None = Field(None, alias="davinci-crd.associated-resource", min_length=1)


class Card(Part):
    """A CDS Hooks card."""

    uuid: str | None = Field(None, description="Absent for a client of CDS Hooks 1.0.")
    summary: str = Field(max_length=139)
    indicator: Indicator
    detail: str = Field(description="GitHub-flavoured Markdown without HTML, in the service's own words only.")
    source: Source
    overrideReasons: list[Coding] | None = Field(
        None, min_length=1, description="Absent for a client of CDS Hooks 1.0."
    )
    links: list[Link] = Field(min_length=1)
    selectionBehavior: Literal["any", "at-most-one"] | None = Field(None, description="Present with suggestions.")
    suggestions: list[Suggestion] | None = Field(None, min_length=1)
    extension: CardExtension
