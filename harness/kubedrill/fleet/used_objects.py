"""Fleet: the ConfigMaps and Secrets that a node's pods use, each watched once for all the pods that do."""

import random
from collections.abc import Callable
from typing import Protocol

import gevent

from kubedrill.client.informer import CollectionInformer
from kubedrill.client.protobuf import number
from kubedrill.client.watching import WatchEvent
from kubedrill.clock import SECOND, now
from kubedrill.fleet.keeping_up import KeepingUp
from kubedrill.fleet.pod_objects import PodShape
from kubedrill.fleet.references import Reference
from kubedrill.fleet.talk import Talk

WATCH_S = 1800
"""The server ends such a watch after so many seconds, up to twice that: kubelet's figure."""
IDLE_S = 300.0, 360.0
"""A kubelet looks each minute, and ends the watch of what was not read for 5 min: of what containers read
from their environment as they start. Volumes are read ever again.
"""
IMMUTABLE = {"configmaps": 4, "secrets": 5}
"""The number of the field `immutable` in each kind's message."""


class ReferenceHost(Protocol):
    """The node, as those watches know it."""

    talk: Talk

    def spawn(self, what: Callable[..., object], *arguments: object) -> gevent.Greenlet:
        """Do something as long as the node is up."""
        ...


class UsedObjects:
    """Watches what the pods of one node use."""

    __slots__ = ("_host", "_idle_at", "_users", "_watches")

    def __init__(self, host: ReferenceHost) -> None:
        self._host = host
        self._users: dict[Reference, dict[str, bool]] = {}
        """By pod, whether it has it in a volume."""
        self._watches: dict[Reference, KeepingUp] = {}
        self._idle_at: dict[Reference, int] = {}
        """When those end that environment variables alone refer to."""

    def use(self, shape: PodShape) -> None:
        """Watch what a pod uses."""
        for reference in shape.references:
            if reference not in self._watches:
                self._users[reference] = {}
                informer = _Referred(self._host.talk, reference)
                self._watches[reference] = KeepingUp(self._host.spawn, informer)
            self._users[reference][shape.uid] = reference in shape.mounted
            self._weigh(reference)

    def leave(self, shape: PodShape) -> None:
        """Watch no more what no other pod uses."""
        for reference in shape.references:
            users = self._users.get(reference, {})
            was_there = users.pop(shape.uid, None) is not None
            if was_there and users:
                self._weigh(reference)
            elif was_there:
                self._end(reference)

    def look(self, at: int) -> None:
        """End the watches of what was not read for long: who needs it next reads it anew."""
        for reference in [each for each, when in self._idle_at.items() if when <= at]:
            self._end(reference)

    def _weigh(self, reference: Reference) -> None:
        """Let it end some time after it was read last, unless a pod reads it all the time."""
        if any(self._users[reference].values()):
            self._idle_at.pop(reference, None)
        else:
            self._idle_at[reference] = now() + round(random.uniform(*IDLE_S) * SECOND)  # noqa: S311

    def _end(self, reference: Reference) -> None:
        self._idle_at.pop(reference, None)
        del self._users[reference]
        self._watches.pop(reference).stop()

    def stop(self) -> None:
        """Watch nothing any more: the node goes down."""
        for watch in self._watches.values():
            watch.stop()
        self._users.clear()
        self._watches.clear()
        self._idle_at.clear()


class _Referred(CollectionInformer):
    """Watches one object, until it is one that never changes."""

    def __init__(self, talk: Talk, reference: Reference) -> None:
        kind, namespace, name = reference
        path, selector = f"/api/v1/namespaces/{namespace}/{kind}", f"metadata.name%3D{name}"
        super().__init__(
            talk,
            path,
            selector=f"fieldSelector={selector}",
            sleep=gevent.sleep,
            watch_s=WATCH_S,
        )
        self._immutable = IMMUTABLE[kind]

    def took(self, event: WatchEvent) -> None:
        """End where there is nothing to keep up with."""
        if number(event.message, self._immutable):
            raise gevent.GreenletExit
