"""Every fault in a row: what it is given, what it must refuse, and who sees from outside what became of it.

A row is all that `tests/faults/test_every_fault.py` needs of a fault: a new fault adds one to ROWS.
"""

import os
import select
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from typing import Any, Protocol

import psutil
import pytest

from kubedrill.client.caller import Caller
from kubedrill.cluster.handle import Handle
from kubedrill.cluster.provider import handle_of
from kubedrill.faults import lifecycle
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.sample import outcome_name
from kubedrill.wire.errors import WireError
from kubedrill.wire.target import identity_target

PATIENT_S = 10.0
"""For a component that answers, however slow the machine."""

STANDS_STILL_S = 1.0
"""For one that is stopped where it is: the kernel still takes connections for it."""


class Observer(Protocol):
    """Looks at components from outside, by other means than the fault's own, since before it is injected."""

    def hit(self, target: str) -> bool:
        """Whether the fault shows at a target."""
        ...

    def well(self, target: str) -> bool:
        """Whether a target is as before."""
        ...

    def close(self) -> None:
        """Look no more."""
        ...


Sabotage = Callable[[pytest.MonkeyPatch], None]
"""Makes what is done to a cluster do nothing, though it says that it did."""


def deafen(patch: pytest.MonkeyPatch) -> None:
    """Let the operations of the cluster's handle do nothing."""
    patch.setattr(lifecycle, "handle_of", lambda record: DeafHandle(handle_of(record)))


@dataclass(frozen=True)
class Row:
    """One fault."""

    fault: str
    given: Mapping[str, Any]
    observer: Callable[[ClusterRecord], Observer]
    refused: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """By the words with which it is refused, what it is given then."""
    sabotage: Sabotage = deafen


class DeafHandle:
    """A handle whose operations say that they did what they were asked."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle

    def __getattr__(self, name: str) -> Any:
        """Return what the handle has, operations deafened."""
        found = getattr(self._handle, name)
        return _DeafOperation(self._handle) if hasattr(found, "of") else found


class _DeafOperation:
    def __init__(self, handle: Handle) -> None:
        self._handle = handle

    def __getattr__(self, name: str) -> Callable[..., int | None]:
        def nothing(target: Any, *_: Any, **__: Any) -> int | None:
            state = self._handle.components().get(target) if isinstance(target, str) else None
            return state.pid if state else None

        return nothing


class Processes:
    """The processes of a cluster as the kernel knows them, by a descriptor each that no other can take."""

    def __init__(self, cluster: ClusterRecord) -> None:
        self.cluster = cluster
        self.pids = dict(handle_of(cluster).processes())
        self._opened = ExitStack()
        self._descriptors = {name: os.pidfd_open(pid) for name, pid in self.pids.items()}
        for descriptor in self._descriptors.values():
            self._opened.callback(os.close, descriptor)

    def close(self) -> None:
        """Let go of the descriptors."""
        self._opened.close()

    def ended(self, target: str) -> bool:
        """Whether the process that ran before has ended."""
        return bool(select.select([self._descriptors[target]], [], [], 0)[0])

    def stands_still(self, target: str) -> bool:
        """Whether the process that ran before is stopped where it is."""
        try:
            return psutil.Process(self.pids[target]).status() == psutil.STATUS_STOPPED
        except psutil.NoSuchProcess:
            return False

    def answer(self, target: str, timeout_s: float = PATIENT_S) -> str:
        """Return how a component answers when asked how it is: `200`, `refused`, `timeout` ..."""
        component = self.cluster.component(target)
        path, identity = HEALTH[component.kind]
        server, token = identity_target(self.cluster, identity, component.serving)
        with closing(Caller(server, token, timeout_s)) as api:
            try:
                return str(api.call("GET", path).status)
            except WireError as error:
                return outcome_name(error.outcome)


HEALTH = {
    "etcd": ("/health", "etcd-admin"),
    "kube-apiserver": ("/readyz", "admin"),
    "kube-controller-manager": ("/healthz", "admin"),
    "kube-scheduler": ("/healthz", "admin"),
    "haproxy": ("/readyz", "admin"),
}
"""By kind of component, where it says how it is, and who may ask."""


class Ended(Processes):
    """Sees that a process has ended and nobody listens where it did, and that another is well there."""

    def hit(self, target: str) -> bool:
        """Whether it has ended, and its port refuses."""
        return self.ended(target) and self.answer(target) == "refused"

    def well(self, target: str) -> bool:
        """Whether it is well."""
        return self.answer(target) == "200"


class Halted(Processes):
    """Sees that a process is stopped where it is and does not answer, and that the same one is well again."""

    def hit(self, target: str) -> bool:
        """Whether it stands still, and nobody answers though the kernel lets one connect."""
        return self.stands_still(target) and self.answer(target, STANDS_STILL_S) == "timeout"

    def well(self, target: str) -> bool:
        """Whether it is well."""
        return not self.stands_still(target) and self.answer(target) == "200"


_MEMBERS = {
    'no member "d"; known: ': {"member": "d"},
    "no member is named": {"member": []},
    "a member is named twice: a, a": {"member": ["a", "a"]},
    "would leave 1 of 3 members, and quorum needs 2": {"member": ["a", "b"]},
}
_APISERVERS = {
    'no zone "d"; known: ': {"zone": "d"},
    "no apiserver is named": {"zone": []},
    "an apiserver is named twice": {"zone": ["b", "b"]},
    "would leave 0 of 3 apiservers, and the API needs 1": {"zone": ["a", "b", "c"]},
}
_LED = {'no zone "d"; known: ': {"zone": "d"}}

ROWS = [
    Row("etcd.kill", {"member": "leader"}, Ended, _MEMBERS),
    Row("etcd.stop", {"member": "leader"}, Ended, _MEMBERS),
    Row("etcd.pause", {"member": "leader"}, Halted, _MEMBERS),
    Row("kube-apiserver.kill", {"zone": "random"}, Ended, _APISERVERS),
    Row("kube-apiserver.stop", {"zone": "b"}, Ended, _APISERVERS),
    Row("kube-apiserver.pause", {"zone": "c"}, Halted, _APISERVERS),
    Row("kube-controller-manager.kill", {"zone": "leader"}, Ended, _LED),
    Row("kube-controller-manager.stop", {"zone": "leader"}, Ended, _LED),
    Row("kube-controller-manager.pause", {"zone": "leader"}, Halted, _LED),
    Row("kube-scheduler.kill", {"zone": "leader"}, Ended, _LED),
    Row("kube-scheduler.stop", {"zone": "leader"}, Ended, _LED),
    Row("kube-scheduler.pause", {"zone": "leader"}, Halted, _LED),
    Row("load-balancer.kill", {}, Ended),
    Row("load-balancer.pause", {}, Halted),
]
