"""5,000 informers on a real apiserver: what each takes of the generator's memory, and all of its CPU."""

import statistics

from benchmarks.playing import Played, play
from benchmarks.table import Measured, Row, Rows
from kubedrill import cluster, places
from kubedrill.figures.traces import succeeded
from kubedrill.reading.arrivals import Arrivals
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.schedule import ScheduledLoad

CLUSTER = "benchmark-watches"
WATCHES = 5000
WRITES = 1.0
"""A second; each is an event for every watch."""
SECONDS = 20
ROUNDS = 5
LEAST = 0.99
"""Of the events that must have come; the last write's may still be on their way at the end."""


def watches(rows: Rows) -> None:
    """Measure five times on one cluster, over HTTP/1.1: a watch a connection."""
    definition = cluster.load_definition(places.cluster_file("local-3az"))
    memory, cpu, seen = [], [], []
    try:
        record = cluster.up(definition, CLUSTER)
        for _ in range(ROUNDS):
            few, many = _informers(record, 1), _informers(record, WATCHES)
            memory.append((_memory(many) - _memory(few)) / WATCHES / 1000)
            cpu.append(_cores(many) * 100)
            seen.append(_seen(many, WATCHES) / SECONDS)
            rows.progress()
    finally:
        cluster.down(CLUSTER)
    what = f"{WATCHES:,} watches on a real apiserver over TLS"
    rows.add(Row(f"{what}, memory of each", Measured("kubedrill", memory, " KB"), goal="<= 60 KB"))
    events = f"{WATCHES * WRITES:,.0f} events a second"
    what = f"{what}, {events}, decoded for their staleness"
    rows.add(Row(what, Measured("kubedrill", cpu, " % of a core"), goal="<= 15 %"))
    rows.add(Row("events seen a second", Measured("kubedrill", seen)))


def _informers(record: ClusterRecord, clients: int) -> Played:
    parameters = {"clients": clients, "objects": 10, "watch_s": 3600}
    load = ScheduledLoad("informers", "informer", Arrivals.constant(WRITES), parameters)
    profile = places.folder("loadprofiles") / "informer.py"
    return play(record, profile, load, SECONDS)


def _seen(played: Played, watches: int) -> int:
    """Return how many events have come; RuntimeError if those of some watches or writes are missing."""
    played.spent()
    writes, seen = (
        int(succeeded(played.records(series)).sum()) for series in ("write", "write.seen")
    )
    if seen < LEAST * watches * writes:
        raise RuntimeError(f"{watches} watches have seen {seen} events of {writes} writes")
    return seen


def _memory(played: Played) -> float:
    (lines,) = played.vitals()
    return float(statistics.median(line.rss_bytes for line in lines))


def _cores(played: Played) -> float:
    (lines,) = played.vitals()
    first, last = lines[0], lines[-1]
    return float((last.cpu_s - first.cpu_s) / ((last.time - first.time) / 1e9))
