"""Faults: components that get less of the machine than they want: CPU, memory, or a disk that keeps up."""

from abc import ABC
from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, Field

from kubedrill.client.metrics import metrics_page
from kubedrill.cluster.etcd import EtcdError, Fsyncs, fsyncs
from kubedrill.cluster.handle import HandleError, Quota
from kubedrill.faults.actions import actions
from kubedrill.faults.etcd import leading
from kubedrill.faults.fault import Scene, Seen, missing, proof
from kubedrill.faults.limiting import Limit
from kubedrill.faults.possible import no_leader
from kubedrill.faults.toll import Toll
from kubedrill.reading.units import UnitError, parse_quantity
from kubedrill.record.catalogue import ClusterDescription
from kubedrill.record.faults import Witness
from kubedrill.wire.errors import WireError
from kubedrill.words import shown

ASK_S = 5.0
"""A member is asked for its fsyncs: it may be busy."""

BUSY_S = 1.0
"""A component that may not have the CPU for its metrics answers late, and that is what is looked for."""

SLOW_S = 0.01
"""etcd's documentation asks for 99 of 100 fsyncs of its log within 10 ms; beyond that a disk is slow."""

SLOWER = 3.0
"""So many times what an fsync took before, on average."""


def _size(text: str) -> str:
    quantity = parse_quantity(text)
    if quantity.unit != "bytes":
        raise UnitError(f'"{shown(text)}" is not a size, such as 300MiB')
    return text


class _OfEtcd(Limit, ABC):
    """What those have in common that limit members."""

    component: ClassVar = "etcd"

    def leaders(self, scene: Scene) -> Sequence[str]:
        """Return the zone of the member that leads."""
        return leading(scene)


class _OfApiservers(Limit, ABC):
    """What those have in common that limit apiservers."""

    component: ClassVar = "kube-apiserver"

    def refuse(self, cluster: ClusterDescription) -> str:
        """Refuse a leader: there is none."""
        return no_leader(self.name, self.zone, cluster)


class _LimitCpu(Limit, ABC):
    """What those have in common that limit the CPU."""

    resource: ClassVar = "cpu"
    effect_s: ClassVar = 20.0
    """The kernel counts each 0.1 s. One that has next to nothing to do is asked for its metrics."""

    cpus: float = Field(description="cores, at least 0.01: 0.5 is half of one", ge=0.01, le=1024)

    def shows(self) -> tuple[Witness, ...]:
        """Return that it has no more, and is held back."""
        return ("starved", "held-back")

    def quota(self) -> Quota:
        """Return the cores."""
        return Quota(cpus=self.cpus)

    def strained(self, scene: Scene, target: str) -> Seen:
        """Look whether it wanted more than it might have."""
        strain = self.strain(scene, target)
        counted = f"in {strain.cpu_throttled} of {strain.cpu_periods} periods of 0.1 s"
        if not strain.cpu_throttled:
            _keep_busy(scene, target)
            return missing(f"{target} wanted more CPU than it may have {counted}", target)
        return proof(f"{target} was throttled {counted}")


class EtcdLimitCpu(_OfEtcd, _LimitCpu):
    """Limit the CPU of an etcd member until the phase ends."""

    name: ClassVar = "etcd.limit_cpu"
    functions: ClassVar = ("limit_etcd_cpu", "lift_etcd_cpu")


class ApiserverLimitCpu(_OfApiservers, _LimitCpu):
    """Limit the CPU of a kube-apiserver until the phase ends."""

    name: ClassVar = "kube-apiserver.limit_cpu"
    functions: ClassVar = ("limit_apiserver_cpu", "lift_apiserver_cpu")


class ControllerManagerLimitCpu(_LimitCpu):
    """Limit the CPU of a kube-controller-manager until the phase ends."""

    name: ClassVar = "kube-controller-manager.limit_cpu"
    functions: ClassVar = ("limit_controller_manager_cpu", "lift_controller_manager_cpu")
    component: ClassVar = "kube-controller-manager"


class SchedulerLimitCpu(_LimitCpu):
    """Limit the CPU of a kube-scheduler until the phase ends."""

    name: ClassVar = "kube-scheduler.limit_cpu"
    functions: ClassVar = ("limit_scheduler_cpu", "lift_scheduler_cpu")
    component: ClassVar = "kube-scheduler"


