"""Value sets, units and code systems."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from service.knowledge.schema.model import Model, Slug, Slugs, Text

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
