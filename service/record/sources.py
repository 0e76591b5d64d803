"""What one Bundle or resource brought: what was found, where, and what was not used."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from service.shapes import Resource
from service.versions import Other


@dataclass(frozen=True, slots=True)
class Rejection:
    """An entry, or an element of one, that was not used, and why. `reference` is `Type/id` or the entry's place."""

    reference: str
    reason: str


class Located(msgspec.Struct, frozen=True, gc=False):
    """A resource with the reference by which cards and explanation name it.

    other: the version of FHIR that it came in, None for R4. part: which of several resources of one reference.
    """

    reference: str
    resource: Resource
    full_url: str | None = None
    other: Other | None = None
    part: int = 0


@dataclass(slots=True)
class Source:
    """What one Bundle or resource brought: `complete` is false when a page or a search behind it is missing."""

    found: list[Located] = field(default_factory=list)
    rejected: list[Rejection] = field(default_factory=list)
    complete: bool = True


class Unreadable(ValueError):
    """The bytes are JSON, but not the FHIR resource that was expected."""
