"""The documentation page in a real browser: it works with nothing but our own host, and its examples run."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Browser, Locator, Page, sync_playwright

from service.examples import TITLES
from tests.support.server import Server, serving

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
browser_test = pytest.mark.skipif(CHROMIUM is None, reason="NO BROWSER: Chromium is not installed (Debian: chromium)")
WATCH_POLICY = "document.addEventListener('securitypolicyviolation', e => console.error('CSP ' + e.blockedURI))"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield running
        running.close()


@dataclass
class Watched:
    """What a page asked for, and what went wrong on it."""

    requested: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def follow(self, page: Page) -> None:
        page.add_init_script(WATCH_POLICY)
        page.on("request", lambda request: self.requested.append(request.url))
        page.on("requestfailed", lambda request: self.faults.append(f"failed: {request.url}"))
        page.on("console", lambda message: self.faults.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: self.faults.append(f"error: {error.message}"))


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    opened = browser.new_page(viewport={"width": 1280, "height": 900})
    opened.set_default_timeout(15_000)
    yield opened
    opened.close()


def _operations(client: httpx2.Client) -> list[dict[str, Any]]:
    document = client.get("/openapi.json").json()
    return [
        operation | {"method": method, "path": path}
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    ]


@browser_test
@pytest.mark.browser
def test_the_page_shows_every_operation_without_any_other_host(
    server: Server, client: httpx2.Client, page: Page
) -> None:
    watched = Watched()
    watched.follow(page)
    page.goto(f"{server.url}/")
    page.wait_for_selector(".opblock")
    assert page.url == f"{server.url}/docs"
    for operation in _operations(client):
        assert page.locator(f"#operations-{operation['tags'][0].replace(' ', '_')}-{operation['operationId']}").count()
    assert watched.faults == []
    assert {url.split("/")[2] for url in watched.requested} == {server.url.split("/")[2]}


@browser_test
@pytest.mark.browser
def test_an_operation_runs_from_the_page(server: Server, page: Page) -> None:
    watched = Watched()
    watched.follow(page)
    page.goto(f"{server.url}/docs")
    operation = page.locator(".opblock", has=page.locator("[data-path='/readyz']"))
    operation.locator(".opblock-summary-control").click()
    operation.locator(".execute").click()
    operation.locator(".live-responses-table .response-col_status").filter(has_text="200").wait_for()
    assert watched.faults == []


def _open(page: Page, path: str) -> Locator:
    """The operation of a POST, opened, with its example in place."""
    operation = page.locator(".opblock-post", has=page.locator(f"[data-path='{path}']"))
    operation.locator(".opblock-summary-control").click()
    operation.locator(".body-param__text").wait_for()
    return operation


def _execute(operation: Locator, status: int) -> dict[str, Any]:
    """Presses Execute, and reads the answer as the page shows it."""
    operation.locator(".execute").click()
    shown = operation.locator(".live-responses-table")
    shown.locator(".response-col_status").filter(has_text=str(status)).wait_for()
    assert "Undocumented" not in shown.inner_text()
    body: dict[str, Any] = json.loads(shown.locator(".highlight-code code").first.inner_text())
    return body


@browser_test
@pytest.mark.browser
@pytest.mark.parametrize("path", ["/evaluate", "/cds-services/{id}"])
def test_the_example_of_a_post_runs_as_it_stands(server: Server, page: Page, path: str) -> None:
    watched = Watched()
    watched.follow(page)
    page.goto(f"{server.url}/docs")
    body = _execute(_open(page, path), 200)
    assert [card["indicator"] for card in body["cards"]]
    assert all(card["summary"] for card in body["cards"])
    assert "org.nocturnal-cramps.evaluation" in body["extension"]
    assert watched.faults == []


@browser_test
@pytest.mark.browser
def test_every_example_of_evaluate_can_be_chosen_and_run(server: Server, page: Page) -> None:
    page.goto(f"{server.url}/docs")
    operation = _open(page, "/evaluate")
    choice = operation.locator(".opblock-section-request-body .examples-select-element")
    for title in TITLES["evaluate"].values():
        choice.select_option(label=title)
        body = _execute(operation, 422 if "422" in title else 200)
        if "422" in title:
            assert body["resourceType"] == "OperationOutcome"
        else:
            assert body["extension"]["org.nocturnal-cramps.evaluation"]["asOf"] == "2026-06-15"
            indicators = {card["indicator"] for card in body["cards"]}
            assert ("critical" in indicators) == ("today" in title)
        operation.locator(".btn-clear").click()


@browser_test
@pytest.mark.browser
def test_the_service_on_demand_can_be_chosen_and_run(server: Server, page: Page) -> None:
    page.goto(f"{server.url}/docs")
    operation = _open(page, "/cds-services/{id}")
    operation.locator(".parameters .examples-select-element").select_option(value="nocturnal-leg-cramps-on-demand")
    operation.locator(".opblock-section-request-body .examples-select-element").select_option(
        value="nocturnal-leg-cramps-on-demand"
    )
    assert "TSH" in _execute(operation, 200)["cards"][0]["summary"]


@browser_test
@pytest.mark.browser
def test_a_proxy_may_put_a_path_before_the_page(tmp_path_factory: pytest.TempPathFactory, page: Page) -> None:
    log = tmp_path_factory.mktemp("prefixed") / "log"
    with serving(log, PUBLIC_BASE_URL="https://ehr.example/cramps") as prefixed:
        page.goto(f"{prefixed.url}/cramps/docs")
        operation = page.locator(".opblock", has=page.locator("[data-path='/readyz']"))
        operation.locator(".opblock-summary-control").click()
        with page.expect_response(lambda answer: answer.url.endswith("/readyz")) as asked:
            operation.locator(".execute").click()
        assert asked.value.url == f"{prefixed.url}/cramps/readyz"
        assert asked.value.status == 200


def test_the_policy_allows_no_inline_script_and_no_other_host(client: httpx2.Client) -> None:
    policy = client.get("/docs").headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy


def test_every_asset_of_the_page_is_served(client: httpx2.Client) -> None:
    for name, media_type in {
        "init.js": "text/javascript",
        "swagger-ui-bundle.js": "text/javascript",
        "swagger-ui-bundle.js.LICENSE.txt": "text/plain",
        "swagger-ui.css": "text/css",
        "favicon-32x32.png": "image/png",
    }.items():
        answer = client.get(f"/docs/{name}")
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith(media_type)
