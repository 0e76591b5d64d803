"""The ways to be wrong: each folder of `wrong/` spoils the smallest sound rule set and must raise exactly its fault."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from service.gates.vignettes import load_vignettes
from service.knowledge.load import RulesInvalid, load_rules
from service.knowledge.references import check_references

SOUND = "sound"


def check_wrong(folder: Path) -> Iterator[tuple[str, str | None]]:
    """Yields each fixture's name with what is amiss, None where it raises the one fault of its `expected.txt`."""
    for fixture in fixtures(folder):
        wanted = expected(fixture)
        faults = faults_of(fixture)
        yield fixture.name, None if faults == wanted else f"raises {faults or 'nothing'} and should raise {wanted}"


def fixtures(folder: Path) -> list[Path]:
    """Returns the folders of `wrong/`, the sound rule set among them, which must raise nothing."""
    return sorted(path for path in (folder / "wrong").glob("*") if path.is_dir())


def expected(fixture: Path) -> list[str]:
    """Returns the one fault that a fixture must raise, none for the sound rule set."""
    return [] if fixture.name == SOUND else [(fixture / "expected.txt").read_text().strip()]


def faults_of(fixture: Path) -> list[str]:
    """Returns the faults of the sound rule set with a fixture laid over it.

    A file that the fixture's missing.txt names is taken away.
    """
    with tempfile.TemporaryDirectory() as place:
        rules = Path(place) / "rules"
        for layer in (fixture.parent / SOUND, fixture):
            shutil.copytree(layer, rules, dirs_exist_ok=True, ignore=shutil.ignore_patterns("expected.txt"))
        missing = rules / "missing.txt"
        for name in missing.read_text().split() if missing.exists() else ():
            (rules / name).unlink()
        try:
            loaded = load_rules(rules)
            load_vignettes(rules)
        except RulesInvalid as invalid:
            return [str(fault) for fault in invalid.faults]
        return [str(fault) for fault in check_references(loaded)]
