"""Observe: who leads controller-managers and schedulers, by their Leases: leases.jsonl."""

from kubedrill.clock import MILLISECOND, now
from kubedrill.cluster.leases import LED, lease_path, parsed
from kubedrill.observe.in_turn import InTurn, Looks
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.folder import RunFolder
from kubedrill.record.lines import JsonLines
from kubedrill.record.watched import LeaseHeld, LeaseLook

EVERY_S = 0.1
TIMEOUT = 500 * MILLISECOND
"""An apiserver that does not answer within this time is given up for another one."""


class Leases(Looks[InTurn]):
    """Asks one apiserver for each kind's Lease, a line a round; another apiserver after it failed once."""

    def __init__(self, folder: RunFolder, record: ClusterRecord) -> None:
        super().__init__(InTurn(record, "scraper", TIMEOUT), JsonLines(folder.leases))

    def _look(self) -> LeaseLook:
        held: dict[str, LeaseHeld] = {}
        begun = now()
        for kind in LED:
            lease, error = self._asked.ask(lease_path(kind), "application/json", parsed)
            if lease is None:
                break
            held[kind] = lease
        took = (now() - begun) // 1000
        return LeaseLook(time=begun, took_us=took, held=held, error=error)
