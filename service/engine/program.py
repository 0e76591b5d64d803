"""The rule set compiled: everything that can be worked out before a patient comes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from service.engine.answers import Truth
from service.engine.clauses import Clauses
from service.engine.completion import Completion, completion_of
from service.engine.findings import Finding
from service.engine.reach import Reach, kinds, touching, walk
from service.engine.standing import Guard, Standing
from service.engine.words import Ask
from service.knowledge.load import Rules, RulesInvalid, load_rules
from service.knowledge.overlay import with_overlay
from service.knowledge.references import missing_references
from service.knowledge.schema import Clause, Escalation, Line, Model, Offer, Order, Recommendation, Test, Variant
from service.knowledge.site import with_site
from service.terms import Terms, compile_terms

# word beside a part of a rule → the answers to its clause that let the part stand
_ACCEPTED = {"if_": (Truth.YES,), "unless": (Truth.NO,), "if_possible": (Truth.YES, Truth.UNKNOWN)}
_ACCEPTED_OF_TEST = {**_ACCEPTED, "if_": (Truth.YES, Truth.UNKNOWN)}  # an unknown `if` keeps a gating test


@dataclass(frozen=True, slots=True)
class CompiledOrder:
    """An order that a rule wants, flat: a gating test, which has a window, or an offer, which need not."""

    order: str
    within: int | None
    after: Sequence[str] | None
    completion: Completion
    is_gating: bool = False
    same_side: Sequence[str] | None = None
    negative: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A recommendation ready to be evaluated; of what is asked of every rule, nothing is looked up in its text.

    touched_by: in a case that touches none of these its trigger is no. reads: the kinds of data that anything in it
    reads, tests, offers and lines included.
    """

    recommendation: Recommendation
    id: str
    is_active: bool
    for_adults: bool
    gated: bool
    when: Ask
    tests: Standing[CompiledOrder]
    offers: Standing[CompiledOrder]
    escalations: tuple[tuple[Escalation, Ask], ...]
    bedside: Standing[str]
    advice: Standing[str]
    when_satisfied: Standing[str]
    variants: Standing[str]
    touched_by: frozenset[str]
    reads: frozenset[str]
    silent: Finding  # what it says where it says nothing


@dataclass(frozen=True, slots=True)
class Program:
    """A compiled rule set. `first` is evaluated before `second`, whose triggers ask about the outcomes of the first.

    silent: rule id → what it says where it says nothing, in the rule set's order. place: rule id → its place there.
    """

    rules: Rules
    terms: Terms
    gate: Ask
    first: tuple[CompiledRule, ...]
    second: tuple[CompiledRule, ...]
    orders: dict[str, Order]
    completions: dict[str, Completion]
    placed_as: dict[str, frozenset[tuple[str, str]]]
    definitions: dict[str, Ask]
    clauses: Clauses
    silent: dict[str, Finding] = field(init=False)
    place: dict[str, int] = field(init=False)
    reach_of_first: Reach = field(init=False)
    reach_of_second: Reach = field(init=False)

    def __post_init__(self) -> None:
        silent = {rule.id: rule.silent for rule in self.all}
        listed = {name: silent[name] for name in self.rules.ruleset.order if name in silent}
        object.__setattr__(self, "silent", listed)
        object.__setattr__(self, "place", {name: number for number, name in enumerate(listed)})
        object.__setattr__(self, "reach_of_first", Reach([rule.touched_by for rule in self.first]))
        object.__setattr__(self, "reach_of_second", Reach([rule.touched_by for rule in self.second]))

    @property
    def all(self) -> tuple[CompiledRule, ...]:
        """Every rule that is evaluated, in the order of evaluation."""
        return self.first + self.second

    @property
    def at_orders(self) -> tuple[CompiledRule, ...]:
        """The rules that may speak of orders: trigger or escalation looks at drafts, or `ordering` names them."""
        named = self.rules.ruleset.ordering.rules
        return tuple(rule for rule in self.all if rule.id in named or self._looks_at_drafts(rule.recommendation))

    def _looks_at_drafts(self, rule: Recommendation) -> bool:
        asked = (rule.when, *(escalation.if_ for escalation in rule.escalate))
        clauses = (clause for own in asked for clause in walk(own, self.rules.definitions))
        return any(clause.medication is not None and clause.medication.status != "current" for clause in clauses)

    @property
    def gate_kinds(self) -> frozenset[str]:
        """The kinds of data that the gate reads."""
        return kinds(self.rules.definitions[self.rules.ruleset.gate].when, self.rules.definitions)

    @property
    def version(self) -> str:
        """The rule set's version."""
        return self.rules.ruleset.version

    @property
    def digest(self) -> str:
        """What identifies the exact rule files."""
        return self.rules.digest


def load_program(folder: Path, overlay: Path | None = None, site: Path | None = None) -> Program:
    """Loads and compiles the rules of a folder, with a site's codes and decisions. Raises RulesInvalid."""
    rules = load_rules(folder)
    if overlay is not None:
        rules = with_overlay(rules, overlay)
    if faults := missing_references(rules):
        raise RulesInvalid(faults)
    return compile_program(rules if site is None else with_site(rules, site))