class ApiserverLimitMemory(_OfApiservers):
    """Limit the memory of a kube-apiserver until the phase ends: the kernel kills it for wanting more."""

    name: ClassVar = "kube-apiserver.limit_memory"
    functions: ClassVar = ("limit_apiserver_memory", "lift_apiserver_memory")
    resource: ClassVar = "memory"
    refused: ClassVar = "; refused where none would be left"
    effect_s: ClassVar = 60.0
    """One that has more already is killed at once; one that fits may take until it is pressed."""

    memory: Annotated[str, AfterValidator(_size)] = Field(
        description="a size: 300MiB; one that has 200 MiB when idle does not start in 100 MiB"
    )
    allow_api_loss: bool = Field(False, description="even where no apiserver is left")

    def tolls(self, cluster: ClusterDescription) -> Sequence[Toll]:
        """Return the apiservers: whom the kernel kills is away, again and again."""
        return *super().tolls(cluster)[:1], self.toll("apiserver", self.allow_api_loss)

    def shows(self) -> tuple[Witness, ...]:
        """Return that it is killed."""
        return ("killed",)

    def quota(self) -> Quota:
        """Return the bytes."""
        return Quota(memory_bytes=round(parse_quantity(self.memory).value))

    def strained(self, scene: Scene, target: str) -> Seen:
        """Look whether the kernel killed it."""
        kills = self.strain(scene, target).out_of_memory - scene.facts["before"][target]
        if not kills:
            return missing(
                f"the kernel killed no {target} for its memory: it keeps within it", target
            )
        return proof(f"the kernel killed {target} for its memory, {kills} times so far")


class EtcdSlowDisk(_OfEtcd):
    """Let the disk keep no more than so many of an etcd member's writes a second, until the phase ends."""

    name: ClassVar = "etcd.slow_disk"
    functions: ClassVar = ("slow_disk", "restore_disk")
    resource: ClassVar = "disk"
    effect_s: ClassVar = 30.0
    """A member writes its log for every Lease that is renewed, some times a second."""

    writes_per_s: int = Field(description="5 make an fsync take 0.2 s and more", ge=1, le=100_000)

    def shows(self) -> tuple[Witness, ...]:
        """Return that it keeps its log late."""
        return ("slow",)

    def quota(self) -> Quota:
        """Return the writes."""
        return Quota(disk_writes_per_s=self.writes_per_s)

    def before(self, scene: Scene, target: str) -> Any:
        """Return the fsyncs of its log since it runs."""
        found = _fsyncs(scene, target)
        return [found.count, found.seconds]

    def strained(self, scene: Scene, target: str) -> Seen:
        """Look whether the member itself says that its log is kept later than before."""
        count, seconds = scene.facts["before"][target]
        calm_s = seconds / count if count else 0.0
        found = _fsyncs(scene, target)
        done = found.count - count
        slow_s = (found.seconds - seconds) / done if done else 0.0
        words = (
            f"{done} fsyncs of {target}'s log took {slow_s:.2g} s on average, {calm_s:.2g} s before"
        )
        return proof(words) if slow_s > max(SLOW_S, SLOWER * calm_s) else missing(words, target)


limit_etcd_cpu, lift_etcd_cpu = actions(EtcdLimitCpu)
limit_apiserver_cpu, lift_apiserver_cpu = actions(ApiserverLimitCpu)
limit_controller_manager_cpu, lift_controller_manager_cpu = actions(ControllerManagerLimitCpu)
limit_scheduler_cpu, lift_scheduler_cpu = actions(SchedulerLimitCpu)
limit_apiserver_memory, lift_apiserver_memory = actions(ApiserverLimitMemory)
slow_disk, restore_disk = actions(EtcdSlowDisk)


def _keep_busy(scene: Scene, target: str) -> None:
    """Give a component work, whatever it answers: a scheduler that does not lead has next to none."""
    with suppress(WireError):
        metrics_page(scene.record, target, BUSY_S)


def _fsyncs(scene: Scene, target: str) -> Fsyncs:
    try:
        return fsyncs(scene.record, target, ASK_S)
    except (WireError, EtcdError) as error:
        raise HandleError(f"{target} does not say how long its fsyncs take: {error}") from error
