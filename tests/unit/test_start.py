"""What a start leaves out, and who loads it."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SELDOM = ("fhir", "httpx2", "cryptography", "service.openapi")


def loaded_by(program: str) -> set[str]:
    """Which of the modules that are seldom needed a program loads."""
    shown = f"{program}\nimport sys\nprint(*[name for name in {SELDOM!r} if name in sys.modules])"
    command = [sys.executable, "-c", shown]
    return set(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split())


def test_a_start_loads_nothing_that_only_some_need() -> None:
    started = (
        "import service.commands.serve",
        "from service import answer, app, settings",
        "app.build_app(settings.Settings(), answer.load(settings.Settings()))",
    )
    assert loaded_by("\n".join(started)) == set()


def test_validation_loads_the_models_of_fhir() -> None:
    assert loaded_by("from service import validation\nvalidation.load()") == {"fhir"}
