"""A patient's record: from the bytes of Bundles and resources to resources by kind, and what was supplied."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import parse_qs

import msgspec

from service import shapes
from service.shapes import Resource

_RESOURCE = msgspec.json.Decoder(shapes.AnyResource)  # of one tagged shape alone, the tag might be left out
_RAW_BUNDLE = msgspec.json.Decoder(shapes.RawBundle)
_RAW_ENTRY = msgspec.json.Decoder(shapes.RawEntry)
_OUTCOME = msgspec.json.Decoder(shapes.Outcome)
_KIND = msgspec.json.Decoder(shapes.Kind)
_DECODERS = {name: msgspec.json.Decoder(shape) for name, shape in shapes.READ.items()}
_MENDS = 25  # faults mended in one resource before it is given up
_STEP = re.compile(r"\.([A-Za-z_]\w*)|\[(\d+)\]")
_REFERENCE = re.compile(r"([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]{1,64})(?:/_history/[^/]+)?$")

R = TypeVar("R", bound=Resource)


@dataclass(frozen=True, slots=True)
class Rejection:
    """An entry, or an element of one, that was not used, and why. `reference` is `Type/id` or the entry's place."""

    reference: str
    reason: str


@dataclass(frozen=True, slots=True)
class Located:
    """A resource with the reference by which cards and explanation name it."""

    reference: str
    resource: Resource
    full_url: str | None = None


@dataclass(slots=True)
class Source:
    """What one Bundle or resource brought: `complete` is false when a page or a search behind it is missing."""

    found: list[Located] = field(default_factory=list)
    rejected: list[Rejection] = field(default_factory=list)
    complete: bool = True
    outcome_only: bool = False


@dataclass(slots=True)
class Record:
    """One patient's resources by type, and which types were supplied completely.

    A type in `supplied` that has no resources means that there are none; a type not in it means that nobody looked. In
    `broken` are the types that were asked for and came back failed or incomplete.
    """

    patient: shapes.Patient | None
    patient_reference: str | None
    by_type: dict[type[Resource], list[Located]]
    supplied: frozenset[str]
    broken: frozenset[str]
    rejected: list[Rejection]
    medications: dict[str, shapes.Medication]
    shapes_read: tuple[str, ...] = ()
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


class Unreadable(ValueError):
    """The bytes are JSON, but not the FHIR resource that was expected."""


def utf8(body: bytes) -> bytes:
    """Returns the bytes of a body without a byte order mark.

    Looked at here, because the decoder skips what no rule reads. Raises UnicodeDecodeError.
    """
    if not body.isascii():
        body.decode()
    return body.removeprefix(b"\xef\xbb\xbf")


def read_bundle(body: bytes | msgspec.Raw, name: str = "Bundle") -> Source:
    """Reads a Bundle of any type, one malformed entry spoiling only itself.

    `name` stands in the place of entries that have neither id nor fullUrl. Nested Bundles (batch-response) are opened.
    Raises Unreadable when the bytes are no Bundle, msgspec.DecodeError when they are no JSON.
    """
    try:
        bundle = _RESOURCE.decode(body)
    except msgspec.ValidationError:
        return _read_entries(body, name)
    if not isinstance(bundle, shapes.Bundle):
        raise Unreadable("no Bundle")
    source = Source()
    _open(bundle, name, source)
    return source


def read_resource(body: bytes | msgspec.Raw, name: str) -> Source:
    """Reads one resource: a Bundle is opened, anything else stands alone."""
    kind = kind_of(body)
    if kind == "Bundle":
        return read_bundle(body, name)
    source = Source()
    _take(body, kind, None, name, source)
    return source


def from_decoded(resource: Resource, name: str) -> Source:
    """Takes a resource that is decoded already, a Bundle opened."""
    source = Source()
    if isinstance(resource, shapes.Bundle):
        _open(resource, name, source)
    else:
        _place(resource, None, name, source)
    return source


def kind_of(body: bytes | msgspec.Raw) -> str:
    """Returns the type of a resource, empty where it names none."""
    try:
        return _KIND.decode(body).resourceType
    except msgspec.ValidationError:
        return ""


