"""The quiet cohort: ordinary patients, and how often each rule speaks of them. A changed count is to be looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC
from pathlib import Path

from service import wire
from service.engine.evaluate import evaluate
from service.engine.program import Program
from service.facts import Facts, normalise
from service.gates.vignettes import call_of
from service.knowledge import strict_yaml
from service.knowledge.load import RulesInvalid
from service.knowledge.strict_yaml import Fault
from service.knowledge.vignettes import Cohort, Counts, Vignette
from service.prefetch import templates
from service.services import SERVICES
from service.supply import supply

COUNTS = "cohort/counts.yaml"
_SPEAKING = ("fires", "satisfied", "unknown")


def count(program: Program, folder: Path) -> tuple[int, dict[str, int]]:
    """Returns the number of patients and how often each rule has each outcome, complaint given; and open gates.

    Keys are `rule outcome`, and `gate open` for the chart.
    """
    counts: Counter[str] = Counter()
    patients = 0
    for facts, cohort in _facts(program, folder):
        patients += 1
        given = evaluate(program, facts, cohort.as_of, complaint_given=True)
        counts.update(f"{f.rule.id} {f.outcome}" for f in given.findings if f.outcome in _SPEAKING)
        counts["gate open"] += evaluate(program, facts, cohort.as_of).gate.open
    return patients, dict(sorted(counts.items()))


def check_cohort(program: Program, folder: Path) -> tuple[int, list[str]]:
    """Returns the number of patients and each count that differs from the committed one."""
    patients, counted = count(program, folder)
    path = folder / COUNTS
    if not path.exists():
        return patients, [f"{COUNTS} is missing: run `make cohort`"]
    read = strict_yaml.read_model(path.read_text(), COUNTS, Counts)
    if isinstance(read, list):
        raise RulesInvalid(read)
    committed = read[0].counts
    return patients, [
        f"{COUNTS}: {key} is {counted.get(key, 0)}, committed {committed.get(key, 0)}"
        for key in sorted(counted.keys() | committed.keys())
        if counted.get(key, 0) != committed.get(key, 0)
    ]


def write_counts(program: Program, folder: Path) -> None:
    """Writes the counts anew, to be looked at in review."""
    patients, counted = count(program, folder)
    lines = [
        f"# Written by `make cohort`: {patients} ordinary patients, complaint given; gate open: by the chart.",
        "counts:",
    ]
    lines += [f"  {key}: {number}" for key, number in counted.items()]
    (folder / COUNTS).write_text("\n".join(lines) + "\n")


def _facts(program: Program, folder: Path) -> Iterator[tuple[Facts, Cohort]]:
    offered = tuple(replace(template, required=False) for template in templates(program))
    faults: list[Fault] = []
    for path in sorted((folder / "cohort").glob("patients*.yaml")):
        read = strict_yaml.read_model(path.read_text(), f"cohort/{path.name}", Cohort)
        if isinstance(read, list):
            faults += read
            continue
        cohort = read[0]
        for patient in cohort.patients:
            vignette = Vignette.model_validate({"name": "ordinary", "expect": "silent"}).model_copy(
                update={"patient": patient.patient, "record": patient.record}
            )
            body = call_of(program, vignette, cohort.as_of, offered)
            record = supply(wire.read(body, SERVICES["nocturnal-leg-cramps"]), offered)
            yield normalise(record, program.terms, cohort.as_of, UTC), cohort
    if faults:
        raise RulesInvalid(faults)
