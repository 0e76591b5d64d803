"""From a message to the record: what was supplied, what was empty, what nobody looked for (cds-hooks.md 1.5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

from service import shapes
from service.errors import Code, Refusal
from service.prefetch import Template
from service.record import Identity, Located, Record, Rejection, Source, assemble, whose
from service.wire import Message

_NOTHING: Mapping[str, Source] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Lack:
    """What prefetch left open under a key: all of it, or the pages from `next` on."""

    template: Template
    next: str | None = None


class _Arrived(Enum):
    """What came under a key: the lines of the decision table."""

    NOTHING = "the key is absent, or its value is unusable"
    EMPTY = "the client looked and found nothing"
    FAILED = "the client looked and failed"
    PART = "a page of several"
    WHOLE = "what was asked for"


_NONE, _EMPTY, _FAILED, _PART, _WHOLE = _Arrived


def lacking(message: Message, templates: tuple[Template, ...]) -> tuple[Lack, ...]:
    """Returns what the client's FHIR server is to be asked for.

    A key that is absent or unusable is asked for again, and a Bundle that goes on is followed. Null and an empty
    Bundle are answers; so is an OperationOutcome, since the client tried already.
    """
    identity = Identity(message.patient_id, None)
    lacks = []
    for template in templates:
        arrived = _arrived(message, template, identity)
        if arrived is _NONE:
            lacks.append(Lack(template))
        elif arrived is _PART and isinstance(value := message.prefetch[template.key], Source):
            lacks.append(Lack(template, value.next))
    return tuple(lacks)


def supply(message: Message, templates: tuple[Template, ...], fetched: Mapping[str, Source] = _NOTHING) -> Record:
    """Returns the record of the message's patient.

    fetched: key → what the client's FHIR server gave for what prefetch lacked, incomplete where it stopped early. A
    key that neither supplied, failed or unusable leaves its type unsupplied; null and an empty Bundle mean that there
    is none. What is not used is counted as rejected.
    Raises Refusal required-data-missing, naming the keys, where Patient or Condition cannot be had.
    """
    identity = Identity(message.patient_id, None)
    sources: list[Source] = [message.brought.source]  # first: a draft order stands in the place of the one on record
    supplied: set[str] = set()
    broken: set[str] = set()
    patient: Located | None = None
    missing: list[str] = []
    for template in templates:
        arrived = _arrived(message, template, identity)
        if arrived is _EMPTY:
            supplied.add(template.type)
            continue
        is_complete = arrived is _WHOLE
        used: list[Source] = []
        value, more = message.prefetch.get(template.key), fetched.get(template.key)
        if isinstance(value, Source):
            if arrived in (_WHOLE, _PART):
                used.append(value)
                is_complete &= value.complete
            else:
                sources.append(_set_aside(value))
        if more is not None and arrived in (_NONE, _PART):
            if is_usable(more, template, identity):
                used.append(more)
                is_complete = more.complete and all(source.complete for source in used)
            else:
                sources.append(_set_aside(more))
        sources += used
        if template.type == "Patient":
            for source in used:
                patients = _patients(source, identity)
                source.by_type = {shapes.Patient: patients} if patients else {}
                patient = next(iter(patients), patient)
        (supplied if is_complete else broken).add(template.type)
        if template.required and not is_complete and not any(source.by_type for source in used):
            missing.append(template.key)
    if missing:
        raise Refusal(Code.REQUIRED_DATA_MISSING, *missing)
    return assemble(sources, supplied, broken, identity, patient, owner_required=True)


def is_usable(source: Source, template: Template, identity: Identity) -> bool:
    """Whether a value holds what its template asks for: not another type only, and not another patient's only."""
    if not source.by_type:
        return source.complete and not source.rejected
    if template.type == "Patient":
        return bool(_patients(source, identity))
    for located in source.by_type.get(shapes.READ[template.type], ()):  # mostly the first one settles it
        owner = whose(located.resource)
        if owner is not None and identity.means(owner):
            return True
    return False


def _arrived(message: Message, template: Template, identity: Identity) -> _Arrived:
    if template.key not in message.prefetch:
        return _NONE
    value = message.prefetch[template.key]
    if value is None:
        return _EMPTY
    if not isinstance(value, Source):
        return _FAILED
    if not value.by_type and not value.rejected:
        if not value.complete:
            return _FAILED  # an error outcome alone
        return _EMPTY if value.next is None else _PART
    if not is_usable(value, template, identity):
        return _NONE
    if value.next is not None:
        return _PART
    return _WHOLE


def _patients(source: Source, identity: Identity) -> list[Located]:
    return [
        located
        for located in source.by_type.get(shapes.Patient, ())
        if located.resource.id and identity.means(f"Patient/{located.resource.id}")
    ]


def _set_aside(source: Source) -> Source:
    rejected = [
        Rejection(located.reference, "another subject, or not the type asked for: not used") for located in source.found
    ]
    return Source(rejected=source.rejected + rejected)
