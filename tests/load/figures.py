"""Medians, percentiles and ratios of what was measured."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from statistics import median


def middle(values: Iterable[float | None]) -> float | None:
    """Returns the median of the values that there are, None where there is none."""
    known = [value for value in values if value is not None]
    return median(known) if known else None


def percentile(values: Sequence[float], percent: float) -> float:
    """Returns the smallest value that at least so many percent of the values do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def ratio(ours: float | None, theirs: float | None) -> float | None:
    """Returns how many times theirs ours is, None where one of them is not known or theirs is nothing."""
    return ours / theirs if ours is not None and theirs else None


def paired_ratio(ours: Sequence[float | None], theirs: Sequence[float | None]) -> float | None:
    """Returns the median of the ratios round by round: what slows a whole round down slows both."""
    return middle(ratio(one, other) for one, other in zip(ours, theirs, strict=False))


def slope(sizes: Sequence[float], costs: Sequence[float]) -> tuple[float, float]:
    """Returns the cost that does not depend on the size, and that of one more, by least squares of relative errors."""
    weights = [1 / cost**2 for cost in costs]
    total = sum(weights)
    mean_size = sum(w * s for w, s in zip(weights, sizes, strict=True)) / total
    mean_cost = sum(w * c for w, c in zip(weights, costs, strict=True)) / total
    spread = sum(w * (s - mean_size) ** 2 for w, s in zip(weights, sizes, strict=True))
    each = (
        sum(w * (s - mean_size) * (c - mean_cost) for w, s, c in zip(weights, sizes, costs, strict=True)) / spread
        if spread
        else 0.0
    )
    return mean_cost - each * mean_size, each


def shown(value: float | None) -> str:
    """Returns a number with three significant figures, a dash for none."""
    if value is None:
        return "-"
    if value == 0:
        return "0"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:.{digits}f}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Returns a Markdown table, padded so that it reads as text too; all columns but the first to the right."""
    listed = [list(head), *map(list, rows)]
    widths = [max(len(row[column]) for row in listed) for column in range(len(head))]
    lines = [_line(row, widths) for row in listed]
    rule = "|".join("-" * (width + 1) + ("-" if number == 0 else ":") for number, width in enumerate(widths))
    return "\n".join([lines[0], f"|{rule}|", *lines[1:]])


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = [
        cell.ljust(width) if number == 0 else cell.rjust(width)
        for number, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]
    return "| " + " | ".join(cells) + " |"
