"""Faults on kube-controller-managers: taken out; another one leads once it has the Lease."""

from typing import ClassVar

from kubedrill.faults.actions import actions
from kubedrill.faults.led import OnLed
from kubedrill.faults.processes import KILL, PAUSE, STOP


class OnControllerManagers(OnLed):
    """What those have in common that take controller-managers out."""

    component: ClassVar = "kube-controller-manager"
    target: ClassVar = "kube-controller-manager-{}"
    blast_radius: ClassVar = (
        "the kube-controller-manager of zone {zone}; "
        "where it led, nobody does until its Lease has run out"
    )


class ControllerManagerKill(OnControllerManagers):
    """Kill a kube-controller-manager with SIGKILL and keep it down until the phase ends."""

    way: ClassVar = KILL


class ControllerManagerStop(OnControllerManagers):
    """Stop a kube-controller-manager (SIGTERM) and keep it down until the phase ends.

    It keeps its Lease, which another one takes when it has run out.
    """

    way: ClassVar = STOP


class ControllerManagerPause(OnControllerManagers):
    """Pause a kube-controller-manager (SIGSTOP) until the phase ends."""

    way: ClassVar = PAUSE


kill, restore = actions(ControllerManagerKill)
stop, start = actions(ControllerManagerStop)
pause, proceed = actions(ControllerManagerPause)
