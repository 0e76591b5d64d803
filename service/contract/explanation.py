"""The explanation beside the cards."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from service.contract.model import Day, Part
from service.knowledge.schema import Indicator, Version

Outcome = Literal["fires", "satisfied", "replaced", "unknown", "silent"]


class RulesNamed(Part):
    """Version and digest of the rules."""

    version: Version
    digest: str = Field(description="Changes with every change of the rules.")


class Ruleset(RulesNamed):
    """Which rules answered."""

    id: str


class OverlayRead(Part):
    """The site's file of codes, laid over the rules."""

    digest: str
    codes: int = Field(ge=0)


class NumberSet(Part):
    """A number that the site set."""

    path: str = Field(description="Where in the file of its rule, the keys from the top parted by dots.")
    published: str
    here: str


class Threshold(NumberSet):
    """A number that the site set, with the rule that it is of."""

    rule: str = Field(description="Id of a rule or definition.")


class Decisions(Part):
    """What the site changed of the rules as published."""

    digest: str
    thresholds: list[Threshold] | None = Field(None, min_length=1)
    off: list[str] | None = Field(None, min_length=1, description="Rules that are not evaluated.")
    draft: list[str] | None = Field(None, min_length=1, description="Rules that are evaluated and not shown.")
    cap: Literal["info", "warning"] | None = Field(None, description="The most urgent indicator of a card.")
    units: Literal["si", "us"] | None = Field(None, description="Of results in the text of cards.")
    intent: Literal["proposal", "plan", "order"] = Field(description="Of the orders that are offered.")
    shadow: Literal[True] | None = Field(None, description="All is evaluated, no card is shown.")


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
    verification: Literal["suspected"] | None = Field(None, description="Absent: confirmed, or nothing is said.")
    recognisedBy: Literal["name", "text", "overlay"] | None = Field(
        None, description="Absent: by its code. overlay: by a code of the site's own file."
    )
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
    """What opens the rules that need leg cramps: the complaint was given, or the chart shows them."""

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
    issues: list[Issue] = Field(min_length=1, max_length=10, description="The first ten.")


class Withheld(Part):
    """A card that is not shown, and why."""

    card: Literal["urgent", "workup", "medicines", "self-care"]
    by: Literal["configuration", "max-cards"]
    rules: list[str] = Field(min_length=1)


class Explanation(Part):
    """What every rule said, from which facts, and what could not be used."""

    ruleset: Ruleset
    overlay: OverlayRead | None = None
    site: Decisions | None = None
    asOf: Day
    gate: Gate
    rules: list[Finding] | None = Field(None, min_length=1)
    orders: list[Order] | None = Field(None, min_length=1)
    withheld: list[Withheld] | None = Field(
        None,
        min_length=1,
        description="Cards that the call switched off, and those beyond the number that it or the service allows.",
    )
    notSupplied: list[str] | None = Field(None, min_length=1, description="FHIR types that nobody looked for.")
    shapesRead: list[ShapeRead] | None = Field(None, min_length=1)
    rejected: list[Rejected] | None = Field(None, min_length=1)
    validation: list[Validation] | None = Field(None, min_length=1)
