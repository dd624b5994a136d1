"""What processes count, as Prometheus reads it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from server.delays import BOUNDS
from server.meter import Counts, Delay

CONTENT_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4

_PREFIX: Final = "tornado_im_"

_COUNTERS: Final = {
    "messages": "Messages stored.",
    "conflicts": "Writes that the index refused, because another process was faster.",
    "errors": "Answers 5xx and frames 50000 and 50300.",
    "limited": "Answers that something was done too often.",
    "uploads": "Uploads taken.",
    "cpu": "Seconds of the processor.",
}
_GAUGES: Final = {
    "people": "People with a socket here.",
    "sockets": "Sockets.",
    "pending": "Messages that wait for the store.",
    "memory": "Bytes in memory.",
    "bus": "1 while what other processes say is sure to be heard.",
}
_HISTOGRAMS: Final = {
    "acks": ("ack_seconds", "From the moment that a message was taken until it was stored."),
    "lags": ("loop_lag_seconds", "How late the loop came back to a sleep of a quarter second."),
}
_UNITS: Final = {"cpu": "cpu_seconds", "memory": "memory_bytes", "bus": "bus_up"}


class _Workers(Collector):
    def __init__(self, workers: Sequence[Counts]) -> None:
        self._workers = workers

    def collect(self) -> Iterator[Metric]:
        for field, about in _COUNTERS.items():
            counter = CounterMetricFamily(_name(field), about, labels=["worker"])
            for one in self._workers:
                counter.add_metric([str(one.worker)], getattr(one, field))
            yield counter
        for field, about in _GAUGES.items():
            gauge = GaugeMetricFamily(_name(field), about, labels=["worker"])
            for one in self._workers:
                gauge.add_metric([str(one.worker)], getattr(one, field))
            yield gauge
        for field, (name, about) in _HISTOGRAMS.items():
            histogram = HistogramMetricFamily(_PREFIX + name, about, labels=["worker"])
            for one in self._workers:
                delay: Delay = getattr(one, field)
                histogram.add_metric([str(one.worker)], _buckets(delay), delay.seconds)
            yield histogram
        up = GaugeMetricFamily(
            f"{_PREFIX}store_up", "1 while the store answers.", labels=["worker", "store"]
        )
        for one in self._workers:
            for store, state in one.stores.items():
                up.add_metric([str(one.worker), store], float(state == "up"))
        yield up


def exposition(workers: Sequence[Counts]) -> bytes:
    """The text of all workers of one parent."""
    registry = CollectorRegistry()
    registry.register(_Workers(workers))
    return generate_latest(registry)


def _name(field: str) -> str:
    return _PREFIX + _UNITS.get(field, field)


def _buckets(delay: Delay) -> list[tuple[str, float]]:
    bounds = [*(str(bound) for bound in BOUNDS), "+Inf"]
    return list(zip(bounds, accumulate(delay.counts), strict=True))
