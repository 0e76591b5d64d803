"""rules/README.md says every word of the vocabulary, and its examples are sound."""

import re
from pathlib import Path
from textwrap import dedent

import pytest

from service.knowledge import schema, strict_yaml, vignettes
from service.knowledge.schema import Clause, Model, Recommendation
from service.knowledge.site import Site

TEXT = (Path(__file__).parents[2] / "rules" / "README.md").read_text("utf-8")
BLOCKS = [dedent(block) for block in re.findall(r"^ *```yaml\n(.*?)^ *```", TEXT, re.DOTALL | re.MULTILINE)]
PROSE = re.sub(r"^ *```.*?^ *```", "", TEXT, flags=re.DOTALL | re.MULTILINE)
SECTION = PROSE.partition("## What the words mean")[2].partition("## Semantics")[0]
CODE = re.findall(r"`([^`]+)`", SECTION)
WORDS = sorted({name.rstrip("_") for name in Clause.model_fields})
EXAMPLES = [code for code in CODE if re.match(rf"({'|'.join(WORDS)}): ", code) and "…" not in code]

SHOWN = [
    Clause, schema.ConditionTerms, schema.MedicationTerms, schema.ResultTerms, schema.ObservationTerms,
    schema.QuestionnaireTerms, schema.RuleTerms, schema.DoneTerms, schema.Latest, schema.Age, schema.Test,
    schema.Offer, schema.Line, schema.CardText, Recommendation, schema.Evidence, schema.Review, schema.ValueSet,
    schema.AllergyTerms, schema.Escalation, schema.Variant, schema.Order, schema.Panel, schema.Notable, schema.Flagged,
    vignettes.Expectation, Site,
]  # fmt: skip


@pytest.mark.parametrize("shape", SHOWN, ids=lambda shape: shape.__name__)
def test_every_word_is_described(shape: type[Model]) -> None:
    said = set(re.findall(r"[a-z_]+", " ".join([*re.findall(r"`([^`]+)`", PROSE), *BLOCKS])))
    names = {(field.alias or name) for name, field in shape.model_fields.items()}
    assert names - said == set()


def test_the_example_rule_is_sound() -> None:
    read = strict_yaml.read_model(BLOCKS[0], "README.md", Recommendation)
    assert not isinstance(read, list), [str(fault) for fault in read]


def test_the_example_vignette_is_sound() -> None:
    inner = BLOCKS[1].replace("\n", "\n  ")
    read = strict_yaml.read_model(f"rule: diabetes\nvignettes:\n  {inner}", "README.md", vignettes.Vignettes)
    assert not isinstance(read, list), [str(fault) for fault in read]


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_clause_is_sound(example: str) -> None:
    wrapped = example if example.startswith(("as:", "why:", "sources:")) else f"{example}\nwhy: judgement"
    if wrapped is example:
        wrapped = f"{example}\nsex: female"
    read = strict_yaml.read_model(wrapped, "README.md", Clause)
    assert not isinstance(read, list), [str(fault) for fault in read]


def test_there_are_examples_of_every_word_that_asks() -> None:
    shown = {example.partition(":")[0] for example in EXAMPLES}
    assert set(WORDS) - shown <= {"any", "why"}  # shown with an ellipsis
