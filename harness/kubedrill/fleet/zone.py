"""Fleet: the nodes of one zone, in one process."""

import os
from collections.abc import Iterable
from pathlib import Path

import gevent

from kubedrill.clock import now
from kubedrill.fleet.identity import Gate
from kubedrill.fleet.node import Home, Node
from kubedrill.fleet.obeying import NOTHING, Orders
from kubedrill.fleet.playing import NodesNow, Playing
from kubedrill.process.identity import start_of
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.fleet import Fleet, Member, Player, Plight, players
from kubedrill.record.folder import RunFolder
from kubedrill.record.lines import JsonLines

LOOK_S = 5.0
"""How often it is looked whether connections have fallen silent."""
OBEY_S = 0.1
"""How often it is looked whether there are other orders."""


class ZoneFleet(Playing):
    """The fleet's hollow nodes in one zone."""

    def __init__(self, folder: RunFolder, record: ClusterRecord, fleet: Fleet, zone: str) -> None:
        super().__init__(folder, fleet, zone)
        self._zone = zone
        self._home = Home(folder.run, Gate(record, zone), fleet.pods, self.fail, self.counts)
        self._orders = Orders(Path(record.folder))
        _sign(Path(record.folder), zone)
        self._nodes: list[Node] = []
        self._coming = [
            self._made(fleet.of_burst(number, zone)) for number in range(len(fleet.bursts))
        ]

    def gather(self) -> None:
        """Let those come that are there from the beginning; return when all have said that they are Ready."""
        self.always(self._look_always)
        self.always(self._obey_always)
        gevent.joinall(self._join(self._made(self.fleet.members(self._zone))))

    def come(self, burst: int) -> None:
        """Let those of a burst come."""
        self._join(self._coming[burst])

    def look(self) -> NodesNow:
        """Return how they are now."""
        return NodesNow(
            wanted=len(self._nodes),
            registered=sum(node.registered for node in self._nodes),
            ready=sum(node.is_ready for node in self._nodes),
            pods=sum(node.pods.running for node in self._nodes),
            lease_late_s=self._home.late.take(),
        )

    def _made(self, members: Iterable[Member]) -> list[Node]:
        return [Node(member, self._home) for member in members]

    def _join(self, nodes: Iterable[Node]) -> list[gevent.Greenlet]:
        joining = []
        for node in nodes:
            self._nodes.append(node)
            joining.append(node.spawn(node.join))
        return joining

    def _look_always(self) -> None:
        while True:
            gevent.sleep(LOOK_S)
            at = now()
            for node in self._nodes:
                node.talk.look(at)

    def _obey_always(self) -> None:
        before: dict[str, frozenset[Plight]] = {}
        while True:
            gevent.sleep(OBEY_S)
            plights = self._orders.in_force()
            if plights or before:
                for node in self._nodes:
                    node.suffer(plights.get(node.member.name, NOTHING))
            before = plights


def _sign(cluster_folder: Path, zone: str) -> None:
    """Let who orders nodes about know that they are played."""
    folder = players(cluster_folder)
    folder.mkdir(parents=True, exist_ok=True)
    pid = os.getpid()
    file = folder / f"{zone}.jsonl"
    file.unlink(missing_ok=True)
    lines = JsonLines(file)
    lines.add(Player(pid=pid, started=start_of(pid) or ""))
    lines.close()
