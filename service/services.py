"""The CDS services that are offered: one hook each, and how each opens its gate."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Service:
    """One CDS service. complaint_given: it takes the leg cramps as given instead of looking for them in the chart."""

    id: str
    hook: str
    title: str
    description: str
    usage: str
    complaint_given: bool = False


SERVICES: dict[str, Service] = {
    service.id: service
    for service in (
        Service(
            id="nocturnal-leg-cramps",
            hook="patient-view",
            title="Nocturnal leg cramps: workup",
            description=(
                "For an adult whose chart shows nocturnal leg cramps: what may lie behind them, which tests are due "
                "and which are done, with draft orders. Without leg cramps in the chart it says nothing."
            ),
            usage=(
                "For licensed professionals. Needs Patient and Condition; without the other data it says what it could "
                "not check."
            ),
        ),
        Service(
            id="nocturnal-leg-cramps-on-demand",
            hook="patient-view",
            title="Nocturnal leg cramps: workup on demand",
            description=(
                "The same for a patient who complains of nocturnal leg cramps, whether the chart shows them or not. "
                "To be launched deliberately by the clinician."
            ),
            usage="For licensed professionals, launched on purpose. Needs Patient and Condition.",
            complaint_given=True,
        ),
    )
}
