"""Judge: how long etcd's members have taken lately to sync their logs, from their pages as they come."""

from collections import deque
from collections.abc import Iterator, Mapping

from kubedrill.judge.counting import add_up, increases, quantile
from kubedrill.judge.pages import FSYNC, read_scrape
from kubedrill.process.tail import LineTail
from kubedrill.record.folder import RunFolder
from kubedrill.record.watched import ScrapeLine

Buckets = Mapping[float, float]


class RecentFsyncs:
    """Follows the scrapes of a drill; only what its members have counted is kept of them."""

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder
        self._index = LineTail(folder.metrics_index, ScrapeLine)
        self._members: dict[str, deque[tuple[int, Buckets]]] = {}
        self.upto: int | None = None
        """When the newest page was through, monotonic ns."""

    def p99(self, since: int) -> float | None:
        """Return the 99th percentile of all members together since a time; None if none was synced.

        From the last scrape at that time or before, of each that was scraped since.
        """
        for line in self._index.read():
            if line.ok and line.component.startswith("etcd-"):
                self._take(line)
        return quantile(add_up(self._grown(since)), 0.99)

    def _take(self, line: ScrapeLine) -> None:
        scrape = read_scrape(self._folder, line)
        if not scrape.kept:
            return  # the judge says so
        buckets = {
            float(dict(labels)["le"]): value
            for (name, labels), value in scrape.values.items()
            if name == f"{FSYNC}_bucket"
        }
        self._members.setdefault(line.component, deque()).append((line.time, buckets))
        self.upto = max(line.end, self.upto or 0)

    def _grown(self, since: int) -> Iterator[Buckets]:
        for pages in self._members.values():
            while len(pages) > 1 and pages[1][0] <= since:
                pages.popleft()
            if pages[-1][0] > since:
                yield increases([buckets for _, buckets in pages])
