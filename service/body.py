"""The body of a request: read whole, within its limits, or refused."""

import asyncio

from starlette.requests import ClientDisconnect, Request

from service.errors import Code, Refusal
from service.record import Body
from service.settings import Settings


async def read_body(request: Request, settings: Settings, most_bytes: int | None = None) -> Body:
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


async def _collect(request: Request, limit_bytes: int, announced_bytes: int) -> Body:
    """All chunks in one piece; counted as they arrive, since a chunked body announces no length.

    When half of an announced length has come, room is made for the whole, so that in the end it does not stand beside
    its parts. Not sooner: who announces much need not send it.
    """
    chunks: list[bytes] = []
    body = bytearray()
    filled_bytes = size_bytes = 0
    is_whole = False
    while not is_whole:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunks.append(message.get("body", b""))
        size_bytes += len(chunks[-1])
        if size_bytes > limit_bytes:
            raise Refusal(Code.BODY_TOO_LARGE)
        is_whole = not message.get("more_body", False)
        if not body and size_bytes < announced_bytes <= 2 * size_bytes:
            body = bytearray(announced_bytes)
        if body:
            for chunk in chunks:
                body[filled_bytes : filled_bytes + len(chunk)] = chunk
                filled_bytes += len(chunk)
            chunks.clear()
    del body[filled_bytes:]
    return body or b"".join(chunks)


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
