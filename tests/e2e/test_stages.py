"""Where the time of a request goes: always in the metrics, in a header where the settings ask for it."""

import json
import re
from collections.abc import Iterator

import httpx2
import pytest

from service.examples import FOLDER
from tests.support.conformance import is_response
from tests.support.server import Server, serving

HOOK = ("/cds-services/nocturnal-leg-cramps", "cds-services/nocturnal-leg-cramps.json", {"fetch", "supply"})
BUNDLE = ("/evaluate", "evaluate/uncomplicated.json", {"validate"})
COMMON = {"receive", "read", "normalise", "evaluate", "compose", "explain", "encode"}


@pytest.fixture(scope="module")
def timed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("timed") / "log", SERVER_TIMING="true") as running:
        yield running


def observed(url: str) -> dict[str, int]:
    """How many requests each stage was observed in."""
    page = httpx2.get(f"{url}/metrics", trust_env=False).text
    counts = re.findall(r'^cramps_stage_seconds_count{stage="(\w+)"} (.*)$', page, re.MULTILINE)
    return {name: int(float(count)) for name, count in counts}


@pytest.mark.parametrize("padding", [0, 300_000], ids=["on the event loop", "beside it"])
@pytest.mark.parametrize(("path", "example", "own"), [HOOK, BUNDLE], ids=["hook", "bundle"])
def test_every_stage_is_told_and_counted_once(
    timed: Server, path: str, example: str, own: set[str], padding: int
) -> None:
    before = observed(timed.url)
    message = json.loads((FOLDER / example).read_bytes()) | {"extension": {"x": "x" * padding}}
    answer = httpx2.post(f"{timed.url}{path}", json=message, trust_env=False)
    assert is_response(answer)["cards"]
    stages = dict(re.findall(r"(\w+);dur=(\d+\.\d+)", answer.headers["server-timing"]))
    assert set(stages) == COMMON | own
    gained = {name: n - before[name] for name, n in observed(timed.url).items() if n != before[name]}
    assert gained == dict.fromkeys(stages, 1)


def test_the_header_is_off_by_default(client: httpx2.Client, server: Server) -> None:
    before = observed(server.url)
    answer = client.post(BUNDLE[0], content=(FOLDER / BUNDLE[1]).read_bytes())
    assert answer.status_code == 200
    assert "server-timing" not in answer.headers
    assert observed(server.url)["evaluate"] == before["evaluate"] + 1


def test_a_refusal_is_no_observation(timed: Server) -> None:
    before = observed(timed.url)
    answer = httpx2.post(f"{timed.url}{BUNDLE[0]}", content=b"{", trust_env=False)
    assert answer.status_code == 400
    assert "server-timing" not in answer.headers
    assert observed(timed.url) == before
