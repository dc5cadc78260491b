"""Faults on the load balancer in front of the apiservers: taken out, or started anew."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from kubedrill.faults.actions import actions
from kubedrill.faults.fault import Candidate, Scene, Seen, missing
from kubedrill.faults.processes import KILL, PAUSE, OnProcesses, not_anew, release, restart, running
from kubedrill.faults.toll import Toll
from kubedrill.record.catalogue import ClusterDescription, Lasts, Need

BALANCER = "haproxy"


class _OnTheBalancer(OnProcesses):
    """What those have in common that take the balancer out: there is one, which no file needs to name."""

    family: ClassVar = "load-balancer"
    component: ClassVar = BALANCER
    health: ClassVar = "/readyz"
    hits: ClassVar = ""
    target: ClassVar = BALANCER
    blast_radius: ClassVar = "the load balancer: no client that goes through it reaches the API"
    return_s: ClassVar = 30.0
    """It listens about 0.1 s after its start here, and sends requests to a server after its first check."""

    def asked(self) -> str | Sequence[str]:
        """Return the balancer."""
        return BALANCER

    def known(self, cluster: ClusterDescription) -> Sequence[str]:  # noqa: ARG002
        """Return the balancer."""
        return (BALANCER,)

    def tolls(self, cluster: ClusterDescription) -> Sequence[Toll]:  # noqa: ARG002
        """Return the balancer: it may be taken, but not twice."""
        return (self.toll("balancer", True),)

    def candidates(self, scene: Scene) -> Sequence[Candidate]:
        """Return it, if it runs."""
        return running(scene, self.target, names=(BALANCER,))


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
    needs: ClassVar = (Need("holding", BALANCER),)
    blast_radius: ClassVar = "the load balancer: every connection through it ends"
    lasts: ClassVar[Lasts] = "momentary"

    def inject(self, scene: Scene) -> Mapping[str, Any]:
        """Restart it."""
        return restart(scene, scene.targets)

    def did(self, scene: Scene) -> str:
        """Say which process was asked to end."""
        return f"asked {BALANCER} (pid {scene.facts['pids'][BALANCER]}) to end, with SIGTERM"

    def took_effect(self, scene: Scene) -> Seen:
        """Look whether another one runs, and lets requests through."""
        if waiting := not_anew(scene, scene.targets):
            return missing(f"{BALANCER} was not started anew", *waiting)
        return self.undone(scene)

    def undo(self, scene: Scene) -> None:
        """Let it be started, if it has not ended yet."""
        release(scene)


kill, restore = actions(BalancerKill)
pause, proceed = actions(BalancerPause)
restart_it, restarted = actions(BalancerRestart)
