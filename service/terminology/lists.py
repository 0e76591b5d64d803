"""The verified code lists: which codes were really seen somewhere, and which of them may be shipped."""

import csv
import gzip
import importlib
import io
import warnings
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

SYSTEMS = {
    "http://hl7.org/fhir/sid/icd-10-cm": "icd-10-cm",
    "http://hl7.org/fhir/sid/icd-10": "icd-10",
    "http://hl7.org/fhir/sid/icd-9-cm": "icd-9-cm",
    "http://snomed.info/sct": "snomed",
    "http://loinc.org": "loinc",
    "http://www.nlm.nih.gov/research/umls/rxnorm": "rxnorm",
    "http://www.whocc.no/atc": "atc",
}


def bare(code: str) -> str:
    """The code as it is compared: upper case, without the dot of ICD."""
    return code.replace(".", "").upper()


def without_tag(display: str) -> str:
    """A SNOMED CT display without its semantic tag in brackets."""
    head, bracket, _ = display.rpartition(" (")
    return head if bracket and display.endswith(")") else display


@dataclass(frozen=True, slots=True)
class Entry:
    """One verified code, or one verified drug name (then `system` is empty and `code` is the name)."""

    system: str
    match: str  # exact | prefix | ingredient | name
    code: str
    label: str
    source: str
    ingredient: str = ""  # generic names in lower case, pipe-separated


@dataclass(frozen=True, slots=True)
class Product:
    """An RxNorm product: its ingredients' RXCUIs in numeric order, and the route its name gives, if any."""

    code: str
    ingredients: tuple[str, ...]
    route: str


@dataclass(slots=True)
class Drug:
    """What the lists know of one generic medicine."""

    name: str
    rxcui: str = ""
    atc: set[str] = field(default_factory=set)
    names: dict[str, str] = field(default_factory=dict)  # name → source
    concepts: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Lists:
    """Everything the verified lists hold, ready to be asked."""

    concepts: dict[str, list[Entry]] = field(default_factory=lambda: defaultdict(list))
    codes: dict[tuple[str, str], Entry] = field(default_factory=dict)
    prefixes: dict[tuple[str, str], Entry] = field(default_factory=dict)
    drugs: dict[str, Drug] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)  # any drug name → generic name
    brands: dict[str, tuple[tuple[str, ...], str]] = field(default_factory=dict)  # brand → ingredients, source
    products: dict[str, Product] = field(default_factory=dict)

    def find(self, system: str, match: str, code: str) -> Entry | None:
        """The verified entry for this code or prefix; a code beneath a listed prefix is verified by it."""
        exact = self.codes.get((system, bare(code)))
        listed = self.prefixes.get((system, bare(code)))
        above = None if system == "icd-10-cm" else self._above(system, code)
        found = (listed or exact or above) if match == "prefix" else (exact or listed or above)
        if found is None and system == "icd-10-cm":
            return _in_classification(code)
        return found

    def drug(self, name: str) -> Drug | None:
        """The medicine of this generic name, alias or RxNorm ingredient name."""
        return self.drugs.get(self.aliases.get(name.lower(), name.lower()))

    def _above(self, system: str, code: str) -> Entry | None:
        for length in range(len(bare(code)) - 1, 0, -1):
            entry = self.prefixes.get((system, bare(code)[:length]))
            if entry is not None:
                return Entry(system, "prefix", code, "", f"{entry.source} (under {entry.code})")
        return None


def read_lists(folder: Path) -> Lists:
    """The verified lists of this folder. Rows that may not be shipped are not read at all."""
    lists = Lists()
    for name in ("icd_prefixes.csv", "supplement.csv", "snomed_gps_codes.csv", "snomed_drugs_gps.csv",
                 "loinc_codes.csv", "atc_prefixes.csv", "rxnorm_ingredients.csv"):  # fmt: skip
        for row in _rows(folder / name):
            _add(lists, row, name)
    for row in _rows(folder / "snomed_gps_all.csv.gz"):
        label = without_tag(row["display"])
        source = "snomed_gps_all.csv: Global Patient Set 2020-09-30"
        lists.codes.setdefault(("snomed", row["code"]), Entry("snomed", "exact", row["code"], label, source))
    for row in _rows(folder / "icd10cm_codes.csv"):
        source = f"icd10cm_codes.csv: {row['verified_in']}"
        entry = Entry("icd-10-cm", "exact", row["code"], row["display"], source)
        lists.codes.setdefault(("icd-10-cm", bare(row["code"])), entry)
    _read_drugs(lists, folder)
    _read_products(lists, folder)
    return lists


