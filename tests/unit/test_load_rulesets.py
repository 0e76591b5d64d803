"""The rule sets that the load tests generate are ones that the service starts with."""

from pathlib import Path

from service.engine import load_program
from tests.load import rulesets


def test_few_rules_are_seventeen_of_those_published(tmp_path: Path) -> None:
    program = load_program(rulesets.few(tmp_path / "few"))
    assert len(program.all) == 17
    assert set(rulesets.SPEAKING) < {rule.id for rule in program.all} < set(rulesets.order_of(rulesets.RULES))


def test_every_rule_stands_ten_times_among_the_copies(tmp_path: Path) -> None:
    published = rulesets.order_of(rulesets.RULES)
    program = load_program(rulesets.copies(tmp_path / "copies", "draft"))
    assert len(program.all) == 10 * len(published)
    assert [rule.id for rule in program.all if rule.recommendation.status == "active"]
    assert sum(rule.recommendation.status == "draft" for rule in program.all) >= 9 * len(published)
