"""Faults on kube-schedulers: taken out; another one leads once it has the Lease."""

from typing import ClassVar

from kubedrill.faults.actions import actions
from kubedrill.faults.led import OnLed
from kubedrill.faults.processes import KILL, PAUSE, STOP


class OnSchedulers(OnLed):
    """What those have in common that take schedulers out."""

    component: ClassVar = "kube-scheduler"
    target: ClassVar = "kube-scheduler-{}"
    blast_radius: ClassVar = (
        "the kube-scheduler of zone {zone}; where it led, nobody does until its Lease has run out"
    )


class SchedulerKill(OnSchedulers):
    """Kill a kube-scheduler with SIGKILL and keep it down until the phase ends."""

    way: ClassVar = KILL


class SchedulerStop(OnSchedulers):
    """Stop a kube-scheduler (SIGTERM) and keep it down until the phase ends.

    It gives its Lease back, which another one takes within 2 s.
    """

    way: ClassVar = STOP


class SchedulerPause(OnSchedulers):
    """Pause a kube-scheduler (SIGSTOP) until the phase ends."""

    way: ClassVar = PAUSE


kill, restore = actions(SchedulerKill)
stop, start = actions(SchedulerStop)
pause, proceed = actions(SchedulerPause)
