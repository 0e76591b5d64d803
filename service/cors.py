"""Calls from browsers: which pages may read an answer."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response


class Cors(CORSMiddleware):
    """CORS that answers every preflight 200 with what is allowed.

    A page that may not call gets no allowed origin, and a header that is not listed is not listed: the browser, which
    alone can enforce it, decides. A 400 in plain words would be the one failure here that is no OperationOutcome.
    """

    def preflight_response(self, request_headers: Headers) -> Response:
        """Returns what is allowed, with an empty body."""
        answered = super().preflight_response(request_headers).headers
        of_body = ("content-length", "content-type")
        return Response(headers={name: value for name, value in answered.items() if name not in of_body})
