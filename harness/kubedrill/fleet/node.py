"""Fleet: one hollow node: registers, renews its Lease, says how it is, watches what a kubelet watches."""

import random
from collections.abc import Callable
from functools import partial
from typing import Any

import gevent
from gevent import get_hub
from gevent.lock import BoundedSemaphore

from kubedrill.client.informer import CollectionInformer, Object, Taking
from kubedrill.client.protobuf import PROTOBUF
from kubedrill.clock import SECOND, now
from kubedrill.fleet.home import Home
from kubedrill.fleet.images import ALL_THERE, NodeImages, PulledImages
from kubedrill.fleet.keeping_up import KeepingUp, NewerInformer
from kubedrill.fleet.leasing import Leasing
from kubedrill.fleet.objects import (
    NODES,
    PRESSURES,
    Conditions,
    ToldConditions,
    boot_id,
    node,
    status_patch,
)
from kubedrill.fleet.patience import DONE, answered, tell, until_done
from kubedrill.fleet.pod_objects import event
from kubedrill.fleet.pods import Pods
from kubedrill.fleet.registering import await_api, make_csi_node, register
from kubedrill.fleet.slowness import Paced
from kubedrill.fleet.talk import MERGE, Talk
from kubedrill.record.fleet import Member
from kubedrill.record.fleet_lines import AWAY, Plight
from kubedrill.wire.response import Response

