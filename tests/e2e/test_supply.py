"""What prefetch lacks, fetched from a FHIR server that may be slow, wrong, huge, elsewhere or down."""

import json
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import httpx2
import pytest

from tests.support.certificates import write_certificates
from tests.support.conformance import explanation, finding, is_response, outcomes
from tests.support.fhir_server import (
    Behaviour,
    FhirServer,
    bomb,
    breaks_off,
    drips,
    endless,
    fhir_server,
    gives,
    hangs,
    late,
    pages,
    pours,
    redirects,
    resource,
    says,
    searchset,
)
from tests.support.records import PATIENT, bundle, condition, cramps, diabetes, diuretic, result
from tests.support.server import Server, serving

CHART = "nocturnal-leg-cramps"
TOKEN = "sesame-open.Token_9"
STRANGER = {"reference": "Patient/p2"}
WARNING = {"resourceType": "OperationOutcome", "issue": [{"severity": "warning", "code": "not-found"}]}
ERROR = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]}
LIMIT_BYTES = 400_000
Call = dict[str, Any]


class Hospital:
    """The service, and the FHIR server of its client."""

    def __init__(self, service: Server, fhir: FhirServer) -> None:
        self.service = service
        self.fhir = fhir
        self.client = httpx2.Client(
            base_url=service.url, trust_env=False, timeout=30, verify=False
        )  # http: no certificates to load
        self._request_id = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    def call(self, prefetch: Any = None, /, **members: Any) -> Call:
        """A call with nothing prefetched and a good token; `...` leaves a member out."""
        message: Call = {
            "hook": "patient-view",
            "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
            "context": {"userId": "Practitioner/d1", "patientId": "p1"},
            "fhirServer": f"{self.fhir.origin}/fhir",
            "fhirAuthorization": authorization(),
            "prefetch": prefetch,
        }
        return {name: value for name, value in (message | members).items() if value is not ...}

    def post(self, message: Call) -> httpx2.Response:
        self._request_id = str(uuid.uuid4())
        headers = {"X-Request-ID": self._request_id}
        return self.client.post(f"/cds-services/{CHART}", json=message, headers=headers)

    def ask(self, message: Call) -> dict[str, Any]:
        return is_response(self.post(message))

    def refused(self, message: Call) -> tuple[int, str, str]:
        answer = self.post(message)
        (issue,) = answer.json()["issue"]
        return answer.status_code, issue["details"]["coding"][0]["code"], issue.get("diagnostics", "")

    def fetched(self) -> dict[str, int]:
        """What the log says of the calls made for the last request."""
        for _ in range(100):
            for written in self.service.logged().splitlines():
                if self._request_id in written:
                    counts: dict[str, int] = json.loads(written).get("fetched", {})
                    return counts
            time.sleep(0.05)
        raise AssertionError("the request is not in the log")


def authorization(**members: Any) -> dict[str, Any]:
    granted = {
        "access_token": TOKEN,
        "token_type": "Bearer",
        "expires_in": 300,
        "scope": "patient/*.read",
        "subject": "leg-cramps",
    }
    return {name: value for name, value in (granted | members).items() if value is not ...}


def clients_file(folder: Path, *servers: dict[str, Any]) -> str:
    file = folder / "clients.yaml"
    file.write_text("anonymous:\n  fhir_servers:\n" + "".join(f"    - {json.dumps(server)}\n" for server in servers))
    return str(file)


