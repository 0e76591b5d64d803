"""`explain`: what fires for a Bundle, why, and what is missing, for a person at a terminal."""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from pathlib import Path

from service.answer import judge, load
from service.cards import text
from service.engine import Evaluation, Finding
from service.engine.findings import Done, Wanted
from service.errors import Refusal
from service.facts.model import Fact, Result
from service.posted import read_posted
from service.settings import read_settings

_ORDER = {"fires": 0, "unknown": 1, "satisfied": 2, "replaced": 3, "silent": 4}


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("bundle", type=Path, help="file of a FHIR Bundle")
    parser.add_argument("--as-of", type=date.fromisoformat, help="day on which all windows end (default: today)")
    parser.add_argument("--complaint", choices=("given", "chart"), default="given", help="given, or only if charted")
    parser.add_argument("--all", action="store_true", help="list the silent rules too")


def run(arguments: Namespace) -> int:
    """Explain one Bundle; 1 when it is refused."""
    settings = read_settings()
    try:
        knowledge = load(settings)
        record = read_posted(arguments.bundle.read_bytes(), knowledge.types)
    except Refusal as refusal:
        names = f" ({', '.join(refusal.names)})" if refusal.names else ""
        print(f"{refusal.code.slug}: {refusal.code.value.message}{names}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{arguments.bundle}: {error.strerror}", file=sys.stderr)
        return 1
    as_of = arguments.as_of or datetime.now(settings.timezone).date()
    given = arguments.complaint == "given"
    evaluation = judge(record, knowledge, as_of, settings.timezone, complaint_given=given, drafts_whole=True)
    print("\n".join(_lines(evaluation, show_silent=arguments.all)))
    return 0


def _lines(evaluation: Evaluation, *, show_silent: bool) -> Iterator[str]:
    gate = evaluation.gate
    yield f"As of {evaluation.today}: the gate is {'open' if gate.open else 'closed'} ({gate.basis})."
    for fact in gate.found:
        yield f"    {_fact(fact)}"
    if gate.missing and not gate.open:
        yield f"    not supplied: {', '.join(gate.missing)}"
    for finding in sorted(evaluation.findings, key=lambda f: _ORDER[f.outcome]):
        if finding.outcome != "silent" or show_silent:
            yield from _finding(finding)
    rejected = list(dict.fromkeys(evaluation.facts.rejected))
    if rejected:
        yield f"\nNot used ({len(rejected)}):"
        yield from (f"    {item.reference}: {item.reason}" for item in rejected)


def _finding(finding: Finding) -> Iterator[str]:
    by = f" by {finding.by}" if finding.by else ""
    indicator = f" ({finding.indicator})" if finding.speaks else ""
    yield f"\n{finding.rule.id}: {finding.outcome}{by}{indicator}"
    if finding.outcome == "fires":
        yield f"    says     {finding.summary}"
    yield from _listed("because ", map(_fact, finding.found))
    yield from _listed("due     ", map(_wanted, finding.due))
    yield from _listed("done    ", map(_done, finding.done))
    yield from _listed("unchecked", map(_wanted, finding.unchecked))
    yield from _listed("offers  ", map(_wanted, finding.offered))
    yield from _listed("missing ", finding.missing)


def _listed(word: str, items: Iterable[str]) -> Iterator[str]:
    yield from (f"    {word} {item}" for item in items)


def _fact(fact: Fact) -> str:
    value = f" {fact.written}" if isinstance(fact, Result) else ""
    how = "" if fact.by == "code" else f", recognised by {fact.by}"
    return f"{fact.label}{value} ({text.when(fact.day)}{how}) [{fact.reference}]"


def _wanted(wanted: Wanted) -> str:
    window = f" within {wanted.window_days} days" if wanted.window_days is not None else ""
    last = f", last {text.when(wanted.last.day)}" if wanted.last else ""
    ordered = f", already ordered [{wanted.ordered.reference}]" if wanted.ordered else ""
    return f"{wanted.order}{window}{last}{ordered}"


def _done(done: Done) -> str:
    return f"{done.order}: " + "; ".join(_fact(item) for item in done.evidence)
