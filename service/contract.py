"""The messages of the service as models, for the OpenAPI document and the tests; none passes through them.

Requests are read from their bytes (wire.py, posted.py) and answers are built as plain members (cards/,
explanation.py): these models say what comes of it. A member without a value is left out, so none is ever null.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Indicator = Literal["info", "warning", "critical"]
Outcome = Literal["fires", "satisfied", "replaced", "unknown", "silent"]
Day = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]


def _never_null(schema: dict[str, Any]) -> None:
    """An optional member may be absent, but is never null."""
    for member in schema.get("properties", {}).values():
        member.pop("title", None)
        kinds = [kind for kind in member.get("anyOf", ()) if kind != {"type": "null"}]
        if len(kinds) == 1 and len(member["anyOf"]) > 1:
            del member["anyOf"], member["default"]
            member.update(kinds[0])


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, defer_build=True, json_schema_extra=_never_null)


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
    """An order that can be taken over with one click."""

    label: str
    uuid: str
    isRecommended: Literal[True] | None = None
    actions: list[Action] = Field(min_length=1)


class Link(Part):
    """Where to read on."""

    label: str
    url: str
    type: Literal["absolute", "smart"]


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


class Ruleset(Part):
    """Which rules answered."""

    id: str
    version: str
    digest: str = Field(description="Changes with every change of the rules.")


class Code(Part):
    """A code as the record has it."""

    system: str | None = None
    code: str


class Found(Part):
    """A fact on record. `label` is in the service's words; code and reference are the record's."""

    reference: str
    label: str
    code: Code | None = None
    date: Day | None = None
    approximate: Literal[True] | None = Field(None, description="The record names only a month or a year.")
    value: str | None = None
    note: str | None = None
    side: Literal["left", "right", "both", "one"] | None = None
    recognisedBy: Literal["name", "text"] | None = Field(None, description="Absent: by its code.")
    contradiction: Literal[True] | None = Field(None, description="Code and display say different things.")


class Evidence(Part):
    """A result or report."""

    reference: str
    date: Day | None = None
    approximate: Literal[True] | None = None
    value: str | None = None


class Wanted(Part):
    """An order that a rule wants."""

    order: str
    within: str | None = Field(None, examples=["90 days"])
    last: Evidence | None = Field(None, description="The newest result, which does not suffice.")
    already: str | None = Field(None, description="Where the order stands already.")


class Done(Evidence):
    """A test that is done, with the oldest of the results that complete it."""

    order: str
    within: str | None = None
    results: list[Evidence] | None = Field(None, min_length=2, description="All results, where there are several.")


class Finding(Part):
    """What one rule says. `unknown` is never to be read as no: `missing` says what it would take."""

    id: str
    outcome: Outcome
    version: str
    indicator: Indicator | None = None
    by: str | None = Field(None, description="The rule that speaks for this one.")
    found: list[Found] | None = Field(None, min_length=1)
    due: list[Wanted] | None = Field(None, min_length=1)
    done: list[Done] | None = Field(None, min_length=1)
    unchecked: list[Wanted] | None = Field(None, min_length=1, description="Tests whose data were not supplied.")
    offered: list[Wanted] | None = Field(None, min_length=1, description="Orders that go with the rule.")
    missing: list[str] | None = Field(None, min_length=1)


class Gate(Part):
    """Whether the rules spoke at all: the complaint was given, or the chart shows leg cramps."""

    open: bool
    basis: Literal["given", "chart"]
    found: list[Found] | None = Field(None, min_length=1)


class Order(Part):
    """An order, once, with every rule that wants it."""

    key: str
    for_: list[str] = Field(alias="for", min_length=1)
    already: str | None = Field(None, description="Where the order stands already.")


class Rejected(Part):
    """A resource, or an element of one, that was not used."""

    reference: str
    reason: str


class ShapeRead(Part):
    """Resources of one type that came shaped as another version of FHIR than R4, and were read as R4."""

    version: Literal["DSTU2", "STU3", "DSTU2 or STU3", "R5"]
    type: str = Field(description="As it came: a MedicationOrder is named so, though it is read as MedicationRequest.")
    resources: int = Field(ge=1)


class Issue(Part):
    """An element that is not as FHIR R4B has it."""

    path: str
    fault: str


class Validation(Part):
    """How an entry differs from FHIR R4B. It changes nothing on the cards."""

    reference: str
    issues: list[Issue] = Field(min_length=1)


class Withheld(Part):
    """A card that the call did not want."""

    card: Literal["urgent", "workup", "medicines", "self-care"]
    by: Literal["configuration", "max-cards"]
    rules: list[str] = Field(min_length=1)


class Explanation(Part):
    """What every rule said, from which facts, and what could not be used."""

    ruleset: Ruleset
    asOf: Day
    gate: Gate
    rules: list[Finding] | None = Field(None, min_length=1)
    orders: list[Order] | None = Field(None, min_length=1)
    withheld: list[Withheld] | None = Field(
        None, min_length=1, description="Cards that the configuration of the call switched off or cut."
    )
    notSupplied: list[str] | None = Field(None, min_length=1, description="FHIR types that nobody looked for.")
    shapesRead: list[ShapeRead] | None = Field(None, min_length=1)
    rejected: list[Rejected] | None = Field(None, min_length=1)
    validation: list[Validation] | None = Field(None, min_length=1)


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


class Loose(BaseModel):
    model_config = ConfigDict(extra="allow", defer_build=True, json_schema_extra=_never_null)


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
