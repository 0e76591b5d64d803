"""The gates of a rule change, as tests: schemas, ways to be wrong, references, vignettes, versions, mutation."""

import re
import shutil
from argparse import ArgumentParser, Namespace
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from service.commands import check
from service.commands.schema import rendered
from service.engine.program import Program, compile_program
from service.gates import mutation, vignettes, wrong
from service.gates.drafts import check_drafts
from service.knowledge.references import check_references
from service.gates.vignettes import FOLDERS, Prepared, load_vignettes
from service.knowledge.load import load_rules
from service.settings import Settings

RULES = Path(__file__).parents[2] / "rules"
SOUND = RULES / "wrong" / wrong.SOUND
FIXTURES = wrong.fixtures(RULES)
WRITTEN = [path for path in sorted(RULES.rglob("*.yaml")) if "wrong" not in path.parts]
CASES = [(name, number) for name, (group, _) in load_vignettes(RULES).items() for number in range(len(group.vignettes))]


def case_name(case: tuple[str, int]) -> str:
    file, number = case
    return f"{Path(file).name.removesuffix('.vignettes.yaml')}: {load(file)[number]}"


@cache
def load(file: str) -> list[str]:
    return [vignette.name for vignette in load_vignettes(RULES)[file][0].vignettes]


@cache
def program() -> Program:
    return compile_program(load_rules(RULES))


@cache
def prepared() -> dict[str, list[Prepared]]:
    found: dict[str, list[Prepared]] = {}
    for item in vignettes.prepare(program(), RULES):
        found.setdefault(item.file, []).append(item)
    return found


# --- schemas ---------------------------------------------------------------------------------------------------------


def test_the_schemas_are_what_the_models_say() -> None:
    committed = {path.name: path.read_text("utf-8") for path in (RULES / "schema").glob("*.json")}
    assert committed == rendered(), "run `python -m service schema` and commit rules/schema/"


class Editor(yaml.CSafeLoader):
    """YAML 1.2 as editors read it: no dates, and yes and no are words."""


Editor.yaml_implicit_resolvers = {}
Editor.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"(true|false)$"), list("tf"))
Editor.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"-?[0-9]+$"), list("-0123456789"))
Editor.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(r"-?[0-9]+\.[0-9]+$"), list("-0123456789"))


def schema_of(path: Path) -> str:
    if path.name.endswith(".vignettes.yaml"):
        return "vignettes"
    if path.stem.startswith("patients"):
        return "cohort"
    return {"recommendations": "recommendation", "valuesets": "valueset"}.get(path.parent.name, path.stem)


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.relative_to(RULES).as_posix())
def test_an_editor_finds_no_fault_in_a_rule_file(path: Path) -> None:
    schema = yaml.safe_load(rendered()[f"{schema_of(path)}.schema.json"])
    tree: Any = yaml.load(path.read_text("utf-8"), Loader=Editor)
    faults = [f"{fault.json_path}: {fault.message}" for fault in Draft202012Validator(schema).iter_errors(tree)]
    assert faults == []


# --- ways to be wrong ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fixture", FIXTURES, ids=lambda path: path.name)
def test_a_way_to_be_wrong_raises_exactly_its_fault(fixture: Path) -> None:
    assert wrong.faults_of(fixture) == wrong.expected(fixture)


def test_there_are_many_ways_to_be_wrong() -> None:
    assert len(FIXTURES) > 20


def test_a_draft_order_that_is_no_fhir_is_named_with_its_key() -> None:
    orders = program().rules.orders
    first = orders.orders[0].model_copy(update={"label": ""})
    spoiled = replace(program().rules, orders=orders.model_copy(update={"orders": [first, *orders.orders[1:]]}))
    number, faults = check_drafts(compile_program(spoiled))
    assert number == len(orders.orders) + len(orders.panels)
    assert faults
    assert all(fault.startswith(f"orders.yaml: {first.key}: code.text: ") for fault in faults)


# --- the rules -------------------------------------------------------------------------------------------------------


def test_every_reference_is_closed() -> None:
    assert [str(fault) for fault in check_references(load_rules(RULES))] == []


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_vignettes_without_what_they_show(folder: str) -> None:
    stems = {path.name.removesuffix(".vignettes.yaml") for path in (RULES / folder).glob("*.vignettes.yaml")}
    assert stems == set(program().rules.recommendations if folder == "recommendations" else program().rules.definitions)


@pytest.mark.parametrize("rule", sorted(load_rules(RULES).recommendations))
def test_every_rule_shows_itself(rule: str) -> None:
    outcomes = {item.vignette.expect.outcome for item in prepared()[f"recommendations/{rule}.vignettes.yaml"]}
    tested = bool(program().rules.recommendations[rule].tests)
    assert {"fires", "silent"} | ({"satisfied"} if tested else set()) <= outcomes


