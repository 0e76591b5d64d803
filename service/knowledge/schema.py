"""The closed vocabulary of rules: what a recommendation may say, as pydantic models.

The JSON Schema for editors is generated from these models. Every clause is a mapping of one word to its terms, with an
optional `as` (a name by which tests refer to what was found), `why` and `sources`.
"""

from __future__ import annotations

import re
from datetime import date
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

Slug = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
Summary = Annotated[str, Field(min_length=1, max_length=139)]
Text = Annotated[str, Field(min_length=1)]
Grade = Literal["A", "B", "C", "D"]
Indicator = Literal["info", "warning", "critical"]


def _days(value: Any) -> Any:
    if isinstance(value, str):
        match = re.fullmatch(r"(\d+) days?", value)
        if match is None:
            raise ValueError('a window is written in whole days: "90 days"')
        return int(match[1])
    return value


Days = Annotated[
    int, BeforeValidator(_days), Field(ge=0, json_schema_extra={"type": "string", "pattern": r"^\d+ days?$"})
]


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


_SLUGS = Annotated[list[Slug], Field(min_length=1)]
Slugs = Annotated[_SLUGS, BeforeValidator(_listed, json_schema_input_type=Slug | _SLUGS)]
Limits = Annotated[dict[str, float], Field(min_length=1)]  # UCUM unit → number


def _once(listed: list[Any]) -> list[Any]:
    seen: set[str] = set()
    for item in listed:
        name = item if isinstance(item, str) else getattr(item, "id", None) or item.key
        if name in seen:
            raise ValueError(f"{name} stands here twice")
        seen.add(name)
    return listed


Once = AfterValidator(_once)


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, defer_build=True)


# --- the words -------------------------------------------------------------------------------------------------------


class Age(Model):
    """The patient's age in completed years."""

    below: int | None = None
    at_least: int | None = None


class ConditionTerms(Model):
    """A condition in one of the value sets `in`.

    status: current (active, recurrence, relapse, or nothing said and not abated), past, or any.
    verification: confirmed (or nothing said), suspected (provisional, differential, unconfirmed), or any; refuted and
    entered in error never count. within: dated inside the window; `date` says which date: onset else recorded, the
    recorded one, or the later of the two. undated: one without that date leaves the question unknown, or is ignored.
    side: one (left or right, or one of them and nobody says which) or both. unsettled: it does not count once an entry
    of the same value set confirms or refutes it: one that is dated on or after it and not of the other leg.
    ended_by: it does not count once a later observation answers with one of these value sets, or asks about one and
    says no.
    """

    in_: Slugs = Field(alias="in")
    status: Literal["current", "past", "any"] = "current"
    verification: Literal["confirmed", "suspected", "any"] = "any"
    category: Literal["problem", "encounter", "any"] = "any"
    within: Days | None = None
    older_than: Days | None = None
    date: Literal["onset", "recorded", "later"] = "onset"
    undated: Literal["unknown", "ignored"] = "unknown"
    side: Literal["one", "both"] | None = None
    unsettled: bool = False
    ended_by: Slugs | None = None


class MedicationTerms(Model):
    """A medicine of one of the value sets `in`.

    status: current (B0 of the clinical specification), or draft (selected in the order being written).
    started_within, for_at_least: measured from the first day of the continuous course.
    given_within: a dose was given (MedicationAdministration) inside the window; status is then not looked at.
    reason_not_in: not given for a condition of these value sets; a medicine without a reason counts.
    """

    in_: Slugs = Field(alias="in")
    status: Literal["current", "draft", "current-or-draft"] = "current"
    started_within: Days | None = None
    for_at_least: Days | None = None
    given_within: Days | None = None
    reason_not_in: Slugs | None = None

    @model_validator(mode="after")
    def _given_alone(self) -> MedicationTerms:
        if self.given_within is not None and not (self.started_within is None and self.for_at_least is None):
            raise ValueError("given_within asks for a dose, not for a course")
        return self


