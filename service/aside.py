"""Where a request is worked on: small ones at once, large ones beside the event loop and one after the other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

LARGE_BYTES = 256 * 1024
P = ParamSpec("P")
T = TypeVar("T")


class Aside:
    """Keeps the event loop free for small requests while large ones are worked on.

    Threads share one interpreter: several large requests at once would not be done sooner, and a small one would wait
    for all of them.
    """

    def __init__(self) -> None:
        self._turn = asyncio.Semaphore(1)

    async def work(self, size_bytes: int, verb: Callable[P, T], /, *arguments: P.args, **named: P.kwargs) -> T:
        """Returns what the verb returns for something of that size."""
        if size_bytes <= LARGE_BYTES:
            return verb(*arguments, **named)
        async with self._turn:
            return await asyncio.to_thread(verb, *arguments, **named)
