"""The kinds of operations that a cluster may have, a Protocol each.

All that outlives who did it ends by itself, at `until` (monotonic ns; None: never).

It is done on behalf of the handle's owner. Several owners may do the same to one target, as far as that has a
meaning: then taking it back for one lifts nothing of the others', and the target is as before when nobody is
left. A handle without an owner takes back what everybody did.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar, get_args


class HandleError(Exception):
    """What was asked of a cluster was refused, or nobody answers; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Absent:
    """An operation that a cluster has not got."""

    why: str


class Operation(Protocol):
    """Something that may be done to a cluster."""

    @property
    def of(self) -> tuple[str, ...]:
        """To what it can be done: kinds of components, `node`, `zone`, `link`; for quota, resources."""
        ...


class Holding(Operation, Protocol):
    """Ends a component or a node, and keeps it down."""

    def hold(self, target: str, *, expect_pid: int | None = None, until: int | None = None) -> int:
        """End it at once (SIGKILL), and keep it down until released; return its pid, once it is gone.

        HandleError if it does not run, or its pid is not `expect_pid`: then nothing was done.
        """
        ...

    def stop(self, target: str, *, expect_pid: int | None = None, until: int | None = None) -> int:
        """Ask it to end (SIGTERM), and keep it down until released; return its pid at once.

        It is `stopping` until it has ended, which may take its time, then `held`. HandleError as of `hold`.
        """
        ...

    def restart(
        self, target: str, *, expect_pid: int | None = None, until: int | None = None
    ) -> int:
        """Ask it to end (SIGTERM), and start it once it has; return the pid that ends, at once.

        What has not ended by then is killed at `until`. HandleError as of `hold`.
        """
        ...

    def release(self, target: str) -> int | None:
        """Start what is held, or stopping, which is killed first; return its pid. What runs is left so.

        None where another owner holds it, and where it needs longer to start than a call may: it is in
        backoff then. What another owner has paused is started, and paused.
        """
        ...


class Pausing(Operation, Protocol):
    """Stops a component or a node where it is, and lets it go on."""

    def pause(self, target: str, *, expect_pid: int | None = None, until: int | None = None) -> int:
        """Stop it (SIGSTOP); return its pid. HandleError as of `hold`, and if it is about to end.

        It is `paused` then, and `running` as soon as anybody lets it go on, or `paused` since later.
        """
        ...

    def proceed(self, target: str) -> int | None:
        """Let it go on (SIGCONT); return its pid, None if it does not run. What is not paused is left so."""
        ...


class Entering(Operation, Protocol):
    """Runs programs inside a zone."""

    def command(self, zone: str) -> tuple[str, ...]:
        """Return what to put before a command so that it has the zone's network."""
        ...


Resource = Literal["cpu", "memory", "disk"]
"""What can be limited."""

LIMITED: tuple[Resource, ...] = get_args(Resource)


@dataclass(frozen=True, slots=True)
class Quota:
    """What a component may use at most; None where nothing is said."""

    memory_bytes: int | None = None
    cpus: float | None = None
    disk_bytes_per_s: int | None = None
    """Written, to the disk that the cluster's data are on."""
    disk_writes_per_s: int | None = None

    def resources(self) -> tuple[Resource, ...]:
        """Return what it limits."""
        disk = (self.disk_bytes_per_s, self.disk_writes_per_s)
        said = {"cpu": self.cpus, "memory": self.memory_bytes, "disk": disk if any(disk) else None}
        return tuple(resource for resource in LIMITED if said[resource] is not None)


@dataclass(frozen=True, slots=True)
class Strain:
    """What a component is limited to, and how often it ran up against that; counts never go back."""

    limited: Mapping[Resource, int]
    """To what it is limited, since when, monotonic ns."""
    cpu_periods: int = 0
    """In which it wanted to run, of 0.1 s, while its CPU was limited."""
    cpu_throttled: int = 0
    """Of these, those in which it might not run on."""
    out_of_memory: int = 0
    """How many of its processes the kernel killed for having more than they might."""


class Limiting(Operation, Protocol):
    """Limits what components may use; `of` are resources, of every component."""

    @property
    def lacks(self) -> Mapping[str, str]:
        """What cannot be limited, and why."""
        ...

    def limit(self, component: str, quota: Quota, *, until: int | None = None) -> None:
        """Let a component use no more than that, also when it is started anew.

        HandleError if something of it cannot be limited, or is already, for the same owner or to no more:
        then nothing was done. Of several owners' quotas the least holds.
        """
        ...

    def lift(self, component: str, quota: Quota) -> None:
        """Let it use what it can get, of all that it limits; may be called again."""
        ...

    def strain(self, component: str) -> Strain:
        """Return how a component is doing under its quota."""
        ...


FlagValue = str | int | float | bool
"""What a flag may be given; none of it for those that need no value."""


def written(value: FlagValue) -> str:
    """Return a value as a program is given it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def flag(name: str, value: FlagValue) -> str:
    """Return a flag as a program is given it."""
    return f"--{name}={written(value)}"


class Flagging(Operation, Protocol):
    """Changes flags of components, and changes them back; each time the component is started anew."""

    def change(
        self,
        component: str,
        flags: Mapping[str, FlagValue | None],
        *,
        expect_pid: int | None = None,
        until: int | None = None,
    ) -> int:
        """Ask it to end (SIGTERM), and start it with these flags; return the pid that ends, at once.

        None takes a flag away. What has not ended within 10 s is killed. Started anew, by whatever cause, it
        has these flags, until `restore`. HandleError as of `hold`, where its flags are changed already, and
        where it has these: then nothing was done.
        """
        ...

    def restore(self, component: str) -> None:
        """Let it end likewise, and start it with its own flags; one that has them is left so."""
        ...

    def own(self, component: str) -> Mapping[str, str]:
        """Return the flags that the cluster gave it, whatever it runs with."""
        ...

    def changed(self, component: str) -> Mapping[str, FlagValue | None]:
        """Return what it is given instead; nothing where it has its own flags."""
        ...

    def runs_with(self, component: str) -> Mapping[str, str]:
        """Return the flags of the process that runs, as its own command line has them; none if none runs."""
        ...


class Balancing(Operation, Protocol):
    """Says to which apiservers the load balancer sends requests."""

    def take_out(self, zone: str, *, until: int | None = None) -> None:
        """Send nobody to a zone's apiserver any more, and end the connections to it."""

    def put_back(self, zone: str) -> None:
        """Send requests to it again, once it is ready; may be called again."""

    def served(self) -> tuple[str, ...]:
        """Return the zones to whose apiservers it sends requests."""

    def connections(self, zone: str) -> tuple[str, ...]:
        """Return from where there are connections to a zone's apiserver: ADDRESS:PORT each."""

    def cut(self, zone: str) -> None:
        """End the connections to a zone's apiserver; new ones may be made at once."""


class Commanding(Operation, Protocol):
    """Says that etcd's members do what the identity `etcd-admin` of the record tells them.

    Each member is a component `etcd-ZONE` there, with its clients' port.
    """


Some = TypeVar("Some", bound=Operation)


def present(operation: "Some | Absent") -> Some:
    """Return an operation of a handle; HandleError says why it is absent."""
    if isinstance(operation, Absent):
        raise HandleError(operation.why)
    return operation