class Latest(Model):
    """Bounds for the newest usable value, each as unit → number and compared in the unit that was reported."""

    below: Limits | None = None
    at_most: Limits | None = None
    above: Limits | None = None
    at_least: Limits | None = None

    @model_validator(mode="after")
    def _bounded(self) -> Latest:
        if not any((self.below, self.at_most, self.above, self.at_least)):
            raise ValueError("latest needs a bound: below, at_most, above or at_least")
        return self


class ResultTerms(Model):
    """The newest usable result of one of the value sets `in`, not older than `within`.

    latest compares its value; times_upper_limit compares it with the upper reference limit reported beside it, or with
    fallback_upper; outside_reference asks whether it lies outside the reported reference range, or `fallback`, which
    also stands in for the limit that is missing of a range with one. unadjusted: it is a total calcium that stands in
    for the adjusted one, for want of an albumin.
    """

    in_: Slugs = Field(alias="in")
    within: Days
    latest: Latest | None = None
    times_upper_limit: Latest | None = None
    fallback_upper: Limits | None = None
    outside_reference: bool = False
    fallback: tuple[float, float, str] | None = None
    unadjusted: bool = False


class ProcedureTerms(Model):
    in_: Slugs = Field(alias="in")
    within: Days


class ObservationTerms(Model):
    """A symptom or status recorded as an Observation: by its code, or by its coded value where value_in is given.

    ended_by: as of conditions.
    """

    in_: Slugs = Field(alias="in")
    within: Days
    value_in: Slugs | None = None
    side: Literal["one", "both"] | None = None
    ended_by: Slugs | None = None


class EncounterTerms(Model):
    """The reason of an encounter."""

    in_: Slugs = Field(alias="in")
    within: Days


class QuestionnaireTerms(Model):
    """An item of a questionnaire answered yes, whose wording is recognised as one of the value sets."""

    in_: Slugs = Field(alias="in")
    within: Days


class AllergyTerms(Model):
    in_: Slugs = Field(alias="in")


class DoneTerms(Model):
    """Whether a usable, complete result of an order lies in the window, and not before what these names found."""

    order: Slug
    within: Days | None = None
    after: Slugs | None = None

    @model_validator(mode="after")
    def _bounded(self) -> DoneTerms:
        if self.within is None and self.after is None:
            raise ValueError("done needs a window, or names that it comes after")
        return self


class RuleTerms(Model):
    """Outcomes of other rules: yes when one of them has one of the outcomes. `except` means: any rule but these."""

    any_of: Slugs | None = None
    except_: Slugs | None = Field(default=None, alias="except")
    indicator: Indicator | None = None
    outcome: list[Literal["fires", "satisfied", "replaced"]] = Field(min_length=1)


Kind = Literal["condition", "medication", "result", "procedure", "allergy"]


class Clause(Model):
    """One question to the record, answered yes, unknown or no. Exactly one word."""

    age: Age | None = None
    sex: Literal["female", "male"] | None = None
    condition: ConditionTerms | None = None
    medication: MedicationTerms | None = None
    result: ResultTerms | None = None
    procedure: ProcedureTerms | None = None
    observation: ObservationTerms | None = None
    encounter: EncounterTerms | None = None
    questionnaire: QuestionnaireTerms | None = None
    allergy: AllergyTerms | None = None
    done: DoneTerms | None = None
    rule: RuleTerms | None = None
    supplied: list[Kind] | None = Field(default=None, min_length=1)
    found: Slug | None = None
    definition: Slug | None = None
    all: list[Clause] | None = Field(default=None, min_length=1)
    any: list[Clause] | None = Field(default=None, min_length=1)
    none: list[Clause] | None = Field(default=None, min_length=1)
    as_: Slug | None = Field(default=None, alias="as")
    why: Text | None = None
    sources: list[Slug] | None = None

    @property
    def word(self) -> str:
        """The one word of this clause."""
        return next(iter(self._words()))

    def _words(self) -> list[str]:
        asides = {"as_", "why", "sources"}
        return [name for name in type(self).model_fields if name not in asides and getattr(self, name) is not None]

    @model_validator(mode="after")
    def _one_word(self) -> Clause:
        words = self._words()
        if len(words) != 1:
            raise ValueError(f"a clause says exactly one word, this one says {', '.join(words) or 'none'}")
        terms = getattr(self, words[0])
        if isinstance(terms, Model) and _has_number(terms) and not (self.sources or self.why):
            raise ValueError(f"{words[0]} holds a number: name its sources, or say why")
        return self