@pytest.fixture(scope="module")
def fhir() -> Iterator[FhirServer]:
    with fhir_server() as running:
        yield running


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Who is trusted, and a certificate for `localhost` alone."""
    return write_certificates(tmp_path_factory.mktemp("certificates"), "localhost")


@pytest.fixture(scope="module")
def safe(authority: tuple[Path, Path]) -> Iterator[FhirServer]:
    """Another server, by https."""
    with fhir_server(authority[1]) as running:
        yield running


@pytest.fixture(scope="module")
def service(
    fhir: FhirServer, safe: FhirServer, authority: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """With so much time that nothing here depends on it, and proxies in the environment that lead nowhere."""
    folder = tmp_path_factory.mktemp("supply")
    file = clients_file(
        folder,
        {"url": f"{fhir.origin}/fhir", "private": True},
        {"url": f"{fhir.origin}/open/", "private": True, "without_token": True},
        # Written as a number, loopback looks like a name and is told only by being resolved.
        {"url": fhir.origin.replace("http://127.0.0.1", "https://2130706433") + "/fhir"},
        {"url": "http://127.0.0.1:9/fhir", "private": True},
        {"url": f"{safe.origin}/fhir", "private": True},
        {"url": f"{safe.origin.replace('127.0.0.1', 'localhost')}/fhir", "private": True},
    )
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
            patch.setenv(name, "http://127.0.0.1:9")
        patch.setenv("SSL_CERT_FILE", str(authority[0]))
        settings = {"FETCH_BUDGET_MS": "20000", "FETCH_DEADLINE_S": "25", "MAX_BODY_BYTES": str(LIMIT_BYTES)}
        with serving(folder / "log", CLIENTS_FILE=file, **settings) as running:
            yield running


@pytest.fixture(scope="module")
def hurried(fhir: FhirServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """With little time."""
    folder = tmp_path_factory.mktemp("hurried")
    file = clients_file(folder, {"url": f"{fhir.origin}/fhir", "private": True})
    with serving(folder / "log", CLIENTS_FILE=file, FETCH_BUDGET_MS="400", FETCH_DEADLINE_S="2") as running:
        yield running


@pytest.fixture
def hospital(service: Server, fhir: FhirServer) -> Iterator[Hospital]:
    """A patient with cramps, diabetes, a diuretic and an old result on the FHIR server."""
    fhir.reset(PATIENT, cramps(), diabetes(), diuretic(), result("4548-4", 7.1, "%", "2021-03-04"))
    with Hospital(service, fhir) as running:
        yield running


@pytest.fixture
def hurry(hurried: Server, fhir: FhirServer) -> Iterator[Hospital]:
    with Hospital(hurried, fhir) as running:
        yield running


def rejected(body: dict[str, Any]) -> set[str]:
    return {item["reference"] for item in explanation(body).get("rejected", ())}


def not_supplied(body: dict[str, Any]) -> list[str]:
    return list(explanation(body).get("notSupplied", ()))


# --- without and with prefetch --------------------------------------------------------------------------------------


@pytest.mark.requirement("F-1", "F-2", "F-5", "F-6", "F-9")
def test_without_prefetch_everything_is_fetched_with_the_token(hospital: Hospital) -> None:
    body = hospital.ask(hospital.call(...))
    assert outcomes(body)["diabetes"] == "fires"
    assert outcomes(body)["diuretic"] == "fires"
    assert finding(body, "diabetes")["due"][0]["last"]["date"] == "2021-03-04"
    assert not_supplied(body) == []
    templates = hospital.client.get("/cds-services").json()["services"][0]["prefetch"]
    assert sorted(hospital.fhir.asked) == sorted(
        template.split("/")[0].split("?")[0] for template in templates.values()
    )
    assert hospital.fhir.tokens() == {f"Bearer {TOKEN}"}
    assert hospital.fetched() == {"used": len(templates)}


def test_what_is_asked_is_the_template_with_the_patient_filled_in(hospital: Hospital) -> None:
    hospital.ask(hospital.call())
    templates = hospital.client.get("/cds-services").json()["services"][0]["prefetch"]
    (patient,) = (request for request in hospital.fhir.requests if request.path_params["type"] == "Patient")
    assert patient.url.path == "/fhir/Patient/p1"
    (results,) = (request for request in hospital.fhir.requests if request.path_params["type"] == "Observation")
    wanted = dict(part.split("=", 1) for part in templates["observations"].partition("?")[2].split("&"))
    assert dict(results.query_params) == wanted | {"patient": "p1"}
    assert b"|" not in results.scope["query_string"], "some servers refuse it unescaped"
    for request in hospital.fhir.requests:
        assert request.headers["host"] == hospital.fhir.origin.removeprefix("http://")
        assert request.headers["accept"] == "application/fhir+json"
        assert request.headers["accept-encoding"] == "identity"
        assert "cookie" not in request.headers


def test_only_what_prefetch_lacks_is_fetched(hospital: Hospital) -> None:
    prefetch = {
        "patient": PATIENT,
        "conditions": bundle(cramps(), kind="searchset"),
        "observations": None,
        "medication-requests": searchset(),
        "procedures": bundle(WARNING, kind="searchset"),
        "encounters": ERROR,
    }
    body = hospital.ask(hospital.call(prefetch))
    asked = set(hospital.fhir.asked)
    assert asked.isdisjoint({"Patient", "Condition", "Observation", "MedicationRequest", "Procedure", "Encounter"})
    assert {"MedicationStatement", "ServiceRequest"} <= asked
    assert not_supplied(body) == ["Encounter"]
    assert "diabetes" not in outcomes(body), "null and empty are answers; the server was not asked for more"


def test_with_complete_prefetch_nothing_is_fetched(hospital: Hospital) -> None:
    templates = hospital.client.get("/cds-services").json()["services"][0]["prefetch"]
    hospital.ask(hospital.call(dict.fromkeys(templates) | {"patient": PATIENT}))
    assert hospital.fhir.requests == []
    assert hospital.fetched() == {}


UNUSABLE: dict[str, Any] = {
    "another patient's": searchset(condition("E03.9", "hers", subject=STRANGER)),
    "another type": {"resourceType": "Encounter", "id": "e1", "subject": STRANGER},
    "a type that no rule reads": {"resourceType": "Binary", "id": "b1"},
    "no resource": "Condition/c1",
    "not readable": {"resourceType": "Bundle", "entry": 5},
}


@pytest.mark.requirement("F-2", "F-12")
@pytest.mark.parametrize("value", UNUSABLE.values(), ids=UNUSABLE)
def test_an_unusable_value_is_fetched_again_and_never_used(hospital: Hospital, value: Any) -> None:
    body = hospital.ask(hospital.call({"patient": PATIENT, "conditions": value}))
    assert hospital.fhir.asked.count("Condition") == 1
    assert outcomes(body)["diabetes"] == "fires"
    assert "thyroid-disease" not in outcomes(body)


@pytest.mark.requirement("F-4")
@pytest.mark.parametrize("value", [ERROR, WARNING, bundle(ERROR, kind="searchset")], ids=["error", "warning", "entry"])
def test_an_operation_outcome_is_not_asked_for_again(hospital: Hospital, value: Any) -> None:
    message = hospital.call({"patient": PATIENT, "conditions": value})
    assert hospital.refused(message) == (412, "required-data-missing", "conditions")
    assert "Condition" not in hospital.fhir.asked


@pytest.mark.requirement("F-4")
def test_matches_beside_an_error_are_used_and_not_asked_for_again(hospital: Hospital) -> None:
    partial = bundle(cramps(), ERROR, kind="searchset")
    body = hospital.ask(hospital.call({"conditions": partial}))
    assert "Condition" not in hospital.fhir.asked
    assert "Condition" in not_supplied(body)


# --- pages ----------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("F-8")
def test_pages_are_followed(hospital: Hospital) -> None:
    base = f"{hospital.fhir.origin}/fhir/Condition"
    hospital.fhir.behaviours["Condition"] = pages([cramps()], [], [diabetes()], base=base)
    body = hospital.ask(hospital.call())
    assert outcomes(body)["diabetes"] == "fires"
    assert not_supplied(body) == []
    assert hospital.fhir.asked.count("Condition") == 3
    assert hospital.fhir.tokens() == {f"Bearer {TOKEN}"}
    assert dict(hospital.fhir.requests[-1].query_params) == {"state": "a|b", "page": "3"}


@pytest.mark.requirement("F-8")
def test_a_prefetched_page_is_followed(hospital: Hospital) -> None:
    base = f"{hospital.fhir.origin}/fhir/Condition"
    hospital.fhir.behaviours["Condition"] = pages([], [diabetes()], base=base)
    first = searchset(cramps(), link=[{"relation": "next", "url": f"{base}?page=2"}])
    body = hospital.ask(hospital.call({"patient": PATIENT, "conditions": first}))
    assert outcomes(body)["diabetes"] == "fires"
    assert not_supplied(body) == []
    assert hospital.fhir.asked.count("Condition") == 1


ELSEWHERE = {
    "another host": "http://localhost:{port}/fhir/Condition?page=2",
    "another port": "http://127.0.0.1:9/fhir/Condition?page=2",
    "another scheme": "https://127.0.0.1:{port}/fhir/Condition?page=2",
    "another base": "http://127.0.0.1:{port}/open/Condition?page=2",
    "a longer base": "http://127.0.0.1:{port}/fhirx/Condition?page=2",
    "dots": "http://127.0.0.1:{port}/fhir/../open/Condition?page=2",
    "escaped dots": "http://127.0.0.1:{port}/fhir/%2e%2e/open/Condition?page=2",
    "a user": "http://127.0.0.1:{port}@localhost/fhir/Condition?page=2",
    "a path from the root": "/open/Condition?page=2",
    "only another host": "//localhost:{port}/fhir/Condition?page=2",
    "a fragment": "http://127.0.0.1:{port}/fhir/Condition?page=2#x",
    "no address": "",
    "a file": "file:///etc/hostname",
}


@pytest.mark.requirement("F-8", "F-10")
@pytest.mark.parametrize("link", ELSEWHERE.values(), ids=ELSEWHERE)
@pytest.mark.parametrize("prefetched", [True, False])
def test_a_next_page_elsewhere_is_not_fetched_and_the_set_is_incomplete(
    hospital: Hospital, link: str, prefetched: bool
) -> None:
    port = hospital.fhir.origin.rpartition(":")[2]
    first = searchset(cramps(), diabetes(), link=[{"relation": "next", "url": link.format(port=port)}])
    hospital.fhir.behaviours["Condition"] = gives(first)
    body = hospital.ask(hospital.call({"conditions": first} if prefetched else {}))
    assert hospital.fhir.asked.count("Condition") == (0 if prefetched else 1)
    assert outcomes(body)["diabetes"] == "fires"
    assert not_supplied(body) == ["Condition"]
    assert hospital.fetched()["page-refused"] == 1


@pytest.mark.requirement("F-10")
def test_pages_without_end_are_not_followed_for_ever(hospital: Hospital) -> None:
    hospital.fhir.behaviours["Observation"] = endless(f"{hospital.fhir.origin}/fhir/Observation")
    body = hospital.ask(hospital.call())
    assert hospital.fhir.asked.count("Observation") == 20
    assert not_supplied(body) == ["Observation"]
    assert hospital.fetched()["too-many-pages"] == 1


@pytest.mark.requirement("F-10")
def test_a_page_that_comes_again_ends_it(hospital: Hospital) -> None:
    again = [{"relation": "next", "url": f"{hospital.fhir.origin}/fhir/Observation?page=2"}]
    hospital.fhir.behaviours["Observation"] = gives(searchset(link=again))
    body = hospital.ask(hospital.call())
    assert hospital.fhir.asked.count("Observation") == 2
    assert not_supplied(body) == ["Observation"]


@pytest.mark.requirement("F-8")
def test_a_page_that_fails_leaves_the_set_incomplete(hospital: Hospital) -> None:
    base = f"{hospital.fhir.origin}/fhir/Condition"
    good = pages([cramps(), diabetes()], [], base=base)

    async def first_page_only(request: Any) -> Any:
        return resource({}, 500) if "page" in request.query_params else await good(request)

    hospital.fhir.behaviours["Condition"] = first_page_only
    body = hospital.ask(hospital.call())
    assert outcomes(body)["diabetes"] == "fires"
    assert not_supplied(body) == ["Condition"]


# --- servers that fail ----------------------------------------------------------------------------------------------

FAILING: dict[str, tuple[Behaviour, str]] = {
    "401": (gives(ERROR, 401), "unauthorised"),
    "403": (gives(ERROR, 403), "unauthorised"),
    "404": (gives(ERROR, 404), "not-found"),
    "429": (gives(ERROR, 429), "refused"),
    "201": (gives(searchset(), 201), "refused"),
    "500": (says(b"oops", "text/plain", 500), "server-error"),
    "503": (gives(ERROR, 503), "server-error"),
    "HTML": (says(b"<html>Please log in</html>", "text/html"), "not-json"),
    "JSON that calls itself HTML": (says(json.dumps(searchset()).encode(), "text/html"), "not-json"),
    "invalid JSON": (says(b'{"resourceType": "Bundle", "entry": [}'), "not-json"),
    "not UTF-8": (says(b'{"resourceType": "Bundle", "id": "\xff"}'), "not-json"),
    "nothing": (says(b""), "not-json"),
    "too deep": (says(b'{"resourceType": "Bundle", "entry": ' + b"[" * 50_000), "not-json"),
    "a list": (gives([]), "unusable"),
    "no resource": (gives({}), "unusable"),
    "an OperationOutcome": (gives(ERROR), "failed"),
    "a warning instead of a Bundle": (gives(WARNING), "failed"),
    "a Bundle with an error only": (gives(searchset(ERROR)), "failed"),
    "another type": (
        gives({"resourceType": "Encounter", "id": "e1", "subject": {"reference": "Patient/p1"}}),
        "unusable",
    ),
    "a type that no rule reads": (gives({"resourceType": "Binary", "id": "b1"}), "unusable"),
    "another patient's": (gives(searchset(condition("E03.9", "hers", subject=STRANGER))), "unusable"),
    "another patient": (gives(PATIENT | {"id": "p2"}), "unusable"),
    "too large": (says(b" " * (LIMIT_BYTES + 1)), "too-large"),
    "too large, unannounced": (pours(LIMIT_BYTES * 4), "too-large"),
    "a bomb": (bomb(50_000_000), "not-json"),
    "packed": (bomb(1), "not-json"),
    "a redirect": (redirects("/open/Condition?patient=p1"), "redirected"),
    "a redirect elsewhere": (redirects("http://127.0.0.1:9/fhir"), "redirected"),
    "a body that breaks off": (breaks_off(), "unreachable"),
}


@pytest.mark.requirement("F-3", "F-10")
@pytest.mark.parametrize(("behaviour", "outcome"), FAILING.values(), ids=FAILING)
@pytest.mark.parametrize(("kind", "key"), [("Patient", "patient"), ("Condition", "conditions")])
def test_required_data_that_cannot_be_had_are_412_and_named(
    hospital: Hospital, behaviour: Behaviour, outcome: str, kind: str, key: str
) -> None:
    hospital.fhir.behaviours[kind] = behaviour
    assert hospital.refused(hospital.call()) == (412, "required-data-missing", key)
    assert hospital.fetched()[outcome] == 1


@pytest.mark.requirement("F-2", "F-10", "F-12")
@pytest.mark.parametrize(("behaviour", "outcome"), FAILING.values(), ids=FAILING)
def test_optional_data_that_cannot_be_had_are_said(hospital: Hospital, behaviour: Behaviour, outcome: str) -> None:
    hospital.fhir.behaviours["Observation"] = behaviour
    body = hospital.ask(hospital.call())
    assert not_supplied(body) == ["Observation"]
    assert "due" not in finding(body, "diabetes")
    assert finding(body, "diabetes")["unchecked"] == [{"order": "hba1c", "within": "90 days"}]
    assert "Not supplied, so not checked: Observation." in "".join(card["detail"] for card in body["cards"])
    assert hospital.fetched()[outcome] == 1
    assert not any(request.url.path.startswith("/open") for request in hospital.fhir.requests)


@pytest.mark.requirement("F-3")
def test_a_patient_read_that_gives_an_empty_bundle_is_412(hospital: Hospital) -> None:
    hospital.fhir.behaviours["Patient"] = gives(searchset())
    assert hospital.refused(hospital.call()) == (412, "required-data-missing", "patient")


@pytest.mark.parametrize(
    "empty", [searchset(), searchset() | {"entry": []}, searchset(WARNING)], ids=["no", "0", "warning"]
)
def test_an_empty_search_says_that_there_is_none(hospital: Hospital, empty: dict[str, Any]) -> None:
    hospital.fhir.behaviours["Observation"] = gives(empty)
    body = hospital.ask(hospital.call())
    assert finding(body, "diabetes")["due"] == [{"order": "hba1c", "within": "90 days"}]
    hospital.fhir.behaviours["Condition"] = gives(empty)
    assert hospital.ask(hospital.call())["cards"] == []


@pytest.mark.requirement("F-4")
def test_fetched_matches_beside_an_error_are_used_and_absence_is_not_claimed(hospital: Hospital) -> None:
    hospital.fhir.behaviours["Condition"] = gives(searchset(cramps(), diabetes(), ERROR))
    body = hospital.ask(hospital.call())
    assert outcomes(body)["diabetes"] == "fires"
    assert not_supplied(body) == ["Condition"]


@pytest.mark.requirement("F-12")
def test_another_patients_resources_among_those_fetched_are_dropped_and_counted(hospital: Hospital) -> None:
    absolute = {"reference": "https://elsewhere.example/fhir/Patient/p1"}
    strangers = [condition("E03.9", "hers", subject=STRANGER), condition("E03.9", "nobodys", subject={})]
    own = [cramps(), diabetes(subject=absolute)]
    hospital.fhir.behaviours["Condition"] = gives(searchset(*strangers, *own))
    body = hospital.ask(hospital.call())
    assert outcomes(body)["diabetes"] == "fires"
    assert "thyroid-disease" not in outcomes(body)
    assert rejected(body) == {"Condition/hers", "Condition/nobodys"}


def test_a_malformed_entry_spoils_only_itself(hospital: Hospital) -> None:
    broken = {"resourceType": "Condition", "id": "broken", "code": 5, "subject": 7}
    base = f"{hospital.fhir.origin}/fhir/Condition"
    hospital.fhir.behaviours["Condition"] = pages([cramps(), broken], [diabetes()], base=base)
    body = hospital.ask(hospital.call())
    assert outcomes(body)["diabetes"] == "fires"
    assert "Condition/broken" in rejected(body)


def test_the_limit_holds_for_all_answers_together(hospital: Hospital) -> None:
    nearly = says(json.dumps(searchset()).encode() + b" " * (LIMIT_BYTES // 4 - 1000))
    kinds = ("Observation", "Procedure", "Encounter", "AllergyIntolerance", "ServiceRequest")
    hospital.fhir.behaviours |= dict.fromkeys(kinds, nearly)
    hospital.post(hospital.call())
    assert hospital.fetched()["too-large"] >= 1


def test_a_server_that_is_down_is_412(hospital: Hospital) -> None:
    message = hospital.call(fhirServer="http://127.0.0.1:9/fhir")
    assert hospital.refused(message) == (412, "required-data-missing", "patient, conditions")
    assert set(hospital.fetched()) == {"unreachable"}


def test_a_cookie_is_not_kept(hospital: Hospital) -> None:
    hospital.fhir.behaviours["Procedure"] = says(json.dumps(searchset()).encode(), set_cookie="session=1; Path=/")
    hospital.ask(hospital.call())
    hospital.ask(hospital.call())
    assert not any("cookie" in request.headers for request in hospital.fhir.requests)


def test_nothing_of_one_patient_is_kept_for_another(hospital: Hospital) -> None:
    hospital.ask(hospital.call())
    first = len(hospital.fhir.requests)
    hospital.fhir.resources.append(PATIENT | {"id": "p2"})
    body = hospital.ask(hospital.call(context={"userId": "Practitioner/d1", "patientId": "p2"}))
    assert body["cards"] == []
    assert len(hospital.fhir.requests) == 2 * first
    hospital.ask(hospital.call())
    assert len(hospital.fhir.requests) == 3 * first


# --- time -----------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("F-9", "F-10")
@pytest.mark.parametrize("behaviour", [hangs(), drips(searchset())], ids=["hangs", "drips"])
def test_at_the_deadline_the_answer_is_what_is_known(hurry: Hospital, behaviour: Behaviour) -> None:
    hurry.fhir.reset(PATIENT, cramps(), diabetes(), Observation=behaviour)
    body = hurry.ask(hurry.call())
    assert "Observation" in not_supplied(body)
    assert finding(body, "diabetes")["unchecked"] == [{"order": "hba1c", "within": "90 days"}]
    assert hurry.fetched()["deadline"] >= 1


@pytest.mark.requirement("F-3")
def test_required_data_that_do_not_come_in_time_are_412(hurry: Hospital) -> None:
    hurry.fhir.reset(PATIENT, Condition=hangs())
    status, code, keys = hurry.refused(hurry.call({"patient": PATIENT}))
    assert (status, code, keys) == (412, "required-data-missing", "conditions")


@pytest.mark.requirement("F-8", "F-9")
def test_after_the_budget_no_further_page_is_begun(hurry: Hospital) -> None:
    slow = late(0.6, pages([cramps(), diabetes()], [], base=f"{hurry.fhir.origin}/fhir/Condition"))
    hurry.fhir.reset(PATIENT, Condition=slow)
    body = hurry.ask(hurry.call())
    assert hurry.fhir.asked.count("Condition") == 1
    assert outcomes(body)["diabetes"] == "fires"
    assert "Condition" in not_supplied(body)
    assert hurry.fetched()["late"] == 1


# --- which server ---------------------------------------------------------------------------------------------------

NOT_ALLOWED = {
    "another path": "{origin}/fhirx",
    "a path below": "{origin}/fhir/deeper",
    "no path": "{origin}",
    "another port": "http://127.0.0.1:1/fhir",
    "another host": "http://localhost:{port}/fhir",
    "another writing of the host": "http://127.1:{port}/fhir",
    "a dot after the host": "http://127.0.0.1.:{port}/fhir",
    "a mapped host": "http://[::ffff:127.0.0.1]:{port}/fhir",
    "https": "https://127.0.0.1:{port}/fhir",
    "a user": "http://x@127.0.0.1:{port}/fhir",
    "a user who looks like the host": "http://127.0.0.1:{port}@localhost/fhir",
    "a password": "http://:x@127.0.0.1:{port}/fhir",
    "a query": "{origin}/fhir?x=1",
    "an empty query": "{origin}/fhir?",
    "a fragment": "{origin}/fhir#x",
    "an escape": "{origin}/%66hir",
    "dots": "{origin}/fhir/../fhir",
    "escaped dots": "{origin}/x/%2e%2e/fhir",
    "a backslash": "{origin}\\fhir",
    "two slashes": "{origin}//fhir",
    "a space": " {origin}/fhir",
    "a line": "{origin}/fhir\n",
    "a tab inside": "http://127.0.0.1\t:{port}/fhir",
    "a full-width dot": "http://127。0.0.1:{port}/fhir",
    "an Arabic digit": "http://127.0.0.١:{port}/fhir",
    "metadata": "http://169.254.169.254/latest/meta-data",
    "a file": "file:///fhir",
    "no scheme": "127.0.0.1:{port}/fhir",
}


@pytest.mark.requirement("F-3", "F-10")
@pytest.mark.parametrize("url", NOT_ALLOWED.values(), ids=NOT_ALLOWED)
def test_a_server_that_is_not_on_the_list_is_not_called(hospital: Hospital, url: str) -> None:
    origin = hospital.fhir.origin
    asked = url.format(origin=origin, port=origin.rpartition(":")[2])
    answer = hospital.post(hospital.call(fhirServer=asked))
    assert answer.status_code == 412
    assert hospital.fhir.requests == []
    assert set(hospital.fetched()) == {"not-allowed"}
    assert "fhir" not in answer.text.replace("fhirServer", "").replace("nocturnal-cramps.org/fhir", "").replace(
        "FHIR", ""
    )


@pytest.mark.requirement("F-10")
@pytest.mark.parametrize("writing", ["{origin}/fhir/", "HTTP://127.0.0.1:{port}/fhir"])
def test_the_same_address_may_be_written_otherwise(hospital: Hospital, writing: str) -> None:
    origin = hospital.fhir.origin
    hospital.ask(hospital.call(fhirServer=writing.format(origin=origin, port=origin.rpartition(":")[2])))
    assert set(hospital.fetched()) == {"used"}


@pytest.mark.requirement("F-10")
def test_a_name_that_leads_to_a_private_address_is_not_called(hospital: Hospital) -> None:
    port = hospital.fhir.origin.rpartition(":")[2]
    message = hospital.call(fhirServer=f"https://2130706433:{port}/fhir")
    assert hospital.refused(message) == (412, "required-data-missing", "patient, conditions")
    assert set(hospital.fetched()) == {"address-refused"}
    assert hospital.fhir.requests == []


@pytest.mark.requirement("F-10")
def test_without_a_list_nobody_is_called(client: httpx2.Client, hospital: Hospital) -> None:
    answer = client.post(f"/cds-services/{CHART}", json=hospital.call())
    assert answer.status_code == 412
    assert hospital.fhir.requests == []


@pytest.mark.parametrize("url", [None, "", 5, {}, ...], ids=str)
def test_without_a_server_nobody_is_called(hospital: Hospital, url: Any) -> None:
    assert hospital.refused(hospital.call(fhirServer=url)) == (412, "required-data-missing", "patient, conditions")
    assert hospital.fetched() == {}


# --- which token ----------------------------------------------------------------------------------------------------

BAD_TOKENS: dict[str, Any] = {
    "none": ...,
    "null": None,
    "a text": "Bearer x",
    "an empty one": authorization(access_token=""),
    "a blank one": authorization(access_token="  "),
    "not a text": authorization(access_token=5),
    "a line break": authorization(access_token="x\r\nX-Evil: 1"),
    "not ASCII": authorization(access_token="tökén"),
    "no type": authorization(token_type=...),
    "another type": authorization(token_type="mac"),
    "expired": authorization(expires_in=0),
    "long expired": authorization(expires_in=-5),
    "expired, as a text": authorization(expires_in="0"),
    "another patient": authorization(patient="p2"),
    "several patients": authorization(patient=["p1", "p2"]),
}


@pytest.mark.requirement("F-11")
@pytest.mark.parametrize("granted", BAD_TOKENS.values(), ids=BAD_TOKENS)
def test_a_token_that_may_not_be_used_counts_as_none(hospital: Hospital, granted: Any) -> None:
    message = hospital.call(fhirAuthorization=granted)
    assert hospital.refused(message) == (412, "required-data-missing", "patient, conditions")
    assert hospital.fhir.requests == []
    assert set(hospital.fetched()) == {"no-token"}
    hospital.ask(message | {"fhirServer": f"{hospital.fhir.origin}/open"})
    assert hospital.fhir.tokens() == {None}


@pytest.mark.requirement("F-11")
@pytest.mark.parametrize(
    "granted",
    [
        authorization(token_type="bearer"),
        authorization(patient="p1"),
        authorization(patient="Patient/p1"),
        authorization(expires_in=...),
        authorization(expires_in="300"),
        authorization(scope="launch (free text) patient/Observation.rs"),
        authorization(subject=...),
    ],
    ids=str,
)
def test_a_token_as_real_clients_send_it_is_used(hospital: Hospital, granted: Any) -> None:
    hospital.ask(hospital.call(fhirAuthorization=granted))
    assert hospital.fhir.tokens() == {f"Bearer {TOKEN}"}


def test_an_open_server_gets_a_good_token_too(hospital: Hospital) -> None:
    hospital.ask(hospital.call(fhirServer=f"{hospital.fhir.origin}/open"))
    assert hospital.fhir.tokens() == {f"Bearer {TOKEN}"}


@pytest.mark.requirement("F-7")
def test_neither_token_nor_patient_is_in_log_metrics_or_answer(hospital: Hospital) -> None:
    hospital.fhir.behaviours["Observation"] = says(TOKEN.encode(), "text/html", 500)
    hospital.fhir.behaviours["Procedure"] = breaks_off()
    answer = hospital.post(hospital.call(context={"userId": "Practitioner/d1", "patientId": "p1-secret"}))
    assert answer.status_code == 412
    hospital.fetched()
    for text in (hospital.service.logged(), hospital.client.get("/metrics").text, answer.text):
        assert TOKEN not in text
        assert "p1-secret" not in text
        assert hospital.fhir.origin not in text


# --- the patient id becomes part of an address ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "patient",
    [".", "..", "p1/../../admin", "p1?x=1", "p1&_count=1", "p1#", "p1%2f", "pä", "p 1", "x" * 65, "a|b", "a,b"],
)
def test_a_patient_id_that_is_none_is_400(hospital: Hospital, patient: str) -> None:
    message = hospital.call(context={"userId": "Practitioner/d1", "patientId": patient})
    assert hospital.refused(message) == (400, "context-invalid", "context.patientId")
    assert hospital.fhir.requests == []


# --- metrics --------------------------------------------------------------------------------------------------------


def test_calls_are_counted_by_outcome(hospital: Hospital) -> None:
    hospital.fhir.behaviours["Observation"] = gives(ERROR, 401)
    hospital.ask(hospital.call())
    page = hospital.client.get("/metrics").text
    assert 'cramps_fetches_total{outcome="used"}' in page
    assert 'cramps_fetches_total{outcome="unauthorised"}' in page
    assert "cramps_fetch_seconds_count" in page


# --- https ----------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("F-10")
@pytest.mark.parametrize(("host", "outcome"), [("localhost", "used"), ("127.0.0.1", "unreachable")])
def test_the_certificate_must_be_for_the_name(hospital: Hospital, safe: FhirServer, host: str, outcome: str) -> None:
    safe.reset(PATIENT, cramps())
    hospital.post(hospital.call(fhirServer=f"{safe.origin.replace('127.0.0.1', host)}/fhir"))
    assert set(hospital.fetched()) == {outcome}
    assert {request.headers["host"].partition(":")[0] for request in safe.requests} <= {"localhost"}


# --- the clients file -----------------------------------------------------------------------------------------------

UNSAFE = (
    {"url": "http://ehr.example.org/fhir"},
    {"url": "https://10.0.0.5/fhir"},
    {"url": "http://127.0.0.1:8080/fhir"},
    {"url": "http://localhost:8080/fhir"},
    {"url": "https://169.254.169.254/fhir"},
    {"url": "https://ehr.example.org/%66hir"},
    {"url": "https://:x@ehr.example.org/fhir"},
)


@pytest.mark.requirement("F-10")
def test_a_list_that_would_not_be_safe_stops_the_start_and_each_entry_is_named(tmp_path: Path) -> None:
    file = clients_file(tmp_path, *UNSAFE)
    with pytest.raises(RuntimeError) as stopped, serving(tmp_path / "log", CLIENTS_FILE=file):
        pass
    named = [number for number in range(20) if f"clients.yaml:{number}:" in str(stopped.value)]
    assert named == [number + 3 for number in range(len(UNSAFE))]
