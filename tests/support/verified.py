"""The verified code lists as their README counts them, read apart from the code that builds the value sets."""

import csv
import gzip
import importlib
import warnings
from collections import defaultdict
from functools import cache
from pathlib import Path

from tests.support.shared import SHARED

LISTS = SHARED / "terminology"
TABULAR = "simple-icd-10-cm (CDC tabular)"
RXTERMS = "rxterms_ingredients_202304.txt"
_NOT_TO_SHIP = "snomed_verify_only_codes.csv"
_SEEN_ONLY = {_NOT_TO_SHIP, "system_aliases.csv", "systems_seen.csv", "text_only_seen.csv"}
_SYSTEMS = {
    "http://hl7.org/fhir/sid/icd-10-cm": "icd-10-cm",
    "http://hl7.org/fhir/sid/icd-10": "icd-10",
    "http://hl7.org/fhir/sid/icd-9-cm": "icd-9-cm",
    "http://snomed.info/sct": "snomed",
    "http://loinc.org": "loinc",
    "http://www.nlm.nih.gov/research/umls/rxnorm": "rxnorm",
    "http://www.whocc.no/atc": "atc",
}
_BY_PREFIX = ("icd-10", "icd-9-cm", "icd-10-cm", "atc")


class Verified:
    """Every code of the lists, with the files that it stands in. Codes that may not be shipped are not among them."""

    def __init__(self, folder: Path = LISTS) -> None:
        self._codes: dict[tuple[str, str], set[str]] = defaultdict(set)
        self._prefixes: dict[tuple[str, str], set[str]] = defaultdict(set)
        for path in sorted((*folder.glob("*.csv"), *folder.glob("*.csv.gz"))):
            name = path.name.removesuffix(".gz")
            if name not in _SEEN_ONLY:
                for row in _rows(path):
                    self._add(name, row)
        for row in _rows(folder / f"{RXTERMS}.gz", delimiter="|"):
            self._codes["rxnorm", row["RXCUI"]].add(RXTERMS)
            self._codes["rxnorm", row["ING_RXCUI"]].add(RXTERMS)

    def _add(self, name: str, row: dict[str, str]) -> None:
        if name == "drug_names.csv":
            self._codes["rxnorm", row["rxcui"]].add(name)
            self._codes["atc", row["atc"]].add(name)
        elif name == "snomed_gps_all.csv":
            self._codes["snomed", row["code"]].add(name)
        elif "code" in row:
            listed = self._prefixes if row.get("match") == "prefix" else self._codes
            listed[_SYSTEMS[row["system"]], bare(row["code"])].add(name)
            for member in filter(None, row.get("ingredient_rxcui", "").split("|")):
                self._codes["rxnorm", member].add(name)

    def files(self, system: str, code: str) -> set[str]:
        """Returns the lists that hold a code, or a prefix above it; none for a code that nothing verifies."""
        found = set(self._codes.get((system, bare(code)), ()))
        if system in _BY_PREFIX:
            for length in range(1, len(bare(code)) + 1):
                found |= self._prefixes.get((system, bare(code)[:length]), set())
        if system == "icd-10-cm" and _in_classification(code):
            found.add(TABULAR)
        return found

    def is_prefix(self, system: str, code: str) -> bool:
        """Returns whether a list holds this code, or one above it, as a prefix."""
        return any((system, bare(code)[:length]) in self._prefixes for length in range(1, len(bare(code)) + 1))


def bare(code: str) -> str:
    """Returns a code as it is compared: upper case, without the dot."""
    return code.replace(".", "").upper()


@cache
def _in_classification(code: str) -> bool:
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):  # its way of reading its data
        return bool(importlib.import_module("simple_icd_10_cm").is_valid_item(code))


def _rows(path: Path, delimiter: str = ",") -> list[dict[str, str]]:
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return list(csv.DictReader(content.decode("utf-8").splitlines(keepends=True), delimiter=delimiter))