@pytest.mark.parametrize("case", CASES, ids=case_name)
def test_a_vignette_holds(case: tuple[str, int]) -> None:
    file, number = case
    assert vignettes.run(program(), prepared()[file][number]) == []


def test_no_two_vignettes_of_a_rule_have_one_name() -> None:
    for file in {file for file, _ in CASES}:
        assert len(load(file)) == len(set(load(file))), file


# --- mutation, and the command ---------------------------------------------------------------------------------------


def test_the_vignettes_of_the_sound_rule_set_notice_every_mutation() -> None:
    sound = compile_program(load_rules(SOUND))
    results = list(mutation.survivors(sound, vignettes.prepare(sound, SOUND)))
    assert sum(tried for tried, _ in results) >= 3
    assert [str(survivor) for _, alive in results for survivor in alive] == []


def test_without_a_boundary_vignette_a_shifted_window_survives() -> None:
    sound = compile_program(load_rules(SOUND))
    watching = [item for item in vignettes.prepare(sound, SOUND) if "90 days" not in item.vignette.name]
    alive = [str(survivor) for _, left in mutation.survivors(sound, watching) for survivor in left]
    assert "example: tests.0.within: 90 days became 89" in alive


def test_the_vignettes_of_a_rule_notice_every_mutation() -> None:
    cases = [item for items in prepared().values() for item in items if item.subject == "diabetes"]
    assert [alive for _, alive in mutation.survivors(program(), cases, ["diabetes"])] == [[]]


def test_the_command_passes_a_sound_rule_set(capsys: pytest.CaptureFixture[str]) -> None:
    assert check.run(arguments(SOUND)) == 0
    assert "Passed" in capsys.readouterr().out


def test_the_command_names_file_line_and_path(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rules = tmp_path / "rules"
    shutil.copytree(SOUND, rules)
    shutil.copytree(RULES / "wrong" / "unknown-word", rules, dirs_exist_ok=True)
    assert check.run(arguments(rules)) == 1
    assert "recommendations/example.yaml:8: when.weather: " in capsys.readouterr().out


def test_the_command_tells_a_vignette_that_does_not_hold(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rules = tmp_path / "rules"
    shutil.copytree(SOUND, rules)
    rule = rules / "recommendations" / "example.yaml"
    rule.write_text(rule.read_text().replace("90 days,", "60 days,"))
    assert check.run(arguments(rules)) == 1
    out = capsys.readouterr().out
    assert "HbA1c 90 days ago counts: outcome is fires, not satisfied" in out
    assert "FAILED" in out


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (
            "{in: diabetes}",
            "{in: diabetes, status: any}",
            "recommendations/example.yaml:2: version: the meaning changed",
        ),
        ("no HbA1c in 90 days", "HbA1c missing", "recommendations/example.yaml:2: version: the wording changed"),
        ("version: 1.0.0", "version: 0.9.0", "a version is never lowered"),
        ("version: 1.0.0", "version: 1.1.0", "1.1.0 is not locked yet"),
    ],
)
def test_a_change_needs_a_new_version(
    old: str, new: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rules = tmp_path / "rules"
    shutil.copytree(SOUND, rules)
    rule = rules / "recommendations" / "example.yaml"
    rule.write_text(rule.read_text().replace(old, new))
    assert check.run(arguments(rules)) == 1
    assert says in capsys.readouterr().out


def test_a_raised_version_is_locked_and_a_changed_meaning_without_one_is_not(tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    shutil.copytree(SOUND, rules)
    rule = rules / "recommendations" / "example.yaml"
    rule.write_text(rule.read_text().replace("{in: diabetes}", "{in: diabetes, status: any}"))
    assert check.run(arguments(rules, "--lock")) == 1
    assert (rules / "versions.yaml").read_text() == (SOUND / "versions.yaml").read_text()
    rule.write_text(rule.read_text().replace("1.0.0", "1.1.0"))
    assert check.run(arguments(rules, "--lock")) == 0
    assert "version: 1.1.0" in (rules / "versions.yaml").read_text()


def test_a_changed_count_over_the_cohort_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rules = tmp_path / "rules"
    shutil.copytree(SOUND, rules)
    patients = rules / "cohort" / "patients.yaml"
    patients.write_text(patients.read_text().replace("E11.9", "M10.9"))
    assert check.run(arguments(rules)) == 1
    assert "cohort/counts.yaml: example fires is 0, committed 1" in capsys.readouterr().out
    assert check.run(arguments(rules, "--count")) == 0
    assert check.run(arguments(rules)) == 0


def arguments(rules: Path, *options: str) -> Namespace:
    parser = ArgumentParser()
    check.add_arguments(parser)
    return parser.parse_args(["--rules", str(rules), *options])


def test_the_rules_are_those_that_are_served() -> None:
    assert Settings().rules_dir == RULES
