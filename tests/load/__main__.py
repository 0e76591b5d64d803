"""`python -m tests.load`: measures the service beside others on this machine and prints tables."""

from __future__ import annotations

import json
import os
import platform
import sys
import tempfile
import time
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.load import comparison, deployment, fairness, real, rulesets, stages, wrk
from tests.load.payload import build_call
from tests.load.servers import KINDS, LOAD_CORES, SERVER_CORE

SECTIONS = ("compare", "rules", "fairness", "deployment", "stages")
_EPILOG = """\
sections (all by default):
  compare     ours beside (a) to (d): CPU, latency, memory, start, and ratios
  rules       ours with 17 rules, with all, and with ten copies of each
  fairness    a small call beside large ones, and the longest hold of the event loop
  deployment  ours with tokens checked, against authentication off
  stages      where the time of one call goes, in this process

Every server runs on one core, the load comes from the others. Times depend on the machine and on what else runs on
it: compare ratios of one run, not numbers of two. Nothing here passes or fails.
"""


def main() -> int:
    """Measure and print; 2 where something that is needed is not here."""
    options = _options()
    if not wrk.is_installed():
        print("wrk is not installed: on Debian, apt-get install wrk", file=sys.stderr)
        return 2
    os.sched_setaffinity(0, LOAD_CORES)
    kind = f"{platform.machine()}, {os.cpu_count()} cores, Linux {platform.release()}"
    print(f"{kind}, Python {platform.python_version()}")
    print(f"server on core {SERVER_CORE}, load from {sorted(LOAD_CORES)}, load average {os.getloadavg()[0]:.1f}\n")
    measured: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for section in options.sections:
            print(f"## {section}\n", flush=True)
            text, measured[section] = _RUN[section](options, Path(folder))
            print(f"{text}\n", flush=True)
    if options.json:
        options.json.write_text(json.dumps(measured, indent=1))
        say(f"written: {options.json}")
    return 0


def say(what: str) -> None:
    """Progress, on standard error."""
    print(f"{time.strftime('%H:%M:%S')} {what}", file=sys.stderr, flush=True)


def _options() -> Namespace:
    parser = ArgumentParser("python -m tests.load", description=__doc__, epilog=_EPILOG)
    parser.formatter_class = RawDescriptionHelpFormatter
    parser.add_argument("--n", default="10,100,1000,5000", help="resources beside the Patient (10,100,1000,5000)")
    parser.add_argument("--rounds", type=int, help="interleaved rounds, of which the median counts (5)")
    parser.add_argument("--seconds", type=float, help="seconds of load per measurement (3)")
    parser.add_argument("--servers", default=",".join(KINDS), help=f"which servers ({','.join(KINDS)})")
    parser.add_argument("--sections", default=",".join(SECTIONS), help=f"which sections ({','.join(SECTIONS)})")
    parser.add_argument("--quick", action="store_true", help="about a minute: 10 and 100 resources, one short round")
    parser.add_argument("--real", type=Path, help="folder of FHIR R4 Bundles, JSON or gzipped, to measure with instead")
    parser.add_argument("--json", type=Path, help="file for everything measured, round by round")
    options = parser.parse_args()
    options.servers = _chosen(parser, "--servers", options.servers, tuple(KINDS))
    options.sections = _chosen(parser, "--sections", options.sections, SECTIONS)
    if options.quick and options.n == parser.get_default("n"):
        options.n = "10,100"
    options.rounds = options.rounds or (1 if options.quick else 5)
    options.seconds = options.seconds or (0.5 if options.quick else 3.0)
    try:
        options.sizes = [int(size) for size in options.n.split(",")]
    except ValueError:
        parser.error("--n: whole numbers, separated by commas")
    options.bodies = real.calls(options.real) if options.real else {f"n={n}": build_call(n) for n in options.sizes}
    if not options.bodies:
        parser.error("--real: no Bundle of one patient with a Patient in that folder")
    return options


def _chosen(parser: ArgumentParser, name: str, given: str, known: tuple[str, ...]) -> list[str]:
    chosen = given.split(",")
    if not set(chosen) <= set(known):
        parser.error(f"{name}: of {','.join(known)}")
    return chosen


def _compare(options: Namespace, folder: Path) -> tuple[str, Any]:
    found = comparison.compare(options.servers, options.bodies, options.rounds, options.seconds, folder, say)
    measured = {
        "cells": [{"server": key, "body": name, **asdict(cell)} for (key, name), cell in found.cells.items()],
        "standing": {key: asdict(standing) for key, standing in found.standing.items()},
        "missing": found.missing,
    }
    return comparison.report(found, options.bodies), measured


def _rules(options: Namespace, folder: Path) -> tuple[str, Any]:
    return rulesets.measure(options.bodies, options.rounds, options.seconds, folder, say)


def _fairness(options: Namespace, folder: Path) -> tuple[str, Any]:
    return fairness.measure(options.rounds, options.seconds, folder, say)


def _deployment(options: Namespace, folder: Path) -> tuple[str, Any]:
    return deployment.measure(options.rounds, options.seconds, folder, say)


def _stages(options: Namespace, _folder: Path) -> tuple[str, Any]:
    return stages.measure(options.bodies, options.seconds, say)


_RUN: dict[str, Callable[[Namespace, Path], tuple[str, Any]]] = {
    "compare": _compare,
    "rules": _rules,
    "fairness": _fairness,
    "deployment": _deployment,
    "stages": _stages,
}

if __name__ == "__main__":
    sys.exit(main())