def _add(lists: Lists, row: dict[str, str], file: str) -> None:
    ship = row.get("ship") or "yes"
    if not ship.startswith(("yes", "codes only")):
        return
    system = SYSTEMS[row["system"]]
    match = "ingredient" if file == "rxnorm_ingredients.csv" else row.get("match") or "exact"
    label = without_tag(row["display"]) if system == "snomed" else row["display"]
    if ship == "codes only" or system == "icd-10":
        label = ""
    ingredient = row["display"].lower() if match == "ingredient" else ""
    if file == "snomed_drugs_gps.csv":
        ingredient = label.removeprefix("Product containing ").lower()
    entry = Entry(system, match, row["code"], label, f"{file}: {row['verified_in']}", ingredient)
    lists.concepts[row["concept"]].append(entry)
    (lists.prefixes if match == "prefix" else lists.codes).setdefault((system, bare(row["code"])), entry)


def _read_drugs(lists: Lists, folder: Path) -> None:
    for row in _rows(folder / "rxnorm_ingredients.csv"):
        drug = lists.drugs.setdefault(row["display"].lower(), Drug(row["display"].lower()))
        drug.rxcui = row["code"]
        drug.concepts.add(row["concept"])
        drug.names.setdefault(drug.name, f"rxnorm_ingredients.csv: {row['verified_in']}")
    for row in _rows(folder / "drug_names.csv"):
        canonical, name = row["canonical"].lower(), row["name"].lower()
        drug = lists.drugs.setdefault(canonical, Drug(canonical))
        drug.rxcui = drug.rxcui or row["rxcui"]
        drug.atc |= {row["atc"]} - {""}
        drug.concepts.add(row["concept"])
        drug.names[name] = f"drug_names.csv: {row['verified_in']}"
        lists.aliases[name] = canonical
    for row in _rows(folder / "drug_brands.csv"):
        ingredients = tuple(part.strip().lower() for part in row["ingredients"].split(" / "))
        lists.brands[row["brand"].lower()] = (ingredients, f"drug_brands.csv: {row['verified_in']}")


def _read_products(lists: Lists, folder: Path) -> None:
    ingredients: dict[str, set[str]] = defaultdict(set)
    routes: dict[str, str] = {}
    for row in _rows(folder / "rxterms_ingredients_202304.txt.gz", delimiter="|"):
        ingredients[row["RXCUI"]].add(row["ING_RXCUI"])
        name, source = row["INGREDIENT"].lower(), "rxterms_ingredients_202304.txt"
        known = lists.codes.get(("rxnorm", row["ING_RXCUI"]))
        if known is None:
            entry = Entry("rxnorm", "ingredient", row["ING_RXCUI"], row["INGREDIENT"], source, name)
            lists.codes[("rxnorm", row["ING_RXCUI"])] = entry
        if name not in lists.drugs and name not in lists.aliases:
            lists.drugs[name] = Drug(name, row["ING_RXCUI"], names={name: source})
    for file in ("rxnorm_products_core.csv", "rxnorm_products_other.csv"):
        for row in _rows(folder / file):
            ingredients[row["code"]] |= set(row["ingredient_rxcui"].split("|")) - {""}
            routes[row["code"]] = row["route_from_name"]
            entry = Entry("rxnorm", "exact", row["code"], row["display"], f"{file}: {row['verified_in']}")
            lists.codes.setdefault(("rxnorm", row["code"]), entry)
    for code, members in ingredients.items():
        if members:
            lists.products[code] = Product(code, tuple(sorted(members, key=int)), routes.get(code, ""))
            _verify_product(lists, lists.products[code])


def _verify_product(lists: Lists, product: Product) -> None:
    """A product of any of the files is verified, also one that RxTerms alone holds; it knows its ingredients' names."""
    nameless = Entry("rxnorm", "exact", product.code, "", "rxterms_ingredients_202304.txt")
    entry = lists.codes.get(("rxnorm", product.code), nameless)
    if entry.match == "exact":
        members = (lists.codes.get(("rxnorm", code)) for code in product.ingredients)
        names = "|".join(member.ingredient for member in members if member is not None and member.ingredient)
        lists.codes["rxnorm", product.code] = replace(entry, ingredient=names)


def _in_classification(code: str) -> Entry | None:
    """The entry of the ICD-10-CM tabular list, for codes that the folder's own lists do not hold."""
    try:
        with warnings.catch_warnings(action="ignore", category=DeprecationWarning):  # its way of reading its data
            tabular = importlib.import_module("simple_icd_10_cm")
    except ModuleNotFoundError:
        return None
    if not tabular.is_valid_item(code):
        return None
    return Entry("icd-10-cm", "exact", code, tabular.get_description(code), "simple-icd-10-cm (CDC tabular)")


def _rows(path: Path, delimiter: str = ",") -> Iterator[dict[str, str]]:
    text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    yield from csv.DictReader(io.StringIO(text.decode("utf-8"), newline=""), delimiter=delimiter)
