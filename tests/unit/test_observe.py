"""What reaches the log: allowed keys with plain values, and nothing else."""

import json
import logging
from collections.abc import Iterator

import pytest

from service.log import log
from service.observe import Metrics, start_logging
from service.settings import Settings

SECRET = "Mildred-Unlikely-19370101"


@pytest.fixture(autouse=True)
def _restored_logging() -> Iterator[None]:
    root, own = logging.getLogger(), logging.getLogger("service")
    handlers, level, own_level = list(root.handlers), root.level, own.level
    yield
    root.handlers = handlers
    root.setLevel(level)
    own.setLevel(own_level)


def _line(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    line: dict[str, object] = json.loads(capsys.readouterr().err)
    return line


def test_a_key_that_is_not_listed_is_dropped(capsys: pytest.CaptureFixture[str]) -> None:
    start_logging(Settings())
    log(logging.INFO, "request", status=200, patient=SECRET, body={"name": SECRET})
    line = _line(capsys)
    assert {"event", "level", "status", "timestamp"} == set(line)


@pytest.mark.parametrize("value", [{"name": SECRET}, [SECRET], SECRET.encode(), ValueError(SECRET), SECRET * 100])
def test_a_value_that_is_not_plain_is_dropped(value: object, capsys: pytest.CaptureFixture[str]) -> None:
    start_logging(Settings())
    log(logging.INFO, "request", outcomes=value, hook="patient-view")
    line = _line(capsys)
    assert "outcomes" not in line
    assert line["hook"] == "patient-view"


def test_counts_by_name_are_plain(capsys: pytest.CaptureFixture[str]) -> None:
    start_logging(Settings())
    log(logging.INFO, "request", outcomes={"fires": 2})
    assert _line(capsys)["outcomes"] == {"fires": 2}


def test_a_library_does_not_bring_its_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    start_logging(Settings())
    try:
        raise ValueError(SECRET)
    except ValueError:
        logging.getLogger("somewhere").exception("reading %s: " + SECRET, SECRET)  # noqa: G003
    line = _line(capsys)
    assert SECRET not in str(line)
    assert (line["where"], line["exception"]) == ("somewhere", "ValueError")


def test_the_server_keeps_its_templates(capsys: pytest.CaptureFixture[str]) -> None:
    start_logging(Settings())
    logging.getLogger("uvicorn.error").error("stopped by %s", SECRET)
    assert _line(capsys)["message"] == "stopped by %s"


def test_the_level_is_obeyed(capsys: pytest.CaptureFixture[str]) -> None:
    start_logging(Settings(log_level="error"))
    log(logging.WARNING, "request")
    assert capsys.readouterr().err == ""


def test_metrics_of_two_apps_do_not_meet() -> None:
    one, other = Metrics(), Metrics()
    one.count_request("/rules/{id}", "GET", 200, 0.002, None)
    assert b'cramps_requests_total{method="GET",route="/rules/{id}",status="200"} 1.0' in one.page()
    assert b"/rules" not in other.page()
