"""What the components of a cluster are limited to, and until when: kept by its supervisor."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any

from kubedrill.clock import now
from kubedrill.cluster.handle import Quota, Resource
from kubedrill.cluster.holds import (
    AGAIN,
    EVERYBODY,
    asks_about,
    is_over,
    owner_of,
    takes_back,
)
from kubedrill.cluster.local.groups import Groups
from kubedrill.cluster.notes import tell

_INSIDE = 'while [ "$1" != -- ]; do echo 0 > "$1" || exit; shift; done; shift; exec "$@"'
"""A program that cannot be put into a group is not started outside of it."""


class Unlimitable(Exception):  # noqa: N818 - an answer, not an accident
    """A component cannot be limited so; the message says why."""


@dataclass(frozen=True, slots=True)
class _Limit:
    quota: Quota
    since: int
    until: int | None


@dataclass(slots=True)
class Limited:
    """All that is limited now, by owner: the least that one of them allows is what there is."""

    groups: Groups | None
    _now: dict[tuple[str, Resource, str], _Limit] = field(default_factory=dict)

    def inside(self, component: str, command: tuple[str, ...]) -> tuple[str, ...]:
        """Return the command that starts a component inside its groups."""
        if self.groups is None:
            return command
        memory = self._least(component, "memory")
        files = map(str, self.groups.begin(component, self._of(component), memory))
        return ("sh", "-c", _INSIDE, "inside", *files, "--", *command)

    def answer(self, request: dict[str, Any], component: str, pid: int | None) -> dict[str, Any]:
        """Limit a component, lift that, or say how it is doing; Unlimitable."""
        owner = owner_of(request)
        match request["do"]:
            case "limit":
                self.limit(component, pid, Quota(**request["quota"]), request["until"], owner)
            case "lift":
                self.lift(component, pid, Quota(**request["quota"]), owner)
        return self.strain(component, owner)

    def limit(
        self,
        component: str,
        pid: int | None,
        quota: Quota,
        until: int | None = None,
        owner: str = EVERYBODY,
    ) -> None:
        """Limit a component, of that pid if it runs; Unlimitable if it cannot be: then nothing was done.

        Nor can it be where it is limited to no more already: nobody could tell whether it took effect.
        """
        if self.groups is None:
            raise Unlimitable("this cluster was brought up without control groups")
        known = [
            resource
            for resource in quota.resources()
            if (component, resource, owner) in self._now
            or not self._is_less(component, resource, quota)
        ]
        if known:
            said = f"{component}'s {' and '.join(known)} is limited already"
            raise Unlimitable(f"{said}, for the same or to no more than that")
        done: list[Resource] = []
        try:
            for resource in quota.resources():
                done.append(resource)
                least = _least_of([quota, *self._quotas(component, resource)])
                self.groups.limit(component, resource, least, pid)
        except OSError as error:
            for resource in done:
                with suppress(OSError):  # what it will not have, it need not take back
                    self._put_back(self.groups, component, pid, resource)
            raise Unlimitable(f"{component}'s {done[-1]}: {error.strerror}") from error
        self._now |= {
            (component, resource, owner): _Limit(quota, now(), until) for resource in done
        }

    def lift(self, component: str, pid: int | None, quota: Quota, owner: str = EVERYBODY) -> None:
        """Limit a component no more for an owner, in what these limit.

        Unlimitable if the kernel will not: it is limited still, then.
        """
        for resource in quota.resources():
            lifted = {
                known: limit
                for known, limit in self._now.items()
                if known[:2] == (component, resource) and takes_back(owner, known[2])
            }
            for known in lifted:
                del self._now[known]
            if self.groups and lifted:
                try:
                    self._put_back(self.groups, component, pid, resource)
                except OSError as error:
                    self._now |= lifted
                    raise Unlimitable(f"{component}'s {resource}: {error.strerror}") from error

    def due(self) -> Iterator[int]:
        """Yield when a limit ends by itself, monotonic ns."""
        return (limit.until for limit in self._now.values() if limit.until is not None)

    def lift_due(self, pids: Mapping[str, int | None]) -> None:
        """Lift what has come to its end; what cannot be is tried again, and told in its log."""
        for known, limit in [*self._now.items()]:
            component, _, owner = known
            if is_over(limit.until):
                try:
                    self.lift(component, pids[component], limit.quota, owner)
                except Unlimitable as error:
                    tell(f"not lifted, and tried again: {error}")
                    self._now[known] = replace(limit, until=now() + AGAIN)

    def strain(self, component: str, owner: str = EVERYBODY) -> dict[str, Any]:
        """Return a Strain, as plain JSON: limited as an owner has it."""
        limited = {
            resource: limit.since
            for (name, resource, known), limit in self._now.items()
            if name == component and asks_about(owner, known)
        }
        return {"limited": limited, **(self.groups.counts(component) if self.groups else {})}

    def in_force(self, owner: str) -> Iterator[str]:
        """Yield in words what is limited for an owner."""
        for name, resource, known in self._now:
            if asks_about(owner, known):
                yield f"the {resource} of {name} is limited"

    def _of(self, component: str) -> tuple[Resource, ...]:
        return tuple(dict.fromkeys(what for name, what, _ in self._now if name == component))

    def _quotas(self, component: str, resource: Resource) -> list[Quota]:
        found = self._now.items()
        return [limit.quota for known, limit in found if known[:2] == (component, resource)]

    def _least(self, component: str, resource: Resource) -> Quota | None:
        quotas = self._quotas(component, resource)
        return _least_of(quotas) if quotas else None

    def _is_less(self, component: str, resource: Resource, quota: Quota) -> bool:
        before = self._least(component, resource)
        return before is None or _less(quota, before, resource)

    def _put_back(
        self, groups: Groups, component: str, pid: int | None, resource: Resource
    ) -> None:
        """Limit a resource as those want it who are left."""
        if quota := self._least(component, resource):
            groups.limit(component, resource, quota, pid)
        else:
            groups.lift(component, resource, pid)


_MEASURES: Mapping[Resource, tuple[str, ...]] = {
    "cpu": ("cpus",),
    "memory": ("memory_bytes",),
    "disk": ("disk_bytes_per_s", "disk_writes_per_s"),
}
"""What of a quota is about which resource."""


def _least_of(quotas: Sequence[Quota]) -> Quota:
    """Return what is left where all of these hold."""
    least: dict[str, Any] = {}
    for measure in chain.from_iterable(_MEASURES.values()):
        asked = [getattr(quota, measure) for quota in quotas]
        least[measure] = min((value for value in asked if value is not None), default=None)
    return Quota(**least)


def _less(quota: Quota, before: Quota, resource: Resource) -> bool:
    """Whether a quota allows less of a resource than there was before."""
    allowed = (
        (getattr(quota, measure), getattr(before, measure)) for measure in _MEASURES[resource]
    )
    return any(least is not None and (then is None or least < then) for least, then in allowed)
