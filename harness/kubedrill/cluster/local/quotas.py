"""What the components of a cluster are limited to, and until when: kept by its supervisor."""

import errno
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from kubedrill.clock import now
from kubedrill.cluster.handle import Quota, Resource
from kubedrill.cluster.local.groups import Groups

_INSIDE = 'while [ "$1" != -- ]; do echo 0 > "$1" || exit; shift; done; shift; exec "$@"'
"""A program that cannot be put into a group is not started outside of it."""

_SQUEEZES = 20
"""How often a component's memory is limited to what it has just then: it may get more in between."""

_ASK = 'echo 0 > "$1"; (head -c 33554432 /dev/zero | tail -c 33554432 > /dev/null) &'
"""Wants 32 MiB within a component's group. Of a group that has too much the kernel kills the largest process:
never this one, where a component has more."""


class Unlimitable(Exception):  # noqa: N818 - an answer, not an accident
    """A component cannot be limited so; the message says why."""


@dataclass(frozen=True, slots=True)
class _Limit:
    quota: Quota
    since: int
    until: int | None


@dataclass(slots=True)
class Limited:
    """All that is limited now."""

    groups: Groups | None
    _now: dict[tuple[str, Resource], _Limit] = field(default_factory=dict)

    def inside(self, component: str, command: tuple[str, ...]) -> tuple[str, ...]:
        """Return the command that starts a component inside its groups."""
        if self.groups is None:
            return command
        self.groups.begin(component)
        if known := self._now.get((component, "memory")):
            with suppress(OSError):  # what died has left so much that it may have no more: so be it
                self.groups.limit(component, "memory", known.quota)
        resources = dict.fromkeys(("memory", *self._of(component)))
        files = (str(self.groups.processes(component, resource)) for resource in resources)
        return ("sh", "-c", _INSIDE, "inside", *files, "--", *command)

    def answer(self, request: dict[str, Any], component: str, pid: int | None) -> dict[str, Any]:
        """Limit a component, lift that, or say how it is doing; Unlimitable."""
        match request["do"]:
            case "limit":
                self.limit(component, pid, Quota(**request["quota"]), request["until"])
            case "lift":
                self.lift(component, pid, Quota(**request["quota"]))
        return self.strain(component)

    def limit(
        self, component: str, pid: int | None, quota: Quota, until: int | None = None
    ) -> None:
        """Limit a component, of that pid if it runs; Unlimitable if it cannot be: then nothing was done."""
        if self.groups is None:
            raise Unlimitable("this cluster was brought up without control groups")
        if known := [resource for resource in quota.resources() if resource in self._of(component)]:
            raise Unlimitable(f"{component}'s {' and '.join(known)} is limited already")
        done: list[Resource] = []
        try:
            for resource in quota.resources():
                done.append(resource)
                self._limit(self.groups, component, pid, resource, quota)
        except OSError as error:
            for resource in done:
                self._lift(self.groups, component, pid, resource)
            raise Unlimitable(f"{component}'s {done[-1]}: {error.strerror}") from error
        self._now |= {(component, resource): _Limit(quota, now(), until) for resource in done}

    def lift(self, component: str, pid: int | None, quota: Quota) -> None:
        """Limit a component no more, in what these limit; Unlimitable if the kernel will not have it."""
        for resource in quota.resources():
            if self.groups and self._now.pop((component, resource), None):
                try:
                    self._lift(self.groups, component, pid, resource)
                except OSError as error:
                    raise Unlimitable(f"{component}'s {resource}: {error.strerror}") from error

    def due(self) -> Iterator[int]:
        """Yield when a limit ends by itself, monotonic ns."""
        return (limit.until for limit in self._now.values() if limit.until is not None)

    def lift_due(self, pids: Mapping[str, int | None]) -> None:
        """Lift what has come to its end; what cannot be stands in the supervisor's log."""
        for (component, _), limit in [*self._now.items()]:
            if limit.until is not None and limit.until <= now():
                try:
                    self.lift(component, pids[component], limit.quota)
                except Unlimitable as error:
                    print(f"not lifted: {error}", file=sys.stderr)

    def strain(self, component: str) -> dict[str, Any]:
        """Return a Strain, as plain JSON."""
        limited = {
            resource: self._now[component, resource].since for resource in self._of(component)
        }
        return {"limited": limited, **(self.groups.counts(component) if self.groups else {})}

    def _of(self, component: str) -> tuple[Resource, ...]:
        return tuple(resource for name, resource in self._now if name == component)

    @staticmethod
    def _limit(
        groups: Groups, component: str, pid: int | None, resource: Resource, quota: Quota
    ) -> None:
        try:
            groups.limit(component, resource, quota)
        except OSError as error:
            if error.errno != errno.EBUSY:
                raise
            _squeeze(groups, component)
        if pid is not None and resource != "memory":
            groups.enter(component, resource, pid)

    @staticmethod
    def _lift(groups: Groups, component: str, pid: int | None, resource: Resource) -> None:
        groups.limit(component, resource, None)
        if resource != "memory":
            groups.leave(component, resource, pid)


def _squeeze(groups: Groups, component: str) -> None:
    """Let a component that has more memory than it may have be killed for it.

    The kernel limits nobody to less than they have, and one who idles asks for nothing more. So it may have
    no more than it has, and more is asked for in its group. When it is started anew, its own limit holds.
    """
    for _ in range(_SQUEEZES):
        try:
            groups.limit(component, "memory", Quota(memory_bytes=groups.memory(component)))
        except OSError as error:
            if error.errno != errno.EBUSY:
                raise
        else:
            group = str(groups.processes(component, "memory"))
            ask = ["/bin/sh", "-c", _ASK, "ask", group]
            subprocess.run(ask, stdin=subprocess.DEVNULL, check=False)
            return
    raise OSError(errno.EBUSY, "it gets more memory faster than it can be limited")