HEARTBEAT = 10 * SECOND
"""A kubelet gives its Lease and its status so long to be answered."""
RENEW_S, JITTER = 10.0, 0.04
"""A Lease is renewed each quarter of its 40 s, a little later at random; a node looks at itself as often."""
REPORT_S = 300.0
"""Where nothing has changed, a status is sent so often; after a change up to half of that sooner or later."""
REGISTER_S, PODS_S = 0.1, 1.0
"""So long after the API has answered it a kubelet makes its Node, and looks for pods."""
LOOKS_AT_IMAGES = 3
"""Each time that it has looked at itself so often it looks which images it has."""
CORDONED_S = 1.0
"""Until a scheduler knows that a node takes no more pods."""
DRAINED_S = 0.5
"""Until a pod would be seen that was bound to a node meanwhile."""
TOGETHER = SECOND // 4
"""Leases are renewed at multiples of this: some at a time cost half as much as each alone."""
WATCHED = (
    ("/api/v1/services", "spec.clusterIP%21%3DNone"),
    ("/apis/certificates.k8s.io/v1/podcertificaterequests", "spec.nodeName%3D{node}"),
    ("/apis/storage.k8s.io/v1/csidrivers", ""),
    ("/apis/node.k8s.io/v1/runtimeclasses", ""),
)
"""What each kubelet keeps up with, besides its Node, its pods, and what those use."""


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
        self._lease = Leasing(member.name, self._exchange)
        self._reported_at = 0
        self._pause_s = 0.0
        """From one report to the next, where nothing changes."""
        self._looks = 0
        self._images: frozenset[str] = frozenset()
        """Those that its object names."""
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
        for path, selected in WATCHED:
            self._follow(path, selected.format(node=self.member.name))
        self.spawn(self._renew, now())
        await_api(self.member.name, self._call)
        storing = self.spawn(make_csi_node, self.member.name, self._call)
        gevent.sleep(REGISTER_S)
        said = self.conditions.written()
        mine = node(self.member, self._home.run, said, apart=self._home.apart)
        self._lease.belong_to(register(mine, self._call))
        self.registered = True
        self._after("pods", PODS_S - REGISTER_S, self._follow_pods)
        self._report()
        storing.join()
        self.conditions.ready = "not_ready" not in self._plights
        self.report()
        self._after("look", _a_while(), self._look)
        self._tell("Starting", "Starting kubelet.")

    def _follow_pods(self) -> None:
        self._follow("/api/v1/pods", f"spec.nodeName%3D{self.member.name}", self.pods)

    def suffer(self, plights: frozenset[Plight]) -> None:
        """Let these, and no others, be the matter with it from now on."""
        before, self._plights = self._plights, plights
        if plights == before:
            return
        self._restarts |= "down" in plights
        self.conditions.pressures = tuple(kind for kind in PRESSURES if kind in plights)
        was_away, is_away = bool(before & AWAY), bool(plights & AWAY)
        if is_away and not was_away:
            self.switch_off(silently="down" in plights)
        elif was_away and not is_away:
            self._come_back(self._restarts)
            self._restarts = False
        elif not is_away:
            self.conditions.ready = "not_ready" not in plights
            self.spawn(self.report)

    def leave(self) -> None:
        """Take no more pods, let go of those that it has, and switch off: only its object is left."""
        if not self.talk.closed:
            self.cordon()
            while self.pods.drain() and not self.talk.closed:
                gevent.sleep(DRAINED_S)
        self.switch_off()

    def cordon(self) -> None:
        """Take no more pods; return when no scheduler thinks otherwise."""
        cordon: Object = {"spec": {"unschedulable": True}}
        until_done(
            partial(self._call, "PATCH", f"{NODES}/{self.member.name}", cordon, MERGE),
            given_up=lambda: self.talk.closed,
        )
        gevent.sleep(CORDONED_S)

    def switch_off(self, *, silently: bool = False) -> None:
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
        """Begin anew after `switch_off`; `restarted`: its containers have to, too."""
        self.talk.reset()
        self.talk = self._new_talk()
        self.images.switch(on=True)
        self._boots += restarted
        self._lease.forget()
        self.conditions.ready = self.told_ready = False
        self.spawn(self.join)
        self.pods.resume(restarted)

    def report(self, images: frozenset[str] = frozenset()) -> None:
        """Write its status, which has changed, until that is done; with the `images` that it has now."""
        self._pause_s = REPORT_S * random.uniform(0.5, 1.5)  # noqa: S311 - jitter
        self._report(images)

    def _report(self, images: frozenset[str] = frozenset()) -> None:
        path = f"{NODES}/{self.member.name}/status"
        with self._reporting:  # the last word is how it is now
            boot = boot_id(self.member, self._boots) if self._boots > self._told_boots else ""
            answer = answered(partial(self._write_status, path, boot, images))
            if boot and answer.status in DONE:
                self._told_boots = self._boots
                words = f"Node {self.member.name} has been rebooted, boot id: {boot}"
                self._tell("Rebooted", words, kind="Warning")
        self._reported_at = now()
        self.told_ready = answer.status in DONE and self.conditions.ready
        for reason in self.conditions.changed():
            self._tell(reason, f"Node {self.member.name} status is now: {reason}")

    def _write_status(self, path: str, boot: str, images: frozenset[str]) -> Response:
        patch = status_patch(self.conditions.written(), boot, images)
        self.hold_back()
        return self._call("PATCH", path, patch, MERGE)

    def _look(self) -> None:
        """Report where its object says otherwise (Unknown, by the controller-manager), or it is time."""
        self._after("look", _a_while(), self._look)
        self.pods.look()
        if self._reporting.locked():
            return  # nobody has answered what it says since
        told, said = self._told.conditions, self.conditions.written()
        if told and any(told.get(each["type"]) != each["status"] for each in said):
            self.report()
        elif now() - self._reported_at >= self._pause_s * SECOND:
            self._pause_s = REPORT_S
            self._report()
        self._looks += 1
        if self._looks % LOOKS_AT_IMAGES == 0:
            self._look_at_images()

    def _look_at_images(self) -> None:
        """Report which images it has, where there are more than its object names."""
        images = self._images | self.pods.images
        if images != self._images:
            self._images = images
            self.report(images)

    def _new_talk(self) -> Talk:
        return Talk(self._identity, self._home.counts)

    def _renew(self, due: int) -> None:
        """Renew the Lease that was due then, and be woken when it is due again: 10 s after that is done."""
        self._home.late.add(now() - due)
        self._lease.renew()
        due = _together(now() + round(_a_while() * SECOND))
        self._after("lease", (due - now()) / SECOND, partial(self._renew, due))

    def _follow(self, path: str, field: str = "", taking: Taking | None = None) -> None:
        """Keep up with what a kubelet keeps up with."""
        selector = f"fieldSelector={field}" if field else ""
        kind = CollectionInformer if taking else NewerInformer
        informer = kind(self.talk, path, taking, selector=selector, sleep=gevent.sleep)
        self._following.append(KeepingUp(self.spawn, informer))

    def _call(
        self, method: str, path: str, content: Object | None = None, kind: str = "application/json"
    ) -> Response:
        return self.talk.call(method, path, now() + HEARTBEAT, content, kind)

    def _exchange(self, method: str, path: str, body: bytes = b"") -> Response:
        if body:
            self.hold_back()
        request = self.talk.request(method, path, PROTOBUF, body=body, content_type=PROTOBUF)
        return self.talk.exchange(request, now() + HEARTBEAT)

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


def _a_while() -> float:
    """Return how long it is until a Lease is renewed again, or a kubelet looks at itself again, s."""
    return RENEW_S * (1 + random.uniform(0, JITTER))  # noqa: S311


def _together(due: int) -> int:
    """Return the moment nearest to a time at which others do what they are to do, too."""
    return round(due / TOGETHER) * TOGETHER
