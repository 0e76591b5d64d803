"""The resources of one patient, sorted: from what was read to the record."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from service import shapes
from service.record.identity import Identity, whose
from service.record.sources import Located, Rejection, Source
from service.shapes import Owned, Resource
from service.versions import Other

R = TypeVar("R", bound=Resource)


class ShapeRead(NamedTuple):
    """How many resources of a type came shaped as another version of FHIR than R4."""

    version: str
    came_as: str
    resources: int


@dataclass(slots=True)
class Record:
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

    def of(self, shape: type[R]) -> Iterator[tuple[str, R]]:
        """Yields (reference, resource) of one type, in the order in which they came."""
        for located in self.by_type.get(shape, ()):
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
    by_type: dict[type[Resource], list[Located]] = defaultdict(list)
    rejected: list[Rejection] = []
    medications: dict[str, shapes.Medication] = {}
    seen: set[str] = set()
    lost: set[str] = set()
    others: dict[Other, int] = {}
    for source in sources:
        rejected += source.rejected
        for located in source.found:
            resource, other = located.resource, located.other
            reason = ""
            if isinstance(resource, Owned):
                reason = _not_the_patients(resource, identity, owner_required=owner_required)
            if other is not None and other.refusal and not reason:
                reason = other.refusal
                lost.add(type(resource).__name__)
            if reason:
                rejected.append(Rejection(located.reference, reason))
                continue
            if isinstance(resource, Owned):
                if resource.id:
                    name = located.reference if located.part == 0 else f"{located.reference}#{located.part}"
                    if name in seen:
                        continue
                    seen.add(name)
                by_type[type(resource)].append(located)
            elif isinstance(resource, shapes.Medication):
                medications[located.reference] = resource
                if located.full_url:
                    medications[located.full_url] = resource
                    medications.setdefault("/".join(located.full_url.split("/")[-2:]), resource)
            if other is not None and located.part == 0:
                others[other] = others.get(other, 0) + 1
    found = patient.resource if patient and isinstance(patient.resource, shapes.Patient) else None
    return Record(
        patient=found,
        patient_reference=identity.reference,
        by_type=dict(by_type),
        supplied=frozenset(supplied),
        broken=frozenset(broken) | lost,
        rejected=rejected,
        medications=medications,
        shapes_read=tuple(sorted(ShapeRead(o.version, o.came_as, times) for o, times in others.items()))
        if others
        else (),
    )


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
