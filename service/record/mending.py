"""What holds elements that are not of their FHIR type: those are dropped and named, the rest is read."""

from __future__ import annotations

import re
from typing import TypeVar

import msgspec

T = TypeVar("T")
_MENDS = 25  # faults mended in one piece before it is given up
_STEP = re.compile(r"\.([A-Za-z_]\w*)|\[(\d+)\]")


def mend(body: bytes | msgspec.Raw, shape: type[T], faults: list[str]) -> T | None:
    """Drops the elements that are not of their type, noting the path of each, until the rest can be read."""
    try:
        tree = msgspec.json.decode(body)
    except msgspec.DecodeError:  # a number that no float holds
        return None
    decoder = msgspec.json.Decoder(shape)
    for _ in range(_MENDS):
        try:
            return decoder.decode(msgspec.json.encode(tree))
        except msgspec.ValidationError as fault:
            path = _drop(tree, str(fault))
            if path is None:
                return None
            faults.append(path)
    return None


def open_element(
    written: msgspec.Raw, decoder: msgspec.json.Decoder[T | None], name: str
) -> tuple[T | None, list[str]]:
    """Returns an element that was left as bytes, and the paths of what in it is not of its FHIR type.

    None for no bytes, and where nothing of it can be read: `name` alone is then among the paths.
    """
    if not bytes(written):
        return None, []
    try:
        return decoder.decode(written), []
    except msgspec.ValidationError:
        faults: list[str] = []
        read = mend(written, decoder.type, faults)
        paths = [f"{name}{path}" if path.startswith("[") else f"{name}.{path}" for path in faults]
        return read, paths if read is not None or faults else [name]


def _drop(tree: object, message: str) -> str | None:
    _, _, where = message.rpartition("`$")
    steps: list[str | int] = [int(index) if index else name for name, index in _STEP.findall(where)]
    if not steps:
        return None
    for step in steps[:-1]:
        tree = tree[step]  # type: ignore[index]
    del tree[steps[-1]]  # type: ignore[attr-defined]
    return where.rstrip("`").lstrip(".")
