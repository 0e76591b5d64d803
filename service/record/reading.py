"""From the bytes of Bundles and resources to what they hold: in one pass, or entry by entry where one is malformed."""

from __future__ import annotations

from types import NoneType
from typing import Any

import msgspec

from service import shapes
from service.record.mending import mend
from service.record.sources import Body, Located, Placed, Rejection, Source, Unreadable
from service.shapes import Resource
from service.versions import SUCCESSORS, are_r4, as_r4

_RESOURCE = msgspec.json.Decoder(shapes.AnyResource)  # of one tagged shape alone, the tag might be left out
_RAW_BUNDLE = msgspec.json.Decoder(shapes.RawBundle)
_RAW_ENTRY = msgspec.json.Decoder(shapes.RawEntry)
_OUTCOME = msgspec.json.Decoder(shapes.Outcome)
_KIND = msgspec.json.Decoder(shapes.Kind)
_OPENED = (shapes.Bundle, shapes.OperationOutcome)
# What is read as resources of other types: they take their place among those in the order in which all came.
_BECOME_OTHERS = frozenset((shapes.Bundle, *SUCCESSORS))
_MOST_FAULTS = 10_000  # in one Bundle, those within it counted: each takes more room in the answer than it came in
_MARK = b"\xef\xbb\xbf"
_DECODERS = {name: msgspec.json.Decoder(shape) for name, shape in shapes.READ.items()}


def utf8(body: Body) -> Body:
    """Returns the bytes of a body without a byte order mark.

    Looked at here, because the decoder skips what no rule reads. Raises UnicodeDecodeError.
    """
    if not body.isascii():
        body.decode()
    return body.removeprefix(_MARK) if body.startswith(_MARK) else body  # without one, no copy of a bytearray


def read_bundle(body: Body | msgspec.Raw, name: str = "Bundle") -> Source:
    """Reads a Bundle of any type, one malformed entry spoiling only itself.

    `name` stands in the place of entries that have neither id nor fullUrl. Nested Bundles (batch-response) are opened.
    Raises Unreadable when the bytes are no Bundle or one with more than ten thousand faults, msgspec.DecodeError when
    they are no JSON.
    """
    try:
        bundle = _RESOURCE.decode(body)
    except msgspec.ValidationError:
        return _read_entries(body, name)
    if not isinstance(bundle, shapes.Bundle):
        raise Unreadable("no Bundle")
    source = Source()
    _open(bundle, name, source)
    return source


def read_resource(body: Body | msgspec.Raw, name: str) -> Source:
    """Reads one resource: a Bundle is opened, anything else stands alone."""
    kind = kind_of(body)
    if kind == "Bundle":
        return read_bundle(body, name)
    source = Source()
    _take(body, kind, None, name, source)
    return source


def from_decoded(resource: Resource, name: str) -> Source:
    """Takes a resource that is decoded already, a Bundle opened."""
    source = Source()
    if isinstance(resource, shapes.Bundle):
        _open(resource, name, source)
    else:
        _place(resource, None, name, source)
    return source


def kind_of(body: Body | msgspec.Raw) -> str:
    """Returns the type of a resource, empty where it names none."""
    try:
        return _KIND.decode(body).resourceType
    except msgspec.ValidationError:
        return ""


def _open(bundle: shapes.Bundle, name: str, source: Source) -> None:
    if bundle.link and any(link.relation == "next" for link in bundle.link):
        source.complete = False
    if not bundle.entry:
        return
    by_type = _by_type(bundle.entry)
    strange: set[type[Resource]] = set()
    in_order = not _BECOME_OTHERS.isdisjoint(by_type)
    for kind, found in by_type.items():
        if in_order or kind in _OPENED or not _are_plain(kind, found):
            strange.add(kind)
        else:
            source.by_type.setdefault(kind, []).extend(found)
    for number, entry in enumerate(bundle.entry) if strange else ():
        if entry.resource is not None and type(entry.resource) in strange:
            _place(entry.resource, entry.full_url, f"{name}.entry[{number}]", source)
    if any(map(_failed, [entry.response for entry in bundle.entry if entry.response is not None])):
        source.complete = False


def _by_type(entries: list[shapes.Entry]) -> dict[type[Resource], list[Located]]:
    """The entries with a resource by its type, each type in the order in which it came."""
    kinds = [type(entry.resource) for entry in entries]
    by_type: dict[type, list[Any]] = {kind: [] for kind in dict.fromkeys(kinds)}  # the same order in every process
    if len(by_type) == 1:  # nearly every search
        by_type[kinds[0]] = entries
    else:
        for kind, entry in zip(kinds, entries, strict=True):
            by_type[kind].append(entry)
    by_type.pop(NoneType, None)
    return by_type


