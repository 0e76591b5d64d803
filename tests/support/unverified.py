"""The part of docs/unverified.md that the value sets tell: what each of them leaves out, and why."""

from pathlib import Path

from service.knowledge.load import load_rules
from tests.support.server import ROOT

PAGE = ROOT / "docs" / "unverified.md"
_HEAD = "| Value set | Code | Why |\n| --- | --- | --- |\n"


def table(rules: Path = ROOT / "rules") -> str:
    """Returns the table of all that is left out, by value set."""
    lines = [
        f"| {name} | {f'{left.system} {left.code}' if left.code else '-'} | {' '.join(left.why.split())} |\n"
        for name, valueset in sorted(load_rules(rules).valuesets.items())
        for left in valueset.left_out
    ]
    return _HEAD + "".join(lines)


def written(page: str) -> str:
    """Returns the page with its table as the value sets have it now."""
    return page.partition(_HEAD)[0] + table()


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text("utf-8")), "utf-8")
