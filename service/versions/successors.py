"""Types of DSTU2 and STU3 that R4 does not have, as the R4 resources that took their place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from service.shapes import (
    Concept,
    DiagnosticOrder,
    MedicationOrder,
    MedicationRequest,
    ProcedureRequest,
    ReferralRequest,
    Resource,
    ServiceRequest,
)

# Statuses of DSTU2 and STU3 orders that R4 spells otherwise; no code stands for two meanings.
_STATUSES = {
    "requested": "active", "received": "active", "accepted": "active", "in-progress": "active", "review": "active",
    "planned": "active", "proposed": "active", "suspended": "on-hold", "cancelled": "revoked", "rejected": "revoked",
    "aborted": "revoked", "failed": "revoked",
}  # fmt: skip
_INTENTS = {"proposed": "proposal", "planned": "plan"}


def _medication_order(order: MedicationOrder) -> list[Resource]:
    reason = order.reasonCodeableConcept
    return [
        MedicationRequest(
            id=order.id,
            subject=order.subject or order.patient,
            contained=order.contained,
            status=order.status,
            intent="order",
            raw_medication=order.raw_medication,
            medicationReference=order.medicationReference,
            reasonCode=[reason] if reason else order.reasonCode,
            reasonReference=order.reasonReference,
            raw_dosage=order.raw_dosage,
            authoredOn=order.dateWritten,
            dispenseRequest=order.dispenseRequest,
        )
    ]


def _procedure_request(request: ProcedureRequest) -> list[Resource]:
    status, intent = _state(request.status, request.intent)
    return [
        ServiceRequest(
            id=request.id,
            subject=request.subject or request.patient,
            contained=request.contained,
            status=status,
            intent=intent,
            doNotPerform=request.doNotPerform,
            code=request.code,
            authoredOn=request.authoredOn or request.orderedOn,
            occurrenceDateTime=request.occurrenceDateTime or request.scheduledDateTime,
            occurrencePeriod=request.occurrencePeriod or request.scheduledPeriod,
        )
    ]


def _diagnostic_order(order: DiagnosticOrder) -> list[Resource]:
    """One request for each test; a test without a status of its own has that of the order."""
    requested = [event.dateTime for event in order.event or () if event.status in ("requested", "proposed", "planned")]
    authored = next(filter(None, requested), None)
    tests = [(item.code, item.status or order.status) for item in order.item or ()] or [(None, order.status)]
    return [_part(order, code, *_state(status, None), authored) for code, status in tests]


def _referral_request(request: ReferralRequest) -> list[Resource]:
    """One request for each service."""
    status, intent = _state(request.status, request.intent)
    asked = request.serviceRequested
    services = asked if isinstance(asked, list) else [asked]
    authored = request.authoredOn or request.date or request.occurrenceDateTime
    return [_part(request, service, status, intent, authored) for service in services or [None]]


def _part(
    whole: DiagnosticOrder | ReferralRequest,
    code: Concept | None,
    status: str | None,
    intent: str | None,
    authored: str | None,
) -> ServiceRequest:
    return ServiceRequest(
        id=whole.id,
        subject=whole.subject or whole.patient,
        contained=whole.contained,
        status=status,
        intent=intent,
        code=code,
        authoredOn=authored,
    )


def _state(status: str | None, intent: str | None) -> tuple[str | None, str | None]:
    """R4's status and intent; DSTU2 says by the status that something is only proposed or planned."""
    word = (status or "").strip().lower()
    return _STATUSES.get(word, status), intent or _INTENTS.get(word, "order")


SUCCESSORS: dict[type[Resource], Callable[[Any], list[Resource]]] = {
    MedicationOrder: _medication_order,
    ProcedureRequest: _procedure_request,
    DiagnosticOrder: _diagnostic_order,
    ReferralRequest: _referral_request,
}
