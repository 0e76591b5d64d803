"""The build command: verified lists and hand-written value sets in, expansions out."""

import argparse
import csv
import io
import sys
from collections.abc import Iterable, Sequence
from dataclasses import astuple, fields
from pathlib import Path

from service.terminology.expand import Row, expand, expand_products
from service.terminology.lists import Lists, Product, read_lists
from service.terminology.sets import ValueSet, ValueSetError, read_set

PRODUCTS = "rxnorm-products.csv"


def main(argv: Sequence[str] | None = None) -> int:
    """Build the expansions, or with --check say what building would change.

    Returns 0 when all is in order, 1 when a value set is at fault or, with --check, when a file would change.
    """
    parser = argparse.ArgumentParser(
        prog="python -m service terminology",
        description="Write the expansions of the value sets from a folder of verified code lists.",
    )
    parser.add_argument("--source", type=Path, required=True, help="folder that holds the verified lists")
    parser.add_argument("--rules", type=Path, default=Path("rules"), help="rules folder (default: rules)")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a file would change")
    options = parser.parse_args(argv)
    folder = options.rules / "valuesets"
    sets, faults = read_sets(folder)
    lists = read_lists(options.source)
    files, more = build(sets, lists)
    faults += more
    for fault in faults:
        _say(fault)
    changed = _changes(folder / "expansions", files, complete=not faults)
    if not options.check:
        _write(folder / "expansions", files, changed)
    for name in changed:
        _say(f"{'would change' if options.check else 'written' if name in files else 'removed'}: {name}")
    _say(f"{len(sets)} value sets, {len(faults)} faults, {len(changed)} files changed")
    return 1 if faults or (options.check and changed) else 0


def read_sets(folder: Path) -> tuple[list[ValueSet], list[str]]:
    """Every value set of the folder by file name, and a fault for each that cannot be read."""
    sets, faults = [], []
    for path in sorted(folder.glob("*.yaml")):
        try:
            sets.append(read_set(path))
        except ValueSetError as error:
            faults += error.faults
    return sets, faults


def build(sets: list[ValueSet], lists: Lists) -> tuple[dict[str, str], list[str]]:
    """The text of every file to be written by file name, and the faults of the sets that were left out."""
    files: dict[str, str] = {}
    faults: list[str] = []
    medications: list[Row] = []
    for value_set in sets:
        try:
            rows = expand(value_set, lists)
        except ValueSetError as error:
            faults += error.faults
            continue
        files[f"{value_set.path.stem}.csv"] = _csv(
            [field.name for field in fields(Row)], [astuple(row) for row in rows]
        )
        if value_set.model.kind == "medication":
            medications += rows
    files[PRODUCTS] = _csv(["code", "ingredients", "route"], map(_product, expand_products(medications, lists)))
    return files, faults


def _product(product: Product) -> tuple[str, str, str]:
    return product.code, "|".join(product.ingredients), product.route


def _csv(header: Sequence[str], rows: Iterable[tuple[str, ...]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()


def _changes(folder: Path, files: dict[str, str], *, complete: bool) -> list[str]:
    """Files whose text differs; and, when every set could be built, files that no set stands behind."""
    present = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.csv")}
    stale = set(present) - set(files) if complete else set()
    return sorted({name for name, text in files.items() if present.get(name) != text} | stale)


def _write(folder: Path, files: dict[str, str], changed: list[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in changed:
        if name in files:
            (folder / name).write_text(files[name], encoding="utf-8")
        else:
            (folder / name).unlink()


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
