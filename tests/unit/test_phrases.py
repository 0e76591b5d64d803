"""Free text as tokens, and phrases found in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.knowledge.phrases import Phrase, PhraseIndex, tokens

WORDS = st.lists(st.sampled_from(["leg", "cramp", "cramps", "at", "night", "no"]), max_size=8).map(tuple)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Leg cramps, at NIGHT!", ("leg", "cramps", "at", "night")),
        ("Nächtliche Wadenkrämpfe", ("nachtliche", "wadenkrampfe")),
        ("Fußkrampf", ("fusskrampf",)),
        ("v. a. nachts", ("v", "a", "nachts")),
        ("HbA1c 7.1 %", ("hba1c", "7", "1")),
        ("", ()),
        ("—", ()),
        ("夜間こむら返り", ()),
    ],
)
def test_tokens(text: str, words: Phrase) -> None:
    assert tokens(text) == words


@pytest.mark.parametrize(
    ("text", "breaks"),
    [
        ("leg cramps at night", {}),
        ("leg cramps, denied", {2: ","}),
        ("leg cramps (denied)", {2: ","}),
        ("leg cramps - denied", {2: ","}),
        ("post-partum leg-cramps: denied", {}),
        ("Leg cramps. Denied; none\nnow", {2: ".", 3: ";", 4: ";"}),
        ("Leg cramps., denied", {2: ","}),
        ("HbA1c 7.1 today", {}),
        ("? DVT", {}),
        ("DVT? No", {1: ";"}),
    ],
)
def test_marks_between_words_are_kept(text: str, breaks: dict[int, str]) -> None:
    assert tokens(text).breaks == breaks


@pytest.mark.parametrize(
    ("text", "doubted"),
    [
        ("?DVT", True),
        ("DVT?", True),
        ("? DVT", True),
        ("DVT (?)", True),
        ("DVT", False),
        ("Diab?tes", False),
        ("", False),
    ],
)
def test_a_question_mark_beside_a_word_is_a_doubt(text: str, doubted: bool) -> None:
    assert tokens(text).doubted is doubted


@given(st.text(max_size=60))
def test_tokens_are_plain_and_stay_as_they_are(text: str) -> None:
    words = tokens(text)
    assert all(word.isascii() and word.isalnum() and word == word.lower() for word in words)
    assert tokens(" ".join(words)) == words


@given(WORDS, st.lists(WORDS, max_size=5))
def test_a_phrase_is_found_exactly_where_it_stands(words: Phrase, phrases: list[Phrase]) -> None:
    index = PhraseIndex((phrase, number) for number, phrase in enumerate(phrases))
    expected = {
        (start, start + len(phrase), number)
        for number, phrase in enumerate(phrases)
        for start in range(len(words))
        if phrase and words[start : start + len(phrase)] == phrase
    }
    assert set(index.find(words)) == expected
    assert index.holds(words) == bool(expected)


def test_the_longest_phrase_comes_first() -> None:
    index = PhraseIndex([(("leg",), "leg"), (("leg", "cramps", "at", "night"), "all"), (("leg", "cramps"), "two")])
    assert [name for _, _, name in index.find(tokens("leg cramps at night"))] == ["all", "two", "leg"]


def test_a_phrase_is_whole_words() -> None:
    assert not PhraseIndex([(("leg",), True)]).holds(tokens("legs allege"))
