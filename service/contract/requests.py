"""What the service is sent: hook calls, Bundles, feedback. Unknown members are ignored at every level."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from service.contract.model import Loose


class Entry(Loose):
    """An entry of a Bundle."""

    fullUrl: str | None = None
    resource: dict[str, Any] | None = None


class Bundle(Loose):
    """A FHIR R4 Bundle of any type with the record of one patient. Unknown elements are ignored."""

    resourceType: Literal["Bundle"]
    type: str | None = None
    entry: list[Entry] | None = None


class Context(Loose):
    """The context of the hook. What each hook needs besides user and patient is refused by name where it is absent."""

    userId: str = Field(examples=["Practitioner/example"])
    patientId: str = Field(examples=["example"])
    encounterId: str | None = Field(None, description="Needed by encounter-start.")
    conditions: Bundle | None = Field(None, description="The new problems; needed by problem-list-item-create.")
    draftOrders: Bundle | None = Field(
        None, description="The orders being written; needed by order-select and order-sign."
    )
    selections: list[str] | None = Field(
        None, description="References of the draft orders just selected; needed by order-select."
    )


class Configuration(Loose):
    """Options of discovery by their code. Unknown ones are ignored."""

    urgent: bool | None = None
    workup: bool | None = None
    medicines: bool | None = None
    self_care: bool | None = Field(None, alias="self-care")
    max_cards: int | None = Field(None, alias="max-cards")


class RequestExtension(Loose):
    """What Da Vinci CRD adds to a request."""

    configuration: Configuration | None = Field(None, alias="davinci-crd.configuration")


class FhirAuthorization(Loose):
    """A Bearer token for the FHIR server. It is used for this call alone."""

    access_token: str
    token_type: Literal["Bearer"]
    expires_in: int
    scope: str
    subject: str
    patient: str | None = None


class HookCall(Loose):
    """A CDS Hooks request. Unknown members are ignored at every level."""

    hook: str = Field(description="The hook that discovery names for this service.")
    hookInstance: str = Field(description="A UUID of any version.")
    context: Context
    extension: RequestExtension | None = None
    prefetch: dict[str, dict[str, Any] | None] | None = Field(
        None, description="Resources under the keys of discovery; null says that the client looked and found nothing."
    )
    fhirServer: str | None = Field(
        None, description="Where what prefetch lacks may be read, if the service may call that server for this caller."
    )
    fhirAuthorization: FhirAuthorization | None = None


class OverrideReason(Loose):
    """Why a card was overridden. The comment is neither kept nor logged."""

    reason: dict[str, Any] | None = Field(None, description="Coding of one of the override reasons on the card.")
    userComment: str | None = None


class FeedbackEntry(Loose):
    """What became of one card."""

    card: str = Field(description="`uuid` of the card.")
    outcome: Literal["accepted", "overridden"]
    outcomeTimestamp: str | None = Field(None, description="RFC 3339.", examples=["2026-06-15T09:30:00Z"])
    acceptedSuggestions: list[dict[str, Any]] | None = None
    overrideReason: OverrideReason | None = None


class FeedbackCall(Loose):
    """CDS Hooks feedback on any number of cards."""

    feedback: list[FeedbackEntry]
