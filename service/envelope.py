"""What every answer travels in: a request id, security headers, one log line, and a refusal instead of a crash."""

import logging
import time
import traceback
from uuid import UUID, uuid4

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.errors import Code, Refusal
from service.log import log
from service.observe import Metrics, note, noted
from service.rendering import render
from service.settings import Settings

# A page may use what the service itself ships, and nothing else; any other answer may load nothing at all.
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
DATA_POLICY = "default-src 'none'; frame-ancestors 'none'"
_OF_DATA, _OF_PAGE = (
    (
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"no-referrer"),
        (b"content-security-policy", policy.encode()),
    )
    for policy in (DATA_POLICY, PAGE_POLICY)
)
_UNCACHED = (b"cache-control", b"no-store")
_METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS"})
_NO_ANSWER = 499
Headers = list[tuple[bytes, bytes]]


class Envelope:
    """Wraps the routes, inside CORS, so that even a failure carries the headers that a browser asks for."""

    def __init__(self, app: ASGIApp, settings: Settings, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics
        self.limit = settings.max_concurrent_requests
        self.in_progress = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        passage = _Passage(scope, send)
        # What is costly arrives by POST; the probes of an orchestrator must be answered under any load.
        weight = int(passage.method == "POST")
        self.in_progress += weight
        try:
            if weight and self.in_progress > self.limit:
                raise Refusal(Code.BUSY)
            await self.app(passage.scope, receive, passage.send)
        except ClientDisconnect:
            note(passage.scope, code="client-gone")
        except Refusal as refusal:
            await render(passage.scope, refusal)(passage.scope, receive, passage.send)
        except Exception as fault:
            _report(fault, passage.request_id)
            if passage.status != _NO_ANSWER:
                raise  # part of the answer is out; only breaking the connection says that it is not whole
            await render(passage.scope, Refusal(Code.INTERNAL))(passage.scope, receive, passage.send)
        finally:
            self.in_progress -= weight
            self._record(passage)

    def _record(self, passage: "_Passage") -> None:
        route = getattr(passage.scope.get("route"), "path", "unknown")
        method = passage.method if passage.method in _METHODS else "other"
        seconds = time.perf_counter() - passage.started
        facts = noted(passage.scope)
        self.metrics.count_request(route, method, passage.status, seconds, facts.get("code"))
        facts.update(
            route=route,
            method=method,
            status=passage.status,
            duration_ms=round(seconds * 1000, 1),
            request_id=passage.request_id,
        )
        log(logging.INFO, "request", **facts)


class _Passage:
    """One request on its way. HEAD travels as GET and loses the body on the way back."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self.started = time.perf_counter()
        self.method: str = scope["method"]
        self.scope: Scope = {**scope, "method": "GET"} if self.method == "HEAD" else scope
        self.request_id = _request_id(scope)
        self.status = _NO_ANSWER
        self._send = send

    async def send(self, message: Message) -> None:
        """Pass a message of the answer on, with the headers added."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = _with_ours(message["headers"], self.request_id)
        elif message["type"] == "http.response.body" and self.method == "HEAD":
            message = {**message, "body": b""}
        await self._send(message)


def _with_ours(headers: Headers, request_id: str) -> Headers:
    """The headers of an answer, and those of every answer; names are in lower case (ASGI)."""
    told = dict(headers)
    is_page = told.get(b"content-type", b"").startswith(b"text/html")
    ours = (b"x-request-id", request_id.encode()), *(_OF_PAGE if is_page else _OF_DATA)
    return [*headers, *ours] if _UNCACHED[0] in told else [*headers, *ours, _UNCACHED]


def _request_id(scope: Scope) -> str:
    """The caller's X-Request-ID if it is a UUID, in our spelling; otherwise a new one."""
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            try:
                return str(UUID(value.decode("latin-1")))
            except ValueError:
                break
    return str(uuid4())


def _report(fault: Exception, request_id: str) -> None:
    """Log the type of the fault and where it arose; its words may quote the record."""
    frames = traceback.extract_tb(fault.__traceback__)
    ours = [frame for frame in frames if "/service/" in frame.filename.replace("\\", "/")]
    last = (ours or frames)[-1]
    where = f"{last.filename.replace(chr(92), '/').rpartition('/service/')[2]}:{last.lineno}"
    log(logging.ERROR, "fault", exception=type(fault).__name__, where=where, request_id=request_id)
