"""Where the time of one call goes, stage by stage, in this process: no HTTP, no other thread."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import msgspec

from service import answer, wire
from service.cards import Audience, compose, sections_of
from service.engine import evaluate
from service.explanation import EXTENSION, explain
from service.facts import normalise
from service.services import SERVICES
from service.settings import Settings
from service.supply import supply
from tests.load import figures
from tests.load.payload import SERVICE

STAGES = ("wire.read", "supply", "normalise", "evaluate", "compose", "explain", "encode")


def measure(bodies: Mapping[str, bytes], seconds: float, say: Callable[[str], None]) -> tuple[str, Any]:
    """Returns a table of the median milliseconds of each stage by body, and the values."""
    knowledge = answer.load(Settings())
    values: dict[str, dict[str, list[float]]] = {}
    for name, body in bodies.items():
        say(f"stages: {name}")
        values[name] = {stage: [] for stage in STAGES}
        until = time.monotonic() + max(seconds, 1.0)
        while time.monotonic() < until or len(values[name]["encode"]) < 3:
            for stage, took in zip(STAGES, one(body, knowledge), strict=True):
                values[name][stage].append(took * 1000)
    rows = [[stage, *(figures.shown(figures.middle(of[stage])) for of in values.values())] for stage in STAGES]
    rows.append(["all", *(figures.shown(sum(figures.middle(of[s]) or 0 for s in STAGES)) for of in values.values())])
    return figures.table(["stage, ms", *bodies], rows), values


def one(body: bytes, knowledge: answer.Knowledge) -> list[float]:
    """Answers one call, and returns the seconds of each stage."""
    marks = [time.perf_counter()]

    def mark() -> None:
        marks.append(time.perf_counter())

    message = wire.read(body, SERVICES[SERVICE])
    mark()
    record = supply(message, knowledge.templates)
    mark()
    program, today = knowledge.program, datetime.now(UTC).date()
    facts = normalise(record, program.terms, today, UTC)
    facts.not_supplied = tuple(sorted(knowledge.types - record.supplied - {"Patient"}))
    mark()
    evaluation = evaluate(program, facts, today, complaint_given=True)
    mark()
    client = Audience(
        patient=f"Patient/{message.patient_id}", encounter=message.encounter_id, base_url="http://localhost"
    )
    sections, _ = sections_of(evaluation, program, client.wishes)
    cards = compose(sections, evaluation, program, knowledge.drafts, client)
    mark()
    explanation = explain(evaluation, program)
    mark()
    msgspec.json.encode({"cards": cards, "extension": {EXTENSION: explanation}})
    mark()
    return [after - before for before, after in pairwise(marks)]
