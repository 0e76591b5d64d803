"""The word lists of rules/text.yaml against sentences as they stand in charts."""

from pathlib import Path

import pytest

from service.knowledge import strict_yaml
from service.knowledge.phrases import Phrases, tokens
from service.terms.story import Story

TEXT = Path(__file__).parents[2] / "rules" / "text.yaml"


@pytest.fixture(scope="module")
def phrases() -> Phrases:
    return Phrases.model_validate(strict_yaml.read(TEXT.read_text("utf-8")).tree)


@pytest.mark.parametrize(
    "text",
    [
        "Leg cramps",
        "calf cramps",
        "Charley horse, recurrent",
        "Recurrent leg cramps, both sides",
        "Nocturnal leg cramps since May",
        "Wakes at night with painful cramps in both calves",
        "Cramping in the left foot in bed",
        "Muscle spasm in the thigh when resting",
        "Wadenkrampf",
        "Crampi",
        "Nächtliche Wadenkrämpfe",
        "Wadenkrämpfe, v. a. nachts",
    ],
)
def test_tells_of_leg_cramps(text: str, phrases: Phrases) -> None:
    assert Story(phrases).tells(tokens(text))


@pytest.mark.parametrize(
    "text",
    [
        "No leg cramps",
        "Leg cramps: nil",
        "Leg cramps resolved",
        "Denies nocturnal leg cramps",
        "History of leg cramps",
        "Mother has leg cramps at night",
        "FH: night cramps",
        "If leg cramps occur at night, stretch the calf",
        "Writer's cramp at night",
        "Hand cramps at night",
        "Menstrual cramps, worse at night in bed",
        "Abdominal cramps at night",
        "Back spasm at night",
        "Neck muscle spasm at rest",
        "Restless legs at night",
        "Leg pain at night",
        "Knee pain and intermittent leg cramps when walking uphill",
        "Keine Wadenkrämpfe nachts",
    ],
)
def test_does_not_tell_of_leg_cramps(text: str, phrases: Phrases) -> None:
    assert not Story(phrases).tells(tokens(text))


def test_no_list_holds_a_phrase_twice(phrases: Phrases) -> None:
    for name, listed in phrases:
        if isinstance(listed, list):
            spelled = [tokens(phrase) for phrase in listed if isinstance(phrase, str)]
            assert len(spelled) == len(set(spelled)), name
            assert all(spelled), name
