"""Observe: who leads controller-managers and schedulers, by their Leases: leases.jsonl."""

import threading
from collections.abc import Iterable

from kubedrill.client.caller import Caller
from kubedrill.clock import MILLISECOND, now
from kubedrill.cluster.leases import LED, LeaseError, lease_path, parsed
from kubedrill.observe.ticks import missed, wait_until
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.folder import RunFolder
from kubedrill.record.lines import JsonLines
from kubedrill.record.sample import outcome_name
from kubedrill.record.watched import LeaseHeld, LeaseLook
from kubedrill.wire.errors import WireError
from kubedrill.wire.target import identity_target

EVERY_S = 0.1
TIMEOUT = 500 * MILLISECOND
"""An apiserver that does not answer within this time is given up for another one."""


class Leases:
    """Asks one apiserver for each kind's Lease, a line a round; another apiserver after it failed once."""

    def __init__(self, folder: RunFolder, record: ClusterRecord) -> None:
        self._servers = [
            Caller(*identity_target(record, "scraper", server.serving))
            for server in record.of_kind("kube-apiserver")
        ]
        self._lines = JsonLines(folder.leases)

    def run(self, times: Iterable[int], ended: threading.Event) -> None:
        """Look at each of `times` until `ended` is set; leave out those that have long passed."""
        for due in times:
            if not wait_until(due, ended):
                return
            if not missed(due):
                self._once()

    def _once(self) -> None:
        held: dict[str, LeaseHeld] = {}
        begun, error = now(), ""
        try:
            for kind in LED:
                held[kind] = self._ask(kind)
        except WireError as broken:
            error = outcome_name(broken.outcome)
        except LeaseError as refused:
            error = str(refused)
        if error:
            self._servers.append(self._servers.pop(0))
        took = (now() - begun) // 1000
        self._lines.add(LeaseLook(time=begun, took_us=took, held=held, error=error))

    def _ask(self, kind: str) -> LeaseHeld:
        server = self._servers[0]
        answer = server.ask(server.request("GET", lease_path(kind)), now() + TIMEOUT)
        if answer.status != 200:
            raise LeaseError(outcome_name(answer.status))
        return parsed(answer.body)
