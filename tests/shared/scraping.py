"""A Prometheus that scrapes a local cluster, as somebody else's would: the stand-in, filled by a thread."""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

from prometheus_stand_in import PrometheusStandIn, prometheus_stand_in

from kubedrill.client.caller import Caller
from kubedrill.observe.told_pages import names_of
from kubedrill.record.cluster import ClusterRecord, Component
from kubedrill.wire.errors import WireError
from kubedrill.wire.target import identity_target

JOBS = {
    "kube-apiserver": "apiserver",
    "etcd": "kube-etcd",
    "kube-controller-manager": "kube-controller-manager",
    "kube-scheduler": "kube-scheduler",
}
EVERY_S = 1.0
PATIENCE_S = 60.0


@contextmanager
def scraping(record: ClusterRecord) -> Iterator[PrometheusStandIn]:
    """Have one that scrapes every component of a cluster each second, and has done so five times."""
    with prometheus_stand_in() as stand_in:
        ended, often = threading.Event(), threading.Semaphore(0)
        thread = threading.Thread(target=_scrape, args=(record, stand_in, ended, often))
        thread.start()
        try:
            for _ in range(5):
                assert often.acquire(timeout=PATIENCE_S)
            yield stand_in
        finally:
            ended.set()
            thread.join()


def page_of(text: str, kind: str) -> dict[str, float]:
    """Return what a page of metrics says of the families that are asked for."""
    names = names_of(kind)
    series = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in series if name.partition("{")[0] in names}


def _scrape(
    record: ClusterRecord,
    stand_in: PrometheusStandIn,
    ended: threading.Event,
    often: threading.Semaphore,
) -> None:
    parts = [part for part in record.components if part.kind in JOBS]
    while not ended.wait(EVERY_S):
        for part in parts:
            _scrape_part(record, part, stand_in)
        often.release()


def _scrape_part(record: ClusterRecord, part: Component, stand_in: PrometheusStandIn) -> None:
    assert part.metrics is not None
    # Of the API's rules for the scraper nothing is left on a cluster that is bare; etcd has none.
    who = "scraper" if part.kind == "etcd" else "admin"
    at, instance = stand_in.now(), f"{part.metrics.host}:{part.metrics.port}"
    try:
        with closing(Caller(*identity_target(record, who, part.metrics))) as api:
            answer = api.call("GET", "/metrics")
    except WireError:
        stand_in.scrape(JOBS[part.kind], instance, {}, at, up=False)
        return
    page = page_of(answer.body.decode(), part.kind)
    stand_in.scrape(JOBS[part.kind], instance, page, at, up=answer.status == 200)
