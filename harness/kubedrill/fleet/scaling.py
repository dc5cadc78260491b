"""Fleet: which nodes the reference autoscaler orders, by what it knows of nodes and pods."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from kubedrill.client.informer import Object, is_ready
from kubedrill.fleet.objects import node
from kubedrill.fleet.packing import NodeRoom, PodRequest, nodes_needed
from kubedrill.record.fleet import Fleet
from kubedrill.record.labels import APART, ZONE

_OWN = frozenset({"kubernetes.io/hostname", ZONE})
"""Labels that are not the same on all nodes of the fleet."""
_UNSCHEDULABLE = ("PodScheduled", "False", "Unschedulable")
"""Type, status and reason of the condition of a pod for which the scheduler has found no room."""
Kind = TypeVar("Kind")


class Known(Generic[Kind]):
    """What is known of the objects of a collection."""

    def __init__(self, read: Callable[[Object], Kind]) -> None:
        self._read = read
        self._by_uid: dict[str, Kind] = {}
        self._found: set[str] = set()

    def __iter__(self) -> Iterator[Kind]:
        return iter([*self._by_uid.values()])

    def begin(self) -> None:
        """Take that all are put anew."""
        self._found.clear()

    def put(self, found: Object) -> None:
        """Take an object as it is now."""
        uid = found["metadata"]["uid"]
        self._found.add(uid)
        self._by_uid[uid] = self._read(found)

    def gone(self, found: Object) -> None:
        """Take that an object is there no more."""
        self._by_uid.pop(found["metadata"]["uid"], None)

    def all_found(self) -> None:
        """Forget those that were gone when all were put anew."""
        self._by_uid = {uid: known for uid, known in self._by_uid.items() if uid in self._found}


@dataclass(frozen=True, slots=True)
class KnownPod:
    """A pod, as far as it matters here."""

    node: str
    request: PodRequest
    waits: bool
    """The scheduler has found no room for it, and nodes of the fleet are what it asks for."""


@dataclass(frozen=True, slots=True)
class KnownNode:
    """A node of the fleet."""

    name: str
    takes_pods: bool


class Scaling:
    """Knows nodes and pods, and orders nodes, each number once."""

    def __init__(self, run: str, fleet: Fleet, at_most: int, *, apart: bool = False) -> None:
        """`apart`: only pods that tolerate it come to the fleet's nodes."""
        self.nodes, self.pods = Known(self._node), Known(self._pod)
        self.ordered = 0
        """How many nodes it has ordered so far."""
        self._apart = apart
        self._first, self._at_most = fleet.nodes, at_most
        members = [*fleet.everyone()]
        self._names = [member.name for member in members]
        labels = node(members[0], run, [])["metadata"]["labels"]
        self._labels = {key: value for key, value in labels.items() if key not in _OWN}
        self._came: set[str] = set()
        """The nodes that have been Ready."""

    @property
    def there(self) -> int:
        """How many nodes there are, or are coming."""
        return self._first + self.ordered

    def waiting(self) -> Counter[PodRequest]:
        """Return how many pods wait for room, by what they request; those that no node holds among them."""
        return Counter(pod.request for pod in self.pods if pod.waits)

    def order(self) -> int:
        """Order what pods need that is neither there nor coming; return how many nodes these are."""
        waiting = {each: many for each, many in self.waiting().items() if fits(each)}
        needed = nodes_needed(waiting, self._rooms()) if waiting else 0
        order = max(min(needed, self._at_most - self.there), 0)
        self.ordered += order
        return order

    def _rooms(self) -> Iterator[NodeRoom]:
        """Yield what is free on the nodes that take pods, and on those that are still coming."""
        there = {each.name: each for each in self.nodes}
        used: dict[str, Counter[PodRequest]] = {}
        for pod in self.pods:
            if pod.node:
                used.setdefault(pod.node, Counter())[pod.request] += 1
        for name in self._names[: self.there]:
            found = there.get(name)
            if name in self._came and not (found and found.takes_pods):
                continue  # it was lost, or is to go
            room = NodeRoom()
            for request, many in used.get(name, Counter[PodRequest]()).items():
                room.take(request, many)
            yield room

    def _node(self, found: Object) -> KnownNode:
        name, ready = found["metadata"]["name"], is_ready(found)
        if ready:
            self._came.add(name)
        return KnownNode(name, ready and not found["spec"].get("unschedulable", False))

    def _pod(self, found: Object) -> KnownPod:
        spec, metadata = found["spec"], found["metadata"]
        name = spec.get("nodeName", "")
        ours = spec.get("nodeSelector", {}).items() <= self._labels.items()
        ours = ours and (not self._apart or tolerates(spec))
        waits = not name and ours and "deletionTimestamp" not in metadata and _no_room(found)
        return KnownPod(name, PodRequest.of(found), waits)


def fits(request: PodRequest) -> bool:
    """Whether a pod fits a node that nothing runs on."""
    return NodeRoom().take(request) == 1


def tolerates(spec: Object) -> bool:
    """Whether pods may come to nodes that keep apart."""
    return any(
        each.get("key", APART) == APART and each.get("effect", "NoSchedule") == "NoSchedule"
        for each in spec.get("tolerations", ())
    )


def _no_room(pod: Object) -> bool:
    return any(
        (each["type"], each["status"], each.get("reason")) == _UNSCHEDULABLE
        for each in pod.get("status", {}).get("conditions", ())
    )
