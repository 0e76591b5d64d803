"""The servers that are compared: how each starts, and what the kernel says of its time and memory."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tests.load.client import post

ROOT = Path(__file__).resolve().parents[2]
BENCH_PYTHON = ROOT / ".venv-bench" / "bin" / "python"
CHAIN_PYTHON = ROOT / ".venv-bench-healthchain" / "bin" / "python"
CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE = CORES[-1]
LOAD_CORES = set(CORES[:-1]) or set(CORES)
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_START_S = 60.0


class Unavailable(RuntimeError):
    """A server that does not start here, with the reason to print."""


@dataclass(frozen=True)
class Kind:
    """One of the compared servers. command: without the port, which is its last argument."""

    key: str
    title: str
    command: tuple[str, ...]
    python: Path


def _uvicorn(python: Path, module: str) -> tuple[str, ...]:
    """One worker, no access log, the loop and parser that uvicorn takes by itself where ours starts it."""
    options = ("--loop", "uvloop", "--http", "httptools", "--ws", "none", "--no-access-log", "--log-level", "warning")
    named = f"tests.load.apps.{module}:app"
    return (str(python), "-m", "uvicorn", named, "--workers", "1", *options, "--no-server-header", "--port")


_OURS = Path(sys.executable)
KINDS = {
    kind.key: kind
    for kind in (
        Kind("ours", "ours, all rules", (str(_OURS), "-m", "service", "serve", "--port"), _OURS),
        Kind("bare", "(a) FastAPI, orjson.loads, a constant", _uvicorn(BENCH_PYTHON, "bare"), BENCH_PYTHON),
        Kind("slim", "(b) FastAPI, slim msgspec, one rule", _uvicorn(BENCH_PYTHON, "slim"), BENCH_PYTHON),
        Kind("models", "(c) FastAPI, fhir.resources R4B, one rule", _uvicorn(BENCH_PYTHON, "models"), BENCH_PYTHON),
        Kind("chain", "(d) HealthChain, one rule", _uvicorn(CHAIN_PYTHON, "chain"), CHAIN_PYTHON),
    )
}


@dataclass
class Server:
    """A running server. start_s: from its start to its first answer."""

    kind: Kind
    process: subprocess.Popen[bytes]
    port: int
    start_s: float
    log: Path

    def cpu_s(self) -> float:
        """User and system seconds of the process with all its threads, so far; counted in ticks, usually of 10 ms."""
        fields = self._proc("stat").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S

    def memory_mb(self, field: str = "VmRSS") -> float:
        """Resident memory now (VmRSS) or at its highest (VmHWM)."""
        line = next(line for line in self._proc("status").splitlines() if line.startswith(field))
        return int(line.split()[1]) / 1024

    def forget_peak(self) -> None:
        """Make the highest memory the present one (proc(5), clear_refs)."""
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")

    def _proc(self, name: str) -> str:
        return Path(f"/proc/{self.process.pid}/{name}").read_text()


@contextmanager
def running(
    kind: Kind, first: bytes, log: Path, settings: Mapping[str, str] | None = None, headers: str = ""
) -> Iterator[Server]:
    """A server on a core of its own that has answered its first call. Raises Unavailable."""
    if not kind.python.exists():
        raise Unavailable(f"{kind.python.parent.parent.name} is not installed: make bench installs it")
    port = _free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CRAMPS_")}
    environment |= {"CRAMPS_AUTH": "open", **(settings or {})}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # as in the image: modules are compiled once, not at every start
    with log.open("wb") as output:
        began = time.perf_counter()
        process = _start((*kind.command, str(port)), environment, output)
    try:
        status = _first_answer(process, port, first, headers, log)
        if status != 200:
            raise Unavailable(f"its first call was answered {status}")
        yield Server(kind, process, port, time.perf_counter() - began, log)
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _start(command: tuple[str, ...], environment: dict[str, str], output: IO[bytes]) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT)
    os.sched_setaffinity(process.pid, {SERVER_CORE})
    return process


def _first_answer(process: subprocess.Popen[bytes], port: int, body: bytes, headers: str, log: Path) -> int:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            lines = log.read_text(errors="replace").strip().splitlines()
            raise Unavailable(f"does not start: {lines[-1] if lines else f'exit {process.returncode}'}")
        try:
            return post(port, body, headers)
        except ConnectionRefusedError:
            time.sleep(0.01)
    raise Unavailable(f"gave no answer within {_START_S:.0f} s")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
