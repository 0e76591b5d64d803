"""What may hold any resource: owners of contained ones, Bundles and their entries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from service.shapes.datatypes import Concept, Reference, Shape, read_concept

if TYPE_CHECKING:
    from service.shapes.types import AnyResource


class Resource(Shape, kw_only=True, tag_field="resourceType"):
    """What every resource carries; a type that no rule reads has nothing more."""

    id: str | None = None


class Owned(Resource, kw_only=True):
    """A resource about somebody: `subject`, or `patient` where the type or an older version calls it so.

    Each type lists its elements in the order in which FHIR writes them: the decoder finds each where it looks first.
    """

    if TYPE_CHECKING:
        subject: Reference | None
        patient: Reference | None

    contained: list[AnyResource] | None = None


class WithCode(Owned, kw_only=True):
    """A resource whose code is left as bytes: most are of things that no rule reads, and many are the same."""

    if TYPE_CHECKING:
        raw_code: msgspec.Raw

    @property
    def code(self) -> Concept | None:
        """What it is of; None where nothing says it, or where what stands there is no concept."""
        try:
            return read_concept(self.raw_code)
        except (msgspec.ValidationError, RecursionError):
            return None


class Link(Shape):
    relation: str | None = None
    url: str | None = None


class Issue(Shape):
    severity: str | None = None


class OperationOutcome(Resource, kw_only=True, tag="OperationOutcome"):
    issue: list[Issue] | None = None


class Outcome(Shape):
    """How one request of a batch or transaction went (Bundle.entry.response)."""

    status: str | None = None
    outcome: AnyResource | None = None


class Entry(Shape):
    """An entry of a Bundle; one that needs no closer look stands in the record as it came."""

    full_url: str | None = msgspec.field(default=None, name="fullUrl")
    resource: AnyResource | None = None
    response: Outcome | None = None

    @property
    def reference(self) -> str:
        """The reference of its resource, by type and id."""
        return f"{type(self.resource).__name__}/{self.resource.id}" if self.resource else ""

    @property
    def other(self) -> None:
        """Which version of FHIR other than R4 it came in: none."""

    @property
    def part(self) -> int:
        """Which of several resources of one reference it is."""
        return 0


class Bundle(Resource, kw_only=True, tag="Bundle"):
    link: list[Link] | None = None
    entry: list[Entry] | None = None


class RawEntry(Shape):
    """An entry whose resource is left as bytes, for the bundles that do not decode in one go."""

    fullUrl: Any = None
    resource: msgspec.Raw = msgspec.Raw()  # empty where there is none: msgspec knows no optional Raw
    response: msgspec.Raw = msgspec.Raw()


class RawBundle(Shape):
    link: Any = None
    entry: list[msgspec.Raw] | None = None


class Kind(Shape):
    """Only the type of a resource."""

    resourceType: str = ""
