"""How long each stage of the straight line takes, for the request at hand."""

from __future__ import annotations

from contextvars import ContextVar
from time import perf_counter

STAGES = ("receive", "read", "fetch", "supply", "normalise", "evaluate", "compose", "explain", "validate", "encode")


class Stages:
    """The seconds of each stage that is over; each begins where the one before it ended."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._since = perf_counter()

    def end(self, name: str) -> None:
        """Closes a stage."""
        now = perf_counter()
        self.seconds[name] = now - self._since
        self._since = now

    def header(self) -> str:
        """The value of Server-Timing, in milliseconds."""
        return ", ".join(f"{name};dur={seconds * 1000:.3f}" for name, seconds in self.seconds.items())


_CURRENT: ContextVar[Stages | None] = ContextVar("stages", default=None)


def begin() -> Stages:
    """Starts the clock of a request; the threads that work on it see the same."""
    stages = Stages()
    _CURRENT.set(stages)
    return stages


def ended(name: str) -> None:
    """Closes a stage of the request at hand; nothing where none was begun, as on the command line."""
    if stages := _CURRENT.get():
        stages.end(name)
