"""The patient, and what was found, done, asked and answered."""

from __future__ import annotations

import msgspec

from service.shapes.bundles import Owned, Resource, WithCode
from service.shapes.datatypes import (
    ABSENT,
    Annotation,
    Coding,
    Concept,
    Identifier,
    Period,
    Reference,
    Shape,
    Status,
)


class Patient(Resource, kw_only=True, tag="Patient"):
    birthDate: str | None = None
    deceasedBoolean: bool | None = None
    deceasedDateTime: str | None = None
    gender: str | None = None
    identifier: list[Identifier] | None = None


class Condition(WithCode, kw_only=True, tag="Condition"):
    clinicalStatus: Status | str | None = None
    verificationStatus: Status | str | None = None
    raw_category: msgspec.Raw = msgspec.field(default=ABSENT, name="category")
    raw_code: msgspec.Raw = msgspec.field(default=ABSENT, name="code")
    bodySite: list[Concept] | Concept | None = None
    subject: Reference | None = None
    onsetDateTime: str | None = None
    onsetPeriod: Period | None = None
    abatementDateTime: str | None = None
    abatementPeriod: Period | None = None
    recordedDate: str | None = None
    note: list[Annotation] | Annotation | str | None = None
    notes: str | None = None
    context: Reference | None = None
    abatementBoolean: bool | None = None
    assertedDate: str | None = None
    dateRecorded: str | None = None
    patient: Reference | None = None


class Procedure(WithCode, kw_only=True, tag="Procedure"):
    status: str | None = None
    raw_code: msgspec.Raw = msgspec.field(default=ABSENT, name="code")
    subject: Reference | None = None
    performedDateTime: str | None = None
    performedPeriod: Period | None = None
    bodySite: list[Concept] | Concept | None = None
    notDone: bool | None = None
    notPerformed: bool | None = None
    context: Reference | None = None
    occurrenceDateTime: str | None = None
    occurrencePeriod: Period | None = None
    patient: Reference | None = None


class EncounterReason(Concept):
    """A CodeableConcept; `value` makes it R5's list of CodeableReferences with their use."""

    value: list[Concept] | None = None


class Encounter(Owned, kw_only=True, tag="Encounter"):
    status: str | None = None
    subject: Reference | None = None
    period: Period | None = None
    reasonCode: list[Concept] | Concept | None = None
    reasonReference: list[Reference] | Reference | None = None
    actualPeriod: Period | None = None
    reason: list[EncounterReason] | EncounterReason | None = None
    patient: Reference | None = None


class Reaction(Shape):
    """A reaction of an AllergyIntolerance."""

    substance: Concept | None = None


class AllergyIntolerance(Owned, kw_only=True, tag="AllergyIntolerance"):
    clinicalStatus: Status | str | None = None
    verificationStatus: Status | str | None = None
    code: Concept | None = None
    patient: Reference | None = None
    recordedDate: str | None = None
    reaction: list[Reaction] | None = None
    substance: Concept | None = None
    status: str | None = None
    assertedDate: str | None = None
    subject: Reference | None = None


class Answer(Shape):
    valueBoolean: bool | None = None
    valueString: str | None = None
    valueCoding: Coding | None = None


class Item(Shape):
    """An item of a QuestionnaireResponse."""

    linkId: str | None = None
    text: str | None = None
    answer: list[Answer] | Answer | None = None
    item: list[Item] | None = None


class Question(Shape):
    """A question of DSTU2's QuestionnaireResponse."""

    linkId: str | None = None
    text: str | None = None
    answer: list[Answer] | Answer | None = None
    group: list[Group] | Group | None = None


class Group(Shape):
    """A group of questions of DSTU2's QuestionnaireResponse."""

    linkId: str | None = None
    title: str | None = None
    group: list[Group] | Group | None = None
    question: list[Question] | Question | None = None


class QuestionnaireResponse(Owned, kw_only=True, tag="QuestionnaireResponse"):
    status: str | None = None
    subject: Reference | None = None
    authored: str | None = None
    item: list[Item] | None = None
    group: Group | None = None
    patient: Reference | None = None
