"""The straight line: a record of one patient in, cards and explanation out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, tzinfo
from typing import Any

from service.cards import Audience, Drafts, build_drafts, compose, sections_of
from service.context import Brought
from service.engine import Evaluation, Program, evaluate, load_program
from service.explanation import EXTENSION, explain
from service.facts import normalise
from service.prefetch import Template, by_service, templates, types_read
from service.record import Record
from service.settings import Settings
from service.stages import ended

_NOTHING = Brought()


@dataclass(frozen=True, slots=True)
class Knowledge:
    """A compiled rule set with all that is derived from it before the first request.

    templates, types: of all services together. offered: the templates of each service by its id.
    """

    program: Program
    drafts: Drafts
    templates: tuple[Template, ...]
    types: frozenset[str]
    offered: Mapping[str, tuple[Template, ...]] = field(default_factory=dict)


def load(settings: Settings) -> Knowledge:
    """Returns the rule set of the settings with the site's codes and decisions. Raises RulesInvalid."""
    return prepare(load_program(settings.rules_dir, settings.overlay_file, settings.site_file))


def prepare(program: Program) -> Knowledge:
    """Returns what a rule set needs to answer: draft orders, prefetch templates, the types that it reads."""
    intent = program.rules.decided.site.intent if program.rules.decided else "proposal"
    drafts = build_drafts(program, intent)
    return Knowledge(program, drafts, templates(program), types_read(program), by_service(program))


def judge(
    record: Record,
    knowledge: Knowledge,
    as_of: date,
    zone: tzinfo,
    *,
    complaint_given: bool,
    brought: Brought = _NOTHING,
    types: frozenset[str] | None = None,
    drafts_whole: bool = False,
) -> Evaluation:
    """Returns the findings for a record as of a day.

    brought: what a hook's context is about; its resources are in the record already. types: the FHIR types that were
    asked for, all that any rule reads where none are given. drafts_whole: as of evaluate.
    """
    orders, problems = brought.orders, brought.problems
    facts = normalise(record, knowledge.program.terms, as_of, zone, orders or frozenset())
    ended("normalise")
    facts.not_supplied = tuple(sorted((types or knowledge.types) - record.supplied - {"Patient"}))
    evaluation = evaluate(
        knowledge.program,
        facts,
        as_of,
        complaint_given=complaint_given,
        problems=problems,
        orders=orders,
        drafts_whole=drafts_whole,
    )
    ended("evaluate")
    return evaluation


def respond(
    evaluation: Evaluation, knowledge: Knowledge, audience: Audience, *, silent: bool = False
) -> dict[str, Any]:
    """Returns the CDS Hooks response: the cards, none in a shadow run, and the explanation as an extension."""
    decided = knowledge.program.rules.decided
    in_shadow = decided is not None and decided.site.shadow
    sections, withheld = sections_of(evaluation, knowledge.program, audience.wishes)
    cards = [] if in_shadow else compose(sections, evaluation, knowledge.program, knowledge.drafts, audience)
    ended("compose")
    unwanted = [card.described() for card in withheld]
    explanation = explain(evaluation, knowledge.program, silent=silent, withheld=unwanted)
    ended("explain")
    return {"cards": cards, "extension": {EXTENSION: explanation}}
