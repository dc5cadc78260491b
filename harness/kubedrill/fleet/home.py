"""Fleet: what the nodes of one process share."""

from collections.abc import Callable
from dataclasses import dataclass, field

import gevent
from gevent.lock import BoundedSemaphore

from kubedrill.fleet.identity import Gate
from kubedrill.fleet.process import Latest
from kubedrill.fleet.pulling import Pulls
from kubedrill.fleet.talk import Counts
from kubedrill.record.fleet import PodTimes

COMING = 16
"""So many of a process's nodes come at once: if all did, each would take as long as all of them together.

Half of their time they wait as a kubelet does.
"""


@dataclass(frozen=True, slots=True)
class Home:
    """What the nodes of one process share."""

    run: str
    gate: Gate
    times: PodTimes
    failed: Callable[[gevent.Greenlet], None]
    """Told of what has failed for a reason that no node may have: a fault of this program."""
    counts: Counts
    late: Latest = field(default_factory=Latest)
    """By how much Leases were renewed later than they were due."""
    pulls: Pulls | None = None
    """None: nodes have every image."""
    apart: bool = False
    """Whether nothing of others is to come to them."""
    coming: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(COMING))
