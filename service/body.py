"""The body of a request: read whole, within its limits, or refused."""

import asyncio

from starlette.requests import ClientDisconnect, Request

from service.errors import Code, Refusal
from service.settings import Settings


async def read_body(request: Request, settings: Settings, most_bytes: int | None = None) -> bytes:
    """The bytes of the body, of a media type that may hold JSON and no larger than the limit.

    most_bytes: where less than the setting is enough.

    Accepted: application/json, anything that ends in +json, application/json+fhir, and no media type at all.

    Raises:
        Refusal: media-type-unsupported, body-too-large, body-too-slow.
    """
    _check_media_type(request)
    # A length that is announced is refused before a byte is read.
    limit_bytes = min(settings.max_body_bytes, most_bytes or settings.max_body_bytes)
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > limit_bytes:
        raise Refusal(Code.BODY_TOO_LARGE)
    try:
        async with asyncio.timeout(settings.body_timeout_s):
            return await _collect(request, limit_bytes)
    except TimeoutError:
        raise Refusal(Code.BODY_TOO_SLOW) from None


async def _collect(request: Request, limit_bytes: int) -> bytes:
    """All chunks in one piece; counted as they arrive, since a chunked body announces no length."""
    chunks: list[bytes] = []
    size_bytes = 0
    is_whole = False
    while not is_whole:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunk = message.get("body", b"")
        is_whole = not message.get("more_body", False)
        size_bytes += len(chunk)
        if size_bytes > limit_bytes:
            raise Refusal(Code.BODY_TOO_LARGE)
        chunks.append(chunk)
    return b"".join(chunks)


def _check_media_type(request: Request) -> None:
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise Refusal(Code.MEDIA_TYPE_UNSUPPORTED, "Content-Encoding")
    content_type = request.headers.get("content-type", "")
    if content_type == "application/json":
        return
    media_type, _, parameters = content_type.partition(";")
    media_type = media_type.strip().lower()
    if media_type not in {"", "application/json", "application/json+fhir"} and not media_type.endswith("+json"):
        raise Refusal(Code.MEDIA_TYPE_UNSUPPORTED, "Content-Type")
    for parameter in parameters.lower().split(";"):
        name, _, value = parameter.partition("=")
        if name.strip() == "charset" and value.strip().strip('"') not in {"utf-8", "utf8", "us-ascii"}:
            raise Refusal(Code.MEDIA_TYPE_UNSUPPORTED, "charset")
