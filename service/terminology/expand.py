"""A value set against the verified lists: the rows of its expansion."""

import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from service.terminology.lists import Drug, Entry, Lists, Product, bare
from service.terminology.sets import Line, ValueSet

SOURCE_WIDTH = 79


@dataclass(frozen=True, slots=True)
class Row:
    """One line of an expansion, in the order of its columns."""

    system: str
    match: str
    code: str
    label: str
    ingredient: str
    verified_in: str
    side: str

    @property
    def key(self) -> tuple[str, str, str]:
        """What may appear once."""
        return self.system, bare(self.code) if self.system else self.code, self.match


class UnverifiedError(Exception):
    """Rows of a value set that no verified list knows, or that contradict each other."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


def expand(value_set: ValueSet, lists: Lists) -> list[Row]:
    """The sorted rows of the expansion.

    A row written as one code or prefix wins over an exclusion above it; what a list brought does not.

    Raises:
        UnverifiedError: with one fault for each row that cannot be built.

    """
    faults: list[str] = []
    written: dict[tuple[str, str, str], Row] = {}
    brought: dict[tuple[str, str, str], Row] = {}
    for line, rows in _found(value_set, value_set.include, _included, lists, faults):
        target = written if "system" in line else brought
        for row in rows:
            if target is written and row.key in written:
                faults.append(f"{value_set.path}: include {_spell(line)}: appears twice")
            target.setdefault(row.key, row)
    refused = [
        row for _, rows in _found(value_set, value_set.exclude, _excluded, lists, faults) for row in rows
    ]
    if value_set.kind == "medication":
        brands = _brands({*written.values(), *brought.values()}, refused, lists)
        brought = {**{brand.key: brand for brand in brands}, **brought}
    codes = {(row.system, bare(row.code)) for row in written.values()}
    faults += [
        f"{value_set.path}: {row.system} {row.code} is both included and excluded"
        for row in refused
        if row.system and (row.system, bare(row.code)) in codes
    ]
    if faults:
        raise UnverifiedError(faults)
    brought = {key: row for key, row in brought.items() if not any(_covers(no, row) for no in refused)}
    negatives = {row.key: row for row in map(_negative, refused) if row is not None}
    return sorted({**brought, **written, **negatives}.values(), key=lambda row: row.key)


def expand_products(rows: list[Row], lists: Lists) -> list[Product]:
    """The RxNorm products that hold at least one ingredient of these medication rows, by numeric code."""
    wanted = {row.code for row in rows if row.match == "ingredient"}
    held = (product for product in lists.products.values() if wanted & set(product.ingredients))
    return sorted(held, key=lambda product: int(product.code))


def _found(
    value_set: ValueSet,
    lines: tuple[Line, ...],
    look: Callable[[Line, Lists], Iterator[Row]],
    lists: Lists,
    faults: list[str],
) -> Iterator[tuple[Line, list[Row]]]:
    """Each line with its rows; a line that no verified list knows becomes a fault."""
    for line in lines:
        rows = list(look(line, lists))
        if not rows:
            faults.append(f"{value_set.path}: {_spell(line)}: no verified list knows it")
        yield line, rows


def _included(line: Line, lists: Lists) -> Iterator[Row]:
    if "list" in line:
        concept = str(line["list"])
        systems = line.get("systems")
        for entry in lists.concepts.get(concept, ()):
            if systems is None or entry.system in systems:
                yield _row(entry)
        for drug in lists.drugs.values() if systems is None else ():
            if concept in drug.concepts:
                yield from _names(drug)
    elif "ingredient" in line:
        named = lists.drug(str(line["ingredient"]))
        if named is not None:
            yield from _names(named)
            yield from _drug_codes(named, lists)
    else:
        match = "prefix" if "prefix" in line else "exact"
        system, code = str(line["system"]), str(line.get("prefix") or line["code"])
        verified = lists.find(system, match, code)
        if verified is not None:
            kept = "ingredient" if verified.match == "ingredient" else match
            yield replace(_row(replace(verified, match=kept, code=code)), side=str(line.get("side", "")))


def _excluded(line: Line, lists: Lists) -> Iterator[Row]:
    if "name" in line:
        name = str(line["name"]).lower()
        if name in lists.brands or name in lists.aliases or name in lists.drugs:
            yield Row("", "name", name, "", "", "", "")
        return
    yield from _included(line, lists)


def _drug_codes(drug: Drug, lists: Lists) -> Iterator[Row]:
    if drug.rxcui:
        yield _row(lists.codes["rxnorm", drug.rxcui])
    for atc in sorted(drug.atc):
        yield _row(Entry("atc", "exact", atc, "", "drug_names.csv: ATC index", drug.name))
    for concept in sorted(drug.concepts):
        for entry in lists.concepts[concept]:
            if entry.system == "snomed" and entry.ingredient == drug.name:
                yield _row(entry)


def _names(drug: Drug) -> Iterator[Row]:
    for name, source in drug.names.items():
        yield _row(Entry("", "name", name, "", source, drug.name))


def _brands(rows: set[Row], refused: list[Row], lists: Lists) -> Iterator[Row]:
    """The brands that hold an ingredient of these rows, combinations for each of their members."""
    ingredients = {row.ingredient for row in rows if row.match in {"ingredient", "name"}}
    ingredients -= {row.ingredient for row in refused if row.match == "ingredient"}
    for brand, (members, source) in lists.brands.items():
        if ingredients & set(members):
            yield _row(Entry("", "name", brand, "", source, "|".join(members)))


def _row(entry: Entry) -> Row:
    source = textwrap.shorten(entry.source, SOURCE_WIDTH, placeholder=" …")
    return Row(entry.system, entry.match, entry.code, entry.label, entry.ingredient, source, "")


def _covers(no: Row, row: Row) -> bool:
    if no.match == "name":
        return row.match == "name" and row.code == no.code
    if no.match == "ingredient":
        return row.ingredient == no.ingredient and row.match in {"ingredient", "name"}
    if no.system != row.system:
        return False
    if no.match == "prefix":
        return bare(row.code).startswith(bare(no.code))
    is_leaf = row.match != "prefix" or row.system == "atc"
    return bare(row.code) == bare(no.code) and is_leaf


def _negative(row: Row) -> Row | None:
    """What an exclusion leaves in the expansion: its codes, which then neither prefix nor name recognises."""
    return replace(row, match=f"not-{row.match}") if row.match in {"exact", "prefix"} else None


def _spell(line: Line) -> str:
    return ", ".join(f"{key}: {value}" for key, value in line.items())
