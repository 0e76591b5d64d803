"""Markdown of a card, from our own labels, dates, numbers and units only."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from service.engine.completion import Evidence
from service.facts.dates import Day
from service.facts.model import Condition, Fact, Medicine, Result

_ESCAPED = str.maketrans({special: f"\\{special}" for special in r"\`*_[]<>|~#&"})
_LONGEST_SUMMARY = 139  # CDS Hooks: under 140 characters
_SINCE = {"current": "since ", "given": "given "}
_HOW = {"overlay": " (by the site's code list)", "name": " (recognised by name)", "text": " (from free text)"}


def plain(text: str) -> str:
    """Returns a text in which Markdown finds nothing to format."""
    return text.translate(_ESCAPED)


@lru_cache(maxsize=4096)
def own(text: str) -> str:
    """Returns the same for a title or label of the rule set or the site, and remembers it; nothing of a record."""
    return plain(text)


def when(day: Day | None) -> str:
    """Returns a day as written on cards, `about` where only its month or year is known."""
    if day is None:
        return "date unknown"
    return f"about {day.date.isoformat()[:7]}" if day.approximate else day.date.isoformat()


def fact(found: Fact) -> str:
    """Returns one fact that a rule rests on."""
    value, dated, doubt = "", when(found.day), "; code and display disagree" if found.contradiction else ""
    if isinstance(found, Medicine):
        if found.status == "draft":
            dated = "being ordered"
        elif found.day:
            dated = _SINCE.get(found.status, "") + dated
    elif isinstance(found, Result):
        value = f" {measured(found)}"
    elif isinstance(found, Condition) and found.verification == "suspected":
        doubt += "; suspected"
    side = f", {found.side}" if found.side in ("left", "right") and not _tells(found.label, found.side) else ""
    return f"{own(found.label)}{value}{side} ({dated}{doubt}){_HOW.get(found.by, '')}"


def _tells(label: str, side: str) -> bool:
    return side in label.lower().replace(",", " ").split()


@lru_cache(maxsize=256)  # as written in the rule set
def days(due_within: str) -> int:
    """Returns a time frame such as `4 weeks` in days; today for one that names no length."""
    match = re.match(r"(\d+) (day|week|month)", due_within)
    return int(match[1]) * {"day": 1, "week": 7, "month": 30}[match[2]] if match else 0


def facts(found: Sequence[Fact]) -> str:
    """Returns the facts that a rule rests on, the newest three and how many more."""
    if len(found) > 1:
        found = sorted(found, key=lambda f: f.day.date.toordinal() if f.day else 0, reverse=True)
    shown = "; ".join(dict.fromkeys([fact(item) for item in found[:3]]))
    return f"{shown}; and {len(found) - 3} more" if len(found) > 3 else shown


def unit(written: str) -> str:
    """Returns a value with its UCUM unit as people write it: mIU/L for m[IU]/L."""
    for ucum, shown in (("[IU]", "IU"), ("{1.73_m2}", "1.73 m²"), ("meq/", "mEq/"), ("10*", "10^")):
        written = written.replace(ucum, shown)
    return written


def value(evidence: Evidence) -> str:
    """Returns what a result says."""
    if isinstance(evidence, Result):
        return measured(evidence)
    if evidence.verdict == "positive" or evidence.values:
        return "**reports a finding: read it**"
    return "not conclusive" if evidence.verdict else "report on file"


def measured(result: Result) -> str:
    """Returns value and unit of a result, with what is to be noted of it."""
    said = plain(unit(result.shown or result.written))
    return f"{said} ({result.note})" if result.note else said


def table(header: str, rows: Sequence[Sequence[str]]) -> str:
    """Returns a GitHub-flavoured table; the header has its bars between the columns already."""
    body = " |\n| ".join([" | ".join(row) for row in rows])
    return f"| {header} |\n|{' --- |' * len(rows[0])}\n| {body} |"


def bullets(lines: Sequence[str]) -> str:
    """Returns a list, each line once."""
    return "- " + "\n- ".join(dict.fromkeys(lines)) if lines else ""


def cut(text: str, longest: int) -> str:
    """Returns a text of at most `longest` characters, cut after a word."""
    return text if len(text) <= longest else text[: longest - 1].rpartition(" ")[0] + "…"


def shortened(first: str, others: Sequence[str]) -> str:
    """Returns a summary of fewer than 140 characters: the first line, and the titles of the other findings.

    Where those do not fit it says how many they are.
    """
    if not others:
        return first
    ways = (f"{first} (also: {'; '.join(others)})", f"{first} (+{len(others)} more)")
    return next((way for way in ways if len(way) <= _LONGEST_SUMMARY), first)
