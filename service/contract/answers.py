"""What the service answers: cards with their explanation, discovery, what became of feedback."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from service.contract.cards import Card
from service.contract.explanation import Explanation
from service.contract.model import Part


class ResponseExtension(Part):
    """What the service adds to the response of CDS Hooks."""

    evaluation: Explanation = Field(alias="org.nocturnal-cramps.evaluation")


class CdsResponse(Part):
    """CDS Hooks response with the explanation. No advice is an empty list of cards."""

    cards: list[Card] = Field(max_length=4)
    extension: ResponseExtension | None = Field(None, description="Absent where a patient or relative is looking.")


class ConfigurationOption(Part):
    """What a call can set, by `code`, in its extension `davinci-crd.configuration`."""

    code: str
    type: Literal["boolean", "integer"]
    name: str
    description: str
    default: bool | int


class ServiceExtension(Part):
    """What Da Vinci CRD adds to discovery."""

    options: list[ConfigurationOption] = Field(alias="davinci-crd.configuration-options", min_length=1)


class CdsService(Part):
    """One CDS service, as discovery shows it."""

    hook: str
    title: str
    description: str
    id: str
    prefetch: dict[str, str] = Field(description="Key → query template.")
    usageRequirements: str
    version: str = Field(description="Version of the CDS Hooks specification.")
    extension: ServiceExtension


class CdsServices(Part):
    """CDS Hooks discovery."""

    services: list[CdsService]


class FeedbackResponse(Part):
    """How many entries of the feedback were counted."""

    accepted: int
    overridden: int
    repeated: int = Field(description="Told before by the same card, outcome and time; not counted again.")
    rejected: int = Field(description="Without a card or with another outcome; not counted.")
