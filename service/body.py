"""The body of a request: read whole, within its limits, or refused."""

import asyncio

from starlette.requests import ClientDisconnect, Request

from service.errors import Code, Refusal
from service.settings import Settings

_MOST_ROOM = 8  # times what has come: who announces much and sends little is given little memory


async def read_body(request: Request, settings: Settings, most_bytes: int | None = None) -> bytearray:
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
    announced_bytes = int(announced) if announced.isdecimal() else 0
    if announced_bytes > limit_bytes:
        raise Refusal(Code.BODY_TOO_LARGE)
    try:
        async with asyncio.timeout(settings.body_timeout_s):
            return await _collect(request, limit_bytes, announced_bytes)
    except TimeoutError:
        raise Refusal(Code.BODY_TOO_SLOW) from None


async def _collect(request: Request, limit_bytes: int, announced_bytes: int) -> bytearray:
    """All chunks in one piece, which has its length from the start where that is announced: no copy when all is here.

    Counted as they arrive, since a chunked body announces no length.
    """
    body = bytearray()
    size_bytes = 0
    is_whole = False
    while not is_whole:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunk = message.get("body", b"")
        is_whole = not message.get("more_body", False)
        end_bytes = size_bytes + len(chunk)
        if end_bytes > limit_bytes:
            raise Refusal(Code.BODY_TOO_LARGE)
        if end_bytes > len(body):
            room_bytes = min(announced_bytes or 2 * end_bytes, _MOST_ROOM * end_bytes)
            larger = bytearray(max(room_bytes, end_bytes))
            larger[: len(body)] = body
            body = larger
        body[size_bytes:end_bytes] = chunk
        size_bytes = end_bytes
    del body[size_bytes:]
    return body


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
