"""By which elements a resource shows that it is shaped as another version of FHIR than R4."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any

from service import shapes
from service.shapes import Resource

DSTU2, STU3, R4, R5 = 1, 2, 4, 8
_OLD = DSTU2 | STU3
_ANY = DSTU2 | STU3 | R4 | R5
NAMES = {DSTU2: "DSTU2", STU3: "STU3", _OLD: "DSTU2 or STU3", R5: "R5"}
MIXED = "has elements of versions of FHIR that exclude each other: not used"

# Elements that R4 does not have, or has otherwise, and the versions that have them so.
_ELEMENTS: dict[type[Resource], dict[str, int]] = {
    shapes.Condition: {
        "patient": DSTU2, "dateRecorded": DSTU2, "notes": DSTU2, "assertedDate": STU3, "context": STU3,
    },
    shapes.Observation: {"comments": DSTU2, "comment": STU3, "context": STU3, "related": _OLD},
    shapes.DiagnosticReport: {"codedDiagnosis": _OLD, "context": STU3},
    shapes.Procedure: {
        "notPerformed": DSTU2, "notDone": STU3, "context": STU3, "occurrenceDateTime": R5, "occurrencePeriod": R5,
    },
    shapes.MedicationRequest: {"context": STU3, "medication": R5, "reason": R5},
    shapes.MedicationStatement: {
        "patient": DSTU2, "wasNotTaken": DSTU2, "reasonForUseCodeableConcept": DSTU2, "reasonForUseReference": DSTU2,
        "taken": STU3, "adherence": R5, "medication": R5, "reason": R5,
    },
    shapes.MedicationDispense: {
        "patient": DSTU2, "notDoneCodeableConcept": STU3, "notDoneReference": STU3, "medication": R5,
    },
    shapes.MedicationAdministration: {
        "patient": DSTU2, "wasNotGiven": DSTU2, "effectiveTimeDateTime": DSTU2, "effectiveTimePeriod": DSTU2,
        "notGiven": STU3, "occurenceDateTime": R5, "occurencePeriod": R5, "medication": R5, "reason": R5,
    },
    shapes.Medication: {"product": DSTU2, "doseForm": R5},
    shapes.AllergyIntolerance: {"substance": DSTU2, "status": DSTU2, "assertedDate": STU3},
    shapes.Encounter: {"patient": DSTU2, "actualPeriod": R5},
    shapes.QuestionnaireResponse: {"group": DSTU2},
    shapes.ProcedureRequest: {
        "orderedOn": DSTU2, "scheduledDateTime": DSTU2, "scheduledPeriod": DSTU2, "intent": STU3, "authoredOn": STU3,
        "occurrenceDateTime": STU3, "occurrencePeriod": STU3,
    },
    shapes.ReferralRequest: {
        "patient": DSTU2, "date": DSTU2, "intent": STU3, "authoredOn": STU3, "occurrenceDateTime": STU3,
    },
}  # fmt: skip

# Types that R4 does not have.
_TYPES = {
    shapes.MedicationOrder: DSTU2, shapes.DiagnosticOrder: DSTU2, shapes.ProcedureRequest: _OLD,
    shapes.ReferralRequest: _OLD,
}  # fmt: skip


def is_r4(resource: Resource) -> bool:
    """Returns whether nothing about a resource calls for a closer look; what it contains always does."""
    look = _LOOKS.get(type(resource))
    if look is None:
        return True
    read, nothing, special = look
    values: tuple[Any, ...] = read(resource)
    return values == nothing and (special is None or special(resource) == _ANY)


def are_r4(kind: type[Resource], resources: Sequence[Resource]) -> bool:
    """Returns whether all resources of one type are as is_r4 asks; no is also said where that is not plain at once."""
    look = _LOOKS.get(kind)
    if look is None:
        return True
    read, nothing, special = look
    try:
        if set(map(read, resources)) != {nothing}:
            return False
    except TypeError:  # a mark that is no plain value
        return False
    strange = _STRANGE.get(kind)
    if strange is not None:
        _, shape, elements = strange
        return not any(shape in set(map(type, map(element, resources))) for element in elements)
    return special is None or all(special(resource) == _ANY for resource in resources)


def versions_of(resource: Resource) -> int:
    """Returns the versions whose shape a resource may have, as bits; one without a mark of another has R4's."""
    kind = type(resource)
    versions = _TYPES.get(kind, _ANY)
    for name, mask in _ELEMENTS.get(kind, {}).items():
        if getattr(resource, name) is not None:
            versions &= mask
    special = _SPECIAL.get(kind)
    return versions if special is None else versions & special(resource)


def _statement(statement: shapes.MedicationStatement) -> int:
    return R5 if (statement.status or "").strip().lower() == "recorded" else _ANY


def _encounter(encounter: shapes.Encounter) -> int:
    reasons = encounter.reason
    if reasons is None:
        return _ANY
    listed = reasons if isinstance(reasons, list) else [reasons]
    return R5 if any(reason.value is not None for reason in listed) else _OLD


def _request(request: shapes.ServiceRequest) -> int:
    code = request.code
    return R5 if code is not None and (code.concept is not None or code.reference is not None) else _ANY


# Elements in which a value of one type shows other versions: those versions, the type, the elements.
_STRANGE: dict[type[Resource], tuple[int, type, tuple[Callable[[Any], Any], ...]]] = {
    shapes.Condition: (_OLD, str, (attrgetter("clinicalStatus"), attrgetter("verificationStatus"))),
    shapes.AllergyIntolerance: (STU3, str, (attrgetter("clinicalStatus"), attrgetter("verificationStatus"))),
    shapes.Observation: (_OLD, shapes.Concept, (attrgetter("interpretation"),)),
}


def _strange(resource: Resource) -> int:
    versions, shape, elements = _STRANGE[type(resource)]
    for element in elements:
        if isinstance(element(resource), shape):
            return versions
    return _ANY


_SPECIAL: dict[type[Resource], Callable[[Any], int]] = {
    **dict.fromkeys(_STRANGE, _strange),
    shapes.MedicationStatement: _statement,
    shapes.Encounter: _encounter,
    shapes.ServiceRequest: _request,
}
_Look = tuple[Callable[[Any], tuple[Any, ...]], tuple[None, ...], Callable[[Any], int] | None]


def _look(kind: type[Resource]) -> _Look:
    """Reads all that might be a mark in one go."""
    names = [*_ELEMENTS.get(kind, ())]
    if issubclass(kind, shapes.Owned):
        names.append("contained")
    if len(names) == 1:
        names *= 2  # of one name alone, attrgetter gives no tuple
    return attrgetter(*names), (None,) * len(names), (lambda _: 0) if kind in _TYPES else _SPECIAL.get(kind)


_LOOKS: dict[type[Resource], _Look] = {
    kind: _look(kind) for kind in shapes.READ.values() if issubclass(kind, shapes.Owned) or kind in _ELEMENTS
}
