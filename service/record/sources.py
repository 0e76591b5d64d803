"""What one Bundle or resource brought: what was found, where, and what was not used."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Protocol, TypeAlias

import msgspec

from service.shapes import Resource
from service.versions import Other

Body: TypeAlias = bytes | bytearray  # as it came, or as it was collected


class Rejection(msgspec.Struct, frozen=True, gc=False):
    """An entry, or an element of one, that was not used, and why. `reference` is `Type/id` or the entry's place."""

    reference: str
    reason: str


class Located(Protocol):
    """A resource with the reference by which cards and explanation name it: an entry of a Bundle, or Placed."""

    @property
    def reference(self) -> str:
        """Its reference: type and id, else its address, else its place."""

    @property
    def resource(self) -> Resource:
        """The resource, as R4 has it."""

    @property
    def full_url(self) -> str | None:
        """Its address in the Bundle."""

    @property
    def other(self) -> Other | None:
        """The version of FHIR that it came in, None for R4."""

    @property
    def part(self) -> int:
        """Which of several resources of one reference it is."""


class Placed(msgspec.Struct, frozen=True, gc=False):
    """A resource that was no plain entry: without an id, of another version, standing alone."""

    reference: str
    resource: Resource
    full_url: str | None = None
    other: Other | None = None
    part: int = 0


class Source(msgspec.Struct):
    """What one Bundle or resource brought: `complete` is false when a page or a search behind it is missing.

    by_type: what was found, each type in the order in which it came, none empty. next: of a page of a search, where the
    Bundle goes on; empty where its link does not say, None for the last page.
    """

    by_type: dict[type[Resource], list[Located]] = {}
    rejected: list[Rejection] = []
    complete: bool = True
    next: str | None = None

    @property
    def found(self) -> Iterator[Located]:
        """All that was found, type by type."""
        return chain.from_iterable(self.by_type.values())

    def add(self, located: Located) -> None:
        """Adds what was found, behind what is there of its type."""
        self.by_type.setdefault(type(located.resource), []).append(located)

    def join(self, other: Source) -> None:
        """Adds all that another source brought."""
        for kind, found in other.by_type.items():
            self.by_type.setdefault(kind, []).extend(found)
        self.rejected += other.rejected
        self.complete &= other.complete


class Unreadable(ValueError):
    """The bytes are JSON, but not the FHIR resource that was expected."""
