"""Closed references, both ways: what is named exists, and what exists is named."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from service.knowledge.load import Rules
from service.knowledge.schema import AnyOf, Clause, Model, Recommendation
from service.knowledge.strict_yaml import Fault, Path

# value sets that facts.py computes or looks up by name
COMPUTED = {"cramp-text": "free text", "calcium-adjusted": "adjusted calcium", "albumin": "adjusted calcium"}
_OTHER_KINDS = {
    "condition": {"condition"},
    "medication": {"medication"},
    "result": {"result"},
    "procedure": {"procedure", "report"},
    "observation": {"observation", "condition"},
    "encounter": {"condition"},
    "questionnaire": {"condition"},
    "allergy": {"medication"},
}

_NESTED = (list, Model)


def check_references(rules: Rules) -> list[Fault]:
    """Returns a fault for every reference to nothing and for everything that nothing refers to."""
    checker = _checked(rules)
    return checker.faults + list(checker.unused())


def missing_references(rules: Rules) -> list[Fault]:
    """Returns a fault for every reference to nothing: a rule that names what is not there would be silent."""
    return _checked(rules).faults


def _checked(rules: Rules) -> _Checker:
    checker = _Checker(rules)
    for name, recommendation in rules.recommendations.items():
        checker.recommendation(f"recommendations/{name}.yaml", recommendation)
    for number, definition in enumerate(rules.definitions.values()):
        checker.clause("definitions.yaml", ("definitions", number, "when"), definition.when)
    checker.other_files()
    checker.circles()
    return checker


class _Checker:
    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.faults: list[Fault] = []
        self.used: dict[str, set[str]] = defaultdict(set)
        self.orders = {order.key: order for order in rules.orders.orders}

    def fault(self, file: str, path: Path, message: str) -> None:
        self.faults.append(self.rules.fault(file, path, message))

    def name(self, kind: str, name: str, known: Any, file: str, path: Path) -> None:
        """Notes a use; a fault where there is no such thing."""
        self.used[kind].add(name)
        if name not in known:
            self.fault(file, path, f"there is no {kind.removeprefix('another ')} {name}")

    def recommendation(self, file: str, rule: Recommendation) -> None:
        bound = {clause.as_ for clause in _walk(rule.when) if clause.as_}
        self.clause(file, ("when",), rule.when)
        for number, test in enumerate(rule.tests):
            path: Path = ("tests", number)
            self.name("order", test.order, self.orders, file, (*path, "order"))
            inner = bound | ({clause.as_ for clause in _walk(test.if_) if clause.as_} if test.if_ else set())
            for word in ("after", "same_side"):
                for name in getattr(test, word) or ():
                    if name not in inner:
                        self.fault(file, (*path, word), f"no clause of this rule is named {name}")
            for valueset in test.negative or ():
                self.name("value set", valueset, self.rules.valuesets, file, (*path, "negative"))
        for number, offer in enumerate(rule.offers):
            self.name("order", offer.order, self.orders, file, ("offers", number, "order"))
            for name in offer.after or ():
                if name not in bound:
                    self.fault(file, ("offers", number, "after"), f"no clause of this rule is named {name}")
            for valueset in offer.complete or ():
                self.name("value set", valueset, self.rules.valuesets, file, ("offers", number, "complete"))
        for other in rule.replaces:
            self.name("another rule", other, self.rules.recommendations, file, ("replaces",))
        for number, evidence in enumerate(rule.evidence):
            self.name("source", evidence.source, self.rules.sources, file, ("evidence", number, "source"))
        self.beside(file, rule, bound)
        self.sources(file, (), rule)

    def beside(self, file: str, rule: Recommendation, bound: set[str]) -> None:
        """The clauses of tests, offers, lines and variants; what they ask of the trigger must be named there."""
        for where, clause in _clauses_beside(rule):
            self.clause(file, where, clause)
            for here, asked in _located(clause, where):
                if asked.found and asked.found not in bound:
                    self.fault(file, (*here, "found"), f"no clause of the trigger is named {asked.found}")
                for name in (asked.done and asked.done.after) or ():
                    if name not in bound:
                        self.fault(file, (*here, "done", "after"), f"no clause of the trigger is named {name}")

    def sources(self, file: str, path: Path, model: Model | list[Any]) -> None:
        """Every `sources` list anywhere inside a model, or a list of them."""
        named = enumerate(model) if isinstance(model, list) else vars(model).items()
        for name, part in named:
            if isinstance(part, _NESTED):
                here = (*path, name.rstrip("_") if isinstance(name, str) else name)
                if name == "sources" and isinstance(part, list):
                    for source in part:
                        self.name("source", source, self.rules.sources, file, here)
                else:
                    self.sources(file, here, part)

    def clause(self, file: str, path: Path, clause: Clause) -> None:
        for where, inner in _located(clause, path):
            word = inner.word
            terms = getattr(inner, word)
            if word == "definition":
                self.name("definition", terms, self.rules.definitions, file, (*where, word))
            elif word == "done":
                self.name("order", terms.order, self.orders, file, (*where, word, "order"))
            elif word == "rule":
                for rule in (*(terms.any_of or ()), *(terms.except_ or ())):
                    self.name("another rule", rule, self.rules.recommendations, file, (*where, word))
            for attribute in ("in_", "value_in", "reason_not_in", "ended_by"):
                for valueset in getattr(terms, attribute, None) or ():
                    here = (*where, word, attribute.rstrip("_"))
                    self.name("value set", valueset, self.rules.valuesets, file, here)
                    known = self.rules.valuesets.get(valueset)
                    if attribute == "in_" and known is not None and known.kind not in _OTHER_KINDS[word]:
                        self.fault(file, here, f"{valueset} is a value set of {known.kind}, not for {word}")

    def other_files(self) -> None:
        self.order_file()
        self.ruleset_file()
        rules = self.rules
        self.sources("orders.yaml", (), rules.orders)
        self.sources("ruleset.yaml", (), rules.ruleset)
        for number, definition in enumerate(rules.definitions.values()):
            self.sources("definitions.yaml", ("definitions", number), definition)
        for name, written in rules.valuesets.items():
            self.sources(f"valuesets/{name}.yaml", (), written)
            for other in written.refines:
                self.name("value set", other, rules.valuesets, f"valuesets/{name}.yaml", ("refines",))

    def order_file(self) -> None:
        rules = self.rules
        for number, order in enumerate(rules.orders.orders):
            for member in order.complete:
                for valueset in member.any if isinstance(member, AnyOf) else [member]:
                    self.name("value set", valueset, rules.valuesets, "orders.yaml", ("orders", number, "complete"))
            for valueset in order.shows:
                self.name("value set", valueset, rules.valuesets, "orders.yaml", ("orders", number, "shows"))
        for number, panel in enumerate(rules.orders.panels):
            for key in (*panel.covers, *panel.with_, *panel.counts):
                self.name("order", key, self.orders, "orders.yaml", ("panels", number))

    def ruleset_file(self) -> None:
        rules = self.rules
        for number, notable in enumerate(rules.ruleset.notable):
            for valueset in notable.in_:
                self.name("value set", valueset, rules.valuesets, "ruleset.yaml", ("notable", number, "in"))
        for valueset, unit in rules.units.us.items():
            known = rules.valuesets.get(valueset)
            if known is None or unit not in {factor.unit for factor in known.units}:
                self.fault("units.yaml", ("us", valueset), f"{valueset} is no value set that accepts {unit}")
        self.name("definition", rules.ruleset.gate, rules.definitions, "ruleset.yaml", ("gate",))
        for rule in rules.ruleset.order:
            self.name("rule", rule, rules.recommendations, "ruleset.yaml", ("order",))
        for word in ("rules", "own_card"):
            for rule in getattr(rules.ruleset.ordering, word):
                self.name("another rule", rule, rules.recommendations, "ruleset.yaml", ("ordering", word))

    def circles(self) -> None:
        for number, name in enumerate(self.rules.definitions):
            if name in _opened(self.rules, name, set()):
                self.fault("definitions.yaml", ("definitions", number, "when"), f"{name} asks for itself")

    def unused(self) -> Iterator[Fault]:
        rules = self.rules
        for name in rules.recommendations:
            if name not in self.used["rule"]:
                yield rules.fault("ruleset.yaml", ("order",), f"the rule {name} stands nowhere in the order")
        for name in rules.valuesets:
            if name not in self.used["value set"] and name not in COMPUTED:
                yield rules.fault(f"valuesets/{name}.yaml", (), "no rule uses this value set")
        for number, source in enumerate(rules.sources):
            if source not in self.used["source"]:
                yield rules.fault("sources.yaml", ("sources", number), f"nothing cites {source}")
        for number, definition in enumerate(rules.definitions):
            if definition not in self.used["definition"]:
                yield rules.fault("definitions.yaml", ("definitions", number), f"nothing uses {definition}")
        for number, order in enumerate(rules.orders.orders):
            if order.key not in self.used["order"]:
                yield rules.fault("orders.yaml", ("orders", number), f"no rule wants {order.key}")


def _opened(rules: Rules, name: str, seen: set[str]) -> set[str]:
    """Every definition that a definition names, and that those name."""
    for clause in _walk(rules.definitions[name].when):
        if clause.definition in rules.definitions and clause.definition not in seen:
            seen.add(clause.definition)
            _opened(rules, clause.definition, seen)
    return seen


def _walk(clause: Clause) -> Iterator[Clause]:
    for _, inner in _located(clause, ()):
        yield inner


def _located(clause: Clause, path: Path) -> Iterator[tuple[Path, Clause]]:
    yield path, clause
    for word in ("all", "any", "none"):
        for number, inner in enumerate(getattr(clause, word) or ()):
            yield from _located(inner, (*path, word, number))


def _clauses_beside(rule: Recommendation) -> Iterator[tuple[Path, Clause]]:
    """Every clause of a rule outside its trigger."""
    beside: list[tuple[Path, Sequence[Any]]] = [
        ((name,), getattr(rule, name))
        for name in ("tests", "offers", "bedside", "advice", "escalate", "when_satisfied")
    ]
    for path, items in (*beside, (("card", "variants"), rule.card.variants)):
        for number, item in enumerate(items):
            for word in ("if_", "unless", "if_possible"):
                clause = getattr(item, word, None)
                if clause is not None:
                    yield (*path, number, word.rstrip("_")), clause
