"""Clauses: one question to the record each, and the terms of every word."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from service.knowledge.schema.model import Days, Indicator, Limits, Model, Slug, Slugs, Text


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


_BESIDE_A_WORD = {"as_", "why", "sources"}


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
        return [name for name, terms in vars(self).items() if terms is not None and name not in _BESIDE_A_WORD]

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
