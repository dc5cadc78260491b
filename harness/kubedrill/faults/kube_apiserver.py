"""Faults on kube-apiservers: taken out, one or several; they come back ready to serve."""

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from kubedrill.cluster.leases import LED
from kubedrill.faults.actions import actions
from kubedrill.faults.fault import Whom
from kubedrill.faults.processes import KILL, PAUSE, STOP, OnProcesses
from kubedrill.faults.toll import Toll
from kubedrill.record.catalogue import ClusterDescription


class _OnApiservers(OnProcesses):
    """What those have in common that take apiservers out."""

    component: ClassVar = "kube-apiserver"
    health: ClassVar = "/readyz"
    hits: ClassVar = "zone"
    target: ClassVar = "kube-apiserver-{}"
    blast_radius: ClassVar = "the kube-apiserver of zone {zone}; refused where none would be left"
    return_s: ClassVar = 60.0
    """From its start to ready 5-8 s here, with both cores for it: its watch caches are filled anew."""

    zone: Whom = Field(description="random, a zone such as a, or several zones: [a, b]")
    allow_api_loss: bool = Field(False, description="even where no apiserver is left")

    def asked(self) -> str | Sequence[str]:
        """Return the apiservers' zones, or who is chosen among them."""
        return self.zone

    def refuse(self, cluster: ClusterDescription) -> str:
        """Refuse a leader: there is none."""
        zones = ", ".join(("random", *cluster.zones))
        none = f"{self.name}: no apiserver leads the others; known: {zones}"
        return none if self.zone == "leader" else ""

    def moves(self) -> tuple[str, ...]:
        """Return those that renew their Leases through the apiserver of their zone."""
        return LED

    def tolls(self, cluster: ClusterDescription) -> Sequence[Toll]:  # noqa: ARG002
        """Return the apiservers."""
        return (self.toll("apiserver", self.allow_api_loss),)


class ApiserverKill(_OnApiservers):
    """Kill a kube-apiserver with SIGKILL and keep it down until the phase ends."""

    way: ClassVar = KILL


class ApiserverStop(_OnApiservers):
    """Stop a kube-apiserver in order (SIGTERM) and keep it down until the phase ends."""

    way: ClassVar = STOP


class ApiserverPause(_OnApiservers):
    """Pause a kube-apiserver (SIGSTOP) until the phase ends: its connections stay, and nobody answers."""

    way: ClassVar = PAUSE


kill, restore = actions(ApiserverKill)
stop, start = actions(ApiserverStop)
pause, proceed = actions(ApiserverPause)
