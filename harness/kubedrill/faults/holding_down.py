"""Faults: components that are killed and held down, as faults of several kinds do."""

from collections.abc import Sequence
from typing import Any

from kubedrill.cluster.handle import HandleError, present
from kubedrill.faults.fault import Candidate, Lapse, Scene


def running(scene: Scene, target: str, leaders: Sequence[str] = ()) -> list[Candidate]:
    """Return the components that run, `target` with each zone in its place; `leaders` are zones."""
    states = scene.handle.components()
    named = [(target.format(zone), zone) for zone in scene.record.zones]
    return [
        Candidate(name, zone, zone in leaders)
        for name, zone in named
        if states[name].state == "running"
    ]


def kill(scene: Scene) -> dict[str, Any]:
    """Kill the targets with SIGKILL and hold them down; return their `pids`, and since when each is held.

    Exactly the processes that were looked at are killed: HandleError if one was replaced meanwhile.
    """
    holding = present(scene.handle.holding)
    pids = _pids(scene)
    for target, pid in pids.items():
        holding.hold(target, expect_pid=pid, until=scene.lease)
    states = scene.handle.components()
    return {"pids": pids, "held_since": {target: states[target].since for target in scene.targets}}


def killed(scene: Scene) -> str:
    """Return in words what `kill` did."""
    named = (f"{name} (pid {pid})" for name, pid in scene.facts["pids"].items())
    return f"killed {' and '.join(named)} with SIGKILL"


def lapse(scene: Scene) -> Lapse | None:
    """Return which target is not held down, or was not all the time since `kill`."""
    states = scene.handle.components()
    for target in scene.targets:
        if (state := states[target].state) != "held":
            return Lapse(f"{target} was {state} again")
    for target, since in scene.facts["held_since"].items():
        if states[target].since != since:
            return Lapse(f"{target} was let go and held down again", over=True)
    return None


def release(scene: Scene) -> None:
    """Start the targets; those that run are left as they are."""
    holding = present(scene.handle.holding)
    for target in scene.targets:
        holding.release(target)


def _pids(scene: Scene) -> dict[str, int]:
    states = scene.handle.components()
    pids = {}
    for target in scene.targets:
        pid = states[target].pid
        if pid is None:
            raise HandleError(f"{target} does not run")
        pids[target] = pid
    return pids
