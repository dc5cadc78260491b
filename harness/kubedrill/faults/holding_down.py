"""Faults: processes that a cluster's supervisor kills and holds down, as faults of several kinds do."""

from collections.abc import Sequence
from typing import Any

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
    pids = {target: scene.handle.pid(target) for target in scene.targets}
    for target, pid in pids.items():
        scene.handle.kill(target, expect_pid=pid, until=scene.lease)
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
    for target in scene.targets:
        scene.handle.release(target)
