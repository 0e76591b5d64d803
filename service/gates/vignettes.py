"""Vignettes run through the whole path: hook call in, finding out, compared with what the author expects."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date
from pathlib import Path
from typing import Any

import msgspec

from service import wire
from service.engine.answers import Truth
from service.engine.case import Case
from service.engine.evaluate import Evaluation, evaluate
from service.engine.findings import Finding
from service.engine.program import Program
from service.facts import Facts, normalise
from service.gates.charts import PATIENT, Charts
from service.knowledge import strict_yaml
from service.knowledge.load import RulesInvalid
from service.knowledge.strict_yaml import Fault
from service.knowledge.vignettes import Expectation, Vignette, Vignettes
from service.prefetch import Template, templates, types_read
from service.services import SERVICES
from service.supply import supply

FOLDERS = ("recommendations", "definitions")


@dataclass(frozen=True, slots=True)
class Prepared:
    """A vignette whose facts are read once, however often it is evaluated."""

    file: str
    line: int
    subject: str
    vignette: Vignette
    facts: Facts
    as_of: date

    def where(self) -> str:
        """The place of the vignette, for messages."""
        return f"{self.file}:{self.line}"


def load_vignettes(folder: Path) -> dict[str, tuple[Vignettes, strict_yaml.Document]]:
    """Reads every vignette file. Raises RulesInvalid with the faults of all files."""
    faults: list[Fault] = []
    found: dict[str, tuple[Vignettes, strict_yaml.Document]] = {}
    for where in FOLDERS:
        for path in sorted((folder / where).glob("*.vignettes.yaml")):
            name = path.relative_to(folder).as_posix()
            read = strict_yaml.read_model(path.read_text(), name, Vignettes)
            if isinstance(read, list):
                faults += read
                continue
            model, document = read
            if model.rule != path.name.removesuffix(".vignettes.yaml"):
                faults.append(Fault(name, document.line(("rule",)), "rule", "the rule is the file's stem"))
            found[name] = (model, document)
    if faults:
        raise RulesInvalid(faults)
    return found


def prepare(program: Program, folder: Path) -> list[Prepared]:
    """Reads the facts of every vignette, by the path that a hook call takes."""
    offered = tuple(replace(template, required=False) for template in templates(program))
    types = types_read(program)
    prepared: list[Prepared] = []
    for name, (group, document) in load_vignettes(folder).items():
        charts = Charts(program.rules.systems, group.as_of)
        for number, vignette in enumerate(group.vignettes):
            message = wire.read(_call(charts, vignette, offered), SERVICES["nocturnal-leg-cramps"])
            record = supply(message, offered)
            facts = normalise(record, program.terms, group.as_of, UTC, _drafts(vignette))
            facts.not_supplied = tuple(sorted(types - record.supplied - {"Patient"}))
            line = document.line(("vignettes", number))
            prepared.append(Prepared(name, line, group.rule, vignette, facts, group.as_of))
    return prepared


def _drafts(vignette: Vignette) -> frozenset[str]:
    drafts = [
        number for number, entry in enumerate(vignette.record) if entry.medication and entry.medication.as_ == "draft"
    ]
    return frozenset(f"MedicationRequest/v{number}" for number in drafts)


def call_of(program: Program, vignette: Vignette, as_of: date, offered: tuple[Template, ...]) -> bytes:
    """Returns the hook call that a client would send for a vignette."""
    return _call(Charts(program.rules.systems, as_of), vignette, offered)


def _call(charts: Charts, vignette: Vignette, offered: tuple[Template, ...]) -> bytes:
    resources = charts.resources(vignette)
    prefetch: dict[str, Any] = {}
    for template in offered:
        if template.type in vignette.not_supplied:
            continue
        found = resources.get(template.type, [])
        bundle = {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": item} for item in found]}
        prefetch[template.key] = found[0] if template.type == "Patient" else bundle
    call = {
        "hook": "patient-view",
        "hookInstance": "00000000-0000-4000-8000-000000000000",
        "context": {"userId": "Practitioner/vignette", "patientId": PATIENT},
        "prefetch": prefetch,
    }
    return msgspec.json.encode(call)


def run(program: Program, prepared: Prepared) -> list[str]:
    """Returns how the program's answer differs from what the vignette expects; nothing when it agrees."""
    given = prepared.vignette.complaint == "given"
    if prepared.subject in program.rules.definitions:
        return _check_definition(program, prepared, given)
    evaluation = evaluate(program, prepared.facts, prepared.as_of, complaint_given=given)
    finding = next((f for f in evaluation.findings if f.rule.id == prepared.subject), None)
    if finding is None:
        return [f"no rule {prepared.subject}"]
    return list(_differences(prepared.vignette.expect, finding, evaluation))


def _check_definition(program: Program, prepared: Prepared, given: bool) -> list[str]:
    expect = prepared.vignette.expect
    asked = program.definitions[prepared.subject]
    answer = asked(Case(prepared.facts, prepared.as_of, program.terms))
    outcome = {Truth.YES: "fires", Truth.UNKNOWN: "unknown", Truth.NO: "silent"}[answer.truth]
    differences = [] if outcome == expect.outcome else [f"outcome is {outcome}, not {expect.outcome}"]
    if expect.gate is not None:
        evaluation = evaluate(program, prepared.facts, prepared.as_of, complaint_given=given)
        if evaluation.gate.open != (expect.gate == "open"):
            differences.append(f"the gate is not {expect.gate}")
    return differences


def _differences(expect: Expectation, finding: Finding, evaluation: Evaluation) -> Iterator[str]:
    said = (*finding.bedside, *finding.advice)
    actual: dict[str, object] = {
        "outcome": finding.outcome,
        "indicator": finding.indicator,
        "due": [wanted.order for wanted in finding.due],
        "done": [done.order for done in finding.done],
        "unchecked": [wanted.order for wanted in finding.unchecked],
        "offered": [wanted.order for wanted in finding.offered],
        "already": [w.order for w in (*finding.due, *finding.unchecked, *finding.offered) if w.ordered is not None],
        "by": finding.by,
    }
    for name, value in actual.items():
        wanted = getattr(expect, name)
        if wanted is None:
            continue
        same = sorted(wanted) == sorted(value) if isinstance(value, list) else wanted == value
        if not same:
            yield f"{name} is {value or 'empty'}, not {wanted or 'empty'}"
    if expect.gate is not None and evaluation.gate.open != (expect.gate == "open"):
        yield f"the gate is not {expect.gate}"
    if expect.summary_has is not None and expect.summary_has not in finding.summary:
        yield f'the summary does not say "{expect.summary_has}"'
    for phrase in expect.says or ():
        if not any(phrase in line for line in said):
            yield f'no line says "{phrase}"'
    for phrase in expect.says_not or ():
        if any(phrase in line for line in said):
            yield f'a line says "{phrase}"'
