"""Findings → at most four cards: urgent, workup, medicines, self-care (clinical.md C2)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from service.cards import text
from service.cards.audience import Audience
from service.cards.done import done_table, flagged
from service.cards.drafts import Drafts, link
from service.cards.sections import RANK, Section
from service.cards.suggestions import REFERENCE, suggest
from service.cards.wanted import Request, requests
from service.engine.case import BESIDES, KINDS
from service.engine.evaluate import Evaluation
from service.engine.findings import Finding
from service.engine.program import Program
from service.facts.model import Fact
from service.knowledge.schema import Indicator
from service.knowledge.site import Decided

RULES_EXTENSION = "org.nocturnal-cramps.rules"
_ORDERS_EXTENSION = "davinci-crd.associated-resource"
_TODAY = "Today."
_TIMES = {"same day": _TODAY, "this visit": "At this visit."}
_SAYS_TODAY = re.compile(r"\b(today|same-day|emergency)\b", re.IGNORECASE)


class _Plan(NamedTuple):
    """What goes on one card.

    wanted: what it suggests. about: the orders of the hook's context that it is about. settled: the findings of which
    all is done, on the card that lists what is done, None on the others.
    """

    section: Section
    wanted: list[Request]
    about: list[Fact]
    settled: list[Finding] | None


def compose(
    sections: Sequence[Section], evaluation: Evaluation, program: Program, drafts: Drafts, audience: Audience
) -> list[dict[str, Any]]:
    """Returns the CDS Hooks cards of an evaluation, one for each of its sections that the call wants.

    Each order is offered once, on the most urgent card that wants it. A member without a value is left out.
    """
    wanted = requests(sections, program, frozenset(audience.caller.order_codes))
    home, basis = _home_of_done(sections), _basis(evaluation)
    satisfied = [f for f in evaluation.shown if f.outcome == "satisfied"]
    cards = []
    for number, section in enumerate(sections):
        plan = _Plan(
            section,
            [request for request in wanted if request.section == number],
            _ordered(section, evaluation),
            satisfied if number == home else None,
        )
        cards.append(_card(plan, basis, evaluation, program, drafts, audience))
    if cards and (first := flagged(program, evaluation)):
        cards[0]["detail"] = f"{first}\n\n{cards[0]['detail']}"
    return cards


def _home_of_done(sections: Sequence[Section]) -> int:
    """The card that lists what is done: the workup, else the first."""
    groups = [section.group for section in sections]
    return groups.index("workup") if "workup" in groups else 0


def _card(
    plan: _Plan, basis: str, evaluation: Evaluation, program: Program, drafts: Drafts, audience: Audience
) -> dict[str, Any]:
    section, wanted, about, settled = plan
    caller, findings = audience.caller, section.findings
    rules = [finding.rule.id for finding in (*findings, *(settled or ()))]
    topic = drafts.topics[section.group]
    if code := caller.topic_codes.get(section.group):
        topic = {**topic, "code": code}
    source: dict[str, Any] = {"label": drafts.label, "url": f"{audience.base_url}/rules", "topic": topic}
    rules_page = link("Rules, evidence and limits", f"{audience.base_url}/rules?show={','.join(rules)}")
    card: dict[str, Any] = {
        "uuid": audience.new_id(),
        "summary": text.shortened(findings[0].summary, [finding.rule.title for finding in findings[1:]]),
        "indicator": _capped(section.indicator, program),
        "detail": _detail(plan, basis, evaluation, program),
        "source": source,
        "overrideReasons": program.rules.ruleset.override_codings,
        "links": [rules_page, *drafts.evidence[findings[0].rule.id]],
        "extension": {RULES_EXTENSION: rules},
    }
    orders = [{"reference": fact.reference} for fact in about if REFERENCE.fullmatch(fact.reference)]
    if orders:
        card["extension"][_ORDERS_EXTENSION] = orders
    if wanted:
        card["selectionBehavior"] = caller.rendering.selection_behavior
        card["suggestions"] = suggest(wanted, evaluation, drafts, audience)
    if caller.rendering.cds_hooks == "1.0":
        del card["uuid"], card["overrideReasons"], source["topic"]
    return card


def _ordered(section: Section, evaluation: Evaluation) -> list[Fact]:
    """The orders of the hook's context that a card is about, each once."""
    about = evaluation.case.orders
    if not about:
        return []
    facts = (fact for finding in section.findings for fact in finding.found if fact.reference in about)
    return list({fact.reference: fact for fact in facts}.values())


def _capped(indicator: Indicator, program: Program) -> Indicator:
    """The indicator, not more urgent than the site allows."""
    cap = program.rules.decided.site.cap if program.rules.decided else None
    return indicator if cap is None else max(indicator, cap, key=RANK.__getitem__)


