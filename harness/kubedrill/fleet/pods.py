"""Fleet: the pods of one node: from their coming to their Ready, their end, and their deletion."""

from collections.abc import Callable
from functools import partial
from itertools import count

import gevent

from kubedrill.client.informer import Object, conditions
from kubedrill.clock import SECOND, now
from kubedrill.fleet.host import PodHost
from kubedrill.fleet.keeping_up import KeepingUp
from kubedrill.fleet.objects import address, pod_address, stamp
from kubedrill.fleet.patience import tell, until_done
from kubedrill.fleet.pod_objects import (
    LOST_CODE,
    PodShape,
    PodState,
    event,
    is_over,
    status_patch,
    token_request,
)
from kubedrill.fleet.references import Reference
from kubedrill.fleet.simulated import start_times
from kubedrill.fleet.talk import MERGE
from kubedrill.wire.response import Response

CALL = 10 * SECOND
FIRST_S, LONGEST_S = 1.0, 10.0
"""Between attempts to write a pod's status: a kubelet looks at each of its pods every 10 s at the latest."""
STOP_S = 0.2
"""How long containers that are asked to end take: there are none, so they are quick."""


class Pods:
    """Takes the pods that are bound to a node, and plays them."""

    def __init__(self, host: PodHost) -> None:
        self._host = host
        self._pods: dict[str, Pod] = {}
        self._seen: set[str] = set()
        self._watched: dict[Reference, tuple[KeepingUp, set[str]]] = {}
        self._start_times = start_times(host.member.name, host.times)

    @property
    def running(self) -> int:
        """How many run."""
        return sum(pod.state.state == "running" for pod in self._pods.values())

    @property
    def requested(self) -> float:
        """How many CPUs those have requested that run."""
        return sum(pod.shape.cpus for pod in self._pods.values() if pod.state.state == "running")

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
            for reference in pod.shape.references:
                self._watch(reference, uid)
            self._host.spawn(pod.start)
        elif pod.state.ready and conditions(found).get("Ready") != "True":
            pod.correct()
        if found["metadata"].get("deletionTimestamp"):
            pod.end(float(found["metadata"].get("deletionGracePeriodSeconds", pod.shape.grace_s)))

    def gone(self, found: Object) -> None:
        """Forget a pod that is there no more."""
        self._seen.discard(found["metadata"]["uid"])
        self._forget(found["metadata"]["uid"])

    def all_found(self) -> None:
        """Forget those that were gone when all were looked at anew."""
        for uid in self._pods.keys() - self._seen:
            self._forget(uid)

    def resume(self, restarted: bool) -> None:
        """Go on after the node was down; `restarted`: the machine was, and its containers with it."""
        for pod in self._pods.values():
            pod.resume(restarted)
            for reference in pod.shape.references:
                self._watch(reference, pod.shape.uid)

    def stop_following(self) -> None:
        """Watch nothing that pods use any more."""
        for following, _ in self._watched.values():
            following.stop()
        self._watched.clear()

    def drain(self) -> bool:
        """Delete them all at once; return, when that is done, whether there were any."""
        deleting = [self._host.spawn(pod.delete) for pod in [*self._pods.values()]]
        gevent.joinall(deleting)
        return bool(deleting)

    def _free_slot(self) -> int:
        """Return the lowest that no pod has: each is an address."""
        taken = {pod.slot for pod in self._pods.values()}
        return next(slot for slot in count() if slot not in taken)

    def _forget(self, uid: str) -> None:
        pod = self._pods.pop(uid, None)
        if pod is None:
            return
        pod.gone = True
        for reference in pod.shape.references:
            watching, users = self._watched[reference]
            users.discard(uid)
            if not users:
                watching.stop()
                del self._watched[reference]

    def _watch(self, reference: Reference, uid: str) -> None:
        """Watch an object that a pod uses, once for all the pods that do, as a kubelet does."""
        if reference not in self._watched:
            kind, namespace, name = reference
            path = f"/api/v1/namespaces/{namespace}/{kind}"
            selector = f"fieldSelector=metadata.name%3D{name}"
            following = KeepingUp(self._host.spawn, self._host.talk, path, selector=selector)
            self._watched[reference] = following, set()
        self._watched[reference][1].add(uid)


