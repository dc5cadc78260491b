"""Observe: the pages of metrics, kept raw: metrics/COMPONENT.prom.gz and metrics/index.jsonl."""

import gzip
import threading
from collections.abc import Callable, Iterable

from kubedrill.client.caller import Caller
from kubedrill.clock import SECOND, now
from kubedrill.observe.ticks import missed, wait_until
from kubedrill.record.cluster import ClusterRecord, Component, Endpoint
from kubedrill.record.folder import RunFolder
from kubedrill.record.lines import JsonLines
from kubedrill.record.sample import outcome_name
from kubedrill.record.schedule import Scraping
from kubedrill.record.watched import ScrapeLine
from kubedrill.wire.errors import WireError
from kubedrill.wire.target import identity_target

TIMEOUT = 2 * SECOND
_GZIP = b"\x1f\x8b"

OnPage = Callable[[int, bytes], None]
"""Called with the time and the page, uncompressed, of each scrape that succeeded."""


class PageScrape:
    """The metrics of one component: a gzip member a scrape, in a file of its own."""

    def __init__(
        self,
        folder: RunFolder,
        index: JsonLines,
        record: ClusterRecord,
        component: Component,
        seen: OnPage | None = None,
    ) -> None:
        assert component.metrics is not None
        self.component = component
        self._index = index
        self._seen = seen
        self._caller = scraper(record, component.metrics)
        self._request = get(self._caller, "/metrics")
        self._name = f"{component.name}.prom.gz"
        self._file = (folder.metrics / self._name).open("ab", buffering=0)
        self._offset = self._file.tell()

    def run(self, times: Iterable[int], ended: threading.Event) -> None:
        """Scrape at each of `times`, and once more when `ended` is set before the last."""
        for due in times:
            waited = wait_until(due, ended)
            self.once(due if waited else now())
            if not waited:
                return

    def once(self, due: int) -> None:
        """Scrape once; a failure is a line in the index. OSError if the disk is full."""
        if missed(due):
            self._note(due, error="skipped: the scrape before it took too long")
            return
        received = self._caller.bytes_in
        try:
            response = self._caller.ask(self._request, now() + TIMEOUT)
        except WireError as error:
            self._note(due, error=outcome_name(error.outcome))
            return
        if response.status != 200:
            self._note(due, error=outcome_name(response.status))
            return
        packed = response.body.startswith(_GZIP)
        self._keep(
            due,
            response.body if packed else gzip.compress(response.body, 6),
            self._caller.bytes_in - received,
        )
        if self._seen is not None:
            self._seen(due, gzip.decompress(response.body) if packed else response.body)

    def _keep(self, due: int, member: bytes, wire_bytes: int) -> None:
        self._file.write(member)
        self._note(due, size=len(member), wire_bytes=wire_bytes)
        self._offset += len(member)

    def _note(self, due: int, error: str = "", size: int = 0, wire_bytes: int = 0) -> None:
        # Only now, with the member on the kernel's side: what the index names is whole.
        self._index.add(
            ScrapeLine(
                time=due,
                end=now(),
                component=self.component.name,
                ok=not error,
                error=error,
                file=self._name,
                offset=self._offset,
                bytes=size,
                wire_bytes=wire_bytes,
            )
        )


def scraper(record: ClusterRecord, endpoint: Endpoint) -> Caller:
    """Return who asks one endpoint as `scraper`."""
    target, token = identity_target(record, "scraper", endpoint)
    return Caller(target, token, user_agent="kubedrill-scraper")


def get(caller: Caller, path: str) -> bytes:
    """Return the request for a text, which may come packed."""
    packed = {"Accept-Encoding": "gzip"}
    return caller.request("GET", path, accept="text/plain, */*;q=0.5", headers=packed)


def interval_s(component: Component, scraping: Scraping) -> float:
    """Return how often this kind of component is scraped, in seconds."""
    intervals = {"kube-apiserver": scraping.apiserver, "etcd": scraping.etcd}
    return intervals.get(component.kind, scraping.controllers)
