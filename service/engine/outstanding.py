"""What became of an order that a rule wants: done, with its evidence; or outstanding, with what is known of it."""

from __future__ import annotations

from collections.abc import Sequence

from service.engine.case import Case
from service.engine.findings import Done, Wanted
from service.engine.program import CompiledOffer, CompiledTest, Program
from service.facts.model import Event

_PLACED_DAYS = 30  # clinical.md B8: an order placed in this many days is not suggested again


def state_of_test(test: CompiledTest, program: Program, case: Case) -> Done | Wanted:
    """Returns whether a gating test is done in its window; asked once in an evaluation for all rules with that test."""
    after = case.latest_start(test.after) if test.after else None
    legs = _legs(case, test.same_side) if test.same_side else None
    key = (test.order, test.within, test.negative, after, legs)
    known: Done | Wanted | None = case.orders_known.get(key)
    if known is None:
        completion, last = test.completion, None
        if not completion.valuesets.isdisjoint(case.present):
            evidence = completion.evidence(case, test.within, after=after, legs=legs, negative=test.negative)
            if evidence is not None:
                known = case.orders_known[key] = Done(test.order, test.within, tuple(evidence))
                return known
            last = completion.last(case, test.within, after)
        known = case.orders_known[key] = Wanted(
            test.order,
            test.within,
            last,
            _placed(program, case, test.order) if case.facts.orders else None,
            completion.unusable(case, test.within) if case.facts.unusable else None,
            unchecked=not case.supplied(completion.kind),
        )
    return known


def state_of_offer(offer: CompiledOffer, program: Program, case: Case) -> Done | Wanted:
    """Returns whether an offer is done that has a window or a start; one without either is always outstanding."""
    after = case.latest_start(offer.after) if offer.after else None
    key = (offer.order, offer.within, offer.completion.members, after)
    known: Done | Wanted | None = case.orders_known.get(key)
    if known is None:
        completion, last = offer.completion, None
        if not completion.valuesets.isdisjoint(case.present):
            counts = offer.within is not None or after is not None
            evidence = completion.evidence(case, offer.within, after=after) if counts else None
            if evidence is not None:
                known = case.orders_known[key] = Done(offer.order, offer.within, tuple(evidence))
                return known
            last = completion.last(case, offer.within, after)
        known = case.orders_known[key] = Wanted(
            offer.order,
            offer.within,
            last,
            _placed(program, case, offer.order) if case.facts.orders else None,
            unchecked=last is None and not case.supplied(completion.kind),
        )
    return known


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
