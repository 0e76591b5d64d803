"""The thirteen source attributes of 45 CFR 170.315(b)(11)(iv)(A): what decision support rests on and what it reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from service.engine.program import Program, clauses_of
from service.engine.reach import walk
from service.knowledge.schema import Clause, Recommendation

_ASSESSMENTS = frozenset(("audit-c", "pregnancy-status"))  # value sets that hold an assessment of health status
_NEVER = (
    ("race", "Race", "Not read. Results of race-specific formulas of kidney function are not recognised."),
    ("ethnicity", "Ethnicity", "Not read."),
    ("language", "Language", "The patient's language is not read. Texts are recognised in English and German."),
    ("sexual-orientation", "Sexual orientation", "Not read."),
    ("gender-identity", "Gender identity", "Not read; Patient.gender is taken as the administrative sex."),
)
_SDOH = ("sdoh", "Social determinants of health", "Not read.")


def source_attributes(program: Program, rules: Sequence[Recommendation]) -> list[dict[str, Any]]:
    """Returns the attributes of some rules, in the order of the regulation, with the rules that read each."""
    ruleset = program.rules.ruleset
    cited = {rule.id: sources_of(program, rule) for rule in rules}
    released = ruleset.released.isoformat() if ruleset.released else None
    revised = ruleset.revised.isoformat() if ruleset.revised else None
    dates = [f"Released {released}." if released else "Not released yet.", f"Revised {revised}." if revised else ""]
    asked = {rule.id: [c for own in clauses_of(rule) for c in walk(own, program.rules.definitions)] for rule in rules}
    return [
        {
            "id": "citations",
            "title": "Bibliographic citations",
            "how": "Each rule names its sources; numbers that are a consensus of this project say so.",
            "rules": cited,
            "sources": {
                name: f"{program.rules.sources[name].citation} ({program.rules.sources[name].year})"
                for name in sorted({name for names in cited.values() for name in names})
            },
        },
        {"id": "developer", "title": "Developer", "how": ruleset.developer},
        {"id": "funding", "title": "Funding of the technical implementation", "how": ruleset.funding},
        {
            "id": "dates",
            "title": "Release and revision dates",
            "how": " ".join(filter(None, dates)),
            **({"released": released} if released else {}),
            **({"revised": revised} if revised else {}),
        },
        *(_read(name, title, how, ()) for name, title, how in _NEVER),
        _read(
            "sex",
            "Sex",
            "Patient.gender: thresholds that differ by sex, and reference ranges reported for one sex.",
            (name for name, clauses in asked.items() if any(map(_asks_sex, clauses))),
        ),
        _read(
            "date-of-birth",
            "Date of birth",
            f"Patient.birthDate: limits and texts are those of adults, from {ruleset.adult_age} years; without a birth"
            " date the patient is taken for an adult, and the card says so.",
            (
                rule.id
                for rule in rules
                if rule.population != "everyone" or any(clause.age for clause in asked[rule.id])
            ),
        ),
        _read(*_SDOH, ()),
        _read(
            "health-status",
            "Health status assessments",
            "AUDIT-C score, pregnancy status, and questionnaires in which leg cramps were answered yes; the latter open"
            " the gate of every rule that needs leg cramps on record.",
            (
                rule.id
                for rule in rules
                if rule.gate == "required" or any(map(_asks_assessment, asked[rule.id]))
            ),
        ),
    ]  # fmt: skip


def sources_of(program: Program, rule: Recommendation) -> list[str]:
    """Returns the id of every source that a rule or a definition which it uses names anywhere, once."""
    defined = {
        name
        for own in clauses_of(rule)
        for clause in walk(own, program.rules.definitions)
        for name in clause.sources or ()
    }
    return sorted(defined.union(_named(rule.model_dump(mode="json", by_alias=True, exclude_defaults=True))))


def _read(name: str, title: str, how: str, rules: Iterable[str]) -> dict[str, Any]:
    listed = list(rules)
    return {"id": name, "title": title, "used": bool(listed), "how": how, **({"rules": listed} if listed else {})}


def _asks_sex(clause: Clause) -> bool:
    result = clause.result
    return clause.sex is not None or bool(result and (result.outside_reference or result.times_upper_limit))


def _asks_assessment(clause: Clause) -> bool:
    terms = getattr(clause, clause.word)
    return clause.questionnaire is not None or not _ASSESSMENTS.isdisjoint(getattr(terms, "in_", None) or ())


def _named(tree: Any) -> Iterator[str]:
    if isinstance(tree, dict):
        for name, value in tree.items():
            if name == "sources":
                yield from value
            elif name == "source":
                yield value
            else:
                yield from _named(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _named(value)
