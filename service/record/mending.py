"""What holds elements that are not of their FHIR type: those are dropped and named, the rest is read."""

from __future__ import annotations

import re
from typing import TypeVar

import msgspec

from service.record.sources import Body

T = TypeVar("T")
_MENDS = 25  # faults mended in one piece before it is given up
_STEP = re.compile(r"\.([A-Za-z_]\w*)|\[(\d+)\]")


def mend(body: Body | msgspec.Raw, decoder: msgspec.json.Decoder[T], faults: list[str]) -> T | None:
    """Drops the elements that are not of their type, noting the path of each, until the rest can be read."""
    try:
        tree = msgspec.json.decode(body)
    except msgspec.DecodeError:  # a number that no float holds
        return None
    for _ in range(_MENDS):
        try:
            return decoder.decode(msgspec.json.encode(tree))
        except msgspec.ValidationError as fault:
            path = _drop(tree, str(fault))
            if path is None:
                return None
            faults.append(path)
    return None


def mend_element(
    written: msgspec.Raw, decoder: msgspec.json.Decoder[T | None], path: str
) -> tuple[T | None, list[str]]:
    """Returns what can be read of an element that was left as bytes, and the paths of what is not of its FHIR type.

    None where nothing can be read: the path of the element itself is then among them.
    """
    faults: list[str] = []
    try:
        read = mend(written, decoder, faults)
    except RecursionError:  # nested as deep as anything may be that is only passed over
        read, faults = None, []
    paths = [f"{path}{fault}" if fault.startswith("[") else f"{path}.{fault}" for fault in faults]
    return read, paths if read is not None or faults else [path]


def _drop(tree: object, message: str) -> str | None:
    _, _, where = message.rpartition("`$")
    steps: list[str | int] = [int(index) if index else name for name, index in _STEP.findall(where)]
    if not steps:
        return None
    for step in steps[:-1]:
        tree = tree[step]  # type: ignore[index]
    del tree[steps[-1]]  # type: ignore[attr-defined]
    return where.rstrip("`").lstrip(".")
