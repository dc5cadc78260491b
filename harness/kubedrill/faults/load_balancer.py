"""Faults on the load balancer in front of the apiservers: taken out, or started anew."""

from abc import ABC
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from pydantic import Field

from kubedrill.client.well import PAGES, Pages
from kubedrill.cluster.handle import HandleError, present
from kubedrill.faults.actions import actions
from kubedrill.faults.attempting import each
from kubedrill.faults.fault import Candidate, Lapse, NamesWhom, Scene, Seen, Whom, missing, proof
from kubedrill.faults.possible import no_leader
from kubedrill.faults.processes import (
    KILL,
    PAUSE,
    STOP,
    OnProcesses,
    not_anew,
    restart,
    running,
)
from kubedrill.faults.toll import Left, Toll
from kubedrill.record.catalogue import ClusterDescription, Lasts, Need
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.faults import Witness
from kubedrill.record.target import Target

BALANCER = "haproxy"


class _OnTheBalancer(OnProcesses):
    """What those have in common that take the balancer out: there is one, which no file needs to name."""

    family: ClassVar = "load-balancer"
    component: ClassVar = BALANCER
    hits: ClassVar = ""
    target: ClassVar = BALANCER
    blast_radius: ClassVar = "the load balancer: no client that goes through it reaches the API"
    return_s: ClassVar = 30.0
    """It listens about 0.1 s after its start here, and sends requests to a server after its first check."""

    @property
    def pages(self) -> Pages:
        """Where the apiservers behind it answer."""
        return PAGES["kube-apiserver"]

    def tolls(self, cluster: ClusterDescription) -> Sequence[Toll]:  # noqa: ARG002
        """Return the balancer: it may be taken, but not twice."""
        return (self.toll("balancer", True),)

    def candidates(self, scene: Scene) -> Sequence[Candidate]:
        """Return it, if it runs."""
        return running(scene, self.target, names=(BALANCER,), finds=self.finds)


class BalancerKill(_OnTheBalancer):
    """Kill the load balancer with SIGKILL and keep it down until the phase ends."""

    way: ClassVar = KILL


class BalancerPause(_OnTheBalancer):
    """Pause the load balancer (SIGSTOP) until the phase ends: connections stay, and nothing goes through."""

    way: ClassVar = PAUSE


class BalancerRestart(_OnTheBalancer):
    """Restart the load balancer (SIGTERM): every connection through it ends, and can be made anew at once."""

    name: ClassVar = "load-balancer.restart"
    functions: ClassVar = ("restart_it", "restarted")
    verb: ClassVar = "restart"
    done: ClassVar = "restarted"
    needs: ClassVar = (Need("holding", BALANCER, "restart"),)
    blast_radius: ClassVar = "the load balancer: every connection through it ends"
    lasts: ClassVar[Lasts] = "momentary"

    def shows(self) -> tuple[Witness, ...]:
        """Return that it exits."""
        return ("exits",)

    def inject(self, scene: Scene) -> Mapping[str, Any]:
        """Restart it."""
        return restart(scene, scene.targets)

    def did(self, scene: Scene) -> str:
        """Say which process was asked to end."""
        hit = f"{BALANCER} (pid {scene.facts['pids'][BALANCER]})"
        return f"asked {hit} to end, {scene.by('SIGTERM')}"

    def took_effect(self, scene: Scene) -> Seen:
        """Look whether another one runs, and lets requests through."""
        if waiting := not_anew(scene, scene.targets):
            return missing(f"{BALANCER} was not started anew", *waiting)
        return self.undone(scene)

    def undo(self, scene: Scene) -> None:
        """Let it be started, if it has not ended yet."""
        STOP.undo(scene)


class _OnBackends(NamesWhom, ABC):
    """What those have in common that are about the apiservers behind it."""

    hits: ClassVar = "zone"
    target: ClassVar = "apiservers/{}"
    """As the balancer's own statistics call it."""
    needs: ClassVar = (Need("balancing", "kube-apiserver"),)

    zone: Whom = Field(description="random, a zone such as a, or several zones: [a, b]")

    def refuse(self, cluster: ClusterDescription) -> str:
        """Refuse a leader: there is none."""
        return no_leader(self.name, self.zone, cluster)

    def hit(self, record: ClusterRecord, called: str) -> Target:
        """Return a server of the balancer's: nothing is done to the apiserver behind it."""
        apiservers = record.of_kind("kube-apiserver")
        behind = tuple(server.name for server in apiservers if server.zone == called)
        return super().hit(record, called).model_copy(update={"kind": "backend", "behind": behind})

    def candidates(self, scene: Scene) -> Sequence[Candidate]:
        """Return those that are sent requests."""
        served = present(scene.handle.balancing).served()
        return [Candidate(zone) for zone in served]

    def _zones(self, scene: Scene) -> list[str]:
        return [target.called for target in scene.hit]


