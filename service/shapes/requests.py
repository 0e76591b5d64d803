"""Orders of tests and referrals, under the names of every version."""

from __future__ import annotations

from service.shapes.bundles import Owned
from service.shapes.datatypes import Concept, Period, Reference, Shape


class ServiceRequest(Owned, kw_only=True, tag="ServiceRequest"):
    status: str | None = None
    intent: str | None = None
    code: Concept | None = None
    subject: Reference | None = None
    doNotPerform: bool | None = None
    authoredOn: str | None = None
    occurrenceDateTime: str | None = None
    occurrencePeriod: Period | None = None
    patient: Reference | None = None


class ProcedureRequest(Owned, kw_only=True, tag="ProcedureRequest"):
    """The ServiceRequest of STU3 and, under other names, of DSTU2."""

    status: str | None = None
    intent: str | None = None
    code: Concept | None = None
    subject: Reference | None = None
    doNotPerform: bool | None = None
    authoredOn: str | None = None
    orderedOn: str | None = None
    occurrenceDateTime: str | None = None
    occurrencePeriod: Period | None = None
    scheduledDateTime: str | None = None
    scheduledPeriod: Period | None = None
    patient: Reference | None = None


class OrderedItem(Shape):
    """One test of a DiagnosticOrder."""

    code: Concept | None = None
    status: str | None = None


class OrderEvent(Shape):
    """What happened to a DiagnosticOrder, and when."""

    status: str | None = None
    dateTime: str | None = None


class DiagnosticOrder(Owned, kw_only=True, tag="DiagnosticOrder"):
    """DSTU2's order of one or more tests."""

    status: str | None = None
    item: list[OrderedItem] | None = None
    event: list[OrderEvent] | None = None
    subject: Reference | None = None
    patient: Reference | None = None


class ReferralRequest(Owned, kw_only=True, tag="ReferralRequest"):
    """The order of one or more services by referral, in DSTU2 and STU3."""

    status: str | None = None
    intent: str | None = None
    serviceRequested: list[Concept] | Concept | None = None
    authoredOn: str | None = None
    date: str | None = None
    occurrenceDateTime: str | None = None
    subject: Reference | None = None
    patient: Reference | None = None
