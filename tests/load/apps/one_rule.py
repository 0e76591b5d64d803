"""The one rule that the servers beside ours evaluate: diabetes without an HbA1c in 90 days. Knows no FHIR library."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

LOINC_HBA1C = "4548-4"
_DIABETES = ("E10", "E11", "E13", "44054006", "46635009", "73211009")
_WINDOW = timedelta(days=90)


def cards(condition_codes: Iterable[str], hba1c_days: Iterable[str], today: date) -> dict[str, Any]:
    """Returns the response: one card where diabetes is on record and no HbA1c of the last 90 days is."""
    if not any(code.startswith(_DIABETES) for code in condition_codes):
        return {"cards": []}
    since = (today - _WINDOW).isoformat()
    if max((day[:10] for day in hba1c_days), default="") >= since:
        return {"cards": []}
    return {
        "cards": [
            {
                "uuid": "3f1d6a3e-52c4-4d0e-9d2e-5a3e1c7f1b11",
                "summary": "Diabetes: no HbA1c in 90 days",
                "indicator": "info",
                "source": {"label": "One rule"},
            }
        ]
    }


def cards_of_models(conditions: Any, observations: Any, today: date) -> dict[str, Any]:
    """Returns the response for two Bundles that a library has made models of."""
    codes = [str(coding.code) for entry in conditions.entry or () for coding in entry.resource.code.coding]
    days = [
        entry.resource.effectiveDateTime.isoformat()
        for entry in observations.entry or ()
        if entry.resource.status == "final" and any(coding.code == LOINC_HBA1C for coding in entry.resource.code.coding)
    ]
    return cards(codes, days, today)
