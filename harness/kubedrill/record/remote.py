"""Loads whose workers are on other machines: what is expected of them, and what became of each."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from kubedrill.clock import MILLISECOND
from kubedrill.record.lines import Count, Line, Time, read_whole, write_typed

CLOCK_BOUND = 50 * MILLISECOND
"""How far a worker's times may be off: a fifth of what an arrival may be late."""


@dataclass(frozen=True, slots=True)
class WorkerPods:
    """Workers that the drill starts as pods of the cluster that it presses."""

    image: str
    """Has the program kubedrill, of this version."""
    master: str
    """How this machine is called where they run: a host, to which the master's port is added."""
    api: str = "in-cluster"
    """HOST:PORT at which they find the API, or `in-cluster`: where every pod does."""
    cpu: str = "1"
    memory: str = "512Mi"
    """What is requested for each."""
    node_selector: dict[str, str] = field(default_factory=dict)
    """Labels of the nodes that they may run on."""
    host_network: bool = False
    """Whether they are in their node's network."""


@dataclass(frozen=True, slots=True)
class RemoteWorkers:
    """How many workers a load expects on other machines; where its master listens, and how long it waits."""

    expect: int
    bind: str
    """HOST:PORT"""
    max_wait_s: float = 60.0
    pods: WorkerPods | None = None
    """None: whoever runs the drill starts them."""

    @property
    def host(self) -> str:
        """The address to listen on."""
        return self.bind.rpartition(":")[0]

    @property
    def port(self) -> int:
        """The port to listen on."""
        return int(self.bind.rpartition(":")[2])


class Account(Line):
    """What the master knows of one worker. Clocks: CLOCK_MONOTONIC, the worker's less the master's, in ns."""

    name: str
    """Its machine and its process."""
    machine: str = ""
    """What tells its machine from others, as long as that is up; "" if it is the drill's own."""
    offset: int = 0
    uncertainty: Count = 0
    """Half of the shortest round trip before the load began."""
    drift: Count = 0
    """By how much at least the offset changed during the load."""
    last_heard: Time = 0
    """Monotonic ns of the master."""
    whole: bool = False
    """Whether it did all that it had to, and all of its samples have come."""
    cause: str = "it was never heard of again"
    """Why not, if not."""


class Accounts(Line):
    """`workers-NAME.json`."""

    workers: tuple[Account, ...]


def write_accounts(path: Path, accounts: Iterable[Account]) -> None:
    """Write `workers-NAME.json`, whole or not at all."""
    write_typed(path, Accounts(workers=tuple(accounts)))


def read_accounts(path: Path) -> tuple[Account, ...]:
    """Read `workers-NAME.json`; none if the master has not come to write it."""
    return read_whole(path, Accounts).workers if path.exists() else ()