def _detail(plan: _Plan, basis: str, evaluation: Evaluation, program: Program) -> str:
    """The critical part first; only our own words, numbers and dates."""
    section, wanted, about, settled = plan
    findings = section.findings
    if section.group == "self-care":
        parts = [text.bullets([line for f in findings for line in (*f.bedside, *f.advice)])]
    else:
        parts = ["\n".join(_whys(findings))]
        due = [one.row(program) for request in wanted for one in request.parts or (request,)]
        if evaluation.facts.orders:
            due += _ordered_rows(findings, program)
        if due:
            parts.append(text.table("Due | Why | Last result", due))
        checklist = _checklist(findings)
        if checklist:
            parts.append("**Ask and examine**\n\n" + checklist)
    lines = [basis]
    if about:
        labels = ", ".join(dict.fromkeys([text.own(fact.label) for fact in about]))
        lines.append(f"This card is about the order of {labels} alone.")
    if evaluation.facts.age is None:
        lines.append("Age unknown: adult rules were applied.")
    if settled is not None:
        parts.append(done_table(program, evaluation))
        parts.append(text.bullets([line for finding in settled for line in finding.bedside]))
        lines += _gaps(evaluation)
    if program.rules.decided:
        lines += _set_by_site(findings, program.rules.decided)
    parts.append(f"*{' '.join(lines)}*")
    return "\n\n".join([part for part in parts if part])


def _whys(findings: Sequence[Finding]) -> Iterator[str]:
    """Each finding: its line, unless the card's summary is that line already, its time frame and its facts.

    A fact, and that it is for today, are said once a card.
    """
    told: set[Fact] = set()
    today_said = False
    for finding in findings:
        time = _TIMES.get(finding.due_within) or f"Within {finding.due_within}."
        if time == _TODAY:
            time = "" if today_said or _says_today(finding.summary) else time
            today_said = today_said or bool(time)
        found = [fact for fact in finding.found if fact not in told] if told else finding.found
        because = text.facts(found)
        told.update(found)
        line = "" if len(findings) == 1 else f"- **{finding.summary}**"
        yield " ".join([part for part in (line, time, because and f"On record: {because}.") if part])


@lru_cache(maxsize=1024)  # summaries are of the rule set
def _says_today(summary: str) -> bool:
    return _SAYS_TODAY.search(summary) is not None


def _checklist(findings: Sequence[Finding]) -> str:
    """What to ask and examine under the title of each finding; a line that several have stands with the first."""
    if len(findings) == 1:
        return text.bullets(findings[0].bedside)
    said: set[str] = set()
    groups: list[str] = []
    for finding in findings:
        lines = [line for line in dict.fromkeys(finding.bedside) if line not in said]
        said.update(lines)
        if lines:
            groups += [f"- {text.own(finding.rule.title)}", *(f"  - {line}" for line in lines)]
    return "\n".join(groups)


def _ordered_rows(findings: Sequence[Finding], program: Program) -> list[tuple[str, str, str]]:
    """The orders that stand in the chart already and have no result yet, each once with the findings that want it."""
    rows: dict[str, tuple[str, list[str]]] = {}
    for finding in findings:
        for wanted in (*finding.due, *finding.unchecked, *finding.offered):
            if wanted.ordered is not None:
                known = f"already ordered ({text.when(wanted.ordered.day)}), no result yet"
                rows.setdefault(wanted.order, (known, []))[1].append(text.own(finding.rule.title))
    return [
        (text.own(program.orders[order].label), ", ".join(dict.fromkeys(titles)), known)
        for order, (known, titles) in rows.items()
    ]


def _is_covered(name: str, evaluation: Evaluation) -> bool:
    """Whether another FHIR type of the same kind of data was supplied in its place."""
    kinds = (types for kind, types in KINDS.items() if name in (*types[1:], *BESIDES.get(kind, ())))
    return any(other in evaluation.facts.supplied for types in kinds for other in types)


def _gaps(evaluation: Evaluation) -> Iterator[str]:
    """What was not supplied, what could not be decided for it, and what nobody can read."""
    facts = evaluation.facts
    unchecked = [name for name in facts.not_supplied if not _is_covered(name, evaluation)]
    if unchecked:
        yield f"Not supplied, so not checked: {', '.join(unchecked)}."
    undecided = [f for f in evaluation.shown if f.outcome == "unknown"]
    open_rules = [text.own(f.rule.title) for f in undecided if not set(f.missing).issubset(facts.not_supplied)]
    if open_rules:
        more = f" and {len(open_rules) - 3} more" if len(open_rules) > 3 else ""
        yield f"Could not be decided: {', '.join(open_rules[:3])}{more}."
    yield from (f"Nobody can tell what {text.plain(item)} is." for item in facts.unreadable.values())


def _basis(evaluation: Evaluation) -> str:
    """What every card rests on."""
    gate = evaluation.gate
    if gate.found:
        basis = f"Leg cramps on record: {text.facts(gate.found)}; the diagnosis itself was not verified."
    elif gate.open:
        basis = "Leg cramps taken as reported."
    else:
        basis = "No leg cramps on record: this is about the medicine alone."
    return f"As of {evaluation.today.isoformat()}. {basis}"


def _set_by_site(findings: Sequence[Finding], decided: Decided) -> list[str]:
    """The numbers of the rules that are the site's own."""
    return [
        f"Set by this site: {text.own(finding.rule.title)}, {text.plain(f'{change.now} instead of {change.was}')}."
        for finding in findings
        for change in decided.of(finding.rule.id)
    ]
