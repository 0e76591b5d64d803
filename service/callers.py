"""Who may call, as the routes ask it; and the answer where nobody is asked for a token."""

from __future__ import annotations

from typing import Protocol

from starlette.requests import Request

from service.clients import ANYBODY, Caller, Clients


class Callers(Protocol):
    """Says who is calling. is_open: callers without a token are taken. clients: those that are known."""

    is_open: bool
    clients: Clients

    async def caller(self, request: Request, service: str, *paths: str) -> Caller:
        """Returns who is calling. Raises Refusal: not-authenticated, not-enabled."""
        ...

    async def close(self) -> None:
        """Ends what is open."""
        ...


class Anybody:
    """Without a clients file anybody may call."""

    is_open = True
    clients = Clients.model_construct()

    async def caller(self, _request: Request, _service: str, *_paths: str) -> Caller:
        """Returns the caller that is nobody in particular."""
        return ANYBODY

    async def close(self) -> None:
        """Has nothing open."""
