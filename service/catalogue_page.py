"""The rule catalogue as pages that a clinician can read and print. No script, no inline style; every text escaped."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any


def listing_page(listing: dict[str, Any], root: str) -> str:
    """Returns the page of all rules."""
    ruleset = listing["ruleset"]
    rows = [
        [
            f'<a href="{escape(root)}/rules/{escape(rule["id"])}">{escape(rule["title"])}</a>',
            escape(rule["indicator"]),
            escape(rule["summary"]),
            escape(rule["logic"]),
        ]
        for rule in listing["rules"]
    ]
    return _page(
        ruleset["title"],
        root,
        f"<p>Version {escape(ruleset['version'])}, <code>{escape(ruleset['digest'][:23])}…</code></p>"
        f"<p class='warn'>No clinician has signed these rules yet.</p>"
        f"<p>{escape(listing['intendedUse'])}</p><p><strong>Not for:</strong> {escape(listing['notFor'])}</p>"
        + _table(["Rule", "Indicator", "Line on the card", "When"], rows)
        + _attributes(listing["sourceAttributes"])
        + f"<p>Contact: {escape(listing['contact'])}</p>",
    )


def rule_page(entry: dict[str, Any], root: str) -> str:
    """Returns the page of one rule: purpose, limits, logic, tests, numbers, evidence, value sets, sources, review."""
    reviewed = entry["reviewed"]
    identity = " · ".join(entry[name] for name in ("version", "status", "indicator"))
    parts = [
        f"<p><code>{escape(entry['id'])}</code> {escape(identity)}</p>",
        f"<p>{escape(entry['purpose'])}</p><p><strong>Limits:</strong> {escape(entry['limits'])}</p>",
        f"<h2>When</h2><p>{escape(entry['logic'])}</p>",
        _section("Set by this site", _site(entry.get("site", {}))),
        f"<h2>Says</h2><p>{escape(entry['card']['summary'])}</p>",
        _list(_line(line, "summary") for line in entry["card"].get("variants", [])),
        _section("More urgent", _list(_line(line, "to") for line in entry.get("escalate", []))),
        _section("Tests that must be done", _list(_line(test, "label") for test in entry.get("tests", []))),
        _section("Orders that go with it", _list(_line(offer, "label") for offer in entry.get("offers", []))),
        _section("Ask and examine", _list(_line(line) for line in entry.get("bedside", []))),
        _section("Advice", _list(_line(line) for line in entry.get("advice", []))),
        _section("Once every test is done", _list(_line(line) for line in entry.get("when_satisfied", []))),
        _section("Numbers and where they come from", _numbers(entry["thresholds"])),
        _section(
            "Evidence",
            _table(
                ["Grade", "What it supports", "Source"],
                [[escape(e["grade"]), escape(e["supports"]), escape(e["source"])] for e in entry["evidence"]],
            ),
        ),
        _section(
            "Value sets",
            _table(
                ["Value set", "Meaning", "Codes"],
                [[escape(v["title"]), escape(v["purpose"]), str(v["codes"])] for v in entry["valueSets"]],
            ),
        ),
        _section("Sources", _list(_source(source) for source in entry["sources"])),
        _attributes(entry["sourceAttributes"]),
        f"<p>Authors: {escape(', '.join(entry['authors']))}.</p>",
        f"<p>Reviewed: {escape(reviewed['by'])}, {escape(reviewed['on'])}.</p>",
        f"<p>Review again by {escape(reviewed['again_by'])}.</p>",
    ]
    return _page(entry["title"], root, "".join(parts))


def _page(title: str, root: str, body: str) -> str:
    base = escape(root)
    links = (
        f"<link rel='icon' href='{base}/docs/favicon-32x32.png'><link rel='stylesheet' href='{base}/docs/rules.css'>"
    )
    return (
        f"<!doctype html><html lang='en'><head><meta charset='utf-8'><title>{escape(title)}</title>"
        f"<meta name='viewport' content='width=device-width'>{links}</head>"
        f"<body><nav><a href='{base}/rules'>All rules</a> · <a href='{base}/docs'>API</a></nav>"
        f"<main><h1>{escape(title)}</h1>{body}</main></body></html>"
    )


def _section(title: str, content: str) -> str:
    return f"<h2>{escape(title)}</h2>{content}" if content else ""


def _table(header: list[str], rows: list[list[str]]) -> str:
    if not rows:
        return ""
    head = "".join(f"<th>{escape(cell)}</th>" for cell in header)
    body = "".join(f"<tr>{''.join(map(_cell, header, row))}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cell(label: str, content: str) -> str:
    """A cell that carries its column's title, which a narrow screen shows beside it."""
    return f"<td data-label='{escape(label)}'>{content}</td>"


def _list(items: Iterable[str]) -> str:
    listed = "".join(f"<li>{item}</li>" for item in items)
    return f"<ul>{listed}</ul>" if listed else ""


def _line(line: dict[str, Any], name: str = "text") -> str:
    within = f" in the past {line['within']} days" if "within" in line else ""
    applies = f" <em>({escape(line['applies'])})</em>" if line.get("applies") else ""
    return escape(line[name]) + within + applies


def _site(site: dict[str, Any]) -> str:
    changes = [f"{t['path']}: {t['here']} instead of {t['published']}" for t in site.get("thresholds", [])]
    return _list(escape(said) for said in [*changes, *([site["switched"]] if "switched" in site else [])])


def _attributes(attributes: list[dict[str, Any]]) -> str:
    rows = [[escape(a["title"]), _used(a), escape(a["how"])] for a in attributes]
    return _section("Source attributes", _table(["Attribute", "Used", "How"], rows))


def _used(attribute: dict[str, Any]) -> str:
    if "sources" in attribute:
        return f"{len(attribute['sources'])} sources"
    if "used" not in attribute:
        return ""
    rules = attribute.get("rules", [])
    return "no" if not rules else "yes" if len(rules) == 1 else f"by {len(rules)} rules"


def _numbers(thresholds: list[dict[str, Any]]) -> str:
    return _table(
        ["Number", "From"],
        [
            [escape(t["says"]), escape("; ".join([*t.get("sources", []), *([t["why"]] if t.get("why") else [])]))]
            for t in thresholds
        ],
    )


def _source(source: dict[str, Any]) -> str:
    cited = f"{escape(source['citation'])} ({source['year']}), {escape(source['seen'])}"
    label = f"<strong>{escape(source['id'])}</strong> {cited}"
    return f'{label} <a href="{escape(source["url"])}">link</a>' if source.get("url") else label