class Pod:
    """One pod on its node."""

    __slots__ = (
        "_dirty",
        "_ending",
        "_host",
        "_start_s",
        "_told",
        "_writing",
        "gone",
        "shape",
        "slot",
        "state",
    )

    def __init__(self, shape: PodShape, host: PodHost, slot: int, start_s: float) -> None:
        self.shape = shape
        self.state = PodState(started_at=stamp())
        self.gone = False
        """Whether its object is there no more."""
        self._host = host
        self.slot = slot
        """Which of its node's addresses it has."""
        self._start_s = start_s
        self._ending = False
        self._told = 0
        self._writing = self._dirty = False

    @property
    def is_leaving(self) -> bool:
        """Whether it is to end, or its object is there no more."""
        return self._ending or self.gone

    def start(self) -> None:
        """Take it, start its containers, and say that they run."""
        self.write()
        if self.state.state == "lost":
            sandbox = "Pod sandbox changed, it will be killed and re-created."
            self.tell("SandboxChanged", sandbox)
        self._get_token()
        self._host.images.fetch(self)
        if self.is_leaving:
            return
        first = self.shape.containers[0].name
        self.tell("Created", f"Created container: {first}", first)
        self._host.work(self._start_s)
        if self.is_leaving:
            return
        self.state.restarts += self.state.state == "lost"
        self.state.state, self.state.ready, self.state.running_at = "running", True, stamp()
        self.write()
        self.tell("Started", f"Started container {first}", first)
        self._let_end()

    def end(self, grace_s: float) -> None:
        """End it since its object is to be deleted."""
        if not self._ending:
            self._ending = True
            self._host.spawn(self._end, grace_s)

    def resume(self, restarted: bool) -> None:
        """Go on after the node was down; `restarted`: its containers have to be started anew."""
        state = self.state
        if self._ending:
            self._host.spawn(self._end, 0.0)
        elif state.state == "ended":
            self.correct()
        elif state.state == "running" and not restarted:
            self._let_end()
        elif state.state == "running" and not self.shape.is_restarted:
            self._ended(LOST_CODE)
            self.correct()
        else:
            if state.state == "running":
                state.state, state.ready, state.lost = "lost", False, (state.running_at, stamp())
            self._host.spawn(self.start)

    def delete(self) -> None:
        """Delete its object for good."""
        options = {"gracePeriodSeconds": 0, "preconditions": {"uid": self.shape.uid}}
        self._call("DELETE", self.shape.path, options)

    def correct(self) -> None:
        """Write its status again: somebody else has written that it is not Ready, which it is."""
        self._host.spawn(self.write)

    def _get_token(self) -> None:
        """Get what its containers are given: the token of its ServiceAccount."""
        if self.shape.account:
            accounts = f"/api/v1/namespaces/{self.shape.namespace}/serviceaccounts"
            path = f"{accounts}/{self.shape.account}/token"
            self._call("POST", path, token_request(self.shape))

    def _let_end(self) -> None:
        """Let it end by itself after its time, if it says that it does."""
        if self.shape.ends is not None:
            self._host.spawn(self._end_by_itself, *self.shape.ends)

    def _end_by_itself(self, after_s: float, code: int) -> None:
        gevent.sleep(after_s)
        if not self.is_leaving:
            self._ended(code)
            self.write()

    def _end(self, grace_s: float) -> None:
        if self.state.state != "ended":
            self._host.work(min(STOP_S, grace_s))
            self._ended(0)
            self.write()
        self.delete()

    def _ended(self, code: int) -> None:
        state = self.state
        state.state, state.ready, state.exit_code, state.ended_at = "ended", False, code, stamp()

    def write(self) -> None:
        """Write its status as it is; one at a time, so that the last word is how it is now."""
        self._dirty = True
        if self._writing:
            return  # whoever does writes it once more
        self._writing = True
        try:
            while self._dirty and not self.gone:
                self._dirty = False
                self._write_once()
        finally:
            self._writing = False

    def _write_once(self) -> None:
        """Look at its object first, as a kubelet does."""
        found = self._insist(partial(self._once, "GET", self.shape.path))
        if found is None or found.status != 200 or self.shape.uid.encode() not in found.body:
            return
        member = self._host.member
        self._host.hold_back()
        patch = status_patch(
            self.shape, self.state, address(member), pod_address(member, self.slot)
        )
        self._call("PATCH", f"{self.shape.path}/status", patch, MERGE)

    def _call(
        self, method: str, path: str, content: Object, kind: str = "application/json"
    ) -> None:
        self._insist(partial(self._once, method, path, content, kind))

    def _insist(self, once: Callable[[], Response]) -> Response | None:
        """Ask until there is an answer that stays, or the pod is there no more."""
        return until_done(once, FIRST_S, LONGEST_S, lambda: self.gone)

    def _once(
        self, method: str, path: str, content: Object | None = None, kind: str = "application/json"
    ) -> Response:
        return self._host.talk.call(method, path, now() + CALL, content, kind)

    def tell(self, reason: str, message: str, container: str = "", kind: str = "Normal") -> None:
        """Write an Event about it, or one of its containers."""
        about = {
            "apiVersion": "v1",
            "kind": "Pod",
            "namespace": self.shape.namespace,
            "name": self.shape.name,
            "uid": self.shape.uid,
            **({"fieldPath": f"spec.containers{{{container}}}"} if container else {}),
        }
        self._told += 1
        name = f"{self.shape.name}.{self.slot:x}.{self._told:x}.{self.shape.uid[:8]}"
        content = event(self._host.member.name, about, name, reason, message, kind=kind)
        path = f"/api/v1/namespaces/{self.shape.namespace}/events"
        self._host.spawn(tell, partial(self._once, "POST", path, content))