def _are_plain(kind: type[Resource], entries: list[Located]) -> bool:
    """Whether entries of one type can stand in the record as they came: each has an id, and R4's shape."""
    resources = [entry.resource for entry in entries]
    return not [resource for resource in resources if not resource.id] and are_r4(kind, resources)


def _place(resource: Resource, full_url: str | None, name: str, source: Source) -> None:
    if isinstance(resource, shapes.Bundle):
        _open(resource, name, source)
    elif isinstance(resource, shapes.OperationOutcome):
        source.complete &= not _is_error(resource)
    else:
        reference = _name(resource, full_url, name)
        read = as_r4(resource)
        if read is None:
            source.add(Placed(reference, resource, full_url))
        else:
            parts, other = read
            for number, part in enumerate(parts):
                source.add(Placed(reference, part, full_url, other, number))


def _is_error(outcome: shapes.OperationOutcome) -> bool:
    return any(issue.severity in ("error", "fatal") for issue in outcome.issue or ())


def _failed(response: shapes.Outcome) -> bool:
    """Whether one request of a batch was not answered: what it asked for is then unknown."""
    if (response.status or "").strip().startswith(("4", "5")):
        return True
    return isinstance(response.outcome, shapes.OperationOutcome) and _is_error(response.outcome)


def _name(resource: Resource, full_url: str | None, name: str) -> str:
    if resource.id:
        return f"{type(resource).__name__}/{resource.id}"
    return full_url or name


def _read_entries(body: Body | msgspec.Raw, name: str) -> Source:
    """The slow way: each entry by itself, and a malformed one element by element."""
    if kind_of(body) != "Bundle":
        raise Unreadable("no Bundle")
    try:
        bundle = _RAW_BUNDLE.decode(body)
    except msgspec.ValidationError:
        raise Unreadable("a Bundle without a list of entries") from None
    source = Source()
    if isinstance(bundle.link, list) and any(isinstance(x, dict) and x.get("relation") == "next" for x in bundle.link):
        source.complete = False
    for number, written in enumerate(bundle.entry or ()):
        place = f"{name}.entry[{number}]"
        if len(source.rejected) > _MOST_FAULTS:
            raise Unreadable("a Bundle with too many faults")
        try:
            entry = _RAW_ENTRY.decode(written)
        except msgspec.ValidationError:
            source.rejected.append(Rejection(place, "not an object: not used"))
            continue
        if not shapes.is_missing(entry.resource):
            full_url = entry.fullUrl if isinstance(entry.fullUrl, str) else None
            _take(entry.resource, kind_of(entry.resource), full_url, place, source)
        _look_at(entry.response, source)
    return source


def _look_at(response: msgspec.Raw, source: Source) -> None:
    try:
        failed = not shapes.is_missing(response) and _failed(_OUTCOME.decode(response))
    except msgspec.ValidationError:
        failed = True
    source.complete &= not failed


def _take(body: Body | msgspec.Raw, kind: str, full_url: str | None, name: str, source: Source) -> None:
    if not kind:
        source.rejected.append(Rejection(full_url or name, "no resourceType: not a FHIR resource"))
        return
    if kind == "Bundle":
        try:
            inner = _read_entries(body, name)
        except Unreadable:
            inner = Source(
                rejected=[Rejection(full_url or name, "Bundle.entry cannot be read: not used")], complete=False
            )
        source.join(inner)
        return
    decoder = _DECODERS.get(kind)
    if decoder is None:
        if kind not in shapes.KNOWN:
            source.rejected.append(Rejection(full_url or name, "no resource type that FHIR knows: not used"))
        return
    faults: list[str] = []
    try:
        resource: Resource | None = decoder.decode(body)
    except msgspec.ValidationError:
        resource = mend(body, decoder, faults)
    where = full_url or name if resource is None else _name(resource, full_url, name)
    source.rejected += [Rejection(where, f"{kind}.{path} is not of its FHIR type: not used") for path in faults]
    if resource is None:
        source.rejected.append(Rejection(where, f"{kind} cannot be read: not used"))
    elif any(path.startswith(("subject", "patient")) for path in faults):
        source.rejected.append(Rejection(where, "whose it is cannot be read: not used"))
    else:
        _place(resource, full_url, name, source)
