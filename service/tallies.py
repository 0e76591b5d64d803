"""Counts and durations as plain numbers, which prometheus_client reads when its page is asked for."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from threading import Lock

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

Labels = tuple[str, ...]


class Tally(Collector):
    """A counter by its labels. One lock for all that a request counts, instead of one for each label."""

    def __init__(self, name: str, meaning: str, labels: Labels, registry: CollectorRegistry) -> None:
        self._name, self._meaning, self._labels = name, meaning, labels
        self._counts: dict[Labels, int] = {} if labels else {(): 0}
        self._lock = Lock()
        registry.register(self)

    def add(self, *values: str, count: int = 1) -> None:
        """Counts something under these values of the labels."""
        with self._lock:
            self._counts[values] = self._counts.get(values, 0) + count

    def add_each(self, listed: Iterable[Labels]) -> None:
        """Counts each of those listed."""
        counts = self._counts
        with self._lock:
            for values in listed:
                counts[values] = counts.get(values, 0) + 1

    def collect(self) -> Iterator[CounterMetricFamily]:
        """Yields the counts as they are now."""
        family = CounterMetricFamily(self._name, self._meaning, labels=self._labels)
        with self._lock:
            counts = dict(self._counts)
        for values, count in counts.items():
            family.add_metric(values, count)
        yield family


class Spread(Collector):
    """A histogram of seconds by at most one label. bounds: of the buckets, inclusive. of: values known before."""

    def __init__(
        self,
        name: str,
        meaning: str,
        label: str | None,
        bounds: Sequence[float],
        registry: CollectorRegistry,
        of: Iterable[str] = (),
    ) -> None:
        self._name, self._meaning, self._label = name, meaning, label
        self._bounds = bounds
        self._held: dict[str, list[float]] = {}  # one number for each bucket, one for what is longer, and the sum
        for value in of if label else ("",):
            self._held[value] = [0.0] * (len(bounds) + 2)
        self._lock = Lock()
        registry.register(self)

    def observe(self, seconds: float, value: str = "") -> None:
        """Observes a duration under this value of the label."""
        self.observe_each(((value, seconds),))

    def observe_each(self, listed: Iterable[tuple[str, float]]) -> None:
        """Observes a duration under each of the values."""
        with self._lock:
            for value, seconds in listed:
                held = self._held.get(value)
                if held is None:
                    held = self._held[value] = [0.0] * (len(self._bounds) + 2)
                held[bisect_left(self._bounds, seconds)] += 1
                held[-1] += seconds

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """Yields the buckets as they are now."""
        family = HistogramMetricFamily(self._name, self._meaning, labels=[self._label] if self._label else [])
        with self._lock:
            copied = {value: list(held) for value, held in self._held.items()}
        names = [*(str(float(bound)) for bound in self._bounds), "+Inf"]
        for value, (*counts, total) in copied.items():
            below = [sum(counts[: number + 1]) for number in range(len(counts))]
            family.add_metric([value] if self._label else [], list(zip(names, below, strict=True)), total)
        yield family
