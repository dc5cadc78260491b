"""Fleet: one pod on its node: from its coming to its Ready, its end, and its deletion."""

from collections.abc import Callable
from functools import partial

import gevent

from kubedrill.client.informer import Object
from kubedrill.clock import SECOND, now
from kubedrill.fleet.host import PodHost
from kubedrill.fleet.objects import address, pod_address, stamp
from kubedrill.fleet.patience import tell, until_done
from kubedrill.fleet.pod_objects import (
    LOST_CODE,
    TOKEN_S,
    PodShape,
    PodState,
    event,
    status_patch,
    token_request,
)
from kubedrill.fleet.talk import MERGE
from kubedrill.wire.response import Response

CALL = 10 * SECOND
FIRST_S, LONGEST_S = 1.0, 10.0
"""Between attempts to write a pod's status: a kubelet looks at each of its pods every 10 s at the latest."""
STOP_S = 0.2
"""How long containers that are asked to end take: there are none, so they are quick."""


class Pod:
    """One pod on its node."""

    __slots__ = (
        "_dirty",
        "_ending",
        "_host",
        "_start_s",
        "_token_until",
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
        self._token_until = 0
        """When it asks for another token; 0: it has none."""
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
        self.state.sandbox_at = stamp()
        self.write()
        self._host.images.fetch(self)
        if self.is_leaving:
            return
        first = self.shape.containers[0].name
        self.tell("Created", "Container created", first)
        self._host.work(self._start_s)
        if self.is_leaving:
            return
        self.state.restarts += self.state.state == "lost"
        self.state.state, self.state.running_at = "running", stamp()
        self.state.ready, self.state.ready_at = not self.shape.probed_s, ""
        self.write()
        self.tell("Started", "Container started", first)
        self._go_on()

    def observe(self, generation: int) -> None:
        """Take the generation of its object; that it has done so stands in its status."""
        known, self.state.generation = self.state.generation, generation
        if known not in {0, generation}:
            self.correct()

    def look(self, at: int) -> None:
        """Get another token where the one that it has has lasted for four fifths of its time."""
        if self._token_until and at >= self._token_until and not self._ending:
            self._token_until = 0
            self._host.spawn(self._get_token)

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
            self._token_until = min(self._token_until, 1)  # a kubelet that starts has none
            self._go_on()
        elif state.state == "running" and not self.shape.is_restarted:
            self._ended(LOST_CODE)
            self.correct()
        else:
            state.sandbox_at = ""
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
            self._token_until = now() + round(TOKEN_S * 0.8 * SECOND)

    def _go_on(self) -> None:
        """Let its probes succeed, and it end by itself after its time, if it says that it does."""
        if not self.state.ready:
            self._host.spawn(self._become_ready)
        if self.shape.ends is not None:
            self._host.spawn(self._end_by_itself, *self.shape.ends)

    def _become_ready(self) -> None:
        gevent.sleep(self.shape.probed_s)
        if self.state.state == "running" and not self.is_leaving:
            self.state.ready, self.state.ready_at = True, stamp()
            self.write()

    def _end_by_itself(self, after_s: float, code: int) -> None:
        gevent.sleep(after_s)
        if not self.is_leaving:
            self._ended(code)
            self.write()

    def _end(self, grace_s: float) -> None:
        if self.state.state != "ended":
            first = self.shape.containers[0].name
            self.tell("Killing", f"Stopping container {first}", first)
            self._host.work(min(STOP_S, grace_s))
            self._ended(0)
            self.write()
        self._look_at_it()
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
        if not self._look_at_it():
            return
        member = self._host.member
        self._host.hold_back()
        patch = status_patch(
            self.shape, self.state, address(member), pod_address(member, self.slot)
        )
        self._call("PATCH", f"{self.shape.path}/status", patch, MERGE)

    def _look_at_it(self) -> bool:
        """Whether its object is there, and not another one of its name."""
        found = self._insist(partial(self._once, "GET", self.shape.path))
        return found is not None and found.status == 200 and self.shape.uid.encode() in found.body

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
