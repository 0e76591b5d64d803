"""The ways to be wrong: each folder of `wrong/` is a small change to the rule set that must raise exactly its fault."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from service.gates.references import check_references
from service.gates.vignettes import load_vignettes
from service.knowledge.load import RulesInvalid, load_rules


def check_wrong(folder: Path) -> Iterator[tuple[str, str | None]]:
    """Yields each fixture's name with what is amiss, None where it raises the one fault of its `expected.txt`."""
    for fixture in sorted(path for path in (folder / "wrong").glob("*") if path.is_dir()):
        wanted = (fixture / "expected.txt").read_text().strip()
        faults = faults_of(folder, fixture)
        if faults == [wanted]:
            yield fixture.name, None
        else:
            yield fixture.name, f"raises {faults or 'nothing'} and should raise {wanted}"


def faults_of(folder: Path, fixture: Path) -> list[str]:
    """Returns the faults of the rule set with a fixture's files laid over it."""
    with tempfile.TemporaryDirectory() as place:
        copy = Path(place) / "rules"
        shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("wrong", "cohort", "schema"))
        for path in fixture.rglob("*.yaml"):
            target = copy / path.relative_to(fixture)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
        try:
            rules = load_rules(copy)
            load_vignettes(copy)
        except RulesInvalid as invalid:
            return [str(fault) for fault in invalid.faults]
        return [str(fault) for fault in check_references(rules)]
