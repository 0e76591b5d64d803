"""What a call costs with few rules, with all, and with ten of each; and how the cost grows with the record."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from itertools import repeat
from pathlib import Path
from typing import Any

from tests.load import figures
from tests.load.client import answer, request_of
from tests.load.comparison import cpu_ms
from tests.load.servers import KINDS, ROOT, running

RULES = ROOT / "rules"
_FEW = 17
# What the generated records raise: kept among the few, so that all rule sets give the same answer.
SPEAKING = (
    "arthritis", "cramp-associated-drug", "diabetes", "diuretic", "kidney-disease", "lab-calcium-low",
    "lab-tsh-abnormal", "self-care", "thyroid-disease", "venous-insufficiency",
)  # fmt: skip
_COPIES = 10


def measure(
    bodies: Mapping[str, bytes], rounds: int, seconds: float, folder: Path, say: Callable[[str], None]
) -> tuple[str, Any]:
    """Returns a table of CPU milliseconds by rule set and body, and the values."""
    sets = {"few": few(folder / "few"), "all": RULES, "copies": copies(folder / "copies", "active")}
    sets["drafts"] = copies(folder / "drafts", "draft")
    counts = {name: len(order_of(rules)) for name, rules in sets.items()} | {"few": _FEW}
    values: dict[str, dict[str, list[float | None]]] = {name: {body: [] for body in bodies} for name in sets}
    answers: dict[str, dict[str, int]] = {name: {} for name in sets}
    smallest = min(bodies.values(), key=len)
    with ExitStack() as stack:
        servers = {}
        for name, rules in sets.items():
            say(f"start: ours with {counts[name]} rules ({name})")
            settings = {"CRAMPS_RULES_DIR": str(rules)}
            servers[name] = stack.enter_context(
                running(KINDS["ours"], smallest, folder / f"rules-{name}.log", settings)
            )
        for number in range(rounds):
            for body, content in bodies.items():
                request = request_of(content)
                for name, server in servers.items():
                    say(f"round {number + 1} of {rounds}: {counts[name]} rules with {body}")
                    values[name][body].append(cpu_ms(server, repeat(request), seconds))
                    answers[name][body] = len(answer(server.port, content)[1])
    return _report(bodies, values, answers, counts), {"cpu_ms": values, "answer_bytes": answers, "rules": counts}


_TITLES = {
    "few": "{} of them",
    "all": "{}, as published",
    "copies": "{}, ten of each, all shown",
    "drafts": "{}, nine of ten evaluated but not shown",
}


def _report(
    bodies: Mapping[str, bytes],
    values: Mapping[str, Mapping[str, list[float | None]]],
    answers: Mapping[str, Mapping[str, int]],
    counts: Mapping[str, int],
) -> str:
    rows = [
        [
            _TITLES[name].format(counts[name]),
            *(figures.shown(figures.middle(of[body])) for body in bodies),
            *(figures.shown(figures.paired_ratio(of[body], values["all"][body])) for body in bodies),
            *(f"{answers[name][body] / 1000:.1f}" for body in bodies),
        ]
        for name, of in values.items()
    ]
    head = ["rules", *(f"{what} {body}" for what in ("CPU ms", "× all", "answer kB") for body in bodies)]
    lines = [figures.table(head, rows)]
    points = [(len(content) / 1000, figures.middle(values["all"][body])) for body, content in bodies.items()]
    known = [(size, cost) for size, cost in points if cost]
    if len(known) > 2:
        fixed, each = figures.slope([size for size, _ in known], [cost for _, cost in known])
        parts = ", ".join(f"{figures.shown(cost / (fixed + each * size))} at {size:.0f} kB" for size, cost in known)
        lines.append(
            f"All rules, a straight line through them: {figures.shown(fixed)} ms, and {figures.shown(each)} ms for "
            f"each kB of the body. Measured to line: {parts}."
        )
    return "\n\n".join(lines)


def order_of(rules: Path) -> list[str]:
    """Returns the ids of a rule set in its order."""
    _, _, rest = (rules / "ruleset.yaml").read_text().partition("\norder:\n")
    return re.findall(r"^  - ([a-z0-9-]+)$", rest.partition("\n#")[0], re.MULTILINE)


def few(target: Path) -> Path:
    """Writes a rule set of which 17 rules are not retired: those that speak, and others spread over their order."""
    every = order_of(RULES)
    others = [name for name in every if name not in SPEAKING]
    silent = _FEW - len(SPEAKING)
    kept = {*SPEAKING, *(others[number * len(others) // silent] for number in range(silent))}
    _copy(target, every)
    for name in set(every) - kept:
        path = target / "recommendations" / f"{name}.yaml"
        path.write_text(re.sub(r"^status: .*$", "status: retired", path.read_text(), count=1, flags=re.MULTILINE))
    return target


def copies(target: Path, status: str) -> Path:
    """Writes a rule set in which each rule stands ten times, the nine copies under other ids and with that status."""
    every = order_of(RULES)
    named = {rule: [f"{rule}-copy-{number}" for number in range(1, _COPIES)] for rule in every}
    _copy(target, [name for rule in every for name in (rule, *named[rule])])
    for rule, others in named.items():
        text = (target / "recommendations" / f"{rule}.yaml").read_text()
        for name in others:
            own = re.sub(r"^id: .*$", f"id: {name}", text, count=1, flags=re.MULTILINE)
            own = re.sub(r"^status: .*$", f"status: {status}", own, count=1, flags=re.MULTILINE)
            (target / "recommendations" / f"{name}.yaml").write_text(own)
    return target


def _copy(target: Path, order: list[str]) -> None:
    shutil.copytree(RULES, target, ignore=shutil.ignore_patterns("*.vignettes.yaml", "wrong", "cohort", "schema"))
    path = target / "ruleset.yaml"
    text = path.read_text()
    before, mark, rest = text.partition("\norder:\n")
    _, end, after = rest.partition("\n#")
    path.write_text(f"{before}{mark}" + "\n".join(f"  - {name}" for name in order) + end + after)
