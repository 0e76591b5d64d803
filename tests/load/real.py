"""Hook calls from record Bundles of one's own."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

from tests.load.payload import EMPTY_KEYS, call_of

_KEYS = {
    "Condition": "conditions",
    "MedicationRequest": "medication-requests",
    "MedicationStatement": "medication-statements",
    "MedicationDispense": "medication-dispenses",
    "MedicationAdministration": "medication-administrations",
    "Observation": "observations",
    "DiagnosticReport": "reports",
    "Procedure": "procedures",
    "Encounter": "encounters",
    "QuestionnaireResponse": "questionnaires",
    "AllergyIntolerance": "allergies",
    "ServiceRequest": "orders",
}
_MOST = 6


def calls(folder: Path) -> dict[str, bytes]:
    """Returns hook calls from the Bundles of one patient in a folder, six of all sizes at most, by file name.

    Files that are something else are passed over.
    """
    found: dict[str, bytes] = {}
    for path in sorted((*folder.rglob("*.json"), *folder.rglob("*.json.gz"))):
        content = path.read_bytes()
        try:
            tree = json.loads(gzip.decompress(content) if path.suffix == ".gz" else content)
        except ValueError:
            continue
        call = _call(tree) if isinstance(tree, dict) and tree.get("resourceType") == "Bundle" else None
        if call is not None:
            found[path.name.partition(".json")[0]] = call
    ordered = sorted(found, key=lambda name: len(found[name]))
    step = max(1, (len(ordered) - 1) // (_MOST - 1)) if len(ordered) > 1 else 1
    return {name: found[name] for name in ordered[-1::-step][:_MOST][::-1]}


def _call(bundle: dict[str, Any]) -> bytes | None:
    """The prefetch that a client would send; references to the patient as that client would write them."""
    entries = [entry for entry in bundle.get("entry", ()) if isinstance(entry, dict)]
    resources = [entry["resource"] for entry in entries if isinstance(entry.get("resource"), dict)]
    patients = [resource for resource in resources if resource.get("resourceType") == "Patient"]
    if len(patients) != 1 or not isinstance(patients[0].get("id"), str):
        return None
    patient = patients[0]
    prefetch: dict[str, Any] = {
        key: {"resourceType": "Bundle", "type": "searchset", "entry": []}
        for key in ("conditions", "medication-requests", "observations", *EMPTY_KEYS)
    }
    for resource in resources:
        key = _KEYS.get(resource.get("resourceType", ""))
        if key is not None:
            for owner in ("subject", "patient"):
                if isinstance(resource.get(owner), dict):
                    resource[owner] = {"reference": f"Patient/{patient['id']}"}
            prefetch[key]["entry"].append({"resource": resource})
    return call_of(patient["id"], {"patient": patient, **prefetch}) if prefetch["conditions"]["entry"] else None
