"""Load: Locust's own statistics, for its web UI and summary, at a fraction of their usual cost.

Locust's `request` event costs about as much as our whole request. What it would log is gathered and
added in one go, twice a second; where somebody else listens to the event, it is fired for each request.
"""

import time

import numpy as np
from locust.env import Environment
from locust.stats import StatsEntry, bucket_response_time

from kubedrill.load.user.result import Series
from kubedrill.record.clock import MILLISECOND
from kubedrill.record.sample import outcome_name


class LocustStatistics:
    """Gathers requests by series until `flush`."""

    def __init__(self, environment: Environment, series: tuple[Series, ...]) -> None:
        self._stats = environment.stats
        self._request = environment.events.request
        self._series = series
        self._latencies: list[list[int]] = [[] for _ in series]
        self._bytes = [0] * len(series)
        self._failures: list[tuple[int, int]] = []
        # The first listener is Locust's runner, which logs to the same statistics.
        self._listened = len(self._request._handlers) > 1  # noqa: SLF001

    def add(self, series: int, latency: int, size: int, outcome: int) -> None:
        """Add one request: index of its series, ns from the intended start, bytes, outcome."""
        if self._listened:
            self._fire(self._series[series], latency, size, outcome)
            return
        self._latencies[series].append(latency)
        self._bytes[series] += size
        if not 200 <= outcome < 300:
            self._failures.append((series, outcome))

    def flush(self) -> None:
        """Hand what was gathered to Locust."""
        for index, series in enumerate(self._series):
            if self._latencies[index]:
                gathered = self._gather(index)
                self._stats.entries[(series.name, series.verb)].extend(gathered)
                self._stats.total.extend(gathered)
        failures, self._failures = self._failures, []
        for index, outcome in failures:
            series = self._series[index]
            self._stats.log_error(series.verb, series.name, outcome_name(outcome))

    def _gather(self, index: int) -> StatsEntry:
        series, moment = self._series[index], time.time()
        latencies = np.array(self._latencies[index]) / MILLISECOND
        entry = StatsEntry(self._stats, series.name, series.verb)
        entry.last_request_timestamp = moment
        entry.num_requests = len(latencies)
        entry.num_reqs_per_sec[int(moment)] = len(latencies)
        entry.total_response_time = round(latencies.sum())
        entry.min_response_time = round(latencies.min())
        entry.max_response_time = round(latencies.max())
        entry.total_content_length = self._bytes[index]
        rounded, counts = np.unique(np.rint(latencies).astype(np.int64), return_counts=True)
        for value, count in zip(rounded.tolist(), counts.tolist(), strict=True):
            entry.response_times[bucket_response_time(value)] += count
        self._latencies[index] = []
        self._bytes[index] = 0
        return entry

    def _fire(self, series: Series, latency: int, size: int, outcome: int) -> None:
        good = 200 <= outcome < 300
        self._request.fire(
            request_type=series.verb,
            name=series.name,
            response_time=latency / MILLISECOND,
            response_length=size,
            exception=None if good else outcome_name(outcome),
            context={},
        )
