"""Records that nobody here wrote: no answer is a fault of ours, and every one is conformant."""

import gzip
import json
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.support.conformance import explanation, is_response, outcomes
from tests.support.shared import REALDATA

pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif(
        not REALDATA.is_dir(), reason="NO REAL RECORDS: shared/realdata is not there (CRAMPS_SHARED_DIR)"
    ),
]
JSON = {"Content-Type": "application/json"}
HOOK = "/cds-services/nocturnal-leg-cramps-on-demand"
SPEAKS = ("fires", "satisfied", "replaced")
# Not 200, and why that is right. Anything else that is refused fails the test.
REFUSED = {
    "body-not-json", "not-a-bundle", "shape-unreadable", "more-than-one-patient",
    "member-missing", "member-ill-typed", "context-invalid", "hook-mismatch", "required-data-missing",
}  # fmt: skip


@dataclass
class Totals:
    requests: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)
    milliseconds: list[float] = field(default_factory=list)


def _files() -> list[Path]:
    files = REALDATA.rglob("*") if REALDATA.is_dir() else ()
    return sorted(path for path in files if path.suffix in (".json", ".gz", ".ndjson"))


def _read(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


def _requests(path: Path, keys: dict[str, str]) -> Iterator[tuple[str, str, dict[str, str], Any]]:
    """What a file is sent as: (name, address, parameters, body). `keys`: FHIR type → prefetch key."""
    name = str(path.relative_to(REALDATA))
    content = _read(path)
    if ".ndjson" in path.suffixes:
        records = _by_patient([json.loads(line) for line in content.splitlines() if line.strip()])
    else:
        tree = json.loads(content)
        if "hook" in tree:
            yield f"{name} as sent", HOOK, {}, tree
            yield f"{name} under our keys", HOOK, {}, _under_our_keys(tree, keys)
            return
        records = {"": _bundle(tree["data"]) if isinstance(tree.get("data"), list) else tree}
    for patient, record in records.items():
        for complaint in ("given", "chart"):
            yield f"{name} {patient} {complaint}".replace("  ", " "), "/evaluate", {"complaint": complaint}, record


def _under_our_keys(call: dict[str, Any], keys: dict[str, str]) -> dict[str, Any]:
    """The same data as a patient-view call to us."""
    found: dict[str, list[Any]] = {kind: [] for kind in keys}
    values = [value for value in (call.get("prefetch") or {}).values() if isinstance(value, dict)]
    for value in values:
        for entry in value.get("entry") or [{"resource": value}]:
            resource = entry.get("resource") or {}
            found.get(str(resource.get("resourceType")), []).append(resource)
    patient = found["Patient"][0] if found["Patient"] else {"resourceType": "Patient", "id": "p1"}
    prefetch = {key: _bundle(found[kind]) for kind, key in keys.items()} | {keys["Patient"]: patient}
    context = {"userId": "Practitioner/1", "patientId": patient.get("id", "p1")}
    instance = call.get("hookInstance", "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea")
    return {"hook": "patient-view", "hookInstance": instance, "context": context, "prefetch": prefetch}


def _bundle(resources: list[dict[str, Any]]) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": item} for item in resources]}


def _by_patient(resources: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """One Bundle for each patient that the resources are about, with the Medications that they may refer to."""
    grouped: dict[str, list[dict[str, Any]]] = defaultdict(list)
    shared = [item for item in resources if item.get("resourceType") == "Medication"]
    for item in resources:
        if item.get("resourceType") == "Patient":
            grouped[str(item.get("id"))].append(item)
            continue
        owner = item.get("subject") or item.get("patient")
        reference = owner.get("reference") if isinstance(owner, dict) else None
        if isinstance(reference, str) and "Patient/" in reference:
            grouped[reference.rpartition("Patient/")[2].partition("/")[0]].append(item)
    return {patient: _bundle(items + shared) for patient, items in grouped.items()}


def _size(body: Any) -> int:
    prefetch = body.get("prefetch") if isinstance(body, dict) else None
    parts = list(prefetch.values()) if isinstance(prefetch, dict) else [body]
    return sum(len(part.get("entry") or ()) if isinstance(part, dict) else 0 for part in parts)


def _judge(answer: httpx2.Response, totals: Totals) -> str:
    """What is said of an answer in the table; it must be right or a refusal that the table above knows."""
    assert answer.status_code < 500, answer.text
    if answer.status_code != 200:
        body = answer.json()
        assert body["resourceType"] == "OperationOutcome"
        code = body["issue"][0]["details"]["coding"][0]["code"]
        assert code in REFUSED
        return f"{code} {body['issue'][0].get('diagnostics', '')}"
    body = is_response(answer)
    said = [rule for rule, outcome in outcomes(body).items() if outcome in SPEAKS]
    totals.rules.update(said)
    totals.rejected.update(item["reason"] for item in explanation(body).get("rejected", ()))
    return " ".join(said) or "-"


@pytest.fixture(scope="module")
def keys(client: httpx2.Client) -> dict[str, str]:
    """FHIR type → prefetch key, from discovery."""
    prefetch = client.get("/cds-services").json()["services"][0]["prefetch"]
    return {template.partition("?")[0].partition("/")[0]: key for key, template in prefetch.items()}


def test_every_record_has_a_conformant_answer(
    client: httpx2.Client, keys: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    rows, totals = [], Totals()
    for path in _files():
        for name, address, parameters, body in _requests(path, keys):
            content = json.dumps(body).encode()
            asked = {**parameters, "validate": "none"} if parameters else None
            begun = time.perf_counter()
            answer = client.post(address, content=content, headers=JSON, params=asked)
            milliseconds = (time.perf_counter() - begun) * 1000
            try:
                said = _judge(answer, totals)
            except AssertionError as fault:
                raise AssertionError(f"{name}: {fault}") from fault
            totals.requests += 1
            totals.statuses[str(answer.status_code)] += 1
            totals.milliseconds.append(milliseconds)
            rows.append(f"{name[-70:]:70} {_size(body):9} {answer.status_code:6} {milliseconds:7.1f} {said}")
    with capsys.disabled():
        print(f"\n\n{'file, patient, complaint':70} resources status      ms what spoke")
        print("\n".join(rows))
        _print(totals)
    assert totals.statuses["200"] > totals.requests / 2


def _print(totals: Totals) -> None:
    ordered = sorted(totals.milliseconds)
    middle, late = ordered[len(ordered) // 2], ordered[len(ordered) * 95 // 100]
    print(f"\n{totals.requests} requests; {dict(totals.statuses)}")
    print(f"ms: median {middle:.1f}, 95th percentile {late:.1f}, most {ordered[-1]:.1f}")
    print("what spoke:", ", ".join(f"{rule} {times}" for rule, times in totals.rules.most_common()))
    print("rejected:", *(f"  {times:6} {reason}" for reason, times in totals.rejected.most_common(30)), sep="\n")


@pytest.mark.parametrize("depth", ["cited", "all"])
def test_every_record_can_be_validated(client: httpx2.Client, keys: dict[str, str], depth: str) -> None:
    for path in _files():
        for name, address, parameters, body in _requests(path, keys):
            if parameters.get("complaint") == "given" and (depth == "cited" or _size(body) < 400):
                answer = client.post(address, content=json.dumps(body), headers=JSON, params={"validate": depth})
                assert answer.status_code < 500, name
                if answer.status_code == 200:
                    is_response(answer)
