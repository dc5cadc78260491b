"""Expand an experiment to a native Chaos Toolkit experiment: one sorted list of short edges.

`until 10 | inject A | until 20 | inject B | until 40 | undo A | ...`: faults may overlap, and each
edge is on the clock, however long the edges before it took. Rollbacks are all undos, newest first.
"""

from dataclasses import asdict
from typing import Any

from kubedrill.experiment.settled import ACTIVITY, Experiment, Fault
from kubedrill.record.catalogue import Catalogue
from kubedrill.record.units import format_duration

PLAYER = "kubedrill.faults.play"
_STOP_CONTROL = {"name": "stop", "provider": {"type": "python", "module": PLAYER}}
"""Ends the method when the drill is ended during a wait. On the waits only: elsewhere chaoslib would
skip rollbacks or go on with the next action."""
ALONE = "kubedrill.alone"
"""Control that makes a run folder for an experiment that no drill plays, once its cluster is found."""
LEDGER = "kubedrill.faults.native"
"""Controls on activities of other extensions: intent on disk before one, `undone` after its rollback."""


def expand(experiment: Experiment, catalogue: Catalogue, run: str) -> dict[str, Any]:
    """Return the Chaos Toolkit experiment; its actions refer to the run folder `run` (a path)."""
    undos = [_undo(fault, index, catalogue, run) for index, fault in enumerate(experiment.faults)]
    return {
        "version": "1.0.0",
        "title": experiment.title,
        "description": experiment.why,
        "tags": ["kubedrill"],
        "configuration": {},
        "extensions": [_extension(experiment, run)],
        "runtime": {"rollbacks": {"strategy": "always"}},
        "method": _method(experiment, catalogue, run),
        "rollbacks": [undo for undo in reversed(undos) if undo],
    }


def expand_alone(experiment: Experiment, catalogue: Catalogue, runs: str) -> dict[str, Any]:
    """Return the same for `chaos run`: each time that it is played, its run folder is made below `runs`."""
    arguments = {"run": runs, "on": experiment.cluster}
    provider = {"type": "python", "module": ALONE, "arguments": arguments}
    opening = {"controls": [{"name": "run folder", "provider": provider}]}
    return {**expand(experiment, catalogue, runs), **opening}


def _extension(experiment: Experiment, run: str) -> dict[str, Any]:
    return {
        "name": "kubedrill",
        "run": run,
        "cluster": experiment.cluster,
        "phases": [asdict(phase) for phase in experiment.phases],
        "faults": [asdict(fault) for fault in experiment.faults],
    }


def _method(experiment: Experiment, catalogue: Catalogue, run: str) -> list[dict[str, Any]]:
    # (seconds, 0 or 1, activity): at the same instant what ends is undone before what begins.
    edges: list[tuple[float, int, dict[str, Any]]] = []
    for index, fault in enumerate(experiment.faults):
        edges.append((fault.inject_s, 1, _inject(fault, index, catalogue, run)))
        undo = _undo(fault, index, catalogue, run)
        if undo:
            edges.append((fault.undo_s, 0, undo))
    method = []
    for seconds, _, activity in sorted(edges, key=lambda edge: edge[:2]):
        method += [_until(seconds), activity]
    return [*method, _until(experiment.seconds)]


def _until(seconds: float) -> dict[str, Any]:
    return {
        **_action(f"until {format_duration(seconds)}", PLAYER, "until", {"offset_s": seconds}),
        "controls": [_STOP_CONTROL],
    }


def _inject(fault: Fault, index: int, catalogue: Catalogue, run: str) -> dict[str, Any]:
    if fault.name == ACTIVITY:
        action = _native(f"inject {index}", fault.arguments["activity"])
        rollback = _rollback(fault, index)
        arguments = {"run": run, "index": index, "rollback": rollback}
        return {**action, **_ledger("before", arguments)} if rollback else action
    name = f"inject {index}: {fault.name}"
    known = catalogue.faults[fault.name]
    arguments = {**fault.arguments, "run": run, "index": index}
    return _action(name, known.module, known.inject, arguments)


def _undo(fault: Fault, index: int, catalogue: Catalogue, run: str) -> dict[str, Any] | None:
    if fault.name == ACTIVITY:
        rollback = _rollback(fault, index)
        return {**rollback, **_ledger("after", {"run": run})} if rollback else None
    name = f"undo {index}: {fault.name}"
    known = catalogue.faults[fault.name]
    return _action(name, known.module, known.undo, {"run": run, "index": index})


def _action(name: str, module: str, function: str, arguments: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "action",
        "name": name,
        "provider": {
            "type": "python",
            "module": module,
            "func": function,
            "arguments": arguments,
        },
    }


def _rollback(fault: Fault, index: int) -> dict[str, Any] | None:
    rollback = fault.arguments["rollback"]
    return _native(f"undo {index}", rollback) if rollback else None


def _ledger(scope: str, arguments: dict[str, Any]) -> dict[str, Any]:
    provider = {"type": "python", "module": LEDGER, "arguments": arguments}
    return {"controls": [{"name": "ledger", "scope": scope, "provider": provider}]}


def _native(edge: str, action: dict[str, Any]) -> dict[str, Any]:
    return {**action, "name": f"{edge}: {action['name']}"}
