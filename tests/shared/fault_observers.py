"""Who sees from outside what becomes of a fault: by the kernel, by connections, by files and metrics."""

import json
import os
import re
import select
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Protocol

import psutil

from kubedrill.client.caller import Caller
from kubedrill.cluster.provider import handle_of
from kubedrill.fleet.objects import LEASES
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.sample import outcome_name
from kubedrill.wire.errors import WireError
from kubedrill.wire.target import identity_target

PATIENT_S = 10.0
"""For a component that answers, however slow the machine."""

LOOK_S = 3.0
"""For one that is asked again and again until it answers."""

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
    "kube-scheduler": ("/readyz", "admin"),
    "haproxy": ("/readyz", "admin"),
}
"""By kind of component, where it says how it is, and who may ask."""


def unwell(cluster: ClusterRecord, names: Sequence[str]) -> list[str]:
    """Return which of these components, all of which run, do not say that they are well."""
    try:
        with closing(Processes(cluster)) as processes:
            return [name for name in names if processes.answer(name, LOOK_S) != "200"]
    except ProcessLookupError:  # one has ended since its pid was told
        return [*names]


class Ended(Processes):
    """Sees that a process has ended, and that another is well in its place."""

    def hit(self, target: str) -> bool:
        """Whether it has ended."""
        return self.ended(target)

    def well(self, target: str) -> bool:
        """Whether it is well."""
        return self.answer(target) == "200"


class Gone(Ended):
    """Sees besides that nobody listens where a process has ended."""

    def hit(self, target: str) -> bool:
        """Whether it has ended, and its port refuses."""
        return self.ended(target) and self.answer(target) == "refused"


class Halted(Processes):
    """Sees that a process is stopped where it is and does not answer, and that the same one is well again."""

    def hit(self, target: str) -> bool:
        """Whether it stands still, and nobody answers though the kernel lets one connect."""
        return self.stands_still(target) and self.answer(target, STANDS_STILL_S) == "timeout"

    def well(self, target: str) -> bool:
        """Whether it is well."""
        return not self.stands_still(target) and self.answer(target) == "200"


class Kubelets(Processes):
    """Sees in its node's Lease that a kubelet works: it is renewed at its start, and every 10 s."""

    def __init__(self, cluster: ClusterRecord) -> None:
        super().__init__(cluster)
        self._renewed: dict[str, str] = {}

    def renewed(self, target: str) -> str:
        """Return when the Lease was renewed last."""
        node = self.cluster.hosts[target.rpartition("-")[2]]
        with closing(Caller(*identity_target(self.cluster, "admin"))) as api:
            lease = json.loads(api.call("GET", f"{LEASES}/{node}").body)
        return str(lease["spec"]["renewTime"])

    def hit(self, target: str) -> bool:
        """Whether it is out; from then on its Lease is watched."""
        self._renewed[target] = self.renewed(target)
        return self.out(target)

    def out(self, target: str) -> bool:
        """Whether its process can do nothing."""
        raise NotImplementedError

    def well(self, target: str) -> bool:
        """Whether it has renewed its Lease since."""
        return self.renewed(target) > self._renewed[target]


class KubeletEnded(Kubelets):
    """Sees that a kubelet has ended, and that one works again."""

    def out(self, target: str) -> bool:
        """Whether it has ended."""
        return self.ended(target)


class KubeletHalted(Kubelets):
    """Sees that a kubelet is stopped where it is, and works again."""

    def out(self, target: str) -> bool:
        """Whether it stands still."""
        return self.stands_still(target)


class MachineEnded(Processes):
    """Sees that a node is off, and serves the API again at the same address."""

    def hit(self, target: str) -> bool:
        """Whether what it had begun with has ended, and nobody answers at its address."""
        return self.ended(target) and self.answer(self.server(target), LOOK_S) != "200"

    def server(self, target: str) -> str:
        """Return the apiserver of a node."""
        return f"kube-apiserver-{target.rpartition('-')[2]}"

    def well(self, target: str) -> bool:
        """Whether its apiserver is ready."""
        return self.answer(self.server(target), LOOK_S) == "200"


class MachineFrozen(MachineEnded):
    """Sees that a node hangs, and goes on."""

    def hit(self, target: str) -> bool:
        """Whether nobody answers, though the kernel lets one connect, and nothing has ended."""
        answer = self.answer(self.server(target), STANDS_STILL_S)
        return not self.ended(target) and answer == "timeout"


class Flagged(Processes):
    """Sees, in what the kernel says of processes, with which arguments they were started."""

    def __init__(self, cluster: ClusterRecord) -> None:
        super().__init__(cluster)
        self.before = {name: self.arguments(name) for name in self.pids}

    def arguments(self, target: str) -> list[str]:
        """Return those of the process that runs now; none if none does."""
        pid = handle_of(self.cluster).processes().get(target)
        try:
            return Path(f"/proc/{pid}/cmdline").read_text().split("\0")[:-1]
        except OSError:
            return []

    def hit(self, target: str) -> bool:
        """Whether the process has ended, and one runs well that was started otherwise, and not as a shell."""
        now, before = self.arguments(target), self.before[target]
        otherwise = now[:1] == before[:1] and sorted(now) != sorted(before)
        return self.ended(target) and otherwise and self.answer(target) == "200"

    def well(self, target: str) -> bool:
        """Whether it is well, and started as it was."""
        return self.arguments(target) == self.before[target] and self.answer(target) == "200"


