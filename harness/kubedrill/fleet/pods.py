"""Fleet: the pods of one node: which of them are there, and what they use."""

from itertools import count

import gevent

from kubedrill.client.informer import Object, is_ready
from kubedrill.clock import now
from kubedrill.fleet.host import PodHost
from kubedrill.fleet.pod import Pod
from kubedrill.fleet.pod_objects import PodShape, is_over
from kubedrill.fleet.simulated import start_times
from kubedrill.fleet.used_objects import UsedObjects

TAKES_S = 0.025
"""From when a kubelet hears of a pod until it asks for it: by then most apiservers know that it is its."""


class Pods:
    """Takes the pods that are bound to a node, and plays them."""

    def __init__(self, host: PodHost) -> None:
        self._host = host
        self._pods: dict[str, Pod] = {}
        self._seen: set[str] = set()
        self._references = UsedObjects(host)
        self._start_times = start_times(host.member.name, host.times)

    @property
    def running(self) -> int:
        """How many run."""
        return sum(pod.state.state == "running" for pod in self._pods.values())

    @property
    def requested(self) -> float:
        """How many CPUs those have requested that run."""
        return sum(pod.shape.cpus for pod in self._pods.values() if pod.state.state == "running")

    @property
    def images(self) -> frozenset[str]:
        """The images of those whose containers have run."""
        ran = (pod.shape for pod in self._pods.values() if pod.state.running_at)
        return frozenset(image for shape in ran for _, image, _ in shape.containers)

    def begin(self) -> None:
        """Take that all pods are looked at anew."""
        self._seen.clear()

    def put(self, found: Object) -> None:
        """Take a pod as it is now."""
        uid = found["metadata"]["uid"]
        self._seen.add(uid)
        pod = self._pods.get(uid)
        if pod is None:
            if is_over(found):
                return
            slot = self._free_slot()
            pod = self._pods[uid] = Pod(
                PodShape.of(found), self._host, slot, next(self._start_times)
            )
            self._host.spawn(self._take, pod)
        elif pod.state.ready and not is_ready(found):
            pod.correct()
        pod.observe(int(found["metadata"].get("generation", 1)))
        if found["metadata"].get("deletionTimestamp"):
            pod.end(float(found["metadata"].get("deletionGracePeriodSeconds", pod.shape.grace_s)))

    def gone(self, found: Object) -> None:
        """Forget a pod that is there no more."""
        self._seen.discard(found["metadata"]["uid"])
        self._forget(found["metadata"]["uid"])

    def look(self) -> None:
        """Do what is due by now; to be called every few seconds."""
        at = now()
        self._references.look(at)
        for pod in [*self._pods.values()]:
            pod.look(at)

    def all_found(self) -> None:
        """Forget those that were gone when all were looked at anew."""
        for uid in self._pods.keys() - self._seen:
            self._forget(uid)

    def resume(self, restarted: bool) -> None:
        """Go on after the node was down; `restarted`: the machine was, and its containers with it."""
        for pod in self._pods.values():
            pod.resume(restarted)
            self._references.use(pod.shape)

    def stop_following(self) -> None:
        """Watch nothing that pods use any more."""
        self._references.stop()

    def movable(self) -> list[Pod]:
        """Return those that there will be elsewhere when they are gone: not those of DaemonSets."""
        return [pod for pod in self._pods.values() if not pod.shape.of_daemon]

    def drain(self) -> bool:
        """Delete all that are movable at once; return, when that is done, whether there were any."""
        deleting = [self._host.spawn(pod.delete) for pod in self.movable()]
        gevent.joinall(deleting)
        return bool(deleting)

    def _take(self, pod: Pod) -> None:
        gevent.sleep(TAKES_S)
        if not pod.gone:
            self._references.use(pod.shape)
            pod.start()

    def _free_slot(self) -> int:
        """Return the lowest that no pod has: each is an address."""
        taken = {pod.slot for pod in self._pods.values()}
        return next(slot for slot in count() if slot not in taken)

    def _forget(self, uid: str) -> None:
        pod = self._pods.pop(uid, None)
        if pod is None:
            return
        pod.gone = True
        self._references.leave(pod.shape)