def _has_number(terms: Model) -> bool:
    for value in terms.__dict__.values():
        if isinstance(value, Latest) or (isinstance(value, int | float | dict) and not isinstance(value, bool)):
            return True
    return False


# --- what a recommendation asks for ----------------------------------------------------------------------------------


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


# --- the other files -------------------------------------------------------------------------------------------------


class Code(Model):
    system: Slug
    code: Text
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


class RuleLock(Model):
    """What a version of a rule meant and said, as digests."""

    id: Slug
    version: Version
    meaning: Text
    wording: Text


class RuleLocks(Model):
    rules: list[RuleLock]


System = Literal["icd-10-cm", "icd-10", "icd-9-cm", "icd-11", "icpc-2", "snomed", "rxnorm", "atc", "loinc", "local"]
Side = Literal["left", "right", "both", "unspecified"]


class Selector(Model):
    """A line of a value set's definition: a list of the verified sources, one code, a prefix, or an ingredient."""

    list_: Text | None = Field(default=None, alias="list")
    systems: list[System] | None = None
    system: System | None = None
    code: Text | None = None
    prefix: Text | None = None
    ingredient: Text | None = None
    side: Side | None = None
    why: Text | None = None


class UnitFactor(Model):
    """value in the canonical unit = value × factor + offset."""

    unit: Text
    factor: float
    offset: float = 0.0
    why: Text | None = None
    sources: list[Slug] | None = None


class LeftOut(Model):
    """A code of the clinical specification that no verified list holds."""

    system: System | None = None
    code: Text | None = None
    why: Text


class ValueSet(Model):
    """Codes and names of one meaning; the flat, verified expansion stands in expansions/<id>.csv.

    words_refuse: the words beside a code may take it back (a cramp code whose text says hand). refused_by: these words
    take back a code and a name (swelling of the hand), unless one of outweighed_by stands there too (hand and leg).
    names_alone: a name counts only in a short text (whole_text_tokens of text.yaml). spoiled_by: a result whose note
    says so is unusable (a haemolysed potassium). refines: beside a code of these value sets the names of this one add
    it (the stage of a kidney disease whose code does not say it).
    """

    id: Slug
    title: Text
    kind: Literal["condition", "medication", "result", "report", "procedure", "observation"]
    purpose: Text
    include: list[Selector] = []
    exclude: list[Selector] = []
    left_out: list[LeftOut] = []
    names: list[Text] = []
    not_names: list[Text] = []
    refused_by: list[Text] = []
    outweighed_by: list[Text] = []
    not_routes: list[Text] = []
    words_refuse: bool = False
    names_alone: bool = False
    refines: Slugs = []
    spoiled_by: list[Text] = []
    unit: Text | None = None
    units: list[UnitFactor] = []
    sources: list[Slug] = []


class UnitSpelling(Model):
    unit: Text
    also: list[Text] = []


class Units(Model):
    """us: value set → the unit in which its results are read in the United States; the canonical unit is the SI one."""

    units: list[UnitSpelling]
    us: dict[Slug, Text] = Field(default_factory=dict)


class CodeSystem(Model):
    id: System
    title: Text
    uri: Text
    aliases: list[Text] = []


class CodeSystems(Model):
    systems: list[CodeSystem]
