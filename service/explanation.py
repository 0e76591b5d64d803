"""The explanation contract: what every rule said, from which facts, and what could not be used."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from service.engine.completion import Evidence
from service.engine.evaluate import Evaluation, Gate
from service.engine.findings import Done, Finding, Wanted
from service.engine.program import Program
from service.facts.dates import Day
from service.facts.model import Condition, Fact, Result
from service.knowledge.load import Overlay
from service.knowledge.site import Decided

EXTENSION = "org.nocturnal-cramps.evaluation"


def explain(
    evaluation: Evaluation, program: Program, *, silent: bool = False, withheld: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    """Returns the explanation of an evaluation; members without a value are left out.

    silent: silent rules are listed too. withheld: cards that the call did not want.
    Draft rules are evaluated and counted, never shown.
    """
    findings = [f for f in evaluation.findings if f.rule.status == "active"] if silent else evaluation.shown
    return _without_empty(
        {
            "ruleset": {"id": program.rules.ruleset.id, "version": program.version, "digest": program.digest},
            "overlay": _laid_over(program.rules.overlay) if program.rules.overlay else None,
            "site": _decided(program.rules.decided) if program.rules.decided else None,
            "asOf": evaluation.today.isoformat(),
            "gate": _gate(evaluation.gate),
            "rules": [_finding(finding) for finding in findings],
            "orders": _orders(evaluation.shown, program),
            "withheld": withheld,
            "notSupplied": list(evaluation.facts.not_supplied),
            "shapesRead": [
                {"version": shape.version, "type": shape.came_as, "resources": shape.resources}
                for shape in evaluation.facts.shapes_read
            ],
            "rejected": [{"reference": r.reference, "reason": r.reason} for r in _once(evaluation.facts.rejected)],
        }
    )


def _gate(gate: Gate) -> dict[str, Any]:
    shown: dict[str, Any] = {"open": gate.open, "basis": gate.basis}
    if gate.found:
        shown["found"] = [_fact(fact) for fact in gate.found]
    return shown


def _laid_over(overlay: Overlay) -> dict[str, Any]:
    return {"digest": overlay.digest, "codes": overlay.codes}


def _decided(decided: Decided) -> dict[str, Any]:
    """What the site changed of the rules as published."""
    site = decided.site
    thresholds = [{"rule": c.rule, "path": c.path, "published": c.was, "here": c.now} for c in decided.changes]
    return _without_empty(
        {
            "digest": decided.digest,
            "thresholds": thresholds,
            "off": list(site.off),
            "draft": list(site.draft),
            "cap": site.cap,
            "units": site.units,
            "intent": site.intent,
            "shadow": True if site.shadow else None,
        }
    )


def _finding(finding: Finding) -> dict[str, Any]:
    shown: dict[str, Any] = {"id": finding.rule.id, "outcome": finding.outcome}
    if finding.outcome in ("fires", "satisfied", "replaced"):
        shown["indicator"] = finding.indicator
    shown["version"] = finding.rule.version
    if finding.by:
        shown["by"] = finding.by
    if finding.found:
        shown["found"] = [_fact(fact) for fact in finding.found]
    if finding.due:
        shown["due"] = [_wanted(wanted) for wanted in finding.due]
    if finding.done:
        shown["done"] = [_done(done) for done in finding.done]
    if finding.unchecked:
        shown["unchecked"] = [_wanted(wanted) for wanted in finding.unchecked]
    if finding.offered:
        shown["offered"] = [_wanted(wanted) for wanted in finding.offered]
    if finding.missing:
        shown["missing"] = list(finding.missing)
    return shown


def _fact(fact: Fact) -> dict[str, Any]:
    shown: dict[str, Any] = {"reference": fact.reference, "label": fact.label}
    if fact.code and not fact.code.isspace():  # the code as the record has it; blanks are no value there either
        shown["code"] = code = {"code": fact.code}
        if fact.system and not fact.system.isspace():
            code["system"] = fact.system
    if fact.day:
        _date(shown, fact.day)
    if isinstance(fact, Result):
        shown["value"] = fact.written
        if fact.note:
            shown["note"] = fact.note
    if fact.side:
        shown["side"] = fact.side
    if isinstance(fact, Condition) and fact.verification == "suspected":
        shown["verification"] = "suspected"
    if fact.by != "code":
        shown["recognisedBy"] = fact.by
    if fact.contradiction:
        shown["contradiction"] = True
    return shown


def _date(shown: dict[str, Any], day: Day) -> None:
    shown["date"] = day.date.isoformat()
    if day.approximate:
        shown["approximate"] = True


def _wanted(wanted: Wanted) -> dict[str, Any]:
    shown: dict[str, Any] = {"order": wanted.order}
    if wanted.window_days is not None:
        shown["within"] = f"{wanted.window_days} days"
    if wanted.last:
        shown["last"] = _evidence(wanted.last)
    if wanted.ordered:
        shown["already"] = wanted.ordered.reference
    return shown


def _done(done: Done) -> dict[str, Any]:
    """The order with the oldest of the results that complete it, and all of them where there are several."""
    oldest = min(done.evidence, key=lambda item: item.day.date.toordinal() if item.day else 0)
    shown: dict[str, Any] = {"order": done.order}
    if done.window_days is not None:
        shown["within"] = f"{done.window_days} days"
    shown |= _evidence(oldest)
    if len(done.evidence) > 1:
        shown["results"] = [_evidence(item) for item in done.evidence]
    return shown


def _evidence(evidence: Evidence) -> dict[str, Any]:
    shown: dict[str, Any] = {"reference": evidence.reference}
    if evidence.day:
        _date(shown, evidence.day)
    value = evidence.written if isinstance(evidence, Result) else evidence.verdict
    if value:
        shown["value"] = value
    return shown


def _orders(findings: Iterable[Finding], program: Program) -> list[dict[str, Any]]:
    wanted_by: dict[str, dict[str, Any]] = {}
    for finding in findings:
        if finding.outcome != "fires":
            continue
        for wanted in (*finding.due, *finding.unchecked, *finding.offered):
            order = wanted_by.setdefault(wanted.order, {"key": wanted.order, "for": []})
            if finding.rule.id not in order["for"]:
                order["for"].append(finding.rule.id)
            if wanted.ordered is not None:
                order["already"] = wanted.ordered.reference
    return [wanted_by[key] for key in program.orders if key in wanted_by]


def _once(items: Iterable[Any]) -> list[Any]:
    return list(dict.fromkeys(items))


def _without_empty(members: dict[str, Any]) -> dict[str, Any]:
    """Drops what has no value; the protocol allows neither null nor an empty array or object."""
    return {name: value for name, value in members.items() if value or isinstance(value, bool | int)}
