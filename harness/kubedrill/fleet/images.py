"""Fleet: the images of a node's pods: which it has, how they come, and what a kubelet says of that."""

import random
from collections.abc import Iterator
from typing import Protocol

import gevent
from gevent.lock import BoundedSemaphore

from kubedrill.clock import SECOND, now
from kubedrill.fleet.links import size_of
from kubedrill.fleet.pod_objects import Container, PodShape, PodState
from kubedrill.fleet.pulling import Pulls

ASKS_S = 0.2
"""How long a registry takes to say which layers an image has: simulated, as all of it is."""
BACK_OFF_S, LONGEST_BACK_OFF_S = 10.0, 300.0
"""After a pull of a pod that has failed: doubled each time. kubelet: MaxContainerBackOff, imageBackOff."""
LOOKS_S, LOOKS_JITTER = 10.0, 0.5
"""So long after it could not start a pod a kubelet looks at it again, up to half as long more."""
NEVER = "Never"
ALWAYS = "Always"


class PodOfImages(Protocol):
    """A pod, as it waits for its images."""

    shape: PodShape
    state: PodState

    @property
    def is_leaving(self) -> bool:
        """Whether it is to end, or its object is there no more."""
        ...

    def tell(self, reason: str, message: str, container: str = "", kind: str = "Normal") -> None:
        """Write an Event about it, or one of its containers."""
        ...

    def write(self) -> None:
        """Write its status as it is."""
        ...


class NodeImages(Protocol):
    """What a node has, and gets, of images."""

    def fetch(self, pod: PodOfImages) -> None:
        """Return when a pod's images are there, or it is leaving; say what a kubelet says meanwhile."""
        ...

    def switch(self, on: bool) -> None:
        """Take that the node is on, or off."""
        ...


class AllThere:
    """Of a fleet whose nodes have every image."""

    def fetch(self, pod: PodOfImages) -> None:
        """Say that they are there."""
        for container in pod.shape.containers:
            pod.tell("Pulled", _present(container.image), container.name)

    def switch(self, on: bool) -> None:
        """Nothing changes."""


ALL_THERE = AllThere()
"""One for all nodes."""


class BackOff:
    """Of one pod's image: until when it is not pulled again."""

    __slots__ = ("_longer_s", "error", "until")

    def __init__(self) -> None:
        self._longer_s = BACK_OFF_S
        self.until = 0
        self.error = ""
        """With what it has failed last."""

    def fail(self, error: str, at: int) -> None:
        """Take that a pull has failed."""
        self.error = error
        self.until = at + round(self._longer_s * SECOND)
        self._longer_s = min(self._longer_s * 2, LONGEST_BACK_OFF_S)


class PulledImages:
    """Of a node that has none at first. It pulls one at a time, as a kubelet does by default."""

    __slots__ = ("_asked", "_has", "_is_on", "_node", "_pulls", "_turn")

    def __init__(self, node: str, pulls: Pulls) -> None:
        self._node = node
        self._pulls = pulls
        self._asked = 0
        self._has: set[str] = set()
        self._is_on = True
        self._turn = BoundedSemaphore()

    def switch(self, on: bool) -> None:
        """Take that the node is on, or off: what it has stays on its disk, and nobody gets it there."""
        if on != self._is_on:
            self._is_on = on
            for image in self._has:
                self._pulls.keep(image, 1 if on else -1)

    def fetch(self, pod: PodOfImages) -> None:
        """Return when a pod's images are there, or it is leaving; say what a kubelet says meanwhile."""
        backing_off: dict[str, BackOff] = {}
        lacking = [*pod.shape.containers]
        while True:
            before = dict(pod.state.waiting)
            lacking = [each for each in lacking if not self._got(pod, each, backing_off)]
            if pod.state.waiting != before:
                pod.write()
            if not lacking:
                return
            gevent.sleep(LOOKS_S * random.uniform(1, 1 + LOOKS_JITTER))  # noqa: S311 - jitter
            if pod.is_leaving:
                return

    def _got(self, pod: PodOfImages, container: Container, backing_off: dict[str, BackOff]) -> bool:
        """Get one container's image, unless it is backed off from; whether it is there."""
        name, image = container.name, container.image
        if container.policy != ALWAYS and image in self._has:
            pod.tell("Pulled", _present(image), name)
        elif container.policy == NEVER:
            absent = f'Container image "{image}" is not present with pull policy of Never'
            pod.tell("ErrImageNeverPull", absent, name, "Warning")
            return _failed(pod, name, "ErrImageNeverPull", absent)
        else:
            back_off = backing_off.setdefault(image, BackOff())
            if now() < back_off.until:
                words = f'Back-off pulling image "{image}"'
                pod.tell("BackOff", words, name)
                return _failed(pod, name, "ImagePullBackOff", f"{words}: {back_off.error}")
            pod.tell("Pulling", f'Pulling image "{image}"', name)
            if error := self._pull(pod, container):
                back_off.fail(f"ErrImagePull: {error}", now())
                pod.tell("Failed", f'Failed to pull image "{image}": {error}', name, "Warning")
                return _failed(pod, name, "ErrImagePull", error)
        pod.state.waiting.pop(name, None)
        return True

    def _pull(self, pod: PodOfImages, container: Container) -> str:
        """Pull an image, and say so; return why it cannot be pulled, or ""."""
        image, asked = container.image, now()
        with self._turn:
            begun = now()
            gevent.sleep(ASKS_S)
            if self._fails():
                return _unavailable(image)
            if image not in self._has:
                self._pulls.load(image)
                self._has.add(image)
                self._pulls.keep(image, 1)
        took, all_in_all = (_shown(now() - since) for since in (begun, asked))
        size = size_of(image, self._pulls.images)
        times = f"in {took} ({all_in_all} including waiting). Image size: {size} bytes."
        pod.tell("Pulled", f'Successfully pulled image "{image}" {times}', container.name)
        return ""

    def _fails(self) -> bool:
        """Whether the registry fails this time: the same times of each node in every run."""
        self._asked += 1
        chance = random.Random(f"{self._node} asks {self._asked}")  # noqa: S311 - no secret
        return chance.random() < self._pulls.images.failing


def _failed(pod: PodOfImages, container: str, reason: str, message: str) -> bool:
    """Take and say why a container cannot start yet; it cannot."""
    pod.tell("Failed", f"Error: {reason}", container, "Warning")
    pod.state.waiting[container] = reason, message
    return False


def _present(image: str) -> str:
    words = "already present on machine and can be accessed by the pod"
    return f'Container image "{image}" {words}'


def _unavailable(image: str) -> str:
    answered = "the registry answered 503 Service Unavailable (simulated)"
    return f'rpc error: code = Unknown desc = failed to pull and unpack image "{image}": {answered}'


def _shown(duration: int) -> str:
    """Return nanoseconds as Go writes them: `812ms`, `4.07s`, `1m4.07s`."""
    return "".join(_parts(duration // 1_000_000))


def _parts(milliseconds: int) -> Iterator[str]:
    minutes, rest = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    if hours:
        yield f"{hours}h"
    if hours or minutes:
        yield f"{minutes}m"
    if rest < 1000 and not (hours or minutes):
        yield f"{rest}ms"
    else:
        yield f"{rest / 1000:.3f}".rstrip("0").rstrip(".") + "s"
