"""Resources shaped as DSTU2, STU3 or R5 have them, read as R4; and why some cannot be (docs/fhir-versions.md)."""

from __future__ import annotations

import msgspec

from service.shapes import Owned, Resource
from service.versions.elements import ELEMENTS
from service.versions.marks import MIXED, NAMES, R4, are_r4, versions_of
from service.versions.successors import SUCCESSORS

__all__ = ["SUCCESSORS", "Other", "are_r4", "as_r4"]


class Other(msgspec.Struct, frozen=True, gc=False):
    """Which other version a resource came in, and under which type; `refusal` where R4 cannot say the same."""

    version: str
    came_as: str
    refusal: str = ""


def as_r4(resource: Resource) -> tuple[list[Resource], Other] | None:
    """Returns a resource of another version as the R4 resources that mean the same, None for one that R4 has so.

    Elements are moved within the resource given; a type that R4 does not have becomes its successor. What cannot be
    said in R4 comes back as its R4 type with a refusal, to be named and not used.
    """
    inside = _contained(resource) if isinstance(resource, Owned) and resource.contained else ""
    found = _translated(resource)
    if inside:
        found = ([resource] if found is None else found[0])[:1], Other("", type(resource).__name__, inside)
    return found


def _translated(resource: Resource) -> tuple[list[Resource], Other] | None:
    versions = versions_of(resource)
    if versions & R4:
        return None
    successor = SUCCESSORS.get(type(resource))
    found = successor(resource) if successor else [resource]
    element = ELEMENTS.get(type(resource))
    refusal = MIXED if not versions else element(resource) if element else ""
    return found[:1] if refusal else found, Other(NAMES.get(versions, ""), type(resource).__name__, refusal)


def _contained(resource: Owned) -> str:
    """Reads what a resource holds inside itself; the refusal of one is that of the whole."""
    inside: list[Resource] = []
    refusal = ""
    for inner in resource.contained or ():
        found = _translated(inner)
        inside += found[0] if found else (inner,)
        if found and found[1].refusal:
            refusal = f"contained: {found[1].refusal}"
    resource.contained = inside
    return refusal
