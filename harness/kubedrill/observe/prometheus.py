"""Observe: pages of metrics that a Prometheus has scraped, kept as if they were our own scrapes.

metrics/prometheus.prom.gz, and lines of metrics/index.jsonl. Every sample keeps the time that Prometheus
gave it, told on our clock as far as its clock is known: a line's `time` is the earliest at which its page
may have been asked for, its `end` the latest at which it may have been answered.
"""

import gzip
import threading
from collections.abc import Iterable
from contextlib import closing

from kubedrill.client.prometheus import ClockReading, PrometheusApi, PrometheusError
from kubedrill.client.prometheus_targets import known_clock
from kubedrill.clock import MILLISECOND, SECOND, now
from kubedrill.observe.ticks import wait_until
from kubedrill.observe.told_pages import ToldPage, names_of, pages_of
from kubedrill.record.folder import RunFolder
from kubedrill.record.lines import JsonLines
from kubedrill.record.prometheus import (
    CLOCK_BOUND,
    PrometheusSource,
    PrometheusTold,
    ScrapedTarget,
    series_of,
)
from kubedrill.record.schedule import allowed_hole
from kubedrill.record.watched import ScrapeLine

TOLERANCE = 2 * MILLISECOND
"""Prometheus moves a sample's time by so much, to store it in less space (scrape.timestamp-tolerance)."""
AGAIN_S = 2.0
"""How often it is asked after the last phase, until it has scraped everything once more."""
FARTHEST_S = 300.0
"""Nothing older is asked for, however long nothing was answered."""


class RefutedError(PrometheusError):
    """What it tells is not of what was looked at before the drill."""


class PrometheusWatch:
    """Asks a Prometheus for every scrape that it has made since it was asked last.

    So that one answer that fails loses nothing, if the next comes before the newest scrape is too old.
    """

    def __init__(self, folder: RunFolder, index: JsonLines, source: PrometheusSource) -> None:
        self._told = PrometheusTold.read(folder)
        self._source = source
        self._api = PrometheusApi(source)
        self._index = index
        self._name = "prometheus.prom.gz"
        self._file = (folder.metrics / self._name).open("ab", buffering=0)
        self._offset = self._file.tell()
        self._clock_before = ClockReading(
            self._told.clock_ahead - self._told.clock_within,
            self._told.clock_ahead + self._told.clock_within,
        )
        # What was scraped before the first phase bounds what is counted in it.
        self._newest = {
            target.name: now() + self._told.clock_ahead - allowed_hole(target.every_s)
            for target in self._told.targets
        }
        self._missed: dict[str, tuple[int, str]] = {}
        """By component that it told nothing of when it was asked last, since when (monotonic ns), and why."""
        self._upto: dict[str, int] = {}
        """By component, when its newest scrape began at the earliest, monotonic ns."""

    def close(self) -> None:
        """Close the file of pages and the connections."""
        self._file.close()
        self._api.close()

    def run(self, times: Iterable[int], ended: threading.Event) -> None:
        """Ask at each of `times`, and then until everything was scraped once more after the last."""
        with closing(self):
            self._follow(times, ended)
            for target in self._told.targets:
                if missed := self._missed.get(target.name):
                    since, words = missed
                    self._fail([target], since, words)

    def _follow(self, times: Iterable[int], ended: threading.Event) -> None:
        end = 0
        for due in times:
            end = due
            waited = wait_until(due, ended)
            self.once(due if waited else now())
            if not waited:
                return
        until = end + self._told.patience
        while not self._is_past(end) and now() < until and not ended.wait(AGAIN_S):
            self.once(now())

    def once(self, due: int) -> None:
        """Ask once; what it does not know, or does not tell, is a line in the index. OSError: disk full."""
        try:
            clock = self._clock()
        except PrometheusError as error:
            self._miss(self._told.targets, due, error)
            return
        for kind, matchers in self._source.select.items():
            targets = self._told.of_kind(kind)
            if not targets:
                continue
            try:
                self._ask(kind, matchers, targets, clock)
            except PrometheusError as error:
                self._miss(targets, due, error)
            else:
                for target in targets:
                    self._missed.pop(target.name, None)
                self._fail_stale(targets, due, clock)

    def _clock(self) -> ClockReading:
        """Read its clock; what is stored with times of a clock that was stepped is never made use of."""
        clock = known_clock(self._api)
        if (changed := clock.apart(self._clock_before)) > CLOCK_BOUND:
            raise RefutedError(f"its clock was changed by {changed / SECOND:.1f} s meanwhile")
        self._clock_before = clock
        return clock

    def _ask(
        self, kind: str, matchers: str, targets: list[ScrapedTarget], clock: ClockReading
    ) -> None:
        since = min(self._newest[target.name] for target in targets)
        back_s = min((now() + clock.most - since) / SECOND, FARTHEST_S)
        found = self._api.samples(series_of(names_of(kind), matchers), back_s)
        pages, strangers = pages_of(found, targets)
        if strangers:
            raise RefutedError(f"it scrapes {strangers[0]} besides, which it did not before")
        for page in pages:
            if page.wall > self._newest[page.target.name]:
                self._newest[page.target.name] = page.wall
                self._keep(page, clock)

    def _keep(self, page: ToldPage, clock: ClockReading) -> None:
        begun = max(0, page.wall - clock.most - TOLERANCE)
        ended = max(0, page.wall - clock.least + TOLERANCE + page.took)
        self._upto[page.target.name] = begun
        if not page.is_up:
            self._note(page.target, begun, ended, "Prometheus could not scrape it")
            return
        member = gzip.compress(page.text.encode(), 6)
        self._file.write(member)
        self._note(page.target, begun, ended, size=len(member))
        self._offset += len(member)

    def _fail_stale(self, targets: Iterable[ScrapedTarget], due: int, clock: ClockReading) -> None:
        """Note of which components there is nothing new for too long."""
        for target in targets:
            age = now() + clock.least - self._newest[target.name]
            if age > allowed_hole(target.every_s):
                words = f"what Prometheus has of it is {age / SECOND:.0f} s old"
                self._fail([target], due, words)

    def _miss(self, targets: Iterable[ScrapedTarget], due: int, error: PrometheusError) -> None:
        """Take that it told nothing of components; note it once that has lasted too long to be made good.

        At once where what it told is not to be believed.
        """
        if isinstance(error, RefutedError):
            self._fail(targets, due, str(error))
            return
        for target in targets:
            since, _ = self._missed.get(target.name, (due, ""))
            self._missed[target.name] = since, str(error)
            if now() - since > allowed_hole(target.every_s):
                self._fail([target], due, str(error))

    def _fail(self, targets: Iterable[ScrapedTarget], due: int, words: str) -> None:
        for target in targets:
            self._note(target, due, now(), words)

    def _is_past(self, time: int) -> bool:
        return all(self._upto.get(target.name, 0) >= time for target in self._told.targets)

    def _note(
        self, target: ScrapedTarget, begun: int, ended: int, error: str = "", size: int = 0
    ) -> None:
        self._index.add(
            ScrapeLine(
                time=begun,
                end=ended,
                component=target.name,
                ok=not error,
                error=error,
                file=self._name,
                offset=self._offset,
                bytes=size,
                # Nothing of it came from the cluster.
                wire_bytes=0,
            )
        )
