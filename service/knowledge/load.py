"""Rule files → typed rules: strict reading, every fault with file and line."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from sys import intern
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from service.knowledge import schema, strict_yaml
from service.knowledge.phrases import Phrases
from service.knowledge.strict_yaml import Fault

if TYPE_CHECKING:
    from service.knowledge.site import Decided

M = TypeVar("M", bound=schema.Model)


class Row(NamedTuple):
    """One line of a value set's expansion."""

    system: str
    match: str
    code: str
    label: str
    ingredient: str
    verified_in: str
    side: str


class Product(NamedTuple):
    """An RxNorm product: its ingredients' RXCUIs and the route that its name gives."""

    code: str
    ingredients: tuple[str, ...]
    route: str


OVERLAY = "overlay"  # where the codes of a site's overlay file were verified: by the site


class Overlay(NamedTuple):
    """What identifies an overlay file; `local` are the URIs of the site's own code systems."""

    digest: str
    codes: int
    local: tuple[str, ...]


class RulesInvalid(Exception):
    """The rule set does not hold: all faults that were found."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = faults


@dataclass(slots=True)
class Rules:
    """The rule set as written, before it is compiled."""

    folder: Path
    ruleset: schema.Ruleset
    sources: dict[str, schema.Source]
    orders: schema.Orders
    definitions: dict[str, schema.Definition]
    recommendations: dict[str, schema.Recommendation]
    valuesets: dict[str, schema.ValueSet]
    expansions: dict[str, list[Row]]
    products: list[Product]
    units: schema.Units
    systems: schema.CodeSystems
    phrases: Phrases
    digest: str
    texts: dict[str, str] = field(default_factory=dict)
    overlay: Overlay | None = None
    decided: Decided | None = None

    def fault(self, file: str, path: strict_yaml.Path, message: str) -> Fault:
        """Returns a fault at a path of one of the files that were read."""
        line = strict_yaml.line_of(self.texts[file], path) if file in self.texts else 1
        return Fault(file, line, ".".join(map(str, path)), message)


class _Reader:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.faults: list[Fault] = []
        self.texts: dict[str, str] = {}
        self.digest = hashlib.sha256()

    def text(self, path: Path) -> str | None:
        """What a file holds; None, and a fault, where it cannot be read."""
        name = path.relative_to(self.folder).as_posix()
        try:
            content = path.read_bytes()
            text = content.decode("utf-8")
        except FileNotFoundError:
            self.faults.append(Fault(name, 1, "", "the file is missing"))
        except OSError as fault:
            self.faults.append(Fault(name, 1, "", f"cannot be read: {fault.strerror}"))
        except UnicodeDecodeError:
            self.faults.append(Fault(name, 1, "", "the file is not UTF-8"))
        else:
            self.digest.update(name.encode() + b"\0" + content + b"\0")
            return text
        return None

    def model(self, path: Path, shape: type[M]) -> M | None:
        name = path.relative_to(self.folder).as_posix()
        text = self.text(path)
        if text is None:
            return None
        read = strict_yaml.read_model(text, name, shape)
        if isinstance(read, list):
            self.faults += read
            return None
        model, document = read
        written = getattr(model, "id", None)
        if path.parent != self.folder and written != path.stem:
            self.faults.append(Fault(name, document.line(("id",)), "id", f"the id is the file's stem: {path.stem}"))
        self.texts[name] = text
        return model

    def stems(self, folder: str, shape: type[M]) -> dict[str, M]:
        """Every x.yaml of a folder whose id must be x; x.vignettes.yaml are tests and read elsewhere."""
        found: dict[str, M] = {}
        for path in sorted((self.folder / folder).glob("*.yaml")):
            if path.name.endswith(".vignettes.yaml"):
                continue
            model = self.model(path, shape)
            if model is not None:
                found[path.stem] = model
        return found

    def table(self, name: str, columns: tuple[str, ...], *, is_needed: bool) -> list[list[str]]:
        """The lines of an expansion below its header; none where the file is missing and not needed."""
        path = self.folder / "valuesets" / "expansions" / f"{name}.csv"
        if not is_needed and not path.exists():
            return []
        text = self.text(path)
        if text is None:
            return []
        header, *lines = csv.reader(text.splitlines() or [""])
        if tuple(header) != columns or any(len(line) != len(columns) for line in lines):
            self.faults.append(
                Fault(path.relative_to(self.folder).as_posix(), 1, "", f"columns are {','.join(columns)}")
            )
            return []
        return lines

    def rows(self, name: str, valueset: schema.ValueSet) -> list[Row]:
        lines = self.table(name, Row._fields, is_needed=bool(valueset.include))
        return [Row(*map(intern, line)) for line in lines]

    def products(self, valuesets: Iterable[schema.ValueSet]) -> list[Product]:
        is_needed = any(valueset.kind == "medication" and valueset.include for valueset in valuesets)
        lines = self.table("rxnorm-products", Product._fields, is_needed=is_needed)
        return [Product(code, tuple(ingredients.split("|")), route) for code, ingredients, route in lines]


def load_rules(folder: Path) -> Rules:
    """Reads a folder of rules. Raises RulesInvalid with every fault found."""
    if not folder.is_dir():
        raise RulesInvalid(
            [Fault(str(folder), 1, "", "is no folder: CRAMPS_RULES_DIR, or --rules, names that of the rules")]
        )
    reader = _Reader(folder)
    ruleset = reader.model(folder / "ruleset.yaml", schema.Ruleset)
    sources = reader.model(folder / "sources.yaml", schema.Sources)
    orders = reader.model(folder / "orders.yaml", schema.Orders)
    definitions = reader.model(folder / "definitions.yaml", schema.Definitions)
    units = reader.model(folder / "units.yaml", schema.Units)
    systems = reader.model(folder / "systems.yaml", schema.CodeSystems)
    phrases = reader.model(folder / "text.yaml", Phrases)
    recommendations = reader.stems("recommendations", schema.Recommendation)
    valuesets = reader.stems("valuesets", schema.ValueSet)
    expansions = {name: reader.rows(name, valueset) for name, valueset in valuesets.items()}
    products = reader.products(valuesets.values())
    if reader.faults or not (ruleset and sources and orders and definitions and units and systems and phrases):
        raise RulesInvalid(reader.faults)
    return Rules(
        folder=folder,
        ruleset=ruleset,
        sources=_keyed(sources.sources),
        orders=orders,
        definitions=_keyed(definitions.definitions),
        recommendations=recommendations,
        valuesets=valuesets,
        expansions=expansions,
        products=products,
        units=units,
        systems=systems,
        phrases=phrases,
        digest=f"sha256:{reader.digest.hexdigest()}",
        texts=reader.texts,
    )


Named = TypeVar("Named", schema.Source, schema.Definition)


def _keyed(models: Iterable[Named]) -> dict[str, Named]:
    return {model.id: model for model in models}
