"""Headers: what browsers and caches are told, and statuses that must not come."""

import httpx2
import pytest

from tests.support.conformance import is_discovery
from tests.support.server import Server, serving

SANDBOX = "https://sandbox.cds-hooks.org"
SERVICE = "/cds-services/nocturnal-leg-cramps"
PATHS = ["/cds-services", SERVICE, f"{SERVICE}/feedback", "/evaluate", "/rules"]


# --- discovery ------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("CRD-12")
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_discovery_is_told_once_and_then_revalidated(client: httpx2.Client, method: str) -> None:
    first = client.request(method, "/cds-services")
    tag = first.headers["etag"]
    assert tag.startswith('"')
    assert first.headers["cache-control"] == "private, max-age=300"
    assert client.get("/cds-services").headers["etag"] == tag
    for held in (tag, f"W/{tag}", f'"old", {tag}', "*"):
        again = client.request(method, "/cds-services", headers={"If-None-Match": held})
        assert (again.status_code, again.content) == (304, b"")
        assert (again.headers["etag"], again.headers["vary"]) == (tag, "Origin")
        assert "content-type" not in again.headers


@pytest.mark.parametrize("held", ['"old"', "", "*x", 'W/"old"'])
def test_another_tag_gets_the_whole(client: httpx2.Client, held: str) -> None:
    is_discovery(client.get("/cds-services", headers={"If-None-Match": held}))


def test_a_changed_answer_has_another_tag(client: httpx2.Client, tmp_path_factory: pytest.TempPathFactory) -> None:
    overlay = tmp_path_factory.mktemp("overlay") / "codes.csv"
    overlay.write_text("system,code,value set\nhttp://loinc.org,00000-0,hba1c\n")
    with serving(overlay.parent / "log", OVERLAY_FILE=str(overlay)) as other:
        tag = httpx2.get(f"{other.url}/cds-services", trust_env=False).headers["etag"]
    assert tag != client.get("/cds-services").headers["etag"]


@pytest.mark.requirement("J-1", "D-1", "D-3")
def test_head_on_discovery_is_200_without_a_body(client: httpx2.Client) -> None:
    head, get = client.head("/cds-services"), client.get("/cds-services")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(get.content))
    assert head.headers["content-type"] == get.headers["content-type"] == "application/json"


# --- caches ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("origin", [None, SANDBOX, "https://elsewhere.example"])
def test_every_answer_varies_by_origin(client: httpx2.Client, path: str, origin: str | None) -> None:
    headers = {"Origin": origin} if origin else {}
    for answer in (client.get(path, headers=headers), client.post(path, json={}, headers=headers)):
        assert "Origin" in answer.headers["vary"].split(", ")
        assert answer.headers.get("access-control-allow-origin") == (SANDBOX if origin == SANDBOX else None)


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
@pytest.mark.parametrize("path", ["/rules", "/rules/diabetes"])
def test_the_catalogue_varies_by_what_is_accepted(client: httpx2.Client, path: str, accept: str) -> None:
    assert set(client.get(path, headers={"Accept": accept}).headers["vary"].split(", ")) == {"Accept", "Origin"}


def test_answers_about_a_patient_are_not_kept(client: httpx2.Client) -> None:
    for path in (SERVICE, f"{SERVICE}/feedback", "/evaluate"):
        assert client.post(path, json={}).headers["cache-control"] == "no-store"


# --- preflights -----------------------------------------------------------------------------------------------------


def preflight(client: httpx2.Client, path: str, **asked: str) -> httpx2.Response:
    headers = {"Origin": SANDBOX, "Access-Control-Request-Method": "POST"}
    return client.options(path, headers=headers | {name.replace("_", "-"): value for name, value in asked.items()})


@pytest.mark.requirement("T-18")
@pytest.mark.parametrize("path", [*PATHS, "/nowhere"])
@pytest.mark.parametrize("asked", ["authorization,content-type", "authorization, traceparent", "x-anything"])
def test_a_preflight_is_told_what_is_allowed_whatever_it_asks(client: httpx2.Client, path: str, asked: str) -> None:
    answer = preflight(client, path, Access_Control_Request_Headers=asked)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["access-control-allow-origin"] == SANDBOX
    allowed = set(answer.headers["access-control-allow-headers"].lower().split(", "))
    assert {"authorization", "content-type", "accept"} <= allowed
    assert not {"traceparent", "x-anything"} & allowed
    assert {"GET", "POST", "OPTIONS"} <= set(answer.headers["access-control-allow-methods"].split(", "))
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.requirement("T-18")
def test_a_page_of_another_origin_is_not_let_in(client: httpx2.Client) -> None:
    answer = preflight(client, SERVICE, Origin="https://elsewhere.example")
    assert "access-control-allow-origin" not in answer.headers
    assert "Origin" in answer.headers["vary"]


@pytest.mark.requirement("T-18")
@pytest.mark.parametrize("body", [b"{", b"[]", b"{}", b""])
def test_a_refusal_can_be_read_by_a_page(client: httpx2.Client, body: bytes) -> None:
    for path in (SERVICE, f"{SERVICE}/feedback", "/evaluate"):
        answer = client.post(path, content=body, headers={"Origin": SANDBOX, "Content-Type": "application/json"})
        assert answer.status_code >= 400
        assert answer.headers["access-control-allow-origin"] == SANDBOX
        assert answer.json()["resourceType"] == "OperationOutcome"


# --- addresses ------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("Q-E3")
@pytest.mark.parametrize("path", [f"{path}/" for path in PATHS] + ["//cds-services", "/cds-services//"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_nothing_is_redirected(client: httpx2.Client, method: str, path: str) -> None:
    answer = client.request(method, f"{client.base_url}".rstrip("/") + path, headers={"Host": "evil.example"})
    assert answer.status_code in {404, 405}
    assert "location" not in answer.headers
    assert "evil.example" not in str(answer.headers) + answer.text


@pytest.mark.requirement("Q-E3")
def test_the_address_of_a_service_is_the_one_of_discovery(client: httpx2.Client, server: Server) -> None:
    for service in client.get("/cds-services").json()["services"]:
        answer = httpx2.post(f"{server.url}/cds-services/{service['id']}", json={}, trust_env=False)
        assert answer.status_code == 400, "there is a service, and it misses the members of a call"
