"""Whose a resource is, and whether that is the patient."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import parse_qs

from service.shapes import Owned, Resource

_REFERENCE = re.compile(r"([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]{1,64})(?:/_history/[^/]+)?$")


def whose(resource: Resource) -> str | None:
    """Returns the reference of the patient that a resource says it is about, None where it says nothing."""
    if isinstance(resource, Owned):
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
