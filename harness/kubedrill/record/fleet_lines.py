"""What the processes of a fleet are told, tell each other, and say of it each second."""

from pathlib import Path
from typing import Literal, NamedTuple

from kubedrill.record.lines import Amount, Count, Line, Time, TimedLine

Plight = Literal[
    "silent", "down", "slow", "not_ready", "MemoryPressure", "DiskPressure", "PIDPressure"
]
"""What may be the matter with a node: its kubelet does nothing; the machine is off; it takes long for
everything; it says that it is not Ready, or which pressure it is under."""


class Slowness(NamedTuple):
    """How long a slow node takes."""

    delay_s: float = 0.0
    """So much later it writes its Lease, and any status."""
    slowdown: float = 1.0
    """So many times as long pods take to start, and to end."""


AS_QUICK_AS_EVER = Slowness()


AWAY: frozenset[Plight] = frozenset({"silent", "down"})
"""With which a node says nothing more."""


class NodeOrder(Line):
    """What nodes of a fleet are to suffer: a file of the cluster's folder `fleet/orders`, until it goes."""

    plight: Plight
    nodes: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    """All nodes of these."""
    delay_s: Amount = 0.0
    """Of those that are slow, as in Slowness."""
    slowdown: Amount = 1.0
    until: Time
    """When it ends by itself, monotonic ns."""


class Player(Line):
    """A process that plays nodes; the last line of its file in the cluster's folder `fleet/players`."""

    pid: Count
    started: str
    """As process.identity.start_of has it."""


def players(cluster_folder: Path) -> Path:
    """Return the folder in which processes stand that play nodes of a cluster, a file for each zone."""
    return cluster_folder / "fleet" / "players"


def orders(cluster_folder: Path) -> Path:
    """Return the folder of the orders to a cluster's nodes; it is there while a fleet is."""
    return cluster_folder / "fleet" / "orders"


class Loading(NamedTuple):
    """Nodes with an image, or with a part of it."""

    pulling: int = 0
    """Those that are loading it."""
    whole: int = 0
    """Those that have it, and are up."""


class PullAccount(Line):
    """What one process's nodes pull: a file of the cluster's folder `fleet/pulls`."""

    run: str
    images: dict[str, Loading]


def pulls(cluster_folder: Path) -> Path:
    """Return the folder in which processes tell each other what their nodes pull."""
    return cluster_folder / "fleet" / "pulls"


class Repaired(TimedLine):
    """A node was restarted by the fleet's self-healing: a line of its zone's file in `fleet/repairs`."""

    node: str


def repairs(cluster_folder: Path) -> Path:
    """Return the folder of what self-healing has done to a cluster's nodes."""
    return cluster_folder / "fleet" / "repairs"


class FleetLine(TimedLine):
    """How the nodes of one zone are, as their process knows it."""

    wanted: Count
    """Those that are to be there by now."""
    registered: Count
    """Those whose object the API has taken."""
    ready: Count
    """Those that have said that they are Ready, and say so still."""
    pods: Count | None
    """Pods that run on them; None where KWOK plays them."""
    requests: Count
    """Sent since the process began."""
    failed: Count
    """Of these, those without an answer, or that the server could not do: 5xx, 429, 401."""
    lease_late_s: Amount | None
    """The longest time since the last line from when a Lease was due until its renewal was sent."""
    lag_s: Amount
    """By how much this process was late itself at most since the last line: it was kept from the CPU."""
    cpu_s: Amount
    """CPU since the process began, KWOK's with it."""
    received_bytes: Count = 0
    """What the nodes have received since the process began, TLS included; not KWOK's."""
    rss_bytes: Count = 0
    """Resident memory of the process."""
    hanging: Count = 0
    """Nodes whose pods use more than they bear."""
    pulling: Count = 0
    """Images that are being pulled."""
    repaired: Count = 0
    """Nodes that self-healing has restarted since the process began."""
    replaced: Count = 0
    """Nodes in whose place another one was Ready since."""
    refused: Count = 0
    """Evictions that a PodDisruptionBudget has refused since; each is asked for again."""
    forbidden: Count = 0
    """Requests answered with 403: a pod is bound to its node before every apiserver knows that it is.

    As a kubelet's are, such requests are sent again.
    """
