"""Fleet: the nodes of one zone, in one process."""

import os
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

import gevent
from gevent.lock import BoundedSemaphore
from gevent.pool import Pool

from kubedrill.client.informer import CollectionInformer
from kubedrill.clock import now
from kubedrill.fleet.credentials import gate_of
from kubedrill.fleet.evicting import Evicting
from kubedrill.fleet.home import Home
from kubedrill.fleet.identity import identity
from kubedrill.fleet.node import HEARTBEAT, Node
from kubedrill.fleet.objects import NODES
from kubedrill.fleet.patience import answered
from kubedrill.fleet.playing import OBEY_S, NodesNow, Playing
from kubedrill.fleet.pulling import Pulls, Tally
from kubedrill.fleet.repairing import Repairing
from kubedrill.fleet.suffering import Suffering
from kubedrill.fleet.talk import Talk
from kubedrill.process.identity import start_of
from kubedrill.record.cluster import FLEET, ClusterRecord
from kubedrill.record.fleet import Fleet, Member, Repair
from kubedrill.record.fleet_lines import Player, Repaired, players, pulls, repairs
from kubedrill.record.folder import RunFolder
from kubedrill.record.labels import RUN, ZONE
from kubedrill.record.lines import JsonLines

LOOK_S = 5.0
"""How often it is looked whether connections have fallen silent."""
MADE_BEFORE = 1000
"""So many nodes of bursts may be there, or be made for the next ones: one burst is in any case."""
AT_ONCE = 16
"""So many are made at once."""
LEAVING = 16
"""So many leave at once."""
REPAIR_S = 1.0
"""How often it is looked whose turn it is to be repaired."""


