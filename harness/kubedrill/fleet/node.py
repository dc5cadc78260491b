"""Fleet: one hollow node: registers, renews its Lease, says how it is, watches what a kubelet watches."""

import random
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import Any

import gevent
from gevent import get_hub
from gevent.lock import BoundedSemaphore

from kubedrill.client.informer import Object, Taking
from kubedrill.clock import SECOND, now
from kubedrill.fleet.home import Home
from kubedrill.fleet.images import ALL_THERE, NodeImages, PulledImages
from kubedrill.fleet.keeping_up import KeepingUp
from kubedrill.fleet.objects import (
    LEASES,
    NODES,
    PRESSURES,
    Conditions,
    ToldConditions,
    boot_id,
    lease,
    node,
    status_patch,
)
from kubedrill.fleet.patience import DONE, LONGEST_S, answered, tell, until_done
from kubedrill.fleet.pod_objects import event
from kubedrill.fleet.pods import Pods
from kubedrill.fleet.slowness import Paced
from kubedrill.fleet.talk import MERGE, Talk, parsed
from kubedrill.record.fleet import AWAY, Member, Plight
from kubedrill.record.labels import RUN
from kubedrill.wire.errors import WireError
from kubedrill.wire.response import Response

HEARTBEAT = 10 * SECOND
"""A kubelet gives its Lease and its status so long to be answered."""
RENEW_S, JITTER = 10.0, 0.04
"""A Lease is renewed each quarter of its 40 s, a little later at random."""
LOOK_S = 10.0
"""So often a kubelet compares what it knows of its node with what its object says."""
REPORT_S = 300.0
"""Where nothing has changed, a status is sent so often; after a change up to half of that sooner or later."""
CORDONED_S = 1.0
"""Until a scheduler knows that a node takes no more pods."""
DRAINED_S = 0.5
"""Until a pod would be seen that was bound to a node meanwhile."""
TOGETHER = SECOND // 4
"""Leases are renewed at multiples of this: some at a time cost half as much as each alone."""
RENEWALS = 5
"""So often at once a renewal is tried that has met another one."""
WATCHED = (
    "/api/v1/services",
    "/apis/node.k8s.io/v1/runtimeclasses",
    "/apis/storage.k8s.io/v1/csidrivers",
)
"""What each kubelet keeps up with, besides its Node, its pods, and what those use."""


class ForeignNode(Exception):  # noqa: N818 - something else is in its place
    """A node of this name is there already, and is not this run's."""


