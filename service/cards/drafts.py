"""What of cards is made before a patient comes: draft orders, sources and links."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from service.cards import text
from service.cards.options import Group
from service.engine.program import Program
from service.knowledge.schema import Code, Recommendation

_EVIDENCE_LINKS = 2
_LONGEST_LABEL = 100
_CATEGORY = {
    "laboratory": ("15220000", "Laboratory test"),
    "imaging": ("363679005", "Imaging"),
    "procedure": ("103693007", "Diagnostic procedure"),
    "referral": ("3457005", "Patient referral"),
}

Link = dict[str, str]


@dataclass(frozen=True, slots=True)
class Drafts:
    """What of cards follows from the rule set alone.

    templates: order key or panel key → a draft ServiceRequest without its patient. label: what every card names
    as its source. topics: as Codings. evidence: rule id → links to what the rule rests on most.
    """

    templates: dict[str, dict[str, Any]]
    label: str
    topics: dict[Group, dict[str, str]]
    evidence: dict[str, list[Link]]


def build_drafts(program: Program, intent: str = "proposal") -> Drafts:
    """Builds what of cards follows from the rule set. That its orders are valid FHIR is a gate: gates/drafts.py."""
    templates: dict[str, dict[str, Any]] = {}
    for order in program.rules.orders.orders:
        templates[order.key] = _template(program, order.label, order.code, order.category, intent)
    for panel in program.rules.orders.panels:
        templates[panel.key] = _template(program, panel.label, panel.code, "laboratory", intent)
    ruleset = program.rules.ruleset
    return Drafts(
        templates,
        f"{ruleset.title} {ruleset.version}",
        {
            group: {"system": "urn:nocturnal-leg-cramps:topics", "code": code, "display": ruleset.card_titles[group]}
            for group, code in ruleset.topics.items()
        },
        {rule.id: _evidence(rule.recommendation, program) for rule in program.all},
    )


def _evidence(rule: Recommendation, program: Program) -> list[Link]:
    sources = [program.rules.sources[evidence.source] for evidence in rule.evidence]
    cited = [(source.url, source.citation) for source in sources if source.url][:_EVIDENCE_LINKS]
    return [link(text.cut(citation, _LONGEST_LABEL), url) for url, citation in dict(cited).items()]


def link(label: str, url: str) -> Link:
    """Returns a link of a card."""
    return {"label": label, "url": url, "type": "absolute"}


def _template(program: Program, label: str, code: Code | None, category: str, intent: str) -> dict[str, Any]:
    uris: dict[str, str] = {system.id: system.uri for system in program.rules.systems.systems}
    concept: dict[str, Any] = {"text": label}
    if code is not None:
        coding = {"system": uris[code.system], "code": code.code}
        if code.display:
            coding["display"] = code.display
        concept = {"coding": [coding], "text": label}
    group, display = _CATEGORY[category]
    return {
        "resourceType": "ServiceRequest",
        "status": "draft",
        "intent": intent,
        "category": [{"coding": [{"system": "http://snomed.info/sct", "code": group, "display": display}]}],
        "code": concept,
    }
