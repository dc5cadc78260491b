"""Load: what a process must know of where its load comes from, and goes to.

A drill's on this machine (local), a drill's on another one (remote.worker), or a person's (stand_alone).
"""

from collections.abc import Sequence
from typing import Protocol

from kubedrill.client.identity import ClientIdentity
from kubedrill.load.user.generator import Generator
from kubedrill.load.user.parameters import Parameters
from kubedrill.load.user.recorder import Samples
from kubedrill.load.user.result import RequestSeries
from kubedrill.load.user.vitals import Lines
from kubedrill.record.share import Share
from kubedrill.wire.target import Http


class Session(Protocol):
    """One process's part of one load."""

    load: str
    """The load's name, for what it creates."""
    run_name: str
    """The run's name, for what it creates."""
    share: Share
    users: int
    """How many users there will be; more may come, and take their part of the arrivals."""
    swept: bool
    """Whether what the load makes is deleted afterwards."""
    ahead: int
    """By how much this machine's clock is ahead of the load's, ns; of workers of other machines only."""

    def identities(self, http: Http) -> list[ClientIdentity]:
        """Return who the users are, in turn; NotStarted if there is no telling."""
        ...

    def samples(self, series: Sequence[RequestSeries], given: Parameters) -> Samples | None:
        """Return where records go; None: they are not kept."""
        ...

    def vitals(self) -> Lines | None:
        """Return where this process says how it is doing; None: it does not."""
        ...

    def begin_test(self) -> None:
        """Locust's test begins, perhaps with other options than before; NotStarted says what is wrong."""
        ...

    def spawned(self) -> None:
        """All users are there."""
        ...

    def run(self, generator: Generator) -> bool:
        """Send what is to be sent; True at a planned end: Locust may quit."""
        ...
