"""The table of what is already done: date, value and unit, the abnormal first."""

from __future__ import annotations

from collections.abc import Iterable

from service.cards import text
from service.engine.case import Case
from service.engine.comparison import meets, newest
from service.engine.completion import Evidence
from service.engine.evaluate import Evaluation
from service.engine.program import Program
from service.facts.model import Result
from service.knowledge.schema import Bounded, Notable


def flagged(program: Program, evaluation: Evaluation) -> str:
    """Returns a line on results that nobody could evaluate but the laboratory flags as critical (clinical.md B9.4)."""
    terms = program.rules.ruleset.flagged
    if terms is None or not evaluation.facts.unusable:
        return ""
    case = evaluation.case
    said = []
    for item in evaluation.facts.unusable:
        if not (item.flag and item.unreadable) or item.number is None or item.day is None:
            continue
        since = newest(case, [item.valueset], terms.within)
        if case.within(item.day, terms.within) and not any(r.day and r.day.date > item.day.date for r in since):
            title = text.own(program.terms.titles[item.valueset])
            said.append(f"{title} {item.number:.10g}, {item.reason}, {text.when(item.day)}, flagged {item.flag}")
    return f"**Not evaluated; read the report now: {'; '.join(dict.fromkeys(said))}.**" if said else ""


def done_table(program: Program, evaluation: Evaluation) -> str:
    """Returns the table of what is done for all findings shown, empty when nothing is.

    Values out of range stand first, also where no rule speaks of them (clinical.md B9.5).
    """
    table = _Table(program, evaluation.case)
    for finding in evaluation.shown:
        for done in finding.done:
            for evidence in done.evidence:
                table.add(evidence, program.orders[done.order].label)
    for notable in program.rules.ruleset.notable:
        if table.case.present.isdisjoint(notable.in_):
            continue
        for result in newest(table.case, notable.in_, notable.within):
            if table.level(result, notable):
                table.add(result, result.label)
    return table.written()


class _Table:
    """Rows by what they show, each once."""

    def __init__(self, program: Program, case: Case) -> None:
        self.notable_of = program.rules.ruleset.notable_of
        self.case = case
        self.rows: dict[tuple[str, str], tuple[str, list[str]]] = {}

    def add(self, evidence: Evidence, label: str) -> None:
        """Adds a result or report; a result stands under its own name."""
        name = evidence.label if isinstance(evidence, Result) else label
        if (evidence.reference, name) in self.rows:
            return
        said, when, mark = text.value(evidence), text.when(evidence.day), ""
        if isinstance(evidence, Result):
            mark, when = self.mark(evidence), when + self.age(evidence)
        cells = [text.own(name), when, f"**{said} {mark}**" if mark else said]
        self.rows[evidence.reference, name] = mark, cells

    def mark(self, result: Result) -> str:
        """`high` or `low` against the reference range beside the value, else against the notable limits."""
        reported: list[Bounded] = []
        if result.high is not None:
            reported.append(("high", "above", {result.unit: result.high}))
        if result.low is not None:
            reported.append(("low", "below", {result.unit: result.low}))
        if level := self.against(result, reported):
            return level
        notables = self.notable_of.get(result.analyte, ())
        return next((level for notable in notables if (level := self.level(result, notable))), "")

    def age(self, result: Result) -> str:
        """How old an alarming value is, where a notable limit says that it must be told (clinical.md B9.5)."""
        days = self.case.age_days(result.day) if result.day else 0
        for notable in self.notable_of.get(result.analyte, ()):
            if notable.aged_from is not None and days >= notable.aged_from and self.level(result, notable):
                return f" ({days} days old)"
        return ""

    def level(self, result: Result, notable: Notable) -> str:
        """`high` or `low` against one notable limit, empty in between."""
        if notable.unranged and (result.low, result.high) != (None, None):
            return ""
        return self.against(result, notable.bounds)

    def against(self, result: Result, bounds: Iterable[Bounded]) -> str:
        """`high` or `low` where the result certainly lies beyond a limit, empty elsewhere."""
        for level, bound, limits in bounds:
            if meets(self.case, result, bound, limits):
                return level
        return ""

    def written(self) -> str:
        """The table in Markdown."""
        if not self.rows:
            return ""
        ordered = sorted(self.rows.values(), key=lambda row: not row[0])
        return text.table("Already done | Date | Result", [cells for _, cells in ordered])
