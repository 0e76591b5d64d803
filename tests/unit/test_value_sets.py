"""The committed value sets: definition and expansion agree, and a rebuild from the verified lists changes nothing."""

import csv
from pathlib import Path

import pytest

from service.knowledge import schema, strict_yaml
from service.knowledge.phrases import PhraseIndex, tokens
from service.terminology import main
from service.terminology.expand import Row
from service.terminology.lists import bare

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "rules" / "valuesets"
EXPANSIONS = FOLDER / "expansions"
VERIFIED_LISTS = ROOT.parent / "shared" / "terminology"

SETS = sorted(path.stem for path in FOLDER.glob("*.yaml"))


def definition(name: str) -> schema.ValueSet:
    return schema.ValueSet.model_validate(strict_yaml.read((FOLDER / f"{name}.yaml").read_text("utf-8")).tree)


def expansion(name: str) -> list[Row]:
    with (EXPANSIONS / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return [Row(**line) for line in csv.DictReader(file)]


def test_every_set_has_an_expansion_and_every_expansion_a_set() -> None:
    expanded = {path.stem for path in EXPANSIONS.glob("*.csv")} - {"rxnorm-products"}
    assert expanded == set(SETS)


@pytest.mark.parametrize("name", SETS)
def test_expansion_is_sorted_and_holds_nothing_twice(name: str) -> None:
    keys = [row.key for row in expansion(name)]
    assert keys == sorted(set(keys))


@pytest.mark.parametrize("name", SETS)
def test_what_is_written_is_in_the_expansion(name: str) -> None:
    rows = {(row.system, bare(row.code)): row for row in expansion(name)}
    written = [(line, "") for line in definition(name).include] + [(line, "not-") for line in definition(name).exclude]
    for line, negated in written:
        if line.system is None:
            continue
        if negated and line.system == "rxnorm":  # an ingredient taken out leaves no row
            assert line.code not in {row.code for row in rows.values() if row.match == "ingredient"}
            continue
        row = rows[line.system, bare(line.prefix or line.code or "")]
        assert row.match in {f"{negated}prefix" if line.prefix else f"{negated}exact", "ingredient"}
        assert row.side == (line.side or "")


@pytest.mark.parametrize("name", SETS)
def test_every_row_says_where_it_was_verified(name: str) -> None:
    assert all(0 < len(row.verified_in) < 80 for row in expansion(name))


@pytest.mark.parametrize("name", SETS)
def test_no_label_that_may_not_be_shipped(name: str) -> None:
    rows = expansion(name)
    assert not [row for row in rows if row.system in {"icd-10", "atc"} and row.label]
    assert not [row for row in rows if row.system == "snomed" and row.label.endswith(("(disorder)", "(finding)"))]


@pytest.mark.parametrize("name", SETS)
def test_no_name_is_forbidden_by_its_own_set(name: str) -> None:
    forbidding = PhraseIndex((tokens(phrase), True) for phrase in definition(name).not_names)
    assert not [own for own in definition(name).names if forbidding.holds(tokens(own))]


def test_products_are_sorted_and_hold_a_listed_ingredient() -> None:
    wanted = {row.code for name in SETS for row in expansion(name) if row.match == "ingredient"}
    with (EXPANSIONS / "rxnorm-products.csv").open(encoding="utf-8", newline="") as file:
        products = list(csv.DictReader(file))
    codes = [int(product["code"]) for product in products]
    assert codes == sorted(set(codes))
    assert all(wanted & set(product["ingredients"].split("|")) for product in products)


@pytest.mark.skipif(not VERIFIED_LISTS.is_dir(), reason="the verified lists are not beside this checkout")
def test_rebuilding_changes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--source", str(VERIFIED_LISTS), "--rules", str(ROOT / "rules"), "--check"]) == 0, (
        capsys.readouterr().out
    )
