"""From a message to the record: what was supplied, what was empty, what nobody looked for (cds-hooks.md 1.5)."""

from __future__ import annotations

from service import shapes
from service.errors import Code, Refusal
from service.prefetch import Template
from service.record import Identity, Located, Record, Rejection, Source, assemble, whose
from service.wire import Message


def supply(message: Message, templates: tuple[Template, ...]) -> Record:
    """Returns the record of the message's patient.

    A key that is absent, failed or unusable leaves its type unsupplied; null and an empty Bundle mean that there is
    none. What is not used is counted as rejected.
    Raises Refusal required-data-missing, naming the keys, where Patient or Condition cannot be had.
    """
    identity = Identity(message.patient_id, None)
    sources: list[Source] = [message.brought.source]  # first: a draft order stands in the place of the one on record
    supplied: set[str] = set()
    broken: set[str] = set()
    patient: Located | None = None
    missing: list[str] = []
    for template in templates:
        if template.key not in message.prefetch:
            is_usable = False
        else:
            value = message.prefetch[template.key]
            is_usable = value is None or (isinstance(value, Source) and _is_usable(value, template, identity))
            if isinstance(value, Source):
                sources.append(value if is_usable else _set_aside(value))
                if is_usable and template.type == "Patient":
                    patient = value.found[0]
            if is_usable and (value is None or (isinstance(value, Source) and value.complete)):
                supplied.add(template.type)
            else:
                broken.add(template.type)
        if template.required and not is_usable:
            missing.append(template.key)
    if missing:
        raise Refusal(Code.REQUIRED_DATA_MISSING, *missing)
    return assemble(sources, supplied, broken, identity, patient, owner_required=True)


def _set_aside(source: Source) -> Source:
    rejected = [
        Rejection(located.reference, "another subject, or not the type asked for: not used") for located in source.found
    ]
    return Source(rejected=source.rejected + rejected)


def _is_usable(source: Source, template: Template, identity: Identity) -> bool:
    """Whether a value holds what its template asks for: not another type only, and not another patient's only."""
    if template.type == "Patient":
        patients = [located for located in source.found if isinstance(located.resource, shapes.Patient)]
        source.found = [p for p in patients if p.resource.id and identity.means(f"Patient/{p.resource.id}")]
        return bool(source.found)
    if not source.found:
        return source.complete and not source.rejected
    owners = [whose(located.resource) for located in source.found if type(located.resource).__name__ == template.type]
    return any(owner is not None and identity.means(owner) for owner in owners)