def _open(bundle: shapes.Bundle, name: str, source: Source) -> None:
    if any(link.relation == "next" for link in bundle.link or ()):
        source.complete = False
    for number, entry in enumerate(bundle.entry or ()):
        if entry.resource is not None:
            _place(entry.resource, entry.fullUrl, f"{name}.entry[{number}]", source)
        if entry.response is not None and _failed(entry.response):
            source.complete = False


def _place(resource: Resource, full_url: str | None, name: str, source: Source) -> None:
    if isinstance(resource, shapes.Bundle):
        _open(resource, name, source)
    elif isinstance(resource, shapes.OperationOutcome):
        source.complete &= not _is_error(resource)
    else:
        source.found.append(Located(_name(resource, full_url, name), resource, full_url))


def _is_error(outcome: shapes.OperationOutcome) -> bool:
    return any(issue.severity in ("error", "fatal") for issue in outcome.issue or ())


def _failed(response: shapes.Outcome) -> bool:
    """Whether one request of a batch was not answered: what it asked for is then unknown."""
    if (response.status or "").strip().startswith(("4", "5")):
        return True
    return isinstance(response.outcome, shapes.OperationOutcome) and _is_error(response.outcome)


def _name(resource: Resource, full_url: str | None, name: str) -> str:
    if resource.id:
        return f"{type(resource).__name__}/{resource.id}"
    return full_url or name


def _read_entries(body: bytes | msgspec.Raw, name: str) -> Source:
    """The slow way: each entry by itself, and a malformed one element by element."""
    if kind_of(body) != "Bundle":
        raise Unreadable("no Bundle")
    try:
        bundle = _RAW_BUNDLE.decode(body)
    except msgspec.ValidationError:
        raise Unreadable("a Bundle without a list of entries") from None
    source = Source()
    if isinstance(bundle.link, list) and any(isinstance(x, dict) and x.get("relation") == "next" for x in bundle.link):
        source.complete = False
    for number, written in enumerate(bundle.entry or ()):
        place = f"{name}.entry[{number}]"
        try:
            entry = _RAW_ENTRY.decode(written)
        except msgspec.ValidationError:
            source.rejected.append(Rejection(place, "not an object: not used"))
            continue
        if bytes(entry.resource) not in (b"", b"null"):
            full_url = entry.fullUrl if isinstance(entry.fullUrl, str) else None
            _take(entry.resource, kind_of(entry.resource), full_url, place, source)
        _look_at(entry.response, source)
    return source


def _look_at(response: msgspec.Raw, source: Source) -> None:
    try:
        failed = bytes(response) not in (b"", b"null") and _failed(_OUTCOME.decode(response))
    except msgspec.ValidationError:
        failed = True
    source.complete &= not failed


def _take(body: bytes | msgspec.Raw, kind: str, full_url: str | None, name: str, source: Source) -> None:
    if not kind:
        source.rejected.append(Rejection(full_url or name, "no resourceType: not a FHIR resource"))
        return
    if kind == "Bundle":
        try:
            inner = _read_entries(body, name)
        except Unreadable:
            inner = Source(
                rejected=[Rejection(full_url or name, "Bundle.entry cannot be read: not used")], complete=False
            )
        source.found += inner.found
        source.rejected += inner.rejected
        source.complete &= inner.complete
        return
    decoder = _DECODERS.get(kind)
    if decoder is None:
        if kind not in shapes.KNOWN:
            source.rejected.append(Rejection(full_url or name, "no resource type that FHIR knows: not used"))
        return
    faults: list[str] = []
    try:
        resource: Resource | None = decoder.decode(body)
    except msgspec.ValidationError:
        resource = _mend(body, shapes.READ[kind], faults)
    where = full_url or name if resource is None else _name(resource, full_url, name)
    source.rejected += [Rejection(where, f"{kind}.{path} is not of its FHIR type: not used") for path in faults]
    if resource is None:
        source.rejected.append(Rejection(where, f"{kind} cannot be read: not used"))
    elif any(path.startswith(("subject", "patient")) for path in faults):
        source.rejected.append(Rejection(where, "whose it is cannot be read: not used"))
    else:
        _place(resource, full_url, name, source)


