"""A value set against the verified lists: the rows of its expansion."""

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from service.knowledge.schema import Selector
from service.terminology.lists import Drug, Entry, Lists, Product, bare
from service.terminology.sets import ValueSet, ValueSetError

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


def expand(value_set: ValueSet, lists: Lists) -> list[Row]:
    """The sorted rows of the expansion.

    A row written as one code or prefix wins over an exclusion above it; what a list brought does not.

    Raises:
        ValueSetError: with one fault for each row that no verified list knows, or that contradicts another.

    """
    faults: list[str] = []
    written: dict[tuple[str, str, str], Row] = {}
    brought: dict[tuple[str, str, str], Row] = {}
    for index, line in enumerate(value_set.model.include):
        rows = list(_rows(line, lists))
        target = brought if line.system is None else written
        if not rows:
            faults.append(value_set.fault("include", index, "no verified list knows it"))
        if target is written and any(row.key in written for row in rows):
            faults.append(value_set.fault("include", index, "appears twice"))
        for row in rows:
            target.setdefault(row.key, row)
    codes = {(row.system, bare(row.code)) for row in written.values()}
    refused: list[Row] = []
    for index, line in enumerate(value_set.model.exclude):
        rows = list(_rows(line, lists))
        if not rows:
            faults.append(value_set.fault("exclude", index, "no verified list knows it"))
        if any(row.system and (row.system, bare(row.code)) in codes for row in rows):
            faults.append(value_set.fault("exclude", index, "is included as well"))
        refused += rows
    if faults:
        raise ValueSetError(faults)
    if value_set.model.kind == "medication":
        brands = _brands({*written.values(), *brought.values()}, refused, lists)
        brought = {**{brand.key: brand for brand in brands}, **brought}
    brought = {key: row for key, row in brought.items() if not any(_covers(no, row) for no in refused)}
    negatives = {row.key: row for row in map(_negative, refused) if row is not None}
    return sorted({**brought, **written, **negatives}.values(), key=lambda row: row.key)


def expand_products(rows: list[Row], lists: Lists) -> list[Product]:
    """The RxNorm products that hold at least one ingredient of these medication rows, by numeric code."""
    wanted = {row.code for row in rows if row.match == "ingredient"}
    held = (product for product in lists.products.values() if wanted & set(product.ingredients))
    return sorted(held, key=lambda product: int(product.code))


def _rows(line: Selector, lists: Lists) -> Iterator[Row]:
    if line.list_ is not None:
        yield from _listed(line.list_, line.systems, lists)
    elif line.ingredient is not None:
        named = lists.drug(line.ingredient)
        if named is not None:
            yield from _names(named)
            yield from _drug_codes(named, lists)
    elif line.system is not None:
        match, code = ("prefix", line.prefix) if line.prefix else ("exact", line.code or "")
        verified = lists.find(line.system, match, code)
        if verified is not None:
            yield _written(line, verified, match, code)


def _listed(concept: str, systems: Sequence[str] | None, lists: Lists) -> Iterator[Row]:
    for entry in lists.concepts.get(concept, ()):
        if systems is None or entry.system in systems:
            yield _row(entry)
    for drug in lists.drugs.values() if systems is None else ():
        if concept in drug.concepts:
            yield from _names(drug)


def _written(line: Selector, verified: Entry, match: str, code: str) -> Row:
    """The row of one written code."""
    if verified.match == "ingredient":
        match = "ingredient"
    return replace(_row(replace(verified, match=match, code=code)), side=line.side or "")


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
