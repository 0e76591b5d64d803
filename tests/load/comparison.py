"""The comparison: every server with every body, in interleaved rounds."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import repeat
from pathlib import Path

from tests.load import figures, wrk
from tests.load.client import Refused, answer, call_for, request_of
from tests.load.servers import KINDS, Server, Unavailable, running

CONNECTIONS = 8
_FEWEST_STARTS = 3
_SLOW_S = 0.5  # a server that needs longer for one call is measured in the first round only, call by call
_LONGEST_LOAD_S = 30.0  # one that would need longer to answer every connection is not loaded


@dataclass
class Cell:
    """One server with one body: a value for each round."""

    cpu_ms: list[float | None] = field(default_factory=list)
    p50_ms: list[float | None] = field(default_factory=list)
    p99_ms: list[float | None] = field(default_factory=list)
    per_s: list[float | None] = field(default_factory=list)
    peak_bodies: list[float | None] = field(default_factory=list)
    cards: int = 0


@dataclass
class Standing:
    """What one server needs before and beside the calls."""

    start_s: list[float | None] = field(default_factory=list)
    idle_mb: list[float | None] = field(default_factory=list)
    peak_mb: float | None = None


@dataclass
class Comparison:
    """Everything measured; `missing` says why a server is not among them."""

    cells: dict[tuple[str, str], Cell] = field(default_factory=dict)
    standing: dict[str, Standing] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)


Say = Callable[[str], None]


def compare(
    keys: Sequence[str], bodies: Mapping[str, bytes], rounds: int, seconds: float, folder: Path, say: Say
) -> Comparison:
    """Measures servers with bodies. seconds: how long each is loaded in each round, for CPU time and again by wrk."""
    found = Comparison()
    present = [key for key in keys if _stands(key, bodies, folder, found, say)]
    with ExitStack() as stack:
        servers = {key: _started(stack, key, bodies, folder) for key in present}
        for number in range(rounds):
            for name, body in bodies.items():
                for key, server in servers.items():
                    say(f"round {number + 1} of {rounds}: {key} with {name}")
                    cell = found.cells.setdefault((key, name), Cell())
                    try:
                        _measure(server, name, body, cell, seconds, folder)
                    except Refused as reason:
                        say(f"{key} with {name}: {reason}")
        for key, server in servers.items():
            found.standing[key].peak_mb = server.memory_mb("VmHWM")
    return found


def _stands(key: str, bodies: Mapping[str, bytes], folder: Path, found: Comparison, say: Say) -> bool:
    """Starts a server afresh for each body: time to the first answer, memory at rest, and of one call alone."""
    standing = Standing()
    smallest = min(bodies.values(), key=len)
    try:
        for number in range(max(1, _FEWEST_STARTS // len(bodies))):
            for name, body in bodies.items():
                say(f"start {number + 1}: {key} for {name}")
                with running(KINDS[key], smallest, folder / f"{key}.log") as server:
                    standing.start_s.append(server.start_s)
                    standing.idle_mb.append(server.memory_mb())
                    cell = found.cells.setdefault((key, name), Cell())
                    cell.peak_bodies.append(_peak_bodies(server, body))
                    cell.cards = len(json.loads(answer(server.port, body)[1])["cards"])
    except (Unavailable, Refused) as reason:
        found.missing[key] = str(reason)
        found.cells = {place: cell for place, cell in found.cells.items() if place[0] != key}
        return False
    found.standing[key] = standing
    return True


def _peak_bodies(server: Server, body: bytes) -> float:
    """How many times the body one call adds to the resident memory at its highest."""
    before = server.memory_mb()
    server.forget_peak()
    status, _ = answer(server.port, body)
    if status != 200:
        raise Refused(f"answered {status}")
    return (server.memory_mb("VmHWM") - before) * 1024 * 1024 / len(body)


def _started(stack: ExitStack, key: str, bodies: Mapping[str, bytes], folder: Path) -> Server:
    return stack.enter_context(running(KINDS[key], min(bodies.values(), key=len), folder / f"{key}.log"))


def _measure(server: Server, name: str, body: bytes, cell: Cell, seconds: float, folder: Path) -> None:
    began, before = time.perf_counter(), server.cpu_s()
    call_for(server.port, repeat(request_of(body), 2), math.inf, 1)  # warms up, and says how long one call takes
    each_s, each_cpu_s = (time.perf_counter() - began) / 2, (server.cpu_s() - before) / 2
    is_slow = each_s > _SLOW_S
    if is_slow and any(cell.cpu_ms):
        return
    cell.cpu_ms.append(each_cpu_s * 1000 if is_slow else cpu_ms(server, repeat(request_of(body)), seconds))
    load_s = max(seconds, 1.5 * CONNECTIONS * each_s)  # long enough for each connection to be answered
    if load_s > _LONGEST_LOAD_S:
        return
    path = folder / f"{name}.json"
    if not path.exists():
        path.write_bytes(body)
    load = wrk.finish(wrk.start(server.port, path, load_s, CONNECTIONS))
    cell.p50_ms.append(load.p50_ms if load else None)
    cell.p99_ms.append(load.p99_ms if load else None)
    cell.per_s.append(load.per_s if load else None)
    if load and load.failed:
        raise Refused(f"{load.failed} calls failed under load")


def cpu_ms(server: Server, requests: Iterator[bytes], seconds: float) -> float:
    """Returns CPU milliseconds per call at 8 connections; no call is under way when either clock is read."""
    before = server.cpu_s()
    calls = call_for(server.port, requests, seconds, CONNECTIONS)
    return (server.cpu_s() - before) * 1000 / calls


def report(found: Comparison, bodies: Mapping[str, bytes]) -> str:
    """Returns the tables: what was measured, and ours in proportion to each."""
    parts = [_measured(found, bodies), _standing(found), _ratios(found, bodies)]
    parts += [f"{KINDS[key].title}: not measured ({reason})" for key, reason in found.missing.items()]
    return "\n\n".join(parts)


def _measured(found: Comparison, bodies: Mapping[str, bytes]) -> str:
    head = ["server", "body", "kB", "CPU ms", "p50 ms", "p99 ms", "per s", "memory × body", "cards"]
    rows = []
    for name, body in bodies.items():
        for key in found.standing:
            cell = found.cells[key, name]
            values = (cell.cpu_ms, cell.p50_ms, cell.p99_ms, cell.per_s, cell.peak_bodies)
            numbers = [figures.shown(figures.middle(value)) for value in values]
            rows.append([KINDS[key].title, name, f"{len(body) / 1000:.0f}", *numbers, str(cell.cards)])
    return figures.table(head, rows)


def _standing(found: Comparison) -> str:
    head = ["server", "start to first answer s", "idle MB", "peak MB under load"]
    return figures.table(
        head,
        [
            [
                KINDS[key].title,
                figures.shown(figures.middle(standing.start_s)),
                figures.shown(figures.middle(standing.idle_mb)),
                figures.shown(standing.peak_mb),
            ]
            for key, standing in found.standing.items()
        ],
    )


def _ratios(found: Comparison, bodies: Mapping[str, bytes]) -> str:
    others = [key for key in found.standing if key != "ours"]
    if "ours" not in found.standing or not others:
        return "No ratios: ours, or every other, is missing."
    rows = [
        [
            f"{what}, ours to {KINDS[key].title}",
            *(
                figures.shown(
                    figures.paired_ratio(getattr(found.cells["ours", name], of), getattr(found.cells[key, name], of))
                )
                for name in bodies
            ),
        ]
        for what, of in (("CPU", "cpu_ms"), ("p50", "p50_ms"), ("p99", "p99_ms"))
        for key in others
    ]
    return figures.table(["ratio, in the same run", *bodies], rows)