class Node(Paced):
    """One node. Whatever it does it does in greenlets of its own, until it goes down."""

    def __init__(self, member: Member, home: Home) -> None:
        self.member = member
        self.times = home.times
        self.images: NodeImages = PulledImages(member.name, home.pulls) if home.pulls else ALL_THERE
        self.registered = False
        self.told_ready = False
        """Whether the API has taken that it is Ready."""
        self._home = home
        self._told = ToldConditions()
        self._reporting = BoundedSemaphore()
        self._identity = home.gate.identity(member.name)
        self.talk = self._new_talk()
        self.conditions = Conditions()
        self._uid = ""
        self._version = ""
        """The Lease's."""
        self._timers: dict[str, Any] = {}
        self._plights: frozenset[Plight] = frozenset()
        self._restarts = False  # its machine was off since it was there last
        self._boots = self._told_boots = 0
        self._greenlets: set[gevent.Greenlet] = set()
        self._following: list[KeepingUp] = []
        self.pods = Pods(self)

    @property
    def is_ready(self) -> bool:
        """Whether it has said that it is Ready, and says so still."""
        return self.told_ready and self.conditions.ready and not self.talk.closed

    def spawn(self, what: Callable[..., object], *arguments: object) -> gevent.Greenlet:
        """Do something as long as the node is up."""
        greenlet: gevent.Greenlet = gevent.spawn(what, *arguments)
        self._greenlets.add(greenlet)
        greenlet.rawlink(self._done)
        return greenlet

    def _done(self, greenlet: gevent.Greenlet) -> None:
        self._greenlets.discard(greenlet)
        if not greenlet.successful():
            self._home.failed(greenlet)

    def come(self) -> None:
        """Become a node of the cluster when it is its turn; return when it has said that it is Ready."""
        with self._home.coming:
            self.join()

    def join(self) -> None:
        """Become a node of the cluster at once: return when it has said that it is Ready."""
        self._follow(NODES, f"metadata.name%3D{self.member.name}", self._told)
        for path in WATCHED:
            self._follow(path)
        self._register()
        self.spawn(self._renew, now())
        self._follow("/api/v1/pods", f"spec.nodeName%3D{self.member.name}", self.pods)
        self.conditions.ready = "not_ready" not in self._plights
        self.report()
        self._after("look", LOOK_S, self._look)
        self._tell("Starting", "Starting kubelet.")
        self._tell("NodeReady", f"Node {self.member.name} status is now: NodeReady")

    def suffer(self, plights: frozenset[Plight]) -> None:
        """Let these, and no others, be the matter with it from now on."""
        before, self._plights = self._plights, plights
        if plights == before:
            return
        self._restarts |= "down" in plights
        self.conditions.pressures = tuple(kind for kind in PRESSURES if kind in plights)
        was_away, is_away = bool(before & AWAY), bool(plights & AWAY)
        if is_away and not was_away:
            self._go_down(silently="down" in plights)
        elif was_away and not is_away:
            self._come_back(self._restarts)
            self._restarts = False
        elif not is_away:
            self.conditions.ready = "not_ready" not in plights
            self.spawn(self.report)

    def leave(self) -> None:
        """Take no more pods, let go of those that it has, and switch off: only its object is left."""
        if not self.talk.closed:
            cordon: Object = {"spec": {"unschedulable": True}}
            until_done(
                partial(self._call, "PATCH", f"{NODES}/{self.member.name}", cordon, MERGE),
                given_up=lambda: self.talk.closed,
            )
            gevent.sleep(CORDONED_S)
            while self.pods.drain() and not self.talk.closed:
                gevent.sleep(DRAINED_S)
        self._go_down()

    def _go_down(self, *, silently: bool = False) -> None:
        """Let go of everything at once: its kubelet has died, or, `silently`, its machine has no power."""
        for timer in self._timers.values():
            timer.stop()
            timer.close()
        self._timers.clear()
        gevent.killall(list(self._greenlets), block=False)
        self.images.switch(on=False)
        if silently:
            self.talk.fall_silent()
        else:
            self.talk.close()
        self._stop_following()

    def _stop_following(self) -> None:
        for following in self._following:
            following.stop()
        self._following.clear()
        self.pods.stop_following()

    def _come_back(self, restarted: bool) -> None:
        """Begin anew after `_go_down`; `restarted`: its containers have to, too."""
        self.talk.reset()
        self.talk = self._new_talk()
        self.images.switch(on=True)
        self._boots += restarted
        self._version = ""
        self.conditions.ready = self.told_ready = False
        self.spawn(self.join)
        self.pods.resume(restarted)

    def report(self) -> None:
        """Write its status as it is, until that is done, and again when the next report is due."""
        path = f"{NODES}/{self.member.name}/status"
        with self._reporting:  # the last word is how it is now
            boot = boot_id(self.member, self._boots) if self._boots > self._told_boots else ""
            answer = answered(partial(self._write_status, path, boot))
            if boot and answer.status in DONE:
                self._told_boots = self._boots
                words = f"Node {self.member.name} has been rebooted, boot id: {boot}"
                self._tell("Rebooted", words, kind="Warning")
        self.told_ready = answer.status in DONE and self.conditions.ready
        pause_s = REPORT_S * random.uniform(0.5, 1.5)  # noqa: S311 - jitter
        self._after("report", pause_s, self.report)

    def _write_status(self, path: str, boot: str) -> Response:
        patch = status_patch(self.conditions.written(), boot)
        self.hold_back()
        return self._call("PATCH", path, patch, MERGE)

    def _look(self) -> None:
        """Report where its object says otherwise: the controller-manager has written Unknown, say."""
        self._after("look", LOOK_S, self._look)
        told, said = self._told.conditions, self.conditions.written()
        if told and any(told.get(each["type"]) != each["status"] for each in said):
            self.report()

    def _new_talk(self) -> Talk:
        return Talk(self._identity, self._home.counts)

    def _register(self) -> None:
        """Make its Node, or take the one that is there; return when it is one of the cluster's."""
        content = node(
            self.member, self._home.run, self.conditions.written(), apart=self._home.apart
        )
        while True:
            answer = answered(partial(self._call, "POST", NODES, content))
            if answer.status == HTTPStatus.CONFLICT:
                answer = answered(partial(self._call, "GET", f"{NODES}/{self.member.name}"))
            if answer.status in DONE:
                found = parsed(answer)["metadata"]
                if found.get("labels", {}).get(RUN) != self._home.run:
                    raise ForeignNode(f"there is a node {self.member.name} that is not this run's")
                self._uid = found["uid"]
                self.registered = True
                return
            gevent.sleep(LONGEST_S)

    def _renew(self, due: int) -> None:
        """Renew the Lease that was due then, and be woken when it is due again: 10 s after that is done."""
        self._home.late.add(now() - due)
        if not (self._version and any(self._renewed() for _ in range(RENEWALS))):
            self._ensure_lease()
        due = _together(now() + round(RENEW_S * (1 + random.uniform(0, JITTER)) * SECOND))  # noqa: S311
        self._after("lease", (due - now()) / SECOND, partial(self._renew, due))

    def _renewed(self) -> bool:
        """Write the Lease once; whether that is done, or cannot be."""
        mine = lease(self.member.name, self._uid, self._version)
        self.hold_back()
        try:
            answer = self._call("PUT", f"{LEASES}/{self.member.name}", mine)
            if answer.status == HTTPStatus.CONFLICT:
                answer = self._call("GET", f"{LEASES}/{self.member.name}")
                self._know(answer)
                return False
        except WireError:
            return False
        if answer.status == HTTPStatus.NOT_FOUND:
            self._version = ""
        return self._know(answer)

    def _ensure_lease(self) -> None:
        """Make the Lease, or take the one that is there."""
        path = f"{LEASES}/{self.member.name}"
        if self._know(answered(partial(self._call, "GET", path))):
            self._renewed()
            return
        mine = lease(self.member.name, self._uid)
        self._know(answered(partial(self._call, "POST", LEASES, mine)))

    def _know(self, answer: Response) -> bool:
        """Take the Lease's version of an answer; whether there is one."""
        if answer.status not in DONE:
            return False
        self._version = parsed(answer)["metadata"]["resourceVersion"]
        return True

    def _follow(self, path: str, field: str = "", taking: Taking | None = None) -> None:
        """Keep up with what a kubelet keeps up with."""
        selector = f"fieldSelector={field}" if field else ""
        self._following.append(KeepingUp(self.spawn, self.talk, path, taking, selector))

    def _call(
        self, method: str, path: str, content: Object | None = None, kind: str = "application/json"
    ) -> Response:
        return self.talk.call(method, path, now() + HEARTBEAT, content, kind)

    def _after(self, what: str, pause_s: float, call: Callable[[], object]) -> None:
        """Call something later, in a greenlet of its own: one that waited would take 7 KB meanwhile."""
        if what in self._timers:
            self._timers[what].stop()
            self._timers[what].close()
        timer = self._timers[what] = get_hub().loop.timer(pause_s)
        timer.start(self.spawn, call)

    def _tell(self, reason: str, message: str, kind: str = "Normal") -> None:
        name = self.member.name
        about = {"apiVersion": "v1", "kind": "Node", "name": name, "uid": name}
        content = event(
            name, about, f"{name}.{reason.lower()}.{now():x}", reason, message, kind=kind
        )
        self.spawn(tell, partial(self._call, "POST", "/api/v1/namespaces/default/events", content))


def _together(due: int) -> int:
    """Return the moment nearest to a time at which others do what they are to do, too."""
    return round(due / TOGETHER) * TOGETHER
