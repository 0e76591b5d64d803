"""The table of what is already done: date, value and unit, the abnormal first."""

from __future__ import annotations

from collections.abc import Iterable

from service.cards import text
from service.engine.case import Case
from service.engine.comparison import exceeds, newest
from service.engine.evaluate import Done, Evaluation, Finding
from service.engine.program import Program
from service.facts.model import Result


def done_table(program: Program, evaluation: Evaluation, findings: Iterable[Finding]) -> str:
    """Returns the table, empty when nothing is done. Values out of range stand first, whether a rule speaks of them or not (B9.5)."""
    case = Case(evaluation.facts, evaluation.today, program.terms)
    rows: dict[tuple[str, str], tuple[bool, list[str]]] = {}
    for finding in findings:
        for done in finding.done:
            _add(rows, program, case, done)
    for notable in program.rules.ruleset.notable:
        for result in newest(case, notable.in_, notable.within):
            if exceeds(case, result, notable.at_least, notable.below) or _above(case, result, notable.above):
                _row(rows, result, result.label, _mark(program, case, result))
    if not rows:
        return ""
    ordered = sorted(rows.values(), key=lambda row: not row[0])
    return text.table(["Already done", "Date", "Result"], [cells for _, cells in ordered])


def _add(rows: dict[tuple[str, str], tuple[bool, list[str]]], program: Program, case: Case, done: Done) -> None:
    label = program.orders[done.order].label
    for evidence in done.evidence:
        mark = _mark(program, case, evidence) if isinstance(evidence, Result) else ""
        _row(rows, evidence, evidence.label if isinstance(evidence, Result) else label, mark)


def _row(rows: dict[tuple[str, str], tuple[bool, list[str]]], evidence: object, label: str, mark: str) -> None:
    assert hasattr(evidence, "reference")
    key = (evidence.reference, label)
    said = text.value(evidence)  # type: ignore[arg-type]
    rows.setdefault(
        key, (bool(mark), [text.plain(label), text.when(evidence.day), f"**{said} {mark}**" if mark else said])
    )  # type: ignore[attr-defined]


def _mark(program: Program, case: Case, result: Result) -> str:
    """`high` or `low` against the reference range reported beside the value, else against the notable limits."""
    if result.high is not None and result.value > result.high:
        return "high"
    if result.low is not None and result.value < result.low:
        return "low"
    for notable in program.rules.ruleset.notable:
        if result.analyte in notable.in_:
            if exceeds(case, result, notable.at_least, None) or _above(case, result, notable.above):
                return "high"
            if exceeds(case, result, None, notable.below):
                return "low"
    return ""


def _above(case: Case, result: Result, limits: dict[str, float] | None) -> bool:
    if limits is None:
        return False
    return exceeds(case, result, limits, None) and not any(
        result.unit == unit and result.value == limit for unit, limit in limits.items()
    )
