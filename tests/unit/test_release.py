"""What is said in several files, and must be the same in each."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

from service.app import build_app
from service.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
MANIFESTS = sorted((ROOT / "docker" / "kubernetes").glob("*.yaml"))
DEPLOYMENT_FILES = [ROOT / "Dockerfile", *sorted((ROOT / "docker").rglob("*.*"))]


def test_one_version() -> None:
    version = PROJECT["version"]
    assert build_app(Settings()).version == version
    assert f'image.version="{version}"' in (ROOT / "Dockerfile").read_text()
    assert f"nocturnal-leg-cramps:{version}" in (ROOT / "docker" / "compose.yaml").read_text()
    kustomization = yaml.safe_load((ROOT / "docker" / "kubernetes" / "kustomization.yaml").read_text())
    assert kustomization["images"][0]["newTag"] == version


@pytest.mark.parametrize("path", DEPLOYMENT_FILES, ids=lambda path: path.name)
def test_only_settings_that_exist_are_named(path: Path) -> None:
    named = set(re.findall(r"CRAMPS_([A-Z_]+)", path.read_text()))
    assert named <= {name.upper() for name in Settings.model_fields}


def test_every_manifest_is_listed() -> None:
    kustomization = yaml.safe_load((ROOT / "docker" / "kubernetes" / "kustomization.yaml").read_text())
    assert {*kustomization["resources"], "kustomization.yaml"} == {path.name for path in MANIFESTS}


def test_the_manifests_do_not_decide_who_may_call() -> None:
    configured = yaml.safe_load((ROOT / "docker" / "kubernetes" / "configmap.yaml").read_text())["data"]
    assert not {"CRAMPS_AUTH", "CRAMPS_CLIENTS_FILE"} & set(configured)


def test_the_image_is_pinned_and_runs_without_root() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    bases = {line.split()[1] for line in lines if line.startswith("FROM ")}
    assert all(re.fullmatch(r"python:\d+\.\d+\.\d+-slim-\w+", base) for base in bases)
    assert len(bases) == 1
    assert [line for line in lines if line.startswith("USER ")] == ["USER 10001:10001"]


def test_the_locks_hold_a_hash_for_every_package_and_no_address() -> None:
    locks = list(ROOT.glob("requirements*.lock"))
    assert len(locks) == 4
    for lock in locks:
        text = lock.read_text()
        entries = re.split(r"^(?=[a-zA-Z0-9])", text, flags=re.MULTILINE)[1:]
        assert all("--hash=sha256:" in entry for entry in entries)
        assert "://" not in text


def test_the_runtime_lock_is_part_of_the_development_lock() -> None:
    pins = [
        set(re.findall(r"^([a-z0-9-]+==\S+)", (ROOT / name).read_text(), re.MULTILINE))
        for name in ("requirements.lock", "requirements-dev.lock")
    ]
    assert pins[0] <= pins[1]
