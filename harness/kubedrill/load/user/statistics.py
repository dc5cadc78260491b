"""Load: Locust's own statistics, for its web UI and summary, at a fraction of their usual cost.

Locust's `request` event costs about as much as our whole request. What it would log is gathered and
added in one go, twice a second; where somebody else listens to the event, it is fired for each request,
soon after it has ended.
"""

import time

import numpy as np
from locust.env import Environment
from locust.stats import StatsEntry, bucket_response_time

from kubedrill.clock import MILLISECOND
from kubedrill.figures.traces import left_out
from kubedrill.load.user.recorder import EndedRequests
from kubedrill.load.user.result import RequestSeries
from kubedrill.record.sample import outcome_name


class LocustStatistics:
    """Gathers requests by series until `flush`."""

    def __init__(self, environment: Environment, series: tuple[RequestSeries, ...]) -> None:
        self._stats = environment.stats
        self._request = environment.events.request
        self._series = series
        self._ended: list[EndedRequests] = []
        # The first listener is Locust's runner, which logs to the same statistics.
        self._listened = len(self._request._handlers) > 1  # noqa: SLF001

    def add(self, ended: EndedRequests) -> None:
        """Add requests; those that were cut are none of Locust's."""
        ended = ended[~left_out(ended)]
        if self._listened:
            for request in ended:
                self._fire(
                    self._series[request["series"]],
                    int(request["end"] - request["due"]),
                    int(request["size"]),
                    int(request["outcome"]),
                )
        elif len(ended):
            self._ended.append(ended)

    def flush(self) -> None:
        """Hand what was gathered to Locust."""
        if not self._ended:
            return
        ended = np.concatenate(self._ended)
        self._ended = []
        for index, series in enumerate(self._series):
            of_series = ended[ended["series"] == index]
            if len(of_series):
                gathered = self._gather(series, of_series)
                self._stats.entries[(series.name, series.verb)].extend(gathered)
                self._stats.total.extend(gathered)
        failed = ended[(ended["outcome"] < 200) | (ended["outcome"] >= 300)]
        for index, outcome in failed[["series", "outcome"]].tolist():
            series = self._series[index]
            self._stats.log_error(series.verb, series.name, outcome_name(outcome))

    def _gather(self, series: RequestSeries, ended: EndedRequests) -> StatsEntry:
        moment = time.time()
        latencies = (ended["end"] - ended["due"]) / MILLISECOND
        entry = StatsEntry(self._stats, series.name, series.verb)
        entry.last_request_timestamp = moment
        entry.num_requests = len(latencies)
        entry.num_reqs_per_sec[int(moment)] = len(latencies)
        entry.total_response_time = round(latencies.sum())
        entry.min_response_time = round(latencies.min())
        entry.max_response_time = round(latencies.max())
        entry.total_content_length = int(ended["size"].sum())
        rounded, counts = np.unique(np.rint(latencies).astype(np.int64), return_counts=True)
        for value, count in zip(rounded.tolist(), counts.tolist(), strict=True):
            entry.response_times[bucket_response_time(value)] += count
        return entry

    def _fire(self, series: RequestSeries, latency: int, size: int, outcome: int) -> None:
        good = 200 <= outcome < 300
        self._request.fire(
            request_type=series.verb,
            name=series.name,
            response_time=latency / MILLISECOND,
            response_length=size,
            exception=None if good else outcome_name(outcome),
            context={},
        )
