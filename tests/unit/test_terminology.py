"""Building expansions: what is verified, what is refused, what is reported."""

import gzip
from pathlib import Path

import pytest

from service.terminology import main

CODES = "system,match,code,display,concept,verified_in,ship"
LISTS = {
    "icd_prefixes.csv": [
        CODES,
        "http://hl7.org/fhir/sid/icd-10-cm,prefix,E11,Type 2 diabetes mellitus,cond.diabetes,tabular,yes",
        "http://hl7.org/fhir/sid/icd-10,prefix,E11,Type 2,cond.diabetes,WHO,codes only",
        "http://hl7.org/fhir/sid/icd-10,prefix,O,Chapter,cond.pregnancy,WHO,codes only",
    ],
    "supplement.csv": [CODES],
    "snomed_gps_codes.csv": [
        CODES.replace("match,", ""),
        "http://snomed.info/sct,44054006,Diabetes mellitus type 2 (disorder),cond.diabetes,GPS,yes-GPS",
        "http://snomed.info/sct,11687002,Gestational diabetes mellitus (disorder),cond.diabetes,GPS,yes-GPS",
        "http://snomed.info/sct,1,Not ours to ship (disorder),cond.diabetes,elsewhere,verify-only",
    ],
    "snomed_drugs_gps.csv": [CODES.replace("match,", "")],
    "loinc_codes.csv": ["system,code,display,concept,verified_in"],
    "atc_prefixes.csv": [
        "system,match,code,display,concept,verified_in",
        "http://www.whocc.no/atc,prefix,P01BC,,med.quinine,index",
    ],
    "rxnorm_ingredients.csv": [
        "system,code,display,concept,verified_in",
        "http://www.nlm.nih.gov/research/umls/rxnorm,9071,quinine,med.quinine,RxTerms",
        "http://www.nlm.nih.gov/research/umls/rxnorm,9068,quinidine,med.quinine,RxTerms",
    ],
    "icd10cm_codes.csv": ["system,code,display,concept,source,verified_in"],
    "drug_names.csv": [
        "name,canonical,concept,rxcui,atc,kind,verified_in",
        "quinine,quinine,med.quinine,9071,P01BC01,ingredient,RxTerms",
        "quinidine,quinidine,med.quinine,9068,C01BA01,ingredient,RxTerms",
    ],
    "drug_brands.csv": [
        "brand,ingredients,concept,verified_in",
        "qualaquin,quinine,med.quinine,RxTerms",
        "quinaglute,quinidine,med.quinine,RxTerms",
    ],
    "rxnorm_products_core.csv": [
        "system,code,display,concept,ingredient_rxcui,verified_in,route_from_name",
        "http://www.nlm.nih.gov/research/umls/rxnorm,20,quinine capsule,med.quinine,9071,RxNorm,oral",
    ],
    "rxnorm_products_other.csv": ["system,code,display,concept,ingredient_rxcui,verified_in,route_from_name"],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "rules" / "valuesets").mkdir(parents=True)
    (tmp_path / "lists").mkdir()
    for name, lines in LISTS.items():
        (tmp_path / "lists" / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    zipped = {
        "rxterms_ingredients_202304.txt.gz": "RXCUI|INGREDIENT|ING_RXCUI\n100|quinine|9071\n101|quinidine|9068\n",
        "snomed_gps_all.csv.gz": "code,display\n73211009,Diabetes mellitus (disorder)\n",
    }
    for name, text in zipped.items():
        (tmp_path / "lists" / name).write_bytes(gzip.compress(text.encode()))
    return tmp_path


def build(folder: Path, valueset: str, *options: str) -> tuple[int, list[str]]:
    if valueset:
        name = valueset.split()[1]
        (folder / "rules" / "valuesets" / f"{name}.yaml").write_text(valueset, encoding="utf-8")
    status = main(["--source", str(folder / "lists"), "--rules", str(folder / "rules"), *options])
    path = folder / "rules" / "valuesets" / "expansions" / "some-set.csv"
    return status, path.read_text("utf-8").splitlines()[1:] if path.exists() else []


def written(kind: str, *lines: str) -> str:
    return "\n".join(["id: some-set", "title: T", f"kind: {kind}", "purpose: P", *lines]) + "\n"


def test_a_list_brings_what_may_be_shipped_and_no_label_of_who(folder: Path) -> None:
    status, rows = build(folder, written("condition", "include: [{list: cond.diabetes}]"))
    assert status == 0
    assert rows == [
        "icd-10,prefix,E11,,,icd_prefixes.csv: WHO,",
        "icd-10-cm,prefix,E11,Type 2 diabetes mellitus,,icd_prefixes.csv: tabular,",
        "snomed,exact,11687002,Gestational diabetes mellitus,,snomed_gps_codes.csv: GPS,",
        "snomed,exact,44054006,Diabetes mellitus type 2,,snomed_gps_codes.csv: GPS,",
    ]


def test_an_exclusion_stays_as_a_negative_row(folder: Path) -> None:
    lines = (
        "include: [{list: cond.diabetes, systems: [snomed]}]",
        "exclude: [{system: snomed, code: 11687002, why: W}]",
    )
    _, rows = build(folder, written("condition", *lines))
    assert [row.split(",")[1:3] for row in rows] == [["not-exact", "11687002"], ["exact", "44054006"]]


def test_a_written_row_beneath_an_exclusion_stays(folder: Path) -> None:
    lines = ("include: [{system: icd-10, prefix: O22.3}]", "exclude: [{system: icd-10, prefix: O22, why: W}]")
    _, rows = build(folder, written("condition", *lines))
    assert [row.split(",")[1:3] for row in rows] == [["not-prefix", "O22"], ["prefix", "O22.3"]]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("{system: snomed, code: 1}", "no verified list knows it"),
        ("{system: icd-10, prefix: Q99}", "no verified list knows it"),
        ("{list: cond.diabetis}", "no verified list knows it"),
        ("{ingredient: nonsense}", "no verified list knows it"),
        ("{system: snomed, prefix: 44, code: 44054006}", "not a list, a code, a prefix or an ingredient"),
    ],
)
def test_an_unknown_row_is_named_with_file_and_line(
    folder: Path, row: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, rows = build(folder, written("condition", "include:", f"  - {row}"))
    assert (status, rows) == (1, [])
    said = capsys.readouterr().out
    assert "some-set.yaml:6: include" in said
    assert message in said


def test_a_code_both_included_and_excluded_is_a_fault(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = (
        "include: [{system: snomed, code: 44054006}]",
        "exclude: [{system: snomed, code: 44054006, why: W}]",
    )
    assert build(folder, written("condition", *lines))[0] == 1
    assert "is included as well" in capsys.readouterr().out


def test_an_exclusion_says_why(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert build(folder, written("condition", "exclude: [{list: cond.diabetes}]"))[0] == 1
    assert "say why" in capsys.readouterr().out


def test_an_excluded_ingredient_takes_names_brands_codes_and_products_with_it(folder: Path) -> None:
    lines = ("include: [{list: med.quinine}]", "exclude: [{ingredient: quinidine, why: W}]")
    _, rows = build(folder, written("medication", *lines))
    assert [row.split(",")[:3] for row in rows] == [
        ["", "name", "qualaquin"],
        ["", "name", "quinine"],
        ["atc", "not-exact", "C01BA01"],
        ["atc", "prefix", "P01BC"],
        ["rxnorm", "ingredient", "9071"],
    ]
    products = folder / "rules" / "valuesets" / "expansions" / "rxnorm-products.csv"
    assert products.read_text("utf-8").splitlines()[1:] == ["20,9071,oral", "100,9071,"]


def test_check_reports_drift_and_writes_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    valueset = written("condition", "include: [{system: snomed, code: 73211009}]")
    assert build(folder, valueset, "--check") == (1, [])
    assert "would change: some-set.csv" in capsys.readouterr().out
    build(folder, "")
    assert build(folder, "", "--check")[0] == 0


def test_an_expansion_without_a_set_is_removed(folder: Path) -> None:
    build(folder, written("condition", "include: [{system: snomed, code: 73211009}]"))
    (folder / "rules" / "valuesets" / "some-set.yaml").unlink()
    assert build(folder, "") == (0, [])
