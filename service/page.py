"""One page of a search, or a resource: what it holds, and where the next page is."""

from __future__ import annotations

import msgspec

from service import shapes
from service.record import Body, Rejection, Source, Unreadable, from_decoded, kind_of, read_resource

_DECODER = msgspec.json.Decoder(shapes.AnyResource)
_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_LINKS = msgspec.json.Decoder(list[shapes.Link])


def page_of(resource: shapes.Resource, name: str) -> Source | None:
    """Takes a resource that is decoded already; None for an OperationOutcome, which says that there is no answer.

    Whether it is complete does not count the pages to come.
    """
    following: str | None = None
    if isinstance(resource, shapes.OperationOutcome):
        return None
    if isinstance(resource, shapes.Bundle) and resource.link:
        following = _next(resource.link)
        resource.link = None
    source = from_decoded(resource, name)
    source.next = following
    return source


def read_page(body: Body | msgspec.Raw, name: str) -> Source | None:
    """Reads a page from its bytes, one malformed entry spoiling only itself; None for an OperationOutcome.

    name: stands in the place of entries that have neither id nor fullUrl. Raises msgspec.DecodeError for no JSON.
    """
    try:
        return page_of(_DECODER.decode(body), name)
    except msgspec.ValidationError:
        pass
    kind = kind_of(body)
    if kind == "OperationOutcome":
        return None
    try:
        following: str | None = None
        if kind == "Bundle":
            body, following = _without_links(body)
        source = read_resource(body, name)
    except Unreadable:
        fault = Rejection(name, "Bundle.entry cannot be read: not used")
        return Source(rejected=[fault], complete=False)
    if kind != "Bundle" and not source.by_type and not source.rejected:
        # A type that no rule reads: not what was asked for, and never an empty answer.
        source.rejected.append(Rejection(name, "not the type asked for: not used"))
    source.next = following
    return source


def _next(links: list[shapes.Link] | None) -> str | None:
    return next((link.url or "" for link in links or () if link.relation == "next"), None)


def _without_links(body: Body | msgspec.Raw) -> tuple[bytes, str | None]:
    members = _MEMBERS.decode(body)
    written = members.pop("link", msgspec.Raw(b"null"))
    try:
        following = _next(_LINKS.decode(written))
    except msgspec.ValidationError:
        # Unreadable links may hide a next page: to be on the safe side there is one, nobody knows where.
        following = None if bytes(written).strip() == b"null" else ""
    return msgspec.json.encode(members), following
