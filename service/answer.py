"""The straight line: a record of one patient in, cards and explanation out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, tzinfo
from typing import Any

from service.cards import Audience, Drafts, build_drafts, compose
from service.engine import Evaluation, Program, evaluate, load_program
from service.explanation import EXTENSION, explain
from service.facts import normalise
from service.prefetch import Template, templates, types_read
from service.record import Record
from service.settings import Settings
from service.stages import ended


@dataclass(frozen=True, slots=True)
class Knowledge:
    """A compiled rule set with all that is derived from it before the first request."""

    program: Program
    drafts: Drafts
    templates: tuple[Template, ...]
    types: frozenset[str]


def load(settings: Settings) -> Knowledge:
    """Returns the rule set of the settings with the site's codes and decisions. Raises RulesInvalid."""
    return prepare(load_program(settings.rules_dir, settings.overlay_file, settings.site_file))


def prepare(program: Program) -> Knowledge:
    """Returns what a rule set needs to answer: draft orders, prefetch templates, the types that it reads."""
    intent = program.rules.decided.site.intent if program.rules.decided else "proposal"
    return Knowledge(program, build_drafts(program, intent), templates(program), types_read(program))


def judge(record: Record, knowledge: Knowledge, as_of: date, zone: tzinfo, *, complaint_given: bool) -> Evaluation:
    """Returns the findings for a record as of a day."""
    facts = normalise(record, knowledge.program.terms, as_of, zone)
    ended("normalise")
    facts.not_supplied = tuple(sorted(knowledge.types - record.supplied - {"Patient"}))
    evaluation = evaluate(knowledge.program, facts, as_of, complaint_given=complaint_given)
    ended("evaluate")
    return evaluation


def respond(
    evaluation: Evaluation, knowledge: Knowledge, audience: Audience, *, silent: bool = False
) -> dict[str, Any]:
    """Returns the CDS Hooks response: the cards, none in a shadow run, and the explanation as an extension."""
    decided = knowledge.program.rules.decided
    in_shadow = decided is not None and decided.site.shadow
    cards = [] if in_shadow else compose(evaluation, knowledge.program, knowledge.drafts, audience)
    ended("compose")
    explanation = explain(evaluation, knowledge.program, silent=silent)
    ended("explain")
    return {"cards": cards, "extension": {EXTENSION: explanation}}
