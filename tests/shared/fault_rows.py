"""Every fault in a row: what it is given, what it must refuse, and who sees from outside what became of it.

A row is all that `tests/faults/test_every_fault.py` needs of a fault: a new fault adds one to ROWS.
"""

import os
import select
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import psutil
import pytest

from kubedrill.client.caller import Caller
from kubedrill.cluster.handle import Handle, Limits, Operation, present
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


def lift(handle: Handle, target: str) -> None:
    """Lift all limits."""
    every = Limits(memory_bytes=1, cpus=1, disk_writes_per_s=1)
    present(handle.limiting).lift(target, every)


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
    interfere: Callable[[Handle, str], None] | None = None
    """Takes back what was done to a target by other means than the undo; None where its process is hit."""


class DeafHandle:
    """A handle whose operations say that they did what they were asked."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle

    def __getattr__(self, name: str) -> Any:
        """Return what the handle has, operations deafened."""
        found = getattr(self._handle, name)
        return _DeafOperation(self._handle, found) if hasattr(found, "of") else found


class _DeafOperation:
    def __init__(self, handle: Handle, operation: Operation) -> None:
        self._handle = handle
        self._operation = operation

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name == "strain":  # it only looks
            return self._operation.strain

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


class Limited(Processes):
    """Sees in which control groups a component is, and how it fares there, in the kernel's own files."""

    controller = "cpu"

    def group(self, target: str) -> Path | None:
        """Return the group that the cluster made for a component; None if it is in none of those."""
        pid = handle_of(self.cluster).processes().get(target)
        lines = Path(f"/proc/{pid}/cgroup").read_text().splitlines() if pid else []
        for _, controllers, path in (line.split(":", 2) for line in lines):
            if controllers == self.controller and path.endswith(f"/{target}"):
                return Path("/sys/fs/cgroup") / controllers / path.strip("/")
        return None

    def read(self, target: str, file: str) -> str:
        """Return what a file of its group says; "" if there is none."""
        try:
            return (self.group(target) / file).read_text()
        except (TypeError, OSError):  # it ended, or is let go, meanwhile
            return ""

    def hit(self, target: str) -> bool:
        """Whether the kernel kept it from running."""
        return int(dict(_pairs(self.read(target, "cpu.stat"))).get("nr_throttled", 0)) > 0

    def well(self, target: str) -> bool:
        """Whether it is well, and not in a group any more."""
        return self.answer(target) == "200" and self.group(target) is None


class ShortOfMemory(Limited):
    """Sees that the kernel killed a process for its memory, and that its next may have what it likes."""

    controller = "memory"

    def __init__(self, cluster: ClusterRecord) -> None:
        super().__init__(cluster)
        self.before = {name: self.kills(name) for name in self.pids}

    def kills(self, target: str) -> int:
        """Return how many of a component's processes were killed so."""
        return int(dict(_pairs(self.read(target, "memory.oom_control"))).get("oom_kill", 0))

    def hit(self, target: str) -> bool:
        """Whether the process has ended, and was killed."""
        return self.ended(target) and self.kills(target) > self.before[target]

    def well(self, target: str) -> bool:
        """Whether it is well, and its bound is the kernel's own, of 2^63 bytes."""
        bound = self.read(target, "memory.limit_in_bytes")
        return bool(bound) and int(bound) > 2**60 and self.answer(target) == "200"


class SlowDisk(Limited):
    """Measures how long a write takes until it is kept, from within a member's group."""

    controller = "blkio"

    def hit(self, target: str) -> bool:
        """Whether 4 KiB take longer than any disk that is not slow."""
        if (group := self.group(target)) is None:
            return False
        folder = handle_of(self.cluster).data()
        script = [sys.executable, "-c", _KEEP, str(group / "cgroup.procs"), str(folder)]
        said = subprocess.run(script, capture_output=True, text=True, check=True, timeout=120)
        return float(said.stdout) > 0.05


_KEEP = """
import os, sys, tempfile, time
open(sys.argv[1], "w").write("0")
with tempfile.TemporaryFile(dir=sys.argv[2]) as file:
    begun = time.monotonic()
    for _ in range(4):
        os.pwrite(file.fileno(), os.urandom(4096), 0)
        os.fdatasync(file.fileno())
    print((time.monotonic() - begun) / 4)
"""


def _pairs(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


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
_LIMITED = {
    'no zone "d"; known: ': {"zone": "d", "cpus": 1},
    "to be limited in its cpu is named twice: a, a": {"zone": ["a", "a"], "cpus": 1},
}
_SLOW = {'no zone "d"; known: ': {"zone": ["a", "d"], "writes_per_s": 1}}
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
    Row("etcd.limit_cpu", {"zone": "leader", "cpus": 0.01}, Limited, _LIMITED, interfere=lift),
    Row("etcd.slow_disk", {"zone": "b", "writes_per_s": 4}, SlowDisk, _SLOW, interfere=lift),
    Row("kube-apiserver.limit_cpu", {"zone": "b", "cpus": 0.01}, Limited, _LIMITED, interfere=lift),
    Row(
        "kube-apiserver.limit_memory",
        {"zone": "c", "memory": "150MiB"},
        ShortOfMemory,
        {'no zone "d"; known: ': {"zone": "d", "memory": "1GiB"}},
        interfere=lift,
    ),
    Row(
        "kube-controller-manager.limit_cpu",
        {"zone": "leader", "cpus": 0.01},
        Limited,
        _LIMITED,
        interfere=lift,
    ),
    Row(
        "kube-scheduler.limit_cpu",
        {"zone": "leader", "cpus": 0.01},
        Limited,
        _LIMITED,
        interfere=lift,
    ),
    Row("load-balancer.kill", {}, Ended),
    Row("load-balancer.pause", {}, Halted),
]
