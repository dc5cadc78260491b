"""Fleet: a node is emptied as by `kubectl drain`: by evictions, which disruption budgets may refuse."""

from http import HTTPStatus

import gevent

from kubedrill.clock import now
from kubedrill.fleet.node import DRAINED_S, HEARTBEAT, Node
from kubedrill.fleet.patience import DONE, NOTHING_MORE
from kubedrill.fleet.pod_objects import PodShape
from kubedrill.fleet.talk import Talk
from kubedrill.wire.errors import WireError

AGAIN_S = 5.0
"""So long kubectl waits before it asks again for what was refused."""


class MayNotEvict(Exception):  # noqa: N818 - an event of the drill, not a programming error
    """The fleet's identity may not evict pods in this cluster."""


class Evicting:
    """Evicts the pods of nodes, one after the other."""

    def __init__(self, talk: Talk) -> None:
        self._talk = talk
        self.refused = 0
        """So many evictions were refused by a budget."""

    def empty(self, node: Node) -> None:
        """Evict the pods of a node, but for those of DaemonSets; return when none else is left on it."""
        while pods := node.pods.movable():
            refused = [pod for pod in pods if not self._evicted(pod.shape)]
            gevent.sleep(AGAIN_S if refused else DRAINED_S)

    def _evicted(self, shape: PodShape) -> bool:
        """Ask for the eviction of a pod, once; whether that is granted. MayNotEvict."""
        content = {
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"name": shape.name, "namespace": shape.namespace},
            "deleteOptions": {"preconditions": {"uid": shape.uid}},
        }
        try:
            answer = self._talk.call("POST", f"{shape.path}/eviction", now() + HEARTBEAT, content)
        except WireError:
            return False
        if answer.status == HTTPStatus.FORBIDDEN:
            raise MayNotEvict(
                "the fleet may not evict pods here; a cluster of kubedrill's own that an earlier "
                "version brought up must be brought up anew"
            )
        # 429 is also what the API answers to whoever asks too much.
        self.refused += (
            answer.status == HTTPStatus.TOO_MANY_REQUESTS and b"DisruptionBudget" in answer.body
        )
        return answer.status in DONE or answer.status in NOTHING_MORE