class ZoneFleet(Playing):
    """The fleet's hollow nodes in one zone."""

    def __init__(self, folder: RunFolder, record: ClusterRecord, fleet: Fleet, zone: str) -> None:
        super().__init__(folder, fleet, zone, zone)
        self._folder = Path(record.folder)
        self._pulls = _pulls(self._folder, folder.run, fleet, zone)
        self._home = Home(
            folder.run,
            gate_of(record, fleet, zone),
            fleet.pods,
            self.fail,
            self.counts,
            pulls=self._pulls,
            apart=record.foreign,
        )
        self._suffering = Suffering(self._folder, zone, fleet.overload)
        self._file = f"{fleet.prefix}-{zone}"
        _sign(self._folder, self._file)
        self._nodes: list[Node] = []
        self._remover = Talk(identity(record, FLEET), self.counts)
        self._replaced = 0
        self._evicting = Evicting(self._remover)
        self._bursts: dict[int, list[Node]] = {}
        """By its number, those that are made: each has a certificate of its own."""
        self._made_bursts = 0
        self._making = BoundedSemaphore()
        self._make_next()
        spare = self._made(fleet.numbered(fleet.nodes, self._spare_end(), zone))
        self._spare = {node.member.name: node for node in spare}
        """Those that an autoscaler may order, as many as may wait."""

    def gather(self) -> None:
        """Let those come that are there from the beginning; return when all have said that they are Ready."""
        self.always(self._look_always)
        self.always(self._obey_always)
        if self._pulls:
            self.always(self._pulls.run)
        if self.fleet.repair:
            self.always(self._repair_always, self.fleet.repair)
        gevent.joinall(self._join(self._made(self.fleet.members(self.zone))))

    def come(self, burst: int) -> None:
        """Let those of a burst come."""
        self._make(burst)
        self._join(self._bursts[burst])

    def boot(self, members: Sequence[Member]) -> None:
        """Let these come."""
        for member in members:
            if member.name not in self._spare:
                self._spare[member.name] = Node(member, self._home)
        self._join(self._spare.pop(member.name) for member in members)

    def leave(self, burst: int) -> None:
        """Let those of a burst go again: drained, switched off, and deleted."""
        Pool(LEAVING).map(self._take_out, self._bursts.pop(burst))
        self._make_next()

    def look(self) -> NodesNow:
        """Return how they are now."""
        for node in self._nodes:
            node.talk.add_up()
        return NodesNow(
            wanted=len(self._nodes),
            registered=sum(node.registered for node in self._nodes),
            ready=sum(node.is_ready for node in self._nodes),
            pods=sum(node.pods.running for node in self._nodes),
            lease_late_s=self._home.late.take(),
            hanging=self._suffering.hanging,
            repaired=self._suffering.repaired,
            pulling=self._pulls.pulling if self._pulls else 0,
            replaced=self._replaced,
            refused=self._evicting.refused,
        )

    def replace(self) -> None:
        """Replace those that are there from the beginning, so many at a time."""
        assert self.fleet.replace
        there = {node.member.name: node for node in self._nodes}
        pairs = [(there[old.name], new) for old, new in self.fleet.replacements(self.zone)]
        pool = Pool(self.fleet.replace.at_once)
        for pair in pairs:
            pool.spawn(self._replace_one, *pair).link_exception(self.fail)
        pool.join()

    def _replace_one(self, old: Node, new: Member) -> None:
        """Empty a node as its pods' disruption budgets allow, delete it, and let the new one come."""
        assert self.fleet.replace
        old.cordon()
        self._evicting.empty(old)
        old.switch_off()
        self._delete(old)
        gevent.sleep(self.fleet.replace.boot_s)
        [coming] = self._made([new])
        gevent.joinall(self._join([coming]), raise_error=True)
        self._replaced += 1

    def _take_out(self, node: Node) -> None:
        node.leave()
        self._delete(node)

    def _delete(self, node: Node) -> None:
        self._nodes.remove(node)
        path = f"{NODES}/{node.member.name}"
        answered(lambda: self._remover.call("DELETE", path, now() + HEARTBEAT))

    def _spare_end(self) -> int:
        """Return before which number nodes are made before they are ordered."""
        most = self.fleet.autoscaler.at_most if self.fleet.autoscaler else 0
        return min(most, self.fleet.nodes + MADE_BEFORE)

    def _make_next(self) -> None:
        """Make those of the next bursts, as many as may wait."""
        waiting = sum(map(len, self._bursts.values()))
        while self._made_bursts < len(self.fleet.bursts):
            waiting += self.fleet.bursts[self._made_bursts].nodes // len(self.fleet.zones)
            if self._bursts and waiting > MADE_BEFORE:
                return
            self._make(self._made_bursts)

    def _make(self, burst: int) -> None:
        """Make those of a burst, and of those before it, unless they are made."""
        with self._making:
            while self._made_bursts <= burst:
                members = self.fleet.of_burst(self._made_bursts, self.zone)
                self._bursts[self._made_bursts] = self._made(members)
                self._made_bursts += 1

    def _made(self, members: Iterable[Member]) -> list[Node]:
        # Where each is given its certificate by the cluster, many of them are waited for at a time.
        return [*Pool(AT_ONCE).imap(partial(Node, home=self._home), members)]

    def _join(self, nodes: Iterable[Node]) -> list[gevent.Greenlet]:
        joining = []
        for node in nodes:
            self._nodes.append(node)
            joining.append(node.spawn(node.come))
        return joining

    def _look_always(self) -> None:
        while True:
            gevent.sleep(LOOK_S)
            at = now()
            for node in [*self._nodes]:
                node.talk.look(at)

    def _obey_always(self) -> None:
        while True:
            gevent.sleep(OBEY_S)
            self._suffering.let([*self._nodes])

    def _repair_always(self, repair: Repair) -> None:
        repairing = Repairing(repair, 1 / len(self.fleet.zones))
        lines = _anew(repairs(self._folder), self._file)
        selector = f"{RUN}%3D{self._home.run}%2C{ZONE}%3D{self.zone}"
        informer = CollectionInformer(
            self._remover,
            NODES,
            repairing,
            selector=f"labelSelector={selector}",
            sleep=gevent.sleep,
        )
        self.always(informer.run)
        while True:
            gevent.sleep(REPAIR_S)
            for name in repairing.due(now()):
                lines.add(Repaired(time=now(), node=name))
                self._suffering.repair(name, repair.boot_s)


def _pulls(cluster_folder: Path, run: str, fleet: Fleet, zone: str) -> Pulls | None:
    """Return what its nodes pull, and share the links with those of the fleet's other zones."""
    if fleet.images is None:
        return None
    others = [f"{fleet.prefix}-{each}" for each in fleet.zones if each != zone]
    account = Tally(pulls(cluster_folder), run, f"{fleet.prefix}-{zone}", others)
    return Pulls(fleet.images, account)


def _sign(cluster_folder: Path, name: str) -> None:
    """Let who orders nodes about know that they are played."""
    lines, pid = _anew(players(cluster_folder), name), os.getpid()
    lines.add(Player(pid=pid, started=start_of(pid) or ""))
    lines.close()


def _anew(folder: Path, name: str) -> JsonLines:
    """Return the file of that name in a folder, without what a fleet before this one wrote."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.jsonl"
    file.unlink(missing_ok=True)
    return JsonLines(file)