def compile_program(rules: Rules) -> Program:
    """Compiles loaded rules, of which missing_references names nothing."""
    terms = compile_terms(rules)
    orders = {order.key: order for order in rules.orders.orders}
    completions = {key: completion_of(order, terms.kinds) for key, order in orders.items()}
    clauses = Clauses(rules.definitions, completions)
    compiled = [
        _compile(recommendation, clauses, completions, rules)
        for recommendation in (rules.recommendations[rule] for rule in rules.ruleset.order)
        if recommendation.status != "retired"
    ]
    asks_rules = {
        rule.id for rule in compiled if any(clause.rule for clause in walk(rule.recommendation.when, rules.definitions))
    }
    return Program(
        rules=rules,
        terms=terms,
        gate=clauses.compile(rules.definitions[rules.ruleset.gate].when),
        first=tuple(rule for rule in compiled if rule.id not in asks_rules),
        second=tuple(rule for rule in compiled if rule.id in asks_rules),
        orders=orders,
        completions=completions,
        definitions={name: clauses.compile(definition.when) for name, definition in rules.definitions.items()},
        clauses=clauses,
        placed_as={
            key: frozenset(
                (code.system, code.code) for code in (*order.placed_as, *([order.code] if order.code else []))
            )
            for key, order in orders.items()
        },
    )


def recompile(program: Program, recommendation: Recommendation) -> CompiledRule:
    """Compiles one recommendation against a program's value sets, orders and definitions."""
    return _compile(recommendation, program.clauses, program.completions, program.rules)


def _compile(
    recommendation: Recommendation, clauses: Clauses, completions: dict[str, Completion], rules: Rules
) -> CompiledRule:
    def guards(written: Test | Offer | Line | Variant) -> list[Guard]:
        accepted = _ACCEPTED_OF_TEST if isinstance(written, Test) else _ACCEPTED
        return [
            Guard(clauses.compile(clause), accepted[word], touching(clause, rules.definitions))
            for word, clause in _clauses_beside(written)
        ]

    def lines(written: list[Line]) -> Standing[str]:
        return Standing([(line.text, guards(line)) for line in written])

    def test(written: Test) -> CompiledOrder:
        negative = frozenset(written.negative or ())
        completion, same_side = completions[written.order], written.same_side
        return CompiledOrder(written.order, written.within, written.after, completion, True, same_side, negative)

    def offer(written: Offer) -> CompiledOrder:
        return CompiledOrder(written.order, written.within, written.after, _completion(written, completions))

    return CompiledRule(
        recommendation=recommendation,
        id=recommendation.id,
        is_active=recommendation.status == "active",
        for_adults=recommendation.population == "adults",
        gated=recommendation.gate == "required",
        when=clauses.compile(recommendation.when),
        tests=Standing([(test(written), guards(written)) for written in recommendation.tests]),
        offers=Standing([(offer(written), guards(written)) for written in recommendation.offers]),
        escalations=tuple((escalation, clauses.compile(escalation.if_)) for escalation in recommendation.escalate),
        bedside=lines(recommendation.bedside),
        advice=lines(recommendation.advice),
        when_satisfied=lines(recommendation.when_satisfied),
        variants=Standing([(variant.summary, guards(variant)) for variant in recommendation.card.variants]),
        touched_by=touching(recommendation.when, rules.definitions),
        reads=_reads(recommendation, completions, rules),
        silent=Finding(recommendation, "silent", recommendation.indicator, recommendation.card.summary),
    )


def _reads(rule: Recommendation, completions: dict[str, Completion], rules: Rules) -> frozenset[str]:
    """The kinds of data that anything in a rule reads."""
    ordered = [completions[test.order].kind for test in rule.tests]
    ordered += [completions[offer.order].kind for offer in rule.offers]
    asked = [inner for own in clauses_of(rule) for inner in walk(own, rules.definitions)]
    done = [completions[inner.done.order].kind for inner in asked if inner.done]
    said = [kind for inner in asked for kind in inner.supplied or ()]
    return frozenset((*ordered, *done, *said)).union(*(kinds(own, rules.definitions) for own in clauses_of(rule)))


def _completion(offer: Offer, completions: dict[str, Completion]) -> Completion:
    usual = completions[offer.order]
    return usual if offer.complete is None else Completion(tuple((name,) for name in offer.complete), usual.kind)


def clauses_of(rule: Recommendation) -> Iterator[Clause]:
    """Yields the trigger of a rule and every clause beside it: of tests, offers, escalations, lines and variants."""
    yield rule.when
    beside = (
        rule.tests,
        rule.offers,
        rule.escalate,
        rule.bedside,
        rule.advice,
        rule.when_satisfied,
        rule.card.variants,
    )
    for item in chain.from_iterable(beside):
        yield from (clause for _, clause in _clauses_beside(item))


def _clauses_beside(written: Model) -> Iterator[tuple[str, Clause]]:
    """Yields the clauses beside a part of a rule, each with the word that it stands behind."""
    for word in _ACCEPTED:
        clause: Clause | None = getattr(written, word, None)
        if clause is not None:
            yield word, clause
