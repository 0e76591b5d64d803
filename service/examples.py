"""Requests that run as they stand: the files of openapi/examples/, shown in the documentation and sent by the tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent.parent / "openapi" / "examples"

# File stem → what it shows. The first of each folder is the one that the documentation page begins with.
TITLES: dict[str, dict[str, str]] = {
    "evaluate": {
        "uncomplicated": "Night cramps, and nothing on record that explains them",
        "diabetes-and-diuretic": "Diabetes, and a diuretic begun eight weeks ago: tests are due",
        "suspected-thrombosis": "One swollen leg: a thrombosis is to be ruled out today",
        "recent-and-normal": "Diabetes and a diuretic, every test recent and normal",
        "not-a-bundle": "Not a Bundle: refused with 422",
    },
    "cds-services": {
        "nocturnal-leg-cramps": "Cramps in the chart, diabetes and a diuretic",
        "nocturnal-leg-cramps-on-demand": "No cramps in the chart: cards on demand only",
        "nocturnal-leg-cramps-problem": "Cramps just added to the problem list",
        "nocturnal-leg-cramps-encounter": "A visit starts: the draft orders belong to it",
        "nocturnal-leg-cramps-order-select": "A diuretic is selected, with cramps in the chart",
        "nocturnal-leg-cramps-order-sign": "Quinine is about to be signed, without cramps in the chart",
    },
    "feedback": {
        "accepted-and-overridden": "One card accepted, one overridden",
    },
}


def examples(folder: str) -> dict[str, dict[str, Any]]:
    """Returns the request examples of a folder as OpenAPI Example Objects, by file stem."""
    return {
        stem: {"summary": title, "value": json.loads((FOLDER / folder / f"{stem}.json").read_bytes())}
        for stem, title in TITLES[folder].items()
    }
