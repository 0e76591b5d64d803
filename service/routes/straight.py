"""A route whose function gets the request and what stands in the path, and nothing that has to be worked out first."""

from __future__ import annotations

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.types import Receive, Scope, Send


class Straight(APIRoute):
    """For functions of a request and of the texts in the path, in their order there, that give a Response.

    FastAPI documents the route, and is not asked for each call to solve dependencies that there are none of.
    """

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request, or refuses its method."""
        if scope["method"] not in (self.methods or ()):
            await super().handle(scope, receive, send)
            return
        answer = await self.endpoint(Request(scope, receive), *scope["path_params"].values())
        await answer(scope, receive, send)
