"""One error shape: every route is walked, and every code that a request can provoke is provoked."""

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.routing import Route

from service.app import build_app
from service.errors import ERROR_SYSTEM, Code, Refusal
from service.rendering import speaks_fhir
from service.settings import Settings
from tests.support.server import Server, serving

SECRET = "Mildred-Unlikely-19370101"  # stands for anything in a record; must come back nowhere
SANDBOX = "https://sandbox.cds-hooks.org"
SERVICE = "/cds-services/nocturnal-leg-cramps"
JSON = {"Content-Type": "application/json"}
CALL = {
    "hook": "patient-view",
    "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
    "context": {"userId": "Practitioner/1", "patientId": "p1"},
}


def _routes() -> list[tuple[str, frozenset[str]]]:
    routes = [context.original_route for context in iter_route_contexts(build_app(Settings()).routes)]
    methods: dict[str, frozenset[str]] = {}
    for route in routes:
        assert isinstance(route, Route)
        path = route.path.replace("{id}", "nocturnal-leg-cramps")
        methods[path] = methods.get(path, frozenset()) | frozenset(route.methods or ())
    return sorted(methods.items())


ROUTES = _routes()
POSTS = [path for path, methods in ROUTES if "POST" in methods]


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose limits are easily met."""
    log = tmp_path_factory.mktemp("strict") / "log"
    with serving(log, MAX_BODY_BYTES="65536", BODY_TIMEOUT_S="0.5") as running:
        yield running
    assert SECRET not in running.logged()


@pytest.fixture(autouse=True, scope="module")
def _nothing_is_logged(server: Server) -> Iterator[None]:
    yield
    assert SECRET not in server.logged()
    assert "Traceback" not in server.logged()


def is_refusal(answer: httpx2.Response, code: Code, path: str) -> dict[str, Any]:
    """Assert that the answer is this refusal in the shape of its path, and give the body."""
    assert answer.status_code == code.status, answer.text
    assert SECRET not in answer.text
    assert SECRET not in str(answer.headers)
    body: dict[str, Any] = json.loads(answer.content)
    if speaks_fhir(path):
        assert answer.headers["content-type"] == "application/json"
        assert body["resourceType"] == "OperationOutcome"
        (issue,) = body["issue"]
        assert issue["severity"] == ("fatal" if code.status >= 500 else "error")
        assert issue["code"] == code.value.issue
        assert issue["details"] == {"coding": [{"system": ERROR_SYSTEM, "code": code.slug}], "text": code.value.message}
    else:
        assert answer.headers["content-type"] == "application/problem+json"
        assert {"type", "title", "status", "code"} <= set(body)
        assert (body["status"], body["code"], body["title"]) == (code.status, code.slug, code.value.message)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-request-id"]
    return body


def diagnostics(body: dict[str, Any]) -> str:
    text: str = body["issue"][0].get("diagnostics", "")
    return text


# Every route


@pytest.mark.parametrize(("path", "methods"), ROUTES)
@pytest.mark.requirement("D-15", "S-5", "S-6")
def test_a_wrong_method_is_405_with_allow(client: httpx2.Client, path: str, methods: frozenset[str]) -> None:
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - methods:
        answer = client.request(method, path, params={"x": SECRET})
        is_refusal(answer, Code.METHOD_NOT_ALLOWED, path)
        expected = methods | {"HEAD"} if "GET" in methods else methods
        assert set(answer.headers["allow"].split(", ")) == expected


@pytest.mark.parametrize("path", [path for path, methods in ROUTES if "GET" in methods and "{" not in path])
@pytest.mark.requirement("D-1")
def test_head_is_get_without_the_body(client: httpx2.Client, path: str) -> None:
    head, get = client.head(path), client.get(path)
    assert (head.status_code, head.content) == (get.status_code, b"")
    assert head.headers["content-type"] == get.headers["content-type"] if "content-type" in get.headers else True


@pytest.mark.parametrize("path", [path for path, _ in ROUTES if path != "/"])
@pytest.mark.requirement("Q-E3")
def test_a_slash_too_many_is_404_and_no_redirect(client: httpx2.Client, path: str) -> None:
    is_refusal(client.get(f"{path}/"), Code.ROUTE_UNKNOWN, path)


@pytest.mark.parametrize("path", [f"/{SECRET}", f"/docs/{SECRET}", f"/evaluate/{SECRET}", f"{SERVICE}/a/{SECRET}"])
def test_an_unknown_address_is_404(client: httpx2.Client, path: str) -> None:
    is_refusal(client.get(path), Code.ROUTE_UNKNOWN, path)


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize(
    "body",
    [
        f'{{"name": "{SECRET}"'.encode(),
        f'{{"name": "{SECRET}", "value": NaN}}'.encode(),
        f'{{"name": "{SECRET}", "value": -Infinity}}'.encode(),
        f'{{"name": "{SECRET}", "value": "'.encode() + b'\xff\xfe"}',
        f'{{"name": "{SECRET}", "deep": '.encode() + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b"",
        SECRET.encode(),
    ],
    ids=["cut off", "NaN", "Infinity", "not UTF-8", "deep", "empty", "bare word"],
)
@pytest.mark.requirement("J-7", "S-6", "CRD-2")
def test_what_is_not_json_is_400(client: httpx2.Client, path: str, body: bytes) -> None:
    is_refusal(client.post(path, content=body, headers=JSON), Code.BODY_NOT_JSON, path)


@pytest.mark.requirement("S-6", "CRD-2")
def test_what_is_too_deep_is_400_wherever_it_lies(client: httpx2.Client) -> None:
    """Some of a message is decoded once more than the rest, from a place that is deeper already."""
    path = "/cds-services/nocturnal-leg-cramps-problem"
    start = b'{"hook": "problem-list-item-create", "hookInstance": "x", "context": {"userId": "Practitioner/d1", '
    for depth in range(900, 1000, 4):
        for inner in (b'{"a":' * depth + b"1" + b"}" * depth, b"[" * depth + b"]" * depth):
            body = start + b'"patientId": "p1", "conditions": ' + inner + b"}}"
            assert client.post(path, content=body, headers=JSON).status_code == 400


@pytest.mark.parametrize("element", ["code", "interpretation"])
@pytest.mark.requirement("S-6", "CRD-2")
def test_what_is_left_as_bytes_and_too_deep_to_be_opened_is_no_crash(client: httpx2.Client, element: str) -> None:
    """It is opened from a place that is deeper than the one from which it was passed over."""
    code = {"coding": [{"system": "http://loinc.org", "code": "2823-3"}]}
    observation: dict[str, Any] = {"resourceType": "Observation", "id": "o", "status": "final", "code": code}
    observation |= {"subject": {"reference": "Patient/p1"}, "effectiveDateTime": "2026-01-01"}
    observation[element] = {"code": {"text": "deep"}, "interpretation": [{"text": "deep"}]}[element]
    whole = {"patient": {"resourceType": "Patient", "id": "p1"}, "conditions": None, "observations": observation}
    start, _, end = json.dumps(CALL | {"prefetch": whole}).partition('"deep"')
    statuses = {
        client.post(SERVICE, content=start + "[" * depth + "]" * depth + end, headers=JSON).status_code
        for depth in range(900, 1000)
    }
    assert statuses == {200, 400}


@pytest.mark.requirement("S-6", "CRD-2")
def test_a_number_that_no_float_holds_is_400(client: httpx2.Client) -> None:
    path = "/cds-services/nocturnal-leg-cramps"
    body = b'{"hook": "patient-view", "hookInstance": "x", "extension": {"x": 1e400}}'
    is_refusal(client.post(path, content=body, headers=JSON), Code.BODY_NOT_JSON, path)


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("body", [[SECRET], SECRET, 1, None, True])
@pytest.mark.requirement("R-1")
def test_what_is_not_an_object_is_400(client: httpx2.Client, path: str, body: object) -> None:
    is_refusal(client.post(path, content=json.dumps(body), headers=JSON), Code.BODY_NOT_OBJECT, path)


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/xml"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": SECRET},
        {"Content-Type": "application/json; charset=utf-16"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
    ],
    ids=lambda headers: " ".join(headers.values()),
)
def test_an_unreadable_media_type_is_415(client: httpx2.Client, path: str, headers: dict[str, str]) -> None:
    is_refusal(client.post(path, content=b"{}", headers=headers), Code.MEDIA_TYPE_UNSUPPORTED, path)


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize(
    "media_type",
    [
        "application/json",
        "Application/JSON",
        "application/fhir+json; charset=UTF-8",
        "application/fhir+json; fhirVersion=4.0",
        "application/vnd.anything+json",
        "application/json+fhir",
        "application/json+fhir;charset=utf-8",
        None,
    ],
)
@pytest.mark.requirement("J-1")
def test_a_media_type_of_json_is_read(client: httpx2.Client, path: str, media_type: str | None) -> None:
    headers = {"Content-Type": media_type} if media_type else {}
    is_refusal(client.post(path, content=b"[]", headers=headers), Code.BODY_NOT_OBJECT, path)


@pytest.mark.parametrize("path", POSTS)
def test_a_large_body_is_413_announced_or_not(strict: Server, path: str) -> None:
    body = json.dumps({"name": SECRET * 5_000}).encode()
    announced = httpx2.post(f"{strict.url}{path}", content=body, headers=JSON, trust_env=False)
    is_refusal(announced, Code.BODY_TOO_LARGE, path)
    pieces = (body[start : start + 1000] for start in range(0, len(body), 1000))
    chunked = httpx2.post(f"{strict.url}{path}", content=pieces, headers=JSON, trust_env=False)
    assert "content-length" not in chunked.request.headers
    is_refusal(chunked, Code.BODY_TOO_LARGE, path)


@pytest.mark.parametrize("path", POSTS)
def test_a_body_that_trickles_is_408(strict: Server, path: str) -> None:
    with socket.create_connection(("127.0.0.1", strict.port), timeout=10) as raw:
        raw.sendall(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{{".encode())
        assert raw.recv(65536).startswith(b"HTTP/1.1 408 ")


# Single codes


@pytest.mark.parametrize("member", ["hook", "hookInstance", "context"])
def test_a_missing_member_is_400_and_named(client: httpx2.Client, member: str) -> None:
    call = {name: value for name, value in CALL.items() if name != member} | {"extra": SECRET}
    assert member in diagnostics(is_refusal(client.post(SERVICE, json=call), Code.MEMBER_MISSING, SERVICE))


def test_an_ill_typed_member_is_400_and_named(client: httpx2.Client) -> None:
    answer = client.post(SERVICE, json=CALL | {"hook": [SECRET]})
    assert "hook" in diagnostics(is_refusal(answer, Code.MEMBER_ILL_TYPED, SERVICE))


def test_another_hook_is_400(client: httpx2.Client) -> None:
    is_refusal(client.post(SERVICE, json=CALL | {"hook": "order-sign"}), Code.HOOK_MISMATCH, SERVICE)


def test_a_context_without_patient_is_400_and_named(client: httpx2.Client) -> None:
    answer = client.post(SERVICE, json=CALL | {"context": {"userId": SECRET}})
    assert "patientId" in diagnostics(is_refusal(answer, Code.CONTEXT_INVALID, SERVICE))


@pytest.mark.parametrize("query", [{"asOf": SECRET}, {"asOf": "2026-02-30"}])
def test_a_bad_query_is_400_and_names_the_parameter(client: httpx2.Client, query: dict[str, str]) -> None:
    answer = client.post("/evaluate", params=query, json={"resourceType": "Bundle", "type": "collection"})
    assert diagnostics(is_refusal(answer, Code.QUERY_INVALID, "/evaluate")) == "asOf"


def test_an_unknown_service_is_404(client: httpx2.Client) -> None:
    path = f"/cds-services/{SECRET}"
    is_refusal(client.post(path, json=CALL), Code.SERVICE_UNKNOWN, path)


def test_an_unknown_rule_is_404(client: httpx2.Client) -> None:
    is_refusal(client.get(f"/rules/{SECRET}"), Code.RULE_UNKNOWN, "/rules")


@pytest.mark.requirement("S-4")
def test_missing_data_are_412_and_named(client: httpx2.Client) -> None:
    assert diagnostics(is_refusal(client.post(SERVICE, json=CALL), Code.REQUIRED_DATA_MISSING, SERVICE))


@pytest.mark.parametrize("body", [{"resourceType": "Patient", "id": SECRET}, {"name": SECRET}, {}])
def test_another_resource_than_a_bundle_is_422(client: httpx2.Client, body: dict[str, str]) -> None:
    is_refusal(client.post("/evaluate", json=body), Code.NOT_A_BUNDLE, "/evaluate")


@pytest.mark.requirement("CRD-2")
def test_two_patients_are_422(client: httpx2.Client) -> None:
    entries = [{"resource": {"resourceType": "Patient", "id": f"{SECRET}-{number}"}} for number in (1, 2)]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    is_refusal(client.post("/evaluate", json=bundle), Code.MORE_THAN_ONE_PATIENT, "/evaluate")


# The table, and what only a fault of ours can provoke


def _ask(app: FastAPI, path: str, **headers: str) -> httpx2.Response:
    async def ask() -> httpx2.Response:
        transport = httpx2.ASGITransport(app=app, raise_app_exceptions=True)
        async with httpx2.AsyncClient(transport=transport, base_url="http://test") as session:
            return await session.post(path, headers=headers)

    return asyncio.run(ask())


def _app_with(path: str, endpoint: Callable[[], Awaitable[object]], **settings: Any) -> FastAPI:
    app = build_app(Settings(**settings))
    app.add_api_route(path, endpoint, methods=["POST"], response_model=None)
    return app


@pytest.mark.parametrize("prefix", ["/evaluate", "/elsewhere"])
@pytest.mark.parametrize("code", list(Code), ids=lambda code: code.slug)
@pytest.mark.requirement("S-5", "S-6")
def test_every_code_in_both_shapes(code: Code, prefix: str) -> None:
    async def refuse() -> None:
        raise Refusal(code, "patient", f"{SECRET} with spaces")

    path = f"{prefix}/refuse"
    answer = _ask(_app_with(path, refuse), path, Origin=SANDBOX)
    body = is_refusal(answer, code, path)
    assert "patient" in str(body)
    assert answer.headers["access-control-allow-origin"] == SANDBOX
    assert answer.headers.get("www-authenticate") == ("Bearer" if code.status == 401 else None)
    assert ("retry-after" in answer.headers) == (code.status == 503)


@pytest.mark.parametrize("prefix", ["/evaluate", "/elsewhere"])
@pytest.mark.requirement("S-6", "T-18")
def test_a_fault_is_500_with_cors_and_without_its_words(prefix: str, capfd: pytest.CaptureFixture[str]) -> None:
    async def fail() -> None:
        raise ValueError(SECRET)

    path = f"{prefix}/fail"
    answer = _ask(_app_with(path, fail), path, Origin=SANDBOX)
    is_refusal(answer, Code.INTERNAL, path)
    assert answer.headers["access-control-allow-origin"] == SANDBOX
    logged = "".join(capfd.readouterr())
    assert SECRET not in logged
    assert "ValueError" in logged


def test_one_request_too_many_is_503() -> None:
    async def scenario() -> tuple[httpx2.Response, httpx2.Response, httpx2.Response]:
        begun, done = asyncio.Event(), asyncio.Event()

        async def wait() -> dict[str, str]:
            begun.set()
            await done.wait()
            return {}

        app = _app_with("/evaluate/wait", wait, max_concurrent_requests=1)
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://test") as session:
            first = asyncio.create_task(session.post("/evaluate/wait"))
            await begun.wait()
            second, alive = await session.post("/evaluate/wait"), await session.get("/livez")
            done.set()
            return await first, second, alive

    first, second, alive = asyncio.run(scenario())
    assert (first.status_code, alive.status_code) == (200, 200)
    is_refusal(second, Code.BUSY, "/evaluate")


def test_not_ready_before_the_rules_are_compiled() -> None:
    async def ask() -> httpx2.Response:
        transport = httpx2.ASGITransport(app=build_app(Settings()))  # it runs no lifespan
        async with httpx2.AsyncClient(transport=transport, base_url="http://test") as session:
            return await session.get("/readyz")

    is_refusal(asyncio.run(ask()), Code.BUSY, "/readyz")


def test_codes_are_unique_and_statuses_are_errors() -> None:
    assert len({code.slug for code in Code}) == len(Code)
    assert all(400 <= code.status < 600 for code in Code)
    assert all(code.value.message.endswith(".") for code in Code)
