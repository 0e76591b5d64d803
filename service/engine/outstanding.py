"""What became of an order that a rule wants: done, with its evidence; or outstanding, with what is known of it."""

from __future__ import annotations

from collections.abc import Sequence

from service.engine.case import Case
from service.engine.findings import Done, Wanted
from service.engine.program import CompiledOrder, Program
from service.facts.dates import Day
from service.facts.model import Event

_PLACED_DAYS = 30  # clinical.md B8: an order placed in this many days is not suggested again


def state_of(wanted: CompiledOrder, program: Program, case: Case) -> Done | Wanted:
    """Returns whether an order is done in its window; asked once in an evaluation for all rules that want it so.

    An offer without a window and without a start is always outstanding.
    """
    after = case.latest_start(wanted.after) if wanted.after else None
    legs = _legs(case, wanted.same_side) if wanted.same_side else None
    key = (wanted.order, wanted.within, wanted.is_gating, wanted.negative, wanted.completion.members, after, legs)
    known: Done | Wanted | None = case.orders_known.get(key)
    if known is None:
        known = case.orders_known[key] = _look(wanted, after, legs, program, case)
    return known


def _look(
    wanted: CompiledOrder, after: Day | None, legs: frozenset[str] | None, program: Program, case: Case
) -> Done | Wanted:
    order, within, completion, last = wanted.order, wanted.within, wanted.completion, None
    if not completion.valuesets.isdisjoint(case.present):
        if within is not None or after is not None:
            evidence = completion.evidence(case, within, after=after, legs=legs, negative=wanted.negative)
            if evidence is not None:
                return Done(order, within, tuple(evidence))
        last = completion.last(case, within, after)
    return Wanted(
        order,
        within,
        last,
        _placed(program, case, order) if case.facts.orders else None,
        completion.unusable(case, within) if wanted.is_gating and within is not None and case.facts.unusable else None,
        unchecked=(wanted.is_gating or last is None) and not case.supplied(completion.kind),
    )


def _legs(case: Case, names: Sequence[str]) -> frozenset[str]:
    """The legs that names were found on; empty where none of the facts says which."""
    sides = {fact.side for name in names for fact, _ in case.bound.get(name, ())}
    return frozenset(leg for leg in ("left", "right") if leg in sides or "both" in sides)


def _placed(program: Program, case: Case, key: str) -> Event | None:
    """Returns an order of the same code set that is active or drafted and not older than 30 days."""
    codes = program.placed_as[key]
    members = program.completions[key].members
    alone = frozenset(members[0]) if len(members) == 1 else frozenset[str]()
    for order in case.facts.orders:
        system = program.terms.system(order.system) if order.system else None
        same = (system, order.code) in codes or key in order.values or not alone.isdisjoint(order.valuesets)
        fresh = order.status == "draft" or (order.day is not None and case.within(order.day, _PLACED_DAYS))
        if same and fresh:
            return order
    return None
