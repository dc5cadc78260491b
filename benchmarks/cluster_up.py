"""Seconds from nothing to a control plane of three zones, every apiserver ready, leaders elected."""

import time

from benchmarks.table import Measured, Row, Rows
from kubedrill import cluster, places

CLUSTER = "benchmark-up"
ROUNDS = 5


def cluster_up(rows: Rows) -> None:
    """Bring a cluster up and down, five times."""
    definition = cluster.load_definition(places.cluster_file("local-3az"))
    up, down = [], []
    for _ in range(ROUNDS):
        begun = time.monotonic()
        try:
            cluster.up(definition, CLUSTER)
            ready = time.monotonic()
        finally:
            cluster.down(CLUSTER)
        up.append(ready - begun)
        down.append(time.monotonic() - ready)
        rows.progress()
    rows.add(Row("cluster up", Measured("kubedrill", up, "s"), goal="median <= 10s, worst <= 20s"))
    rows.add(Row("cluster down", Measured("kubedrill", down, "s")))