class Members(Processes):
    """Sees, from the metrics and the files of etcd's members, what they did when told."""

    def __init__(self, cluster: ClusterRecord) -> None:
        super().__init__(cluster)
        self.members = [member.name for member in cluster.of_kind("etcd")]
        self.before = {member: self.seen(member) for member in self.members}

    def seen(self, member: str) -> object:
        """Return what another command than the one in question would not change."""
        raise NotImplementedError

    def gauge(self, member: str, name: str) -> float:
        """Return a gauge of a member's metrics."""
        endpoint = self.cluster.component(member).metrics
        server, token = identity_target(self.cluster, "scraper", endpoint)
        with closing(Caller(server, token, PATIENT_S)) as api:
            page = api.call("GET", "/metrics").body.decode()
        [value] = re.findall(rf"^{name} (\S+)$", page, re.MULTILINE)
        return float(value)

    def hit(self, target: str) -> bool:
        """Whether it shows at a member, or at all of them."""
        members = [target] if target in self.members else self.members
        return all(self.seen(member) != self.before[member] for member in members)

    def well(self, target: str) -> bool:
        """Whether all is well, and nothing was started anew for it."""
        alive = not any(self.ended(member) for member in self.members)
        return alive and all(self.answer(member) == "200" for member in self.members)


class Leading(Members):
    """Sees who leads."""

    def seen(self, member: str) -> object:
        """Return whether it leads."""
        return self.gauge(member, "etcd_server_is_leader")


class DatabaseAnew(Members):
    """Sees whether a member's database is another file."""

    def seen(self, member: str) -> object:
        """Return which file it is."""
        return (Path(self.cluster.folder) / "data" / member / "member/snap/db").stat().st_ino


class Compacted(Members):
    """Sees how far members have forgotten."""

    def seen(self, member: str) -> object:
        """Return the first revision that it knows."""
        return self.gauge(member, "etcd_debugging_mvcc_compact_revision")


class Limited(Processes):
    """Sees in which control groups a component is, and how it fares there, in the kernel's own files."""

    controller, setting = "cpu", "cpu.max"
    """Of version 1, where a component is in a group for it; of version 2, the file of its only group."""

    def group(self, target: str) -> Path | None:
        """Return the group that the cluster made for a component; None if it is in none of those."""
        pid = handle_of(self.cluster).processes().get(target)
        lines = Path(f"/proc/{pid}/cgroup").read_text().splitlines() if pid else []
        for _, controllers, path in (line.split(":", 2) for line in lines):
            if controllers in {self.controller, ""} and path.endswith(f"/{target}"):
                return Path("/sys/fs/cgroup") / controllers / path.strip("/")
        return None

    def free(self, target: str) -> bool:
        """Whether no group keeps anything from it."""
        group = self.group(target)
        if group is None or not (group / "cgroup.controllers").exists():
            return group is None
        return not re.search(r"(^|=)\d+( |$)", self.read(target, self.setting), re.MULTILINE)

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
        """Whether it has what it can get, and is well: to answer may take longer than a limit lasts."""
        return self.free(target) and self.answer(target) == "200"


class Asked(Limited):
    """Asks all of a kind for their metrics, again and again: who idles wants no more CPU than little."""

    PACE_S = 0.3

    def __init__(self, kind: str, cluster: ClusterRecord) -> None:
        super().__init__(cluster)
        self._over = threading.Event()
        self._asking = threading.Thread(target=self._ask, args=(kind,))
        self._asking.start()

    def close(self) -> None:
        """Ask no more."""
        self._over.set()
        self._asking.join()
        super().close()

    def _ask(self, kind: str) -> None:
        while not self._over.wait(self.PACE_S):
            for component in self.cluster.of_kind(kind):
                server, token = identity_target(self.cluster, "scraper", component.serving)
                with closing(Caller(server, token, STANDS_STILL_S)) as api, suppress(WireError):
                    api.call("GET", "/metrics")


class ShortOfMemory(Limited):
    """Sees that the kernel killed a process for its memory, and that its next may have what it likes."""

    controller, setting = "memory", "memory.max"

    def __init__(self, cluster: ClusterRecord) -> None:
        super().__init__(cluster)
        self.before = {name: self.kills(name) for name in self.pids}

    def kills(self, target: str) -> int:
        """Return how many of a component's processes were killed so."""
        told = self.read(target, "memory.oom_control") or self.read(target, "memory.events")
        return int(dict(_pairs(told)).get("oom_kill", 0))

    def hit(self, target: str) -> bool:
        """Whether the process has ended, and was killed."""
        return self.ended(target) and self.kills(target) > self.before[target]

    def well(self, target: str) -> bool:
        """Whether it is well, and its bound is the kernel's own: 2^63 bytes, or none."""
        older = self.read(target, "memory.limit_in_bytes")
        free = int(older) > 2**60 if older else self.read(target, self.setting) == "max\n"
        return free and self.answer(target) == "200"


class SlowDisk(Limited):
    """Measures how long a write takes until it is kept, from within a member's group."""

    controller, setting = "blkio", "io.max"

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
