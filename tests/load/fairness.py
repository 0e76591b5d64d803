"""Whether large calls keep others waiting: a small call beside them, and how long the event loop is held."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.load import figures, wrk
from tests.load.client import Connection, request_of
from tests.load.comparison import CONNECTIONS
from tests.load.payload import build_call
from tests.load.servers import KINDS, Server, Unavailable, running

_SMALL, _LARGE = 6, 5000  # resources: about 10 kB, and 6.6 MB
_PROBE_EVERY_S = 0.005
_MEASURES = ("p50", "p99", "longest", "count")
_LIVEZ = b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


def measure(rounds: int, seconds: float, folder: Path, say: Callable[[str], None]) -> tuple[str, Any]:
    """Returns a table of the small call's latency alone and beside large ones, and the values of each round."""
    small, large = build_call(_SMALL), build_call(_LARGE)
    path = folder / "large.json"
    path.write_bytes(large)
    seconds = max(seconds, 2.0)
    values: dict[str, list[float | None]] = {}
    try:
        with running(KINDS["ours"], small, folder / "fairness.log") as server:
            _beside(server, small, None, 1.0)  # warms up
            for number in range(rounds):
                for what, body in (("alone", None), ("beside", path)):
                    say(f"round {number + 1} of {rounds}: a small call {what}")
                    calls, probes = _beside(server, small, body, seconds)
                    for name, found in (("call", calls), ("probe", probes)):
                        for measured, value in (
                            ("p50", figures.percentile(found, 50)),
                            ("p99", figures.percentile(found, 99)),
                            ("longest", max(found)),
                            ("count", float(len(found))),
                        ):
                            scaled = value if measured == "count" else value * 1000
                            values.setdefault(f"{name} {what} {measured}", []).append(scaled)
    except Unavailable as reason:
        return f"not measured: ours {reason}", {}
    rows = [
        [
            f"{title}, {what}",
            *(figures.shown(figures.middle(values[f"{name} {what} {of}"])) for of in _MEASURES),
        ]
        for name, title in (("call", f"call of {len(small) / 1000:.0f} kB"), ("probe", "GET /livez every 5 ms"))
        for what in ("alone", "beside")
    ]
    ratio = figures.paired_ratio(values["call beside p99"], values["call alone p99"])
    text = figures.table(["ours", "p50 ms", "p99 ms", "longest ms", "answered"], rows)
    others = f"{CONNECTIONS - 1} connections with {len(large) / 1e6:.1f} MB"
    told = f"Beside: {others}. p99 of the small call to its p99 alone: {figures.shown(ratio)}."
    return f"{text}\n\n{told}\nThe longest probe bounds how long the event loop was held at a time.", values


def _beside(server: Server, small: bytes, large: Path | None, seconds: float) -> tuple[list[float], list[float]]:
    """Seconds of each small call and of each probe, while large calls come or not."""
    load = wrk.start(server.port, large, seconds + 1.5, CONNECTIONS - 1) if large else None
    if load:
        time.sleep(1.0)  # until all connections are at work
    calls: list[float] = []
    probes: list[float] = []
    until = time.monotonic() + seconds
    request = request_of(small)
    probing = threading.Thread(target=_repeat, args=(server, _LIVEZ, probes, until, _PROBE_EVERY_S))
    probing.start()
    _repeat(server, request, calls, until, 0.002)
    probing.join()
    if load:
        wrk.finish(load)
    return calls, probes


def _repeat(server: Server, request: bytes, into: list[float], until: float, pause_s: float) -> None:
    connection = Connection(server.port)
    while time.monotonic() < until or not into:
        began = time.perf_counter()
        status, _ = connection.send(request)
        into.append(time.perf_counter() - began)
        if status != 200:
            raise RuntimeError(f"answered {status}")
        time.sleep(pause_s)
    connection.close()
