"""Faults on kube-apiservers: taken out, one or several; they come back ready to serve."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from pydantic import Field

from kubedrill.cluster.leases import LED
from kubedrill.faults.actions import actions
from kubedrill.faults.fault import Lapse, Scene, Seen, Whom, missing, proof
from kubedrill.faults.in_turn import OneAfterTheOther
from kubedrill.faults.possible import no_leader
from kubedrill.faults.processes import KILL, PAUSE, STOP, OnProcesses, restart
from kubedrill.faults.toll import SERVER, Toll
from kubedrill.record.catalogue import ClusterDescription, Need


class OnApiservers(OnProcesses):
    """What those have in common that take apiservers out."""

    component: ClassVar = "kube-apiserver"
    hits: ClassVar = "zone"
    target: ClassVar = "kube-apiserver-{}"
    blast_radius: ClassVar = "the kube-apiserver of zone {zone}; refused where none would be left"
    return_s: ClassVar = 60.0
    """From its start to ready 5-8 s here, with both cores for it: its watch caches are filled anew."""

    zone: Whom = Field(description="random, a zone such as a, or several zones: [a, b]")
    allow_api_loss: bool = Field(False, description="even where no apiserver is left")

    def refuse(self, cluster: ClusterDescription) -> str:
        """Refuse a leader: there is none."""
        return no_leader(self.name, self.zone, cluster)

    def moves(self) -> tuple[str, ...]:
        """Return those that renew their Leases through the apiserver of their zone."""
        return LED

    def tolls(self, cluster: ClusterDescription) -> Sequence[Toll]:
        """Return the apiservers, and the members of etcd that are in their processes."""
        hit = ("apiserver", SERVER) if cluster.embeds_etcd else ("apiserver",)
        return [self.toll(kind, self.allow_api_loss) for kind in hit]


class ApiserverKill(OnApiservers):
    """Kill a kube-apiserver with SIGKILL and keep it down until the phase ends."""

    way: ClassVar = KILL


class ApiserverStop(OnApiservers):
    """Stop a kube-apiserver in order (SIGTERM) and keep it down until the phase ends."""

    way: ClassVar = STOP


class ApiserverPause(OnApiservers):
    """Pause a kube-apiserver (SIGSTOP) until the phase ends: its connections stay, and nobody answers."""

    way: ClassVar = PAUSE


class ApiserverRollingRestart(OneAfterTheOther, OnApiservers):
    """Restart kube-apiservers in order (SIGTERM), one after the other: never are two down at once."""

    name: ClassVar = "kube-apiserver.rolling_restart"
    functions: ClassVar = ("rolling_restart", "all_restarted")
    verb: ClassVar = "restart"
    done: ClassVar = "restarted"
    needs: ClassVar = (Need("holding", "kube-apiserver", "restart"),)
    blast_radius: ClassVar = (
        "the kube-apiservers of {zone}, one at a time, each when all of them are ready"
    )

    zone: Whom = Field(description="the zones in their order: [a, b, c]")
    allow_api_loss: bool = Field(False, description="even where there is no other apiserver")

    def inject(self, scene: Scene) -> Mapping[str, Any]:
        """Restart the first; note which process each was."""
        states = scene.handle.components()
        pids = {target: states[target].pid for target in scene.targets}
        return {"pids": pids, "first": restart(scene, scene.targets[:1])["pids"]}

    def did(self, scene: Scene) -> str:
        """Say which process was asked to end."""
        [(target, pid)] = scene.facts["first"].items()
        return f"asked {target} (pid {pid}) to end, {scene.by('SIGTERM')}"

    def took_effect(self, scene: Scene) -> Seen:
        """Look whether the first has begun to end."""
        first = scene.targets[0]
        state = scene.handle.components()[first]
        if state.state == "running" and state.pid == scene.facts["pids"][first]:
            return missing(f"{first} runs as before", first)
        return proof(f"{first} does not run as before: it is {state.state}")

    def advance(self, scene: Scene) -> Sequence[str]:
        """Restart the next one, if all apiservers are ready."""
        waiting = self._waiting(scene)[:1]
        if not waiting or not self.all_well(scene).proven:
            return ()
        restart(scene, waiting)
        return waiting

    def unfinished(self, scene: Scene) -> str:
        """Return which were not restarted."""
        return " and ".join(f"{target} was not restarted" for target in self._waiting(scene))

    def lapse(self, scene: Scene) -> Lapse | None:  # noqa: ARG002
        """Return nothing: what has been restarted stays so."""
        return None

    def undo(self, scene: Scene) -> None:
        """Let the one that has not ended yet be started."""
        STOP.undo(scene)

    @staticmethod
    def _waiting(scene: Scene) -> list[str]:
        states = scene.handle.components()
        return [target for target, pid in scene.facts["pids"].items() if states[target].pid == pid]


kill, restore = actions(ApiserverKill)
stop, start = actions(ApiserverStop)
pause, proceed = actions(ApiserverPause)
rolling_restart, all_restarted = actions(ApiserverRollingRestart)
