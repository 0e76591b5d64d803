"""The command line: one table, and an exit code that says what happened."""

import os
import shutil
import socket
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from service.cli import COMMANDS, main

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_can_say_what_it_takes(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    module = import_module(COMMANDS[name].module)
    assert callable(module.add_arguments)
    assert callable(module.run)
    with pytest.raises(SystemExit) as left:
        main([name, "--help"])
    assert left.value.code == 0
    assert f"python -m service {name}" in capsys.readouterr().out


def test_the_commands_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    listed = capsys.readouterr().out
    assert all(name in listed for name in COMMANDS)


def test_an_unknown_command_is_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diagnose"]) == 2
    assert "no such command" in capsys.readouterr().err


def test_serving_others_without_a_decision_is_refused() -> None:
    command = [sys.executable, "-m", "service", "serve", "--host", "0.0.0.0"]
    refused = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert refused.returncode == 2
    assert "CRAMPS_AUTH=open" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize("name", ["check", "recognise", "schema", "openapi", "terminology", "explain", "serve"])
def test_a_wrong_setting_is_said_by_every_command(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CRAMPS_PORT", "tcp://10.0.0.1")
    given = {"recognise": ["x"], "explain": ["x"], "terminology": ["--source", "x"]}
    assert main([name, *given.get(name, [])]) == 2
    said = capsys.readouterr().err
    assert said.startswith("CRAMPS_PORT: ")
    assert "10.0.0.1" not in said


@pytest.mark.parametrize("words", [["serve"], ["explain", "x"], ["recognise", "x"], ["check"]])
def test_what_is_no_folder_of_rules_is_named_with_its_setting(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "rules"
    file.touch()
    monkeypatch.setenv("CRAMPS_RULES_DIR", str(file))
    assert main(words) in {1, 2}
    said = capsys.readouterr()
    assert f"{file}:1: is no folder: CRAMPS_RULES_DIR" in said.err + said.out


def test_rules_that_name_what_is_not_there_are_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    rules = tmp_path / "rules"
    shutil.copytree(ROOT / "rules" / "wrong" / "sound", rules)
    shutil.rmtree(rules / "recommendations")
    monkeypatch.setenv("CRAMPS_RULES_DIR", str(rules))
    assert main(["explain", "x"]) == 2
    assert "ruleset.yaml:14: order: there is no rule example" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["terminology", "--source"], ["schema", "--rules"]])
def test_a_folder_that_is_not_there_is_named(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*words, "/no/such/folder"]) == 2
    assert capsys.readouterr().err.startswith("/no/such/folder/")


def test_a_rule_that_is_not_there_is_not_passed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--only", "no-such-rule"]) == 1
    assert "There is no rule no-such-rule" in capsys.readouterr().out


def served(**settings: str) -> subprocess.CompletedProcess[str]:
    """A start on a port that is taken, so that it ends whatever else is right."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        command = [sys.executable, "-m", "service", "serve", "--host", "127.0.0.1", "--port", port]
        return subprocess.run(
            command, cwd=ROOT, env=os.environ | settings, capture_output=True, text=True, timeout=60, check=False
        )


def test_a_port_that_is_taken_is_said() -> None:
    ended = served()
    assert ended.returncode != 0
    assert "address already in use" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_value_set_that_rules_name_and_that_is_not_there_stops_the_start(tmp_path: Path) -> None:
    """Started, the service would be silent on diabetes and say nothing of it."""
    rules = tmp_path / "rules"
    shutil.copytree(ROOT / "rules", rules, ignore=shutil.ignore_patterns("wrong", "*.vignettes.yaml"))
    (rules / "valuesets" / "diabetes.yaml").unlink()
    ended = served(CRAMPS_RULES_DIR=str(rules))
    assert ended.returncode == 2
    assert "there is no value set diabetes" in ended.stderr
    assert "address already in use" not in ended.stderr


def test_a_misspelt_setting_is_named() -> None:
    ended = served(CRAMPS_CLIENT_FILE="clients.yaml")
    assert "CRAMPS_CLIENT_FILE is ignored" in ended.stderr
    assert "clients.yaml" not in ended.stderr


def test_a_command_that_does_not_listen_asks_for_no_decision(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRAMPS_HOST", "0.0.0.0")
    assert main(["explain", str(ROOT / "openapi" / "examples" / "evaluate" / "uncomplicated.json")]) == 0


def test_a_reader_that_has_read_enough_is_no_fault() -> None:
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "service", "explain", "openapi/examples/evaluate/uncomplicated.json"]
    with os.fdopen(write, "wb") as closed:
        ended = subprocess.run(command, cwd=ROOT, stdout=closed, stderr=subprocess.PIPE, timeout=60, check=False)
    assert ended.stderr == b""
