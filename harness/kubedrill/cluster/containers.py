"""Clusters whose nodes are containers of this machine: what they are made of, and how they are asked."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Self, TypeVar

from pydantic import with_config

from kubedrill.clock import SECOND, now
from kubedrill.cluster.asking import SupervisorCaller, SupervisorGone, ask
from kubedrill.cluster.by_daemon import SupervisedCluster
from kubedrill.cluster.daemon import start
from kubedrill.cluster.engine import ContainerEngine, ContainerLabels, EngineFailed, EngineName
from kubedrill.cluster.handle import HandleError
from kubedrill.record.lines import STRICT, read_whole, write_typed

BALANCER = "haproxy"
"""The load balancer, whatever program it is."""
LAYOUT = "layout.json"
_LEAVING = "leaving"
STARTS, LOOK_S = 2 * SECOND, 0.1
"""For a daemon that is being started to listen."""


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class NodeContainer:
    """A node with a control plane; its zone is all that runs in it."""

    zone: str
    name: str
    """Of its container, and of the node."""
    id: str
    """Of its container."""
    address: str


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class ContainerLayout:
    """One cluster that is up: `layout.json` in its folder."""

    engine: EngineName
    host: str
    """Where the engine listens; "" where that is not asked."""
    cluster: str
    """What its tool calls it."""
    ours: bool
    """Whether we have made it, and so delete it."""
    nodes: tuple[NodeContainer, ...]
    balancer: str
    """The id of the container that balances over them; "" where there is none."""

    @property
    def at(self) -> ContainerEngine:
        """What runs its containers."""
        return ContainerEngine(self.engine, self.host)

    @property
    def zones(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(node.zone for node in self.nodes)

    def node(self, zone: str) -> NodeContainer:
        """Return the node of a zone."""
        return next(node for node in self.nodes if node.zone == zone)

    def write(self, folder: Path) -> None:
        """Write it down in the cluster's folder."""
        write_typed(folder / LAYOUT, self)

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read it; MissingEvidence or BadEvidence if it is missing or none."""
        return read_whole(folder / LAYOUT, cls)


def is_there(folder: Path) -> bool:
    """Whether a cluster is written down, and is to stay."""
    return (folder / LAYOUT).exists() and not (folder / _LEAVING).exists()


def leave(folder: Path) -> None:
    """Write down that a cluster is to go: nobody starts what keeps it any more."""
    (folder / _LEAVING).touch()


@dataclass(frozen=True, slots=True)
class KeeperCaller(SupervisorCaller):
    """The daemon, as an owner asks it; it is started anew where it has been killed."""

    module: str
    """What the daemon runs."""

    def ask(self, do: str, **given: Any) -> dict[str, Any]:
        """Ask for something on the owner's behalf, and return the answer; HandleError."""
        request = {"do": do, "owner": self.owner, **given}
        try:
            return ask(self.socket, request)
        except SupervisorGone:
            start_daemon(self.socket.parent, self.module)
        until = now() + STARTS
        while True:
            try:
                return ask(self.socket, request)
            except SupervisorGone:  # another one starts it just now
                if now() > until:
                    raise
                time.sleep(LOOK_S)


def start_daemon(folder: Path, module: str) -> None:
    """Start what keeps a cluster; HandleError where there is none, or it does not start."""
    if not is_there(folder):
        raise SupervisorGone(f"there is no cluster in {folder}")
    if said := start(module, folder, engine=True):
        raise SupervisorGone(f"what keeps the cluster did not start: {said}")


Layout = TypeVar("Layout", bound=ContainerLayout)


class ContainerCluster(SupervisedCluster, Generic[Layout]):
    """One cluster, by its folder, as far as all are alike; without a layout it is not up any more."""

    runs_pods = True

    def __init__(
        self,
        folder: Path,
        daemon: KeeperCaller,
        layout: Layout | None,
        labels: ContainerLabels,
    ) -> None:
        super().__init__(folder, daemon)
        self._layout = layout
        self._labels = labels

    def lost(self) -> str:
        """Say which of its containers is not there any more."""
        if self._layout is None:
            return "is not up any more"
        try:
            gone = self._gone(self._layout)
        except EngineFailed as error:
            return f"cannot be looked at ({error})"
        if gone:
            return f"has lost its {' and '.join(gone)}"
        try:
            self.components()
        except HandleError as error:
            return f"cannot be worked with ({error})"
        return ""

    def is_gone(self) -> bool:
        """Whether none of its nodes is left."""
        if self._layout is None:
            return True
        try:
            return len(self._gone(self._layout)) == len(self._layout.nodes)
        except EngineFailed:
            return False

    def data(self) -> Path | None:
        """Say that its data are the engine's."""
        return None

    def _gone(self, layout: ContainerLayout) -> list[str]:
        """Return the names of the nodes that are not there any more; EngineFailed."""
        there = {found.id for found in layout.at.containers(self._labels, layout.cluster)}
        return [node.name for node in layout.nodes if node.id not in there]
