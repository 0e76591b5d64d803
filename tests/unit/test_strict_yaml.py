"""YAML as rule files write it: everything is text, nothing is guessed, every fault has its line."""

from contextlib import suppress

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from service.knowledge.schema import Model, Slug
from service.knowledge.strict_yaml import Malformed, read, read_model

WORDS = st.text("abcdefghij ÄÖäß-:#'\"0123456789.\n", max_size=12)
TREES = st.recursive(WORDS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4))


@given(TREES)
def test_what_was_written_is_read(tree: object) -> None:
    assert read(yaml.safe_dump(tree, allow_unicode=True, default_style='"')).tree == tree


@given(st.text(max_size=60) | st.text("-:?[]{}!&*#|>%@`'\" \n\tab", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(Malformed):
        read(text)


@pytest.mark.parametrize(
    "written", ["44054006", "0123", "1e3", "no", "yes", "null", "~", "2026-11-22", "1.10", "0x1F", "12:30"]
)
def test_no_scalar_becomes_anything_but_text(written: str) -> None:
    assert read(f"code: {written}").tree == {"code": written}


@pytest.mark.parametrize(
    ("text", "line", "path", "says"),
    [
        ("a: 1\nb: 2\na: 3", 3, ("a",), "twice"),
        ("a:\n  b: 1\n  b: 2", 3, ("a", "b"), "twice"),
        ("a: &x 1", 1, ("a",), "anchors"),
        ("a:\n  - &x {b: 1}", 2, ("a", 0), "anchors"),
        ("a: *x", 1, ("a",), "aliases"),
        ("- 1\n- *x", 2, (1,), "aliases"),
        ("a: !!int 1", 1, ("a",), "tags"),
        ("a: !!python/object/apply:os.system [id]", 1, ("a",), "tags"),
        ("a: 1\n? [b, c]\n: 2", 2, (), "plain word"),
        ("&x a: 1", 1, (), "plain word"),
        ("a: 1\n---\nb: 2", 2, (), "one document"),
        ("", 1, (), "empty"),
        ("# only a remark\n", 1, (), "empty"),
        ("a: 1\n\tb: 2", 2, (), "not YAML"),
        ("a: [1, 2\n", 2, (), "not YAML"),
        ("a: \x00", 1, (), "not YAML"),
    ],
)
def test_what_is_refused_is_named_with_its_line(text: str, line: int, path: tuple[object, ...], says: str) -> None:
    with pytest.raises(Malformed, match=says) as refused:
        read(text)
    assert (refused.value.line, refused.value.path) == (line, path)


def test_lines_are_known_by_path() -> None:
    document = read("a: 1\nb:\n  - x: 1\n  - x: 2\n    y: 3\n")
    assert document.line(("a",)) == 1
    assert document.line(("b", 1, "y")) == 5
    assert document.line(("b", 1, "z", 4)) == 4  # the nearest that is known
    assert document.line(("c",)) == 1


class Pair(Model):
    left: Slug
    right: int


def test_a_model_is_read_with_its_lines() -> None:
    read_pair = read_model("left: a-word\nright: 3", "x.yaml", Pair)
    assert not isinstance(read_pair, list)
    assert read_pair[0] == Pair(left="a-word", right=3)


def test_every_fault_is_told_at_once_with_file_line_and_path() -> None:
    faults = read_model("left: A Word\nup: 1\nright: three", "x.yaml", Pair)
    assert isinstance(faults, list)
    told = sorted(map(str, faults))
    assert [fault.split(": ")[:2] for fault in told] == [
        ["x.yaml:1", "left"],
        ["x.yaml:2", "up"],
        ["x.yaml:3", "right"],
    ]


def test_a_malformed_text_is_one_fault() -> None:
    faults = read_model("left: a\nleft: b", "x.yaml", Pair)
    assert isinstance(faults, list)
    assert [str(fault) for fault in faults] == ["x.yaml:2: left: this key stands here twice"]
