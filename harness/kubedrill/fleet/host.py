"""Fleet: a node, as its pods know it."""

from collections.abc import Callable
from typing import Protocol

import gevent

from kubedrill.fleet.images import NodeImages
from kubedrill.fleet.talk import Talk
from kubedrill.record.fleet import Member, PodTimes


class PodHost(Protocol):
    """The node, as its pods know it."""

    member: Member
    talk: Talk
    times: PodTimes
    images: NodeImages

    def spawn(self, what: Callable[..., object], *arguments: object) -> gevent.Greenlet:
        """Do something as long as the node is up."""
        ...

    def hold_back(self) -> None:
        """Return when it may write what it is to write: at once, unless it is slow."""
        ...

    def work(self, seconds: float) -> None:
        """Return when it has done what takes so long, longer if it is slow."""
        ...