class BalancerRemoveBackend(_OnBackends):
    """Let the load balancer send nobody to an apiserver, and end the connections to it."""

    name: ClassVar = "load-balancer.remove_backend"
    functions: ClassVar = ("remove_backend", "put_back")
    verb: ClassVar = "remove"
    done: ClassVar = "removed"
    leaves: ClassVar[Left] = "deaf"
    """To its clients through the balancer: whoever speaks to it directly is answered."""
    blast_radius: ClassVar = "connections to the apiserver of zone {zone} through the load balancer"
    effect_s: ClassVar = 10.0
    return_s: ClassVar = 30.0
    """It is sent requests again after the first check that succeeds: at most 1 s, where it is ready."""

    allow_api_loss: bool = Field(False, description="even where no apiserver is left behind it")

    def tolls(self, cluster: ClusterDescription) -> Sequence[Toll]:  # noqa: ARG002
        """Return the apiservers."""
        return (self.toll("apiserver", self.allow_api_loss),)

    def inject(self, scene: Scene) -> Mapping[str, Any]:
        """Remove them."""
        for zone in self._zones(scene):
            present(scene.handle.balancing).take_out(zone, until=scene.lease)
        return {}

    def did(self, scene: Scene) -> str:
        """Say who was removed."""
        return f"{' and '.join(scene.targets)} set to maintenance, connections to it shut down"

    def took_effect(self, scene: Scene) -> Seen:
        """Look whom it sends requests to."""
        if lapse := self.lapse(scene):
            return missing(lapse.words, *scene.targets)
        served = ", ".join(present(scene.handle.balancing).served()) or "nobody"
        return proof(f"requests are sent to {served}")

    def lapse(self, scene: Scene) -> Lapse | None:
        """Return which of them are sent requests again."""
        served = present(scene.handle.balancing).served()
        found = [self.target.format(zone) for zone in self._zones(scene) if zone in served]
        return Lapse(f"{' and '.join(found)} was sent requests again") if found else None

    def undo(self, scene: Scene) -> None:
        """Put them back."""
        each(self._zones(scene), present(scene.handle.balancing).put_back)

    def undone(self, scene: Scene) -> Seen:
        """Look whether they are sent requests."""
        served = present(scene.handle.balancing).served()
        out = [self.target.format(zone) for zone in self._zones(scene) if zone not in served]
        return missing(f"{' and '.join(out)} is not sent requests") if out else proof("served")


class BalancerCutConnections(_OnBackends):
    """Let the load balancer end the connections to an apiserver, which is sent new ones at once."""

    name: ClassVar = "load-balancer.cut_connections"
    functions: ClassVar = ("cut_connections", "connections_cut")
    verb: ClassVar = "cut connections to"
    done: ClassVar = "cut off"
    blast_radius: ClassVar = "connections to the apiserver of zone {zone} through the load balancer"
    lasts: ClassVar[Lasts] = "momentary"
    effect_s: ClassVar = 10.0

    def tolls(self, cluster: ClusterDescription) -> Sequence[Toll]:  # noqa: ARG002
        """Return the apiservers: all may be named, but none twice."""
        return (replace(self.toll("apiserver", True), counts=False),)

    def inject(self, scene: Scene) -> Mapping[str, Any]:
        """Cut them; return from where there were any."""
        balancing = present(scene.handle.balancing)
        found = {zone: [*balancing.connections(zone)] for zone in self._zones(scene)}
        if not any(found.values()):
            raise HandleError("there were no connections, so there was nothing to cut")
        for zone in found:
            balancing.cut(zone)
        return {"connections": found}

    def did(self, scene: Scene) -> str:
        """Say how many were cut."""
        count = sum(map(len, scene.facts["connections"].values()))
        return f"{count} connections to {' and '.join(scene.targets)} shut down"

    def took_effect(self, scene: Scene) -> Seen:
        """Look whether any of them is there yet."""
        balancing = present(scene.handle.balancing)
        for zone, before in scene.facts["connections"].items():
            if left := set(before) & set(balancing.connections(zone)):
                return missing(f"{len(left)} of {len(before)} connections to {zone} are there yet")
        return proof("none of them is there any more")


kill, restore = actions(BalancerKill)
pause, proceed = actions(BalancerPause)
restart_it, restarted = actions(BalancerRestart)
remove_backend, put_back = actions(BalancerRemoveBackend)
cut_connections, connections_cut = actions(BalancerCutConnections)
