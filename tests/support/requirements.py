"""docs/conformance.md: each requirement of CDS Hooks, and the tests that prove it, read from their markers.

The requirements stand in tests/contract/requirements.csv. binds: `service`, or who else it binds and why no test is
needed (`client`, `operator`), `measured` or `unused`.
"""

import ast
import csv
from collections.abc import Iterator
from dataclasses import dataclass

from tests.support.server import ROOT

PAGE = ROOT / "docs" / "conformance.md"
_FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)
_LISTED = ROOT / "tests" / "contract" / "requirements.csv"
BINDS = ("service", "client", "operator", "measured", "unused")
_FAMILIES = {
    "J": "JSON and transport",
    "D": "Discovery",
    "R": "Receiving a call",
    "P": "Prefetch templates",
    "F": "Prefetch and fetching",
    "S": "Response and statuses",
    "C": "Cards",
    "SRC": "Source",
    "SG": "Suggestions",
    "A": "Actions",
    "L": "Links",
    "Y": "System actions",
    "FB": "Feedback",
    "T": "Trust",
    "X": "Extensions",
    "K": "Coding",
    "TR": "Transience",
    "CRD": "From Da Vinci CRD",
}
_HEAD = """\
# Conformance

What CDS Hooks asks of a service, in our words, and the tests that prove it. Generated from the markers in the tests:
`.venv/bin/python -m tests.support.requirements` writes it anew, and a test fails where a requirement that binds the
service has no test.

Contract: CDS Hooks 2.0.1, with what 1.0, the ballot of 3.0 and Da Vinci CRD add. Level: the word of the specification,
with *(client)* where it binds the client and this service relies on it or checks it; *implied*, *practice* and *own*
where there is no such word.
"""
_QUIRKS = """
## What clients really do

Level: *documented* by the vendor, *observed* by running the client, read *from source*, or told *second hand*.
"""
_TABLE = "\n| Id | Level | Rule | Proved by |\n| --- | --- | --- | --- |\n"


@dataclass(frozen=True)
class Requirement:
    id: str
    level: str
    binds: str
    rule: str
    why: str

    @property
    def family(self) -> str:
        return self.id.rpartition("-")[0]


def requirements() -> dict[str, Requirement]:
    """Returns the requirements by id, in their order."""
    with _LISTED.open(encoding="utf-8", newline="") as rows:
        return {row["id"]: Requirement(**row) for row in csv.DictReader(rows)}


def marked() -> Iterator[tuple[str, str]]:
    """Yields each id that a marker names, with its test as path and name, or the path alone for a module."""
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        name = path.relative_to(ROOT).as_posix()
        tree = ast.parse(path.read_bytes())
        tests = [node for node in ast.walk(tree) if isinstance(node, _FUNCTION) and node.name.startswith("test_")]
        of_test = {marker: f"{name}::{test.name}" for test in tests for marker in _markers(test)}
        for marker in sorted(_markers(tree), key=lambda node: node.lineno):
            for argument in marker.args:
                yield str(ast.literal_eval(argument)), of_test.get(marker, name)


def proofs() -> dict[str, list[str]]:
    """Returns the tests of each id."""
    found: dict[str, list[str]] = {}
    for id_, test in marked():
        found.setdefault(id_, []).append(test)
    return found


def page() -> str:
    """Returns the page as the list and the markers have it now."""
    known, tests = requirements(), proofs()
    parts = [_HEAD]
    for family, title in _FAMILIES.items():
        rows = [_row(one, tests.get(one.id, [])) for one in known.values() if one.family == family]
        parts += [f"\n## {title}\n", _TABLE, *rows]
    parts += [_QUIRKS, _TABLE]
    parts += [_row(one, tests.get(one.id, [])) for one in known.values() if one.family not in _FAMILIES]
    return "".join(parts)


def _row(one: Requirement, tests: list[str]) -> str:
    shown = "<br>".join(map(_link, tests))
    if one.binds != "service":
        shown = "<br>".join(part for part in (f"*{one.binds}*: {one.why}", shown) if part)
    return f"| {one.id} | {one.level} | {one.rule} | {shown or '**no test yet**'} |\n"


def _link(test: str) -> str:
    path, _, name = test.partition("::")
    return f"[{name.removeprefix('test_').replace('_', ' ') or path.rpartition('/')[2]}](../{path})"


def _markers(tree: ast.AST) -> list[ast.Call]:
    """The calls of `pytest.mark.requirement` in a module or a test."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [call for call in calls if ast.unparse(call.func).endswith("mark.requirement")]


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
