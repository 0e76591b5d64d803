"""The real service in a process of its own, as an operator starts it."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

ROOT = Path(__file__).resolve().parents[2]
_START_S = 60


@dataclass(frozen=True)
class Server:
    url: str
    port: int
    log: Path

    def logged(self) -> str:
        return self.log.read_text()

    def line(self, answer: httpx2.Response) -> dict[str, Any]:
        """The one log line of an answer; it is written when the answer is out already."""
        deadline = time.monotonic() + _START_S
        while not (lines := [line for line in self.logged().splitlines() if answer.headers["x-request-id"] in line]):
            assert time.monotonic() < deadline, "no log line"
            time.sleep(0.01)
        (line,) = lines
        facts: dict[str, Any] = json.loads(line)
        return facts


@contextmanager
def serving(log: Path, **settings: str) -> Iterator[Server]:
    """A server on a free loopback port, ready to answer; the settings are those of Settings, in capitals."""
    port = _free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CRAMPS_")}
    environment |= {f"CRAMPS_{name}": value for name, value in settings.items()}
    command = [sys.executable, "-m", "service", "serve", "--port", str(port)]
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT)
    try:
        server = Server(f"http://127.0.0.1:{port}", port, log)
        _wait_until_ready(server, process)
        yield server
    finally:
        process.terminate()
        process.wait(timeout=20)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_ready(server: Server, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the service did not start:\n{server.logged()}")
        try:
            if httpx2.get(f"{server.url}/readyz", trust_env=False).status_code == 200:
                return
        except httpx2.TransportError:
            time.sleep(0.1)
    raise RuntimeError(f"the service was not ready within {_START_S} s:\n{server.logged()}")
