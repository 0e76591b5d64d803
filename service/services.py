"""The CDS services that are offered: one hook each, what opens the gate, and which rules speak (clinical.md D)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ContextField = Literal["encounterId", "conditions", "draftOrders", "selections"]


@dataclass(frozen=True, slots=True)
class Service:
    """One CDS service.

    gate: what opens it: leg cramps in the chart, the complaint taken as given, or a problem that was just added.
    context: what the hook must bring besides user and patient. orders_only: only the rules speak whose trigger, or
    what raises it, rests on an order of the context, and those that ruleset.yaml names in `ordering`.
    """

    id: str
    hook: str
    title: str
    description: str
    usage: str
    gate: Literal["chart", "given", "new-problem"] = "chart"
    context: tuple[ContextField, ...] = ()
    orders_only: bool = False


_DATA = "Needs Patient and Condition; without the other data it says what it could not check."

SERVICES: dict[str, Service] = {
    service.id: service
    for service in (
        Service(
            id="nocturnal-leg-cramps",
            hook="patient-view",
            title="Nocturnal leg cramps: workup",
            description=(
                "For an adult whose chart shows nocturnal leg cramps: what may lie behind them, which tests are due "
                "and which are done, with draft orders. Without leg cramps in the chart it speaks of quinine alone."
            ),
            usage=f"For licensed professionals. {_DATA}",
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
            gate="given",
        ),
        Service(
            id="nocturnal-leg-cramps-problem",
            hook="problem-list-item-create",
            title="Nocturnal leg cramps: workup of a new problem",
            description=(
                "When nocturnal leg cramps are added to the problem list: what may lie behind them, which tests are "
                "due and which are done, with draft orders. On any other new problem it speaks of quinine alone."
            ),
            usage=f"For licensed professionals. {_DATA}",
            gate="new-problem",
            context=("conditions",),
        ),
        Service(
            id="nocturnal-leg-cramps-encounter",
            hook="encounter-start",
            title="Nocturnal leg cramps: workup for a visit",
            description=(
                "When a visit starts of an adult whose chart shows nocturnal leg cramps: which tests are due before "
                "it, with draft orders for this encounter. Without leg cramps in the chart it speaks of quinine alone."
            ),
            usage=f"For licensed professionals, nurses who prepare a visit among them. {_DATA}",
            context=("encounterId",),
        ),
        Service(
            id="nocturnal-leg-cramps-order-select",
            hook="order-select",
            title="Nocturnal leg cramps: medicine being chosen",
            description=(
                "When a medicine is selected that matters for leg cramps on record, such as a diuretic, a laxative or "
                "lithium: what to know and test. At any order it also speaks of magnesium with failing kidneys, of low "
                "potassium or magnesium beside a drug that prolongs the QT interval, and, without cramps on record "
                "too, of quinine."
            ),
            usage=f"For those who prescribe. {_DATA}",
            context=("draftOrders", "selections"),
            orders_only=True,
        ),
        Service(
            id="nocturnal-leg-cramps-order-sign",
            hook="order-sign",
            title="Nocturnal leg cramps: medicine being signed",
            description=(
                "The same for the orders that are about to be signed: a last check. Worth an interruption only where a "
                "card is critical."
            ),
            usage=f"For those who prescribe. {_DATA}",
            context=("draftOrders",),
            orders_only=True,
        ),
    )
}
