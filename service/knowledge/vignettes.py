"""Vignettes: small made-up patients beside each rule, in a clinician's words, and what the rule must say of them."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from service.knowledge.schema import Indicator, Model, Side, Slug, System, Text


class Item(Model):
    """One resource. days_ago counts back from the vignette's day; text is the free text beside or without a code."""

    system: System | None = None
    code: Text | None = None
    display: Text | None = None
    text: Text | None = None
    days_ago: int | None = None
    date: Text | None = None
    status: Text | None = None
    side: Side | None = None

    @model_validator(mode="after")
    def _named(self) -> Item:
        if not (self.code or self.text):
            raise ValueError("an item needs a code or a text")
        if self.code and not self.system:
            raise ValueError("a code needs its system")
        return self


class ConditionItem(Item):
    """status: clinicalStatus; days_ago: onset; recorded_days_ago: recordedDate."""

    verification: Text | None = None
    category: Literal["problem-list-item", "encounter-diagnosis"] | None = None
    recorded_days_ago: int | None = None
    note: Text | None = None


class MedicationItem(Item):
    """status active where none is given; days_ago: authoredOn, start of the statement, handed over, or given.

    reason: reasonCode; reason_entry: reasonReference to the entry of that number in the record, counted from 0.
    """

    as_: Literal["request", "statement", "dispense", "administration", "draft"] = Field(default="request", alias="as")
    intent: Text = "order"
    supply_days: int | None = None
    reason: ConditionItem | None = None
    reason_entry: int | None = None


class ResultItem(Item):
    """A numeric result. status final where none is given; low and high: its reference range."""

    value: float | None = None
    unit: Text | None = None
    comparator: Text | None = None
    low: float | None = None
    high: float | None = None
    flag: Text | None = None
    note: Text | None = None


class ObservationItem(Item):
    """A symptom or status: `answer` is its coded value."""

    answer: Item | None = None
    yes: bool | None = None


class ReportItem(Item):
    conclusion: Text | None = None
    conclusion_code: Item | None = None


class QuestionItem(Model):
    """An item of a questionnaire, answered yes or no."""

    text: Text
    yes: bool
    days_ago: int


class Entry(Model):
    """One thing on record. Exactly one kind."""

    condition: ConditionItem | None = None
    medication: MedicationItem | None = None
    result: ResultItem | None = None
    observation: ObservationItem | None = None
    report: ReportItem | None = None
    procedure: Item | None = None
    encounter: Item | None = None
    question: QuestionItem | None = None
    allergy: Item | None = None
    order: Item | None = None

    @model_validator(mode="after")
    def _one(self) -> Entry:
        if sum(getattr(self, name) is not None for name in type(self).model_fields) != 1:
            raise ValueError("an entry is exactly one kind of thing")
        return self


def _nothing(value: Any) -> Any:
    return None if value == "none" else value


class PatientItem(Model):
    """age in years; `none` for a patient without a birth date."""

    age: Annotated[int | None, BeforeValidator(_nothing, json_schema_input_type=int | Literal["none"])] = 60
    sex: Literal["female", "male", "unknown"] | None = "female"
    deceased: bool = False


Outcome = Literal["fires", "satisfied", "replaced", "unknown", "silent"]


class Expectation(Model):
    """What the rule must say. What is left out is not looked at; says and says_not look into bedside and advice."""

    outcome: Outcome
    indicator: Indicator | None = None
    due: list[Slug] | None = None
    done: list[Slug] | None = None
    unchecked: list[Slug] | None = None
    offered: list[Slug] | None = None
    already: list[Slug] | None = None
    by: Slug | None = None
    gate: Literal["open", "closed"] | None = None
    summary_has: Text | None = None
    says: list[Text] | None = None
    says_not: list[Text] | None = None


def _expected(value: Any) -> Any:
    return {"outcome": value} if isinstance(value, str) else value


class Vignette(Model):
    """One made-up patient. `complaint: given` stands for a patient whose cramps are known; `chart` asks the record."""

    name: Text
    patient: PatientItem = PatientItem()
    complaint: Literal["given", "chart"] = "given"
    record: list[Entry] = Field(default_factory=list)
    not_supplied: list[Text] = Field(default_factory=list)
    expect: Annotated[Expectation, BeforeValidator(_expected, json_schema_input_type=Outcome | Expectation)]


class Vignettes(Model):
    """The vignettes of one rule, of the gate, or of a definition."""

    rule: Slug
    as_of: date = date(2026, 6, 15)
    vignettes: list[Vignette] = Field(min_length=1)


class CohortPatient(Model):
    """An ordinary patient, plainly made up."""

    patient: PatientItem = PatientItem()
    record: list[Entry] = Field(default_factory=list)


class Cohort(Model):
    """Ordinary patients; all days count back from as_of."""

    as_of: date
    patients: list[CohortPatient] = Field(min_length=1)


class Counts(Model):
    """How often each rule has each outcome over the cohort."""

    counts: dict[str, int]
