"""Load by wrk: latencies and requests per second at some connections."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.load.client import TIMEOUT_S
from tests.load.payload import SERVICE

_SCRIPT = Path(__file__).with_name("post.lua")


@dataclass(frozen=True)
class Load:
    """What one run of wrk saw."""

    p50_ms: float
    p99_ms: float
    per_s: float
    failed: int


def is_installed() -> bool:
    """Whether wrk is on the path."""
    return shutil.which("wrk") is not None


def start(port: int, body: Path, seconds: float, connections: int) -> subprocess.Popen[str]:
    """A run of wrk in the background, with one thread of its own."""
    options = ["-t1", f"-c{connections}", f"-d{math.ceil(seconds)}s", f"--timeout={math.ceil(TIMEOUT_S)}s", "-s"]
    command = ["wrk", *options, str(_SCRIPT), f"http://127.0.0.1:{port}/cds-services/{SERVICE}", "--", str(body)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def finish(run: subprocess.Popen[str]) -> Load | None:
    """Waits for a run; None where not one call was answered in its time."""
    output, _ = run.communicate()
    last = output.strip().splitlines()[-1] if output.strip() else ""
    if run.returncode or not last.startswith("{"):
        raise RuntimeError(f"wrk failed: {output.strip()}")
    summary = json.loads(last)
    if not summary["requests"]:
        return None
    return Load(
        p50_ms=summary["p50"] / 1000,
        p99_ms=summary["p99"] / 1000,
        per_s=summary["requests"] / (summary["microseconds"] / 1e6),
        failed=summary["failed"],
    )
