"""Observe: who leads controller-managers and schedulers, by their Leases: leases.jsonl."""

import threading
from collections.abc import Iterable

from kubedrill.clock import MILLISECOND, now
from kubedrill.cluster.leases import LED, lease_path, parsed
from kubedrill.observe.in_turn import InTurn
from kubedrill.observe.ticks import in_time
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.folder import RunFolder
from kubedrill.record.lines import JsonLines
from kubedrill.record.watched import LeaseHeld, LeaseLook

EVERY_S = 0.1
TIMEOUT = 500 * MILLISECOND
"""An apiserver that does not answer within this time is given up for another one."""


class Leases:
    """Asks one apiserver for each kind's Lease, a line a round; another apiserver after it failed once."""

    def __init__(self, folder: RunFolder, record: ClusterRecord) -> None:
        self._servers = InTurn(record, "scraper", TIMEOUT)
        self._lines = JsonLines(folder.leases)

    def run(self, times: Iterable[int], ended: threading.Event) -> None:
        """Look at each of `times` until `ended` is set; leave out those that have long passed."""
        for _ in in_time(times, ended):
            self._once()
        self._servers.close()

    def _once(self) -> None:
        held: dict[str, LeaseHeld] = {}
        begun = now()
        for kind in LED:
            lease, error = self._servers.ask(lease_path(kind), "application/json", parsed)
            if lease is None:
                break
            held[kind] = lease
        took = (now() - begun) // 1000
        self._lines.add(LeaseLook(time=begun, took_us=took, held=held, error=error))
