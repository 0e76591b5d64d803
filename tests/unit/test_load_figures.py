"""The statistics of the load tests."""

import pytest

from tests.load import figures


def test_a_percentile_is_a_value_that_was_measured() -> None:
    values = [float(value) for value in range(200, 0, -1)]
    assert figures.percentile(values, 50) == 100
    assert figures.percentile(values, 99) == 198
    assert figures.percentile([7.0], 99) == 7.0
    assert figures.percentile([1.0, 2.0], 99) == 2.0


def test_what_was_not_measured_is_left_out_of_the_median() -> None:
    assert figures.middle([3.0, None, 1.0, 2.0]) == 2.0
    assert figures.middle([None]) is None


def test_a_ratio_is_taken_round_by_round() -> None:
    # The second round was slow for both: the ratio stays what it was.
    assert figures.paired_ratio([2.0, 20.0, 2.0], [1.0, 10.0, 1.0]) == 2.0
    assert figures.paired_ratio([2.0, 9.0], [1.0]) == 2.0
    assert figures.paired_ratio([2.0], [None]) is None


def test_a_straight_line_is_found() -> None:
    fixed, each = figures.slope([10, 100, 1000], [3 + 2 * 10, 3 + 2 * 100, 3 + 2 * 1000])
    assert fixed == pytest.approx(3)
    assert each == pytest.approx(2)


@pytest.mark.parametrize(
    ("value", "text"), [(None, "-"), (0, "0"), (0.01234, "0.0123"), (1.5, "1.50"), (23.44, "23.4"), (1234.5, "1234")]
)
def test_numbers_are_shown_with_three_figures(value: float | None, text: str) -> None:
    assert figures.shown(value) == text


def test_a_table_is_padded_markdown() -> None:
    assert figures.table(["a", "n"], [["long", "1"], ["b", "22"]]).splitlines() == [
        "| a    |  n |",
        "|------|---:|",
        "| long |  1 |",
        "| b    | 22 |",
    ]
