"""Whether this machine can hold what an experiment's fleet takes."""

import psutil

from kubedrill.experiment import Experiment
from kubedrill.fleet import engines
from kubedrill.fleet.estimate import HostRoom, too_large
from kubedrill.process.kernel import cpu_quota, usable


def cannot_host(experiment: Experiment) -> str:
    """Return what this machine lacks for the experiment's fleet; "" if nothing, or if there is none."""
    fleet = experiment.fleet
    return engines.lacking(fleet) or too_large(fleet, experiment.headroom, room())


def room() -> HostRoom:
    """Return what this machine has just now."""
    return HostRoom(usable(cpu_quota()), psutil.virtual_memory().available)
