"""The resources of one patient, sorted: from what was read to the record."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple, TypeVar

import msgspec

from service import shapes
from service.record.identity import Identity, whose
from service.record.sources import Located, Rejection, Source
from service.shapes import Entry, Owned, Resource
from service.versions import Other

R = TypeVar("R", bound=Resource)


class ShapeRead(NamedTuple):
    """How many resources of a type came shaped as another version of FHIR than R4."""

    version: str
    came_as: str
    resources: int


class Record(msgspec.Struct):
    """One patient's resources by type, and which types were supplied completely.

    A type in `supplied` that has no resources means that there are none; a type not in it means that nobody looked. In
    `broken` are the types that were asked for and came back failed or incomplete, or hold a resource that cannot be
    said in R4.
    """

    patient: shapes.Patient | None
    patient_reference: str | None
    by_type: dict[type[Resource], list[Located]]
    supplied: frozenset[str]
    broken: frozenset[str]
    rejected: list[Rejection]
    medications: dict[str, shapes.Medication]
    shapes_read: tuple[ShapeRead, ...] = ()
    _conditions: dict[str, Resource] | None = None

    @property
    def conditions(self) -> dict[str, Resource]:
        """The Conditions by the references and addresses under which others point to them."""
        if self._conditions is None:
            found = self.by_type.get(shapes.Condition, ())
            self._conditions = {name: c.resource for c in found for name in (c.reference, c.full_url) if name}
        return self._conditions

    def located(self, shape: type[Resource]) -> list[Located]:
        """Returns the resources of one type with where they stand, in the order in which they came."""
        return self.by_type.get(shape, [])

    def resources(self, shape: type[R]) -> list[R]:
        """Returns the resources of one type, in the order in which they came."""
        return [located.resource for located in self.located(shape)]  # type: ignore[misc]

    def of(self, shape: type[R]) -> Iterator[tuple[str, R]]:
        """Yields (reference, resource) of one type, in the order in which they came."""
        for located in self.located(shape):
            yield located.reference, located.resource  # type: ignore[misc]


def assemble(
    sources: Sequence[Source],
    supplied: Iterable[str],
    broken: Iterable[str],
    identity: Identity,
    patient: Located | None,
    *,
    owner_required: bool,
) -> Record:
    """Sorts the resources of one patient by type; another patient's are rejected and counted.

    `owner_required`: a resource that does not say whose it is is rejected too (prefetched searches); otherwise it is
    taken to be the patient's (a posted Bundle of one patient). A resource that came twice counts once, as it came
    first.
    """
    sorting = _Sorting(identity, owner_required=owner_required)
    for source in sources:
        sorting.rejected += source.rejected
        for kind, group in source.by_type.items():
            if issubclass(kind, Owned) and sorting.takes_all(kind, group):
                sorting.by_type[kind] += group
            else:
                for located in group:
                    sorting.take(located)
    found = patient.resource if patient and isinstance(patient.resource, shapes.Patient) else None
    return Record(
        patient=found,
        patient_reference=identity.reference,
        by_type=dict(sorting.by_type),
        supplied=frozenset(supplied),
        broken=frozenset(broken) | sorting.lost,
        rejected=sorting.rejected,
        medications=sorting.medications,
        shapes_read=tuple(sorted(ShapeRead(o.version, o.came_as, times) for o, times in sorting.others.items())),
    )


class _Sorting:
    """The resources of one patient by type, as far as they are sorted."""

    def __init__(self, identity: Identity, *, owner_required: bool) -> None:
        self.by_type: dict[type[Resource], list[Located]] = defaultdict(list)
        self.rejected: list[Rejection] = []
        self.medications: dict[str, shapes.Medication] = {}
        self.lost: set[str] = set()
        self.others: dict[Other, int] = {}
        self._identity = identity
        self._owner_required = owner_required
        self._ids: dict[type[Resource], set[str | None]] = defaultdict(set)
        self._references: set[str] = set()

    def takes_all(self, kind: type[Resource], group: list[Located]) -> bool:
        """Returns whether each entry of one type would be taken as it came, and then counts them as seen.

        What is not plain at once is looked at one by one.
        """
        if set(map(type, group)) != {Entry}:
            return False
        resources: list[Any] = [located.resource for located in group]
        try:
            owners: set[str | None] = {resource.subject.reference for resource in resources}
        except AttributeError:  # one that does not say whose it is in `subject`
            return False
        if not all(owner is not None and self._identity.means(owner) for owner in owners):
            return False
        ids: set[str | None] = {resource.id for resource in resources}
        seen = self._ids[kind]
        if len(ids) < len(group) or not ids.isdisjoint(seen):
            return False
        seen |= ids
        return True

    def take(self, located: Located) -> None:
        """Sorts one resource in, or rejects it."""
        resource, other = located.resource, located.other
        reason = ""
        if isinstance(resource, Owned):
            reason = _not_the_patients(resource, self._identity, owner_required=self._owner_required)
        if other is not None and other.refusal and not reason:
            reason = other.refusal
            self.lost.add(type(resource).__name__)
        if reason:
            self.rejected.append(Rejection(located.reference, reason))
            return
        if isinstance(resource, Owned):
            if resource.id and self._is_seen(located, resource):
                return
            self.by_type[type(resource)].append(located)
        elif isinstance(resource, shapes.Medication):
            self.medications[located.reference] = resource
            if located.full_url:
                self.medications[located.full_url] = resource
                self.medications.setdefault("/".join(located.full_url.split("/")[-2:]), resource)
        if other is not None and located.part == 0:
            self.others[other] = self.others.get(other, 0) + 1

    def _is_seen(self, located: Located, resource: Owned) -> bool:
        """Whether a resource of that reference, or that part of it, came before."""
        if located.part == 0 and located.reference == f"{type(resource).__name__}/{resource.id}":
            ids = self._ids[type(resource)]
            known = resource.id in ids
            ids.add(resource.id)
            return known
        name = located.reference if located.part == 0 else f"{located.reference}#{located.part}"
        known = name in self._references
        self._references.add(name)
        return known


def _not_the_patients(resource: Owned, identity: Identity, *, owner_required: bool) -> str:
    """Why a resource is not about the patient; empty where it is."""
    owner = whose(resource)
    if owner is None:
        return "does not say whose it is: not used" if owner_required else ""
    if not identity.means(owner) and not _is_contained_patient(owner, resource, identity):
        return "about another subject: not used"
    return ""


def _is_contained_patient(owner: str, resource: Owned, identity: Identity) -> bool:
    if not owner.startswith("#"):
        return False
    return any(
        isinstance(inner, shapes.Patient) and identity.means(f"Patient/{inner.id}")
        for inner in resource.contained or ()
        if inner.id == owner[1:]
    )