def _mend(body: bytes | msgspec.Raw, shape: type[Resource], faults: list[str]) -> Resource | None:
    """Drops the elements that are not of their type, noting the path of each, until the rest can be read."""
    try:
        tree = msgspec.json.decode(body)
    except msgspec.DecodeError:  # a number that no float holds
        return None
    for _ in range(_MENDS):
        try:
            return msgspec.convert(tree, shape)
        except msgspec.ValidationError as fault:
            path = _drop(tree, str(fault))
            if path is None:
                return None
            faults.append(path)
    return None


def _drop(tree: object, message: str) -> str | None:
    _, _, where = message.rpartition("`$")
    steps: list[str | int] = [int(index) if index else name for name, index in _STEP.findall(where)]
    if not steps:
        return None
    for step in steps[:-1]:
        tree = tree[step]  # type: ignore[index]
    del tree[steps[-1]]  # type: ignore[attr-defined]
    return where.rstrip("`").lstrip(".")


def whose(resource: Resource) -> str | None:
    """Returns the reference of the patient that a resource says it is about, None where it says nothing."""
    if isinstance(resource, shapes.Owned):
        owner = resource.subject or resource.patient
        return owner.reference if owner else None
    return None


class Identity:
    """The references by which one patient is meant: relative, absolute, versioned, urn:uuid, or by identifier.

    `reference` is the one that we write, None where the patient has neither id nor address.
    """

    def __init__(self, patient_id: str | None, full_url: str | None, identifiers: Iterable[str] = ()) -> None:
        self._id = patient_id
        self.reference = f"Patient/{patient_id}" if patient_id else full_url
        self._urls = {url for url in (full_url,) if url}
        self._identifiers = set(identifiers)
        self._known: dict[str, bool] = {}

    def means(self, reference: str) -> bool:
        """Returns whether a reference points to this patient (FHIR R4 2.3.0.1; 3.1.0.11.2 for the conditional form)."""
        known = self._known.get(reference)
        if known is None:
            known = self._known[reference] = self._compare(reference)
        return known

    def _compare(self, reference: str) -> bool:
        if reference in self._urls or (self._id and reference == self._id):
            return True
        match = _REFERENCE.search(reference)
        if match:
            return match[1] == "Patient" and match[2] == self._id
        if reference.startswith("urn:uuid:"):
            return bool(self._id) and reference[9:] == self._id
        if reference.startswith("Patient?"):
            values = parse_qs(reference.partition("?")[2]).get("identifier", [])
            return any(value.rpartition("|")[2] in self._identifiers for value in values)
        return False


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
    for source in sources:
        rejected += source.rejected
        for located in source.found:
            resource = located.resource
            if isinstance(resource, shapes.Medication):
                medications.setdefault(located.reference, resource)
                if located.full_url:
                    medications.setdefault(located.full_url, resource)
                    medications.setdefault("/".join(located.full_url.split("/")[-2:]), resource)
            elif isinstance(resource, shapes.Owned):
                owner = whose(resource)
                if owner is None:
                    if owner_required:
                        rejected.append(Rejection(located.reference, "does not say whose it is: not used"))
                        continue
                elif not identity.means(owner) and not _is_contained_patient(owner, resource, identity):
                    rejected.append(Rejection(located.reference, "about another subject: not used"))
                    continue
                if resource.id:
                    if located.reference in seen:
                        continue
                    seen.add(located.reference)
                by_type[type(resource)].append(located)
    found = patient.resource if patient and isinstance(patient.resource, shapes.Patient) else None
    return Record(
        patient=found,
        patient_reference=identity.reference,
        by_type=dict(by_type),
        supplied=frozenset(supplied),
        broken=frozenset(broken),
        rejected=rejected,
        medications=medications,
    )


def _is_contained_patient(owner: str, resource: shapes.Owned, identity: Identity) -> bool:
    if not owner.startswith("#"):
        return False
    return any(
        isinstance(inner, shapes.Patient) and identity.means(f"Patient/{inner.id}")
        for inner in resource.contained or ()
        if inner.id == owner[1:]
    )
