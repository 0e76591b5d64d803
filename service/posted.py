"""A posted Bundle as the whole record of one patient."""

from __future__ import annotations

import re

import msgspec

from service import shapes
from service.errors import Code, Refusal
from service.record import Body, Identity, Located, Record, Source, Unreadable, assemble, read_bundle, utf8, whose

_TAIL = re.compile(r"(?:.*/)?([A-Z][A-Za-z]+)/([^/#]+)(?:/_history/.*)?$")


def read_posted(body: Body, types: frozenset[str]) -> Record:
    """Returns the record in a Bundle of any type, every one of `types` counting as supplied.

    A Bundle with a `next` link or an error outcome is not the whole record: what it holds is used, absence is not
    claimed.
    Raises Refusal: body-not-json, body-not-object, not-a-bundle, shape-unreadable, more-than-one-patient.
    """
    source = _read(body)
    patients = {located.reference: located for located in source.found if isinstance(located.resource, shapes.Patient)}
    if len(patients) > 1:
        raise Refusal(Code.MORE_THAN_ONE_PATIENT, "Patient")
    patient = next(iter(patients.values()), None)
    identity = _identity(patient) if patient else _only_subject(source)
    supplied = types if source.complete else frozenset[str]()
    return assemble([source], supplied, types - supplied, identity, patient, owner_required=False)


def _read(body: Body) -> Source:
    try:
        body = utf8(body)
        return read_bundle(body)
    except Unreadable as fault:
        if not body.lstrip().startswith(b"{"):
            raise Refusal(Code.BODY_NOT_OBJECT) from None
        raise Refusal(Code.NOT_A_BUNDLE if "no Bundle" in str(fault) else Code.SHAPE_UNREADABLE) from None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise Refusal(Code.BODY_NOT_JSON) from None


def _identity(patient: Located) -> Identity:
    resource = patient.resource
    if not isinstance(resource, shapes.Patient):
        raise TypeError("not a Patient")
    identifiers = [identifier.value for identifier in resource.identifier or () if identifier.value]
    address = _TAIL.fullmatch(patient.full_url or "")
    return Identity(resource.id or (address[2] if address else None), patient.full_url, identifiers)


def _only_subject(source: Source) -> Identity:
    """Without a Patient, the one that the resources name as their subject; several are refused."""
    subjects: set[tuple[str | None, str | None]] = set()
    for owner in filter(None, (whose(located.resource) for located in source.found)):
        address = _TAIL.fullmatch(owner)
        if address is None and not owner.startswith("#"):
            subjects.add((None, owner))
        elif address is not None and address[1] == "Patient":
            subjects.add((address[2], None))
    if len(subjects) > 1:
        raise Refusal(Code.MORE_THAN_ONE_PATIENT, "subject")
    return Identity(*next(iter(subjects), (None, None)))
