"""A FHIR server on loopback that answers as a test tells it to: well, slowly, wrongly, or not at all."""

from __future__ import annotations

import asyncio
import gzip
import json
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

Resource = dict[str, Any]
Behaviour = Callable[[Request], Awaitable[Response]]
FHIR = "application/fhir+json"
_HANGS_S = 60.0


@dataclass
class FhirServer:
    """resources: what the server holds. behaviours: type → how it answers instead."""

    origin: str
    resources: list[Resource] = field(default_factory=list)
    behaviours: dict[str, Behaviour] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)

    def reset(self, *resources: Resource, **behaviours: Behaviour) -> None:
        self.resources = list(resources)
        self.behaviours = dict(behaviours)
        self.requests.clear()

    @property
    def asked(self) -> list[str]:
        """What was asked for: types, once for each request."""
        return [request.path_params["type"] for request in self.requests]

    def tokens(self) -> set[str | None]:
        return {request.headers.get("authorization") for request in self.requests}

    async def answer(self, request: Request) -> Response:
        self.requests.append(request)
        behaviour = self.behaviours.get(request.path_params["type"])
        return await behaviour(request) if behaviour else self.well(request)

    def well(self, request: Request) -> Response:
        """Reads and searches as FHIR has them."""
        kind, id_ = request.path_params["type"], request.path_params.get("id")
        if id_ is not None:
            found = [r for r in self.resources if r["resourceType"] == kind and r["id"] == id_]
            return resource(found[0]) if found else Response(status_code=404)
        return resource(searchset(*self.matches(kind, request.query_params["patient"])))

    def matches(self, kind: str, patient: str) -> list[Resource]:
        of_patient = {"reference": f"Patient/{patient}"}
        return [r for r in self.resources if r["resourceType"] == kind and r.get("subject") == of_patient]


@contextmanager
def fhir_server(certificate: Path | None = None) -> Iterator[FhirServer]:
    """A server under /fhir and, without being asked for a token, /open; https with a certificate and its key."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()  # from here on a call waits for the server instead of being refused
        scheme = "https" if certificate else "http"
        server = FhirServer(f"{scheme}://127.0.0.1:{listener.getsockname()[1]}")
        bases = ("fhir", "open", "fhirx")
        routes = [Route(f"/{base}/{{type}}{rest}", server.answer) for base in bases for rest in ("", "/{id}")]
        running = uvicorn.Server(
            uvicorn.Config(
                Starlette(routes=routes),
                http="h11",
                loop="asyncio",
                log_config=None,
                timeout_graceful_shutdown=1,
                ssl_certfile=certificate,
            )
        )
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            running.should_exit = True
            thread.join(timeout=20)


def searchset(*resources: Resource, **members: Any) -> Resource:
    """What a search gives; no list of entries where nothing was found."""
    bundle: Resource = {"resourceType": "Bundle", "type": "searchset", "total": len(resources), **members}
    if resources:
        bundle["entry"] = [{"resource": item, "search": {"mode": "match"}} for item in resources]
    return bundle


def resource(content: Any, status: int = 200) -> Response:
    return Response(json.dumps(content), status, media_type=FHIR)


def gives(content: Any, status: int = 200) -> Behaviour:
    async def answer(_request: Request) -> Response:
        return resource(content, status)

    return answer


def says(body: bytes, media_type: str = FHIR, status: int = 200, **headers: str) -> Behaviour:
    async def answer(_request: Request) -> Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return Response(body, status, named, media_type)

    return answer


def bomb(size_bytes: int) -> Behaviour:
    """A valid Bundle that is small only while it is packed."""
    padded = json.dumps(searchset()).encode() + b" " * size_bytes
    return says(gzip.compress(padded), content_encoding="gzip")


def redirects(to: str) -> Behaviour:
    async def answer(_request: Request) -> Response:
        return RedirectResponse(to, 302)

    return answer


def hangs() -> Behaviour:
    async def answer(_request: Request) -> Response:
        await asyncio.sleep(_HANGS_S)
        return Response(status_code=500)

    return answer


def late(seconds: float, behaviour: Behaviour) -> Behaviour:
    async def answer(request: Request) -> Response:
        await asyncio.sleep(seconds)
        return await behaviour(request)

    return answer


def drips(content: Any) -> Behaviour:
    """A byte now and then, so that no time-out of a single read ever strikes."""

    async def answer(_request: Request) -> Response:
        async def trickle() -> AsyncIterator[bytes]:
            for byte in json.dumps(content).encode():
                yield bytes([byte])
                await asyncio.sleep(0.05)

        return StreamingResponse(trickle(), media_type=FHIR)

    return answer


def pours(size_bytes: int) -> Behaviour:
    """A body without an announced length."""

    async def answer(_request: Request) -> Response:
        async def stream() -> AsyncIterator[bytes]:
            yield json.dumps(searchset()).encode()
            for _ in range(size_bytes // 65_536 + 1):
                yield b" " * 65_536

        return StreamingResponse(stream(), media_type=FHIR)

    return answer


def breaks_off() -> Behaviour:
    """Announces more than it sends."""
    return says(b'{"resourceType": "Bundle", "entry": [', content_length="4096")


def pages(*contents: list[Resource], base: str) -> Behaviour:
    """One page after another; the address of the next is `base` and an opaque query, as servers do."""

    async def answer(request: Request) -> Response:
        number = int(request.query_params.get("page", "1"))
        bundle = searchset(*contents[number - 1])
        if number < len(contents):
            bundle["link"] = [{"relation": "next", "url": f"{base}?state=a%7Cb&page={number + 1}"}]
        return resource(bundle)

    return answer


def endless(base: str) -> Behaviour:
    """Each page has a next one, at an address that was not seen before."""

    async def answer(request: Request) -> Response:
        number = int(request.query_params.get("page", "1"))
        return resource(searchset(link=[{"relation": "next", "url": f"{base}?page={number + 1}"}]))

    return answer
