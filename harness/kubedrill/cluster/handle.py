"""What may be done to a cluster, and how it is, whoever provides it: for faults, observers, watchdog, heal.

Each kind of operation is a small Protocol of `operations.py` or `links.py`, which is had from here. A cluster
that has not got one says why (`Absent`): what it is capable of is what stands on its handle.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Protocol, get_args

from kubedrill.clock import SECOND
from kubedrill.cluster.links import Cutting, Link, Shape, Shaped, Shaping, Traffic
from kubedrill.cluster.operations import (
    LIMITED,
    Absent,
    Balancing,
    Commanding,
    Entering,
    Flagging,
    FlagValue,
    HandleError,
    Holding,
    Limiting,
    Operation,
    Pausing,
    Quota,
    Resource,
    Strain,
    flag,
    present,
    written,
)
from kubedrill.record.catalogue import ClusterDescription, Need, OperationName
from kubedrill.record.components import ComponentState, Exited, Started
from kubedrill.record.prometheus import PrometheusSource
from kubedrill.record.watched import Usage

__all__ = [
    "LIMITED",
    "LONGEST_HOLD",
    "Absent",
    "Balancing",
    "Commanding",
    "Cutting",
    "Entering",
    "Exits",
    "FlagValue",
    "Flagging",
    "Handle",
    "HandleError",
    "Holding",
    "Limiting",
    "Link",
    "Operation",
    "Pausing",
    "Quota",
    "Resource",
    "Shape",
    "Shaped",
    "Shaping",
    "Strain",
    "Traffic",
    "description",
    "flag",
    "present",
    "written",
]

LONGEST_HOLD = 3600 * SECOND
"""For how long something is done where nobody says until when: nobody else may ever know of it."""


NOT_OFFERED = "its provider does not offer that"


class Exits(Protocol):
    """Follows what starts and exits in a cluster."""

    def read(self) -> Iterable[Started | Exited]:
        """Return what came to pass since the last call."""
        ...


class Handle(Protocol):
    """One cluster that is up. Every call stands alone, and blocks at most 5 s.

    But for what a command of the cluster's file does, which has the time that is given there.
    """

    @property
    def holding(self) -> Holding | Absent:
        """What ends components or nodes, and keeps them down, or why nothing does."""
        ...

    @property
    def pausing(self) -> Pausing | Absent:
        """What stops them where they are, or why nothing does."""
        ...

    @property
    def cutting(self) -> Cutting | Absent:
        """What cuts links, or why nothing does."""
        ...

    @property
    def shaping(self) -> Shaping | Absent:
        """What makes links slow or lossy, or why nothing does."""
        ...

    @property
    def entering(self) -> Entering | Absent:
        """What runs programs inside zones, or why nothing does."""
        ...

    @property
    def limiting(self) -> Limiting | Absent:
        """What limits what components may use, or why nothing does."""
        ...

    @property
    def flagging(self) -> Flagging | Absent:
        """What changes components' flags, or why nothing does."""
        ...

    @property
    def balancing(self) -> Balancing | Absent:
        """What says to which apiservers the load balancer sends requests, or why nothing does."""
        ...

    @property
    def commanding(self) -> Commanding | Absent:
        """That etcd's members obey, or why they do not."""
        ...

    def components(self) -> Mapping[str, ComponentState]:
        """Return every component's state; HandleError if nobody can tell."""
        ...

    def unwell(self, component: str) -> str:
        """Return why a scripted component that runs is not well; "" if it is, or nobody can tell."""
        ...

    def in_force(self) -> tuple[str, ...]:
        """Return in words what is done for the handle's owner just now, or for anybody if it has none.

        Nothing, once all of it has been taken back, whatever others do. HandleError if nobody can tell.
        """
        ...

    def lost(self) -> str:
        """Return in words how the cluster, which was up, cannot be worked with any more; "" if it can."""
        ...

    def is_gone(self) -> bool:
        """Whether all that ran of it has ended for good, and what was done to it with that.

        A cluster that is slow to answer has not.
        """
        ...

    def processes(self) -> Mapping[str, int]:
        """Return the pids of its components that run on this machine; none if it has none here."""
        ...

    def usage(self) -> Mapping[str, Usage]:
        """Return CPU and memory of each component, as far as they can be measured just now."""
        ...

    def exits(self) -> Exits:
        """Follow what starts and exits from now on."""
        ...

    def last_line(self, component: str) -> str:
        """Return the last line of a component's log; "" if it has none, or is out of reach."""
        ...

    def data(self) -> Path | None:
        """Return a folder of this machine on the disk that its data are on; None if they are elsewhere."""
        ...


def description(
    handle: Handle,
    zones: tuple[str, ...],
    *,
    foreign: bool = False,
    observed: tuple[str, ...] | None = None,
    prometheus: PrometheusSource | None = None,
) -> ClusterDescription:
    """Return what a cluster is capable of: the operations that stand on its handle, and why others do not.

    `foreign`: kubedrill does not make it, and it serves others; `observed` and `prometheus` as of a
    ClusterDescription, and so are what a handle may have besides: more that it `lacks`, `embeds_etcd` and
    `runs_pods`.
    """
    can: list[str] = []
    lacks: dict[str, str] = dict(getattr(handle, "lacks", {}))
    for name in get_args(OperationName):
        # One that was written before there was an operation has not got it.
        operation: Operation | Absent = getattr(handle, name, Absent(NOT_OFFERED))
        if isinstance(operation, Absent):
            lacks[name] = operation.why
        else:
            can += [str(Need(name, kind)) for kind in operation.of]
            # Of quotas and shapes, some may be there and others not.
            lacks |= {
                f"{name} {kind}": why for kind, why in getattr(operation, "lacks", {}).items()
            }
    return ClusterDescription(
        zones,
        tuple(can),
        lacks,
        foreign=foreign,
        observed=observed,
        prometheus=prometheus,
        embeds_etcd=getattr(handle, "embeds_etcd", False),
        runs_pods=getattr(handle, "runs_pods", False),
    )
