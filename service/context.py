"""What a hook's context brings besides user, patient and encounter: draft orders, selections, new problems."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec

from service.errors import Code, Refusal
from service.record import Located, Rejection, Source, Unreadable, from_decoded, read_bundle
from service.services import Service
from service.shapes import (
    ABSENT,
    READ,
    AnyResource,
    Bundle,
    Condition,
    Medication,
    MedicationRequest,
    Resource,
    ServiceRequest,
    Shape,
)

_ORDERS = (MedicationRequest, ServiceRequest)  # orders of older versions of FHIR are read as these
_READ: dict[str, tuple[type[Resource], ...]] = {"draftOrders": (*_ORDERS, Medication), "conditions": (Condition,)}


class Context(Shape):
    """The context of a hook; resources come out typed."""

    userId: Any = None
    patientId: Any = None
    encounterId: Any = None
    selections: Any = None
    draftOrders: AnyResource | None = None
    conditions: AnyResource | None = None


class LooseContext(Shape):
    """The same context when something in it is not of its type."""

    userId: Any = None
    patientId: Any = None
    encounterId: Any = None
    selections: Any = None
    draftOrders: msgspec.Raw = msgspec.Raw()
    conditions: msgspec.Raw = msgspec.Raw()


@dataclass(frozen=True, slots=True)
class Brought:
    """What the context adds to the record.

    orders: references of the orders that the answer is about, those selected or all that are to be signed; None where
    the hook is not about orders. problems: references of the problems just added; None where it is not about these.
    """

    source: Source = field(default_factory=Source)
    orders: frozenset[str] | None = None
    problems: frozenset[str] | None = None


def bring(context: Context | LooseContext, service: Service) -> Brought:
    """Reads the resources that the service's hook is about; other members are ignored (cds-hooks.md R-9).

    A selection that is none of the draft orders is ignored. Raises Refusal context-invalid, naming the member.
    """
    wanted = service.context
    if "conditions" in wanted:
        source = _bundle(context, "conditions")
        for located in source.found:
            if isinstance(located.resource, Condition):
                located.resource.raw_category = ABSENT  # the hook says that it is on the problem list
        return Brought(source, problems=frozenset(located.reference for located in source.found))
    if "draftOrders" not in wanted:
        return Brought()
    source = _bundle(context, "draftOrders")
    orders = [located for located in source.found if isinstance(located.resource, _ORDERS)]
    if "selections" in wanted:
        selected = _selections(context.selections)
        orders = [located for located in orders if not selected.isdisjoint(_names(located))]
    return Brought(source, orders=frozenset(located.reference for located in orders))


def _bundle(context: Context | LooseContext, name: str) -> Source:
    """A Bundle of the context, its `type` not looked at (Q-S5), without what the member is not for."""
    written = getattr(context, name)
    place = f"context.{name}"
    if isinstance(written, msgspec.Raw):
        try:
            source = read_bundle(written, place)
        except (Unreadable, msgspec.DecodeError):
            raise Refusal(Code.CONTEXT_INVALID, place) from None
    elif isinstance(written, Bundle):
        source = from_decoded(written, place)
    else:
        raise Refusal(Code.CONTEXT_INVALID, place)
    kept = {kind: found for kind, found in source.by_type.items() if issubclass(kind, _READ[name])}
    strange = [
        Rejection(located.reference, f"{place} is not for it: not used")
        for kind, found in source.by_type.items()
        if kind.__name__ in READ and kind not in kept
        for located in found
    ]
    return Source(by_type=kept, rejected=source.rejected + strange)


def _selections(written: Any) -> frozenset[str]:
    if not isinstance(written, list) or not all(isinstance(item, str) for item in written):
        raise Refusal(Code.CONTEXT_INVALID, "context.selections")
    return frozenset(form for item in written for form in _forms(item))


def _names(located: Located) -> frozenset[str]:
    return frozenset(form for name in (located.reference, located.full_url) if name for form in _forms(name))


def _forms(reference: str) -> tuple[str, str]:
    """A reference as written, and its type and id alone, whatever server and version it names."""
    written = reference.strip().partition("/_history/")[0]
    return written, "/".join(written.split("/")[-2:])
