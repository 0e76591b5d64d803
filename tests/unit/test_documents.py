"""The documents: links lead somewhere, and what is named exists."""

import re
import tomllib
from pathlib import Path

import pytest

from service.cli import COMMANDS

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md")), ROOT / "rules" / "README.md"]
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))


def slug(heading: str) -> str:
    return re.sub(r"[^a-z0-9 -]", "", heading.lower()).strip().replace(" ", "-")


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", path.read_text("utf-8")):
        name, _, part = target.partition("#")
        linked = (path.parent / name).resolve() if name else path
        assert linked.exists(), target
        if part:
            headings = re.findall(r"^#+ (.*)$", linked.read_text("utf-8"), re.MULTILINE)
            assert part in {slug(heading) for heading in headings}, target


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_what_is_named_exists(path: Path) -> None:
    text = path.read_text("utf-8")
    for name in re.findall(r"`((?:service|rules|docs|docker|tests|openapi)/[\w./-]*)`", text):
        assert (ROOT / name).exists() or re.search(r"\bx\.", name), name
    assert set(re.findall(r"python -m service ([a-z]+)", text)) <= set(COMMANDS)
    assert set(re.findall(r"^(?: {4}|.*`)make ([a-z]+)", text, re.MULTILINE)) <= TARGETS


def test_decisions_are_numbered_without_a_gap() -> None:
    records = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [int(path.name[:4]) for path in records] == list(range(1, len(records) + 1))
    for path in records:
        text = path.read_text("utf-8")
        assert text.startswith(f"# {path.name[:4]}: ")
        assert all(f"**{part}.**" in text for part in ("Context", "Decision", "Consequences")), path.name


def test_modules_of_the_architecture_exist() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    for name in re.findall(r"`(\w+\.py)`", text):
        assert list((ROOT / "service").rglob(name)), name


def test_every_module_stands_in_the_architecture() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    for path in (ROOT / "service").glob("[a-z]*"):
        name = path.name if path.is_file() else f"{path.name}/"
        assert f"`{name}`" in text or f"`service/{name}`" in text, name


def test_the_layers_of_the_architecture_are_those_that_are_checked() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    shown = text.partition("## Layers")[2].split("```")[1].strip().splitlines()
    contract = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"][0]
    checked = [re.findall(r"service\.(\w+)", layer) for layer in contract["layers"]]
    assert [line.split(" · ") for line in shown] == checked
