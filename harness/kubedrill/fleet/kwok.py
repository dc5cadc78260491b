"""Fleet: nodes that KWOK plays, and their pods. They are made here, by one process, when they are due."""

import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

import gevent
from gevent.event import Event
from gevent.pool import Pool

from kubedrill.client.informer import CollectionInformer, Object, is_ready
from kubedrill.clock import SECOND, now
from kubedrill.errors import NotStarted
from kubedrill.fleet.credentials import check_foreign
from kubedrill.fleet.identity import identity
from kubedrill.fleet.objects import LEASE_S, NODES, node
from kubedrill.fleet.patience import DONE, answered
from kubedrill.fleet.playing import NodesNow, Playing
from kubedrill.fleet.talk import Talk
from kubedrill.process.child import DIES_WITH_ITS_PARENT
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.fleet import KWOK, Fleet, Member
from kubedrill.record.folder import RunFolder
from kubedrill.record.labels import RUN

WHO = "admin"
"""KWOK reads and writes nodes, pods, Leases and Events."""
AT_ONCE = 64
"""So many nodes are made at once."""
CALL = 10 * SECOND
STAGES = Path(__file__).with_suffix(".yaml")
POD_START = "POD_START"
"""What stands there for milliseconds."""


class KwokFailed(Exception):  # noqa: N818 - an event of the drill, not a programming error
    """KWOK has ended by itself."""


class KwokFleet(Playing):
    """The fleet's nodes in all zones."""

    def __init__(self, folder: RunFolder, record: ClusterRecord, fleet: Fleet) -> None:
        super().__init__(folder, fleet, KWOK)
        self._run, self._apart = folder.run, record.foreign
        if record.foreign:
            check_foreign(record, fleet, fleet.zones)
        self._talk = Talk(identity(record, WHO), self.counts)
        self._ready = ReadyNodes()
        self._wanted = self._made = 0
        self._kwok = _start(record, folder, fleet)
        self.usage.add(self._kwok.pid)

    def gather(self) -> None:
        """Let those come that are there from the beginning; return when all of them are Ready."""
        self.always(self._until_it_ends)
        informer = CollectionInformer(
            self._talk,
            NODES,
            self._ready,
            selector=f"labelSelector={RUN}%3D{self._run}",
            sleep=gevent.sleep,
        )
        self.always(informer.run)
        self._make(self.fleet.members())
        self._ready.wait(self.fleet.nodes)

    def come(self, burst: int) -> None:
        """Let those of a burst come."""
        self._make(self.fleet.of_burst(burst))

    def boot(self, members: Sequence[Member]) -> None:
        """Let these come."""
        self._make(members)

    def look(self) -> NodesNow:
        """Return how they are now, as far as it can be known."""
        self._talk.add_up()
        return NodesNow(self._wanted, self._made, len(self._ready.names), None, None)

    def _make(self, members: Iterable[Member]) -> None:
        wanted = [*members]
        self._wanted += len(wanted)
        pool = Pool(AT_ONCE)
        for member in wanted:
            pool.spawn(self._make_one, member).link_exception(self.fail)
        pool.join()

    def _make_one(self, member: Member) -> None:
        content = node(member, self._run, [], apart=self._apart)
        answer = answered(lambda: self._talk.call("POST", NODES, now() + CALL, content))
        self._made += answer.status in DONE

    def _until_it_ends(self) -> None:
        status = self._kwok.wait()
        raise KwokFailed(f"KWOK ended with {status}")


class ReadyNodes:
    """Which nodes are Ready, as a watch tells."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self._changed = Event()

    def wait(self, many: int) -> None:
        """Return when so many are."""
        while len(self.names) < many:
            self._changed.clear()
            self._changed.wait()

    def begin(self) -> None:
        """Forget all: they will be put anew."""
        self.names.clear()

    def put(self, found: Object) -> None:
        """Take one as it is now."""
        name = found["metadata"]["name"]
        if is_ready(found):
            self.names.add(name)
        else:
            self.names.discard(name)
        self._changed.set()

    def gone(self, found: Object) -> None:
        """Take that one is there no more."""
        self.names.discard(found["metadata"]["name"])

    def all_found(self) -> None:
        """Nothing is to be done."""


def _start(record: ClusterRecord, folder: RunFolder, fleet: Fleet) -> "subprocess.Popen[bytes]":
    """Start KWOK on the nodes of this run; it ends with this process, however that ends."""
    kubeconfig = record.identity(WHO).kubeconfig
    if kubeconfig is None:
        raise NotStarted(f"fleet: engine: kwok: cluster {record.name} has no kubeconfig of {WHO}")
    stages = folder.logs / STAGES.name
    start_ms = str(round(fleet.pods.start_s * 1000))
    stages.write_text(STAGES.read_text("utf-8").replace(POD_START, start_ms), "utf-8")
    command = [
        *DIES_WITH_ITS_PARENT,
        KWOK,
        "--kubeconfig",
        kubeconfig,
        "--config",
        str(stages),
        "-v=WARN",
    ]
    command += [f"--node-lease-duration-seconds={LEASE_S}", "--manage-all-nodes=false"]
    command += [f"--manage-nodes-with-label-selector={RUN}={folder.run}"]
    with (folder.logs / "kwok.log").open("ab") as log:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
