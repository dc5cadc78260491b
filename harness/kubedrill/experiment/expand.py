"""Expand an experiment to a native Chaos Toolkit experiment: one sorted list of short edges.

`until 10 | inject A | until 20 | inject B | until 40 | undo A | ...`: faults may overlap, and each
edge is on the clock, however long the edges before it took. Rollbacks are all undos, newest first.
"""

from dataclasses import asdict
from typing import Any

from kubedrill.errors import NotStarted
from kubedrill.experiment.settled import ACTIVITY, Experiment, WantedFault
from kubedrill.reading.units import format_duration
from kubedrill.record.catalogue import Catalogue
from kubedrill.record.changes import on_cluster

PLAYER = "kubedrill.faults.play"
_STOP_CONTROL = {"name": "stop", "provider": {"type": "python", "module": PLAYER}}
"""Ends the method when the drill is ended during a wait. On the waits only: elsewhere chaoslib would
skip rollbacks or go on with the next action."""
ALONE = "kubedrill.alone"
"""Control that makes a run folder for an experiment that no drill plays, once its cluster is found."""
LIFECYCLE = "kubedrill.faults.lifecycle"
"""Plays faults of a user's own files, which no module names."""
NATIVE = "kubedrill.faults.native"
"""Plays activities of other extensions. An action and not a control, since Chaos Toolkit goes on without a
control that is missing: then the activity would be played on whatever cluster is at hand."""


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
        "rollbacks": [*(undo for undo in reversed(undos) if undo), *_farewell(experiment, run)],
    }


def expand_alone(experiment: Experiment, catalogue: Catalogue, runs: str) -> dict[str, Any]:
    """Return the same for `chaos run`: each time that it is played, its run folder is made below `runs`.

    NotStarted if the cluster's file is changed: it is played on whatever is up; or if a fault waits for a
    state, which only a drill knows.
    """
    if waiting := [fault for fault in experiment.faults if fault.when]:
        raise NotStarted(
            f"{waiting[0].name}: `chaos run` watches nothing, so that nobody knows when "
            f"{waiting[0].when}; say at: instead, or play it with kubedrill run"
        )
    if experiment.plan:
        raise NotStarted(
            "plan: `chaos run` executes no emergency plan; play the experiment with kubedrill run"
        )
    if experiment.cluster_changes:
        on = on_cluster(experiment.cluster, experiment.cluster_changes)
        raise NotStarted(
            f"{on}: `chaos run` plays on the cluster that is up, which is as its file says; write a file "
            "of clusters/ with these keys, and name it as the cluster"
        )
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
    # (seconds, 0 or 1, activities): at the same instant what ends is undone before what begins.
    # Nothing else begins or ends before a fault that waits has begun, or is over if it says for how long.
    edges: list[tuple[float, int, list[dict[str, Any]]]] = []
    for index, fault in enumerate(experiment.faults):
        undo = _undo(fault, index, catalogue, run)
        inject = [*_until_state(fault, index, run), _inject(fault, index, catalogue, run)]
        if undo and fault.for_s is not None:
            inject += [_until_over(fault, fault.for_s, index), undo]
        elif undo:
            edges.append((fault.undo_s, 0, [undo]))
        edges.append((fault.inject_s, 1, inject))
    method = _introduction(experiment, run)
    for seconds, _, activities in sorted(edges, key=lambda edge: edge[:2]):
        method += [_until(seconds), *activities]
    return [*method, _until(experiment.seconds)]


def _introduction(experiment: Experiment, run: str) -> list[dict[str, Any]]:
    """Return what makes the identity of activities, where there are any."""
    if experiment.rights is None:
        return []
    arguments = {"run": run, "rights": list(experiment.rights)}
    return [_action("identity of the activities", NATIVE, "introduce", arguments)]


def _farewell(experiment: Experiment, run: str) -> list[dict[str, Any]]:
    if experiment.rights is None:
        return []
    return [_action("remove the identity of the activities", NATIVE, "dismiss", {"run": run})]


def _until(seconds: float) -> dict[str, Any]:
    return _wait(format_duration(seconds), "until", {"offset_s": seconds})


def _until_state(fault: WantedFault, index: int, run: str) -> list[dict[str, Any]]:
    if fault.when is None:
        return []
    return [_wait(fault.when, "until_state", {"run": run, "index": index})]


def _until_over(fault: WantedFault, for_s: float, index: int) -> dict[str, Any]:
    what = f"{format_duration(for_s)} after {fault.when}"
    return _wait(what, "until_over", {"index": index, "for_s": for_s})


def _wait(what: str, function: str, arguments: dict[str, Any]) -> dict[str, Any]:
    return {
        **_action(f"until {what}", PLAYER, function, arguments),
        "controls": [_STOP_CONTROL],
    }


def _inject(fault: WantedFault, index: int, catalogue: Catalogue, run: str) -> dict[str, Any]:
    where = {"run": run, "index": index}
    if fault.name == ACTIVITY:
        activity, rollback = fault.arguments["activity"], fault.arguments["rollback"]
        arguments = {"activity": activity, "rollback": rollback, **where}
        return _action(f"inject {index}: {activity['name']}", NATIVE, "inject", arguments)
    name = f"inject {index}: {fault.name}"
    known = catalogue.faults[fault.name]
    if known.file:
        arguments = {"fault": fault.name, "given": fault.arguments, **where, "file": known.file}
        return _action(name, LIFECYCLE, "inject", arguments)
    return _action(name, known.module, known.inject, {**fault.arguments, **where})


def _undo(fault: WantedFault, index: int, catalogue: Catalogue, run: str) -> dict[str, Any] | None:
    where = {"run": run, "index": index}
    if fault.name == ACTIVITY:
        rollback = fault.arguments["rollback"]
        name = f"undo {index}: {rollback['name']}" if rollback else ""
        return _action(name, NATIVE, "undo", where) if rollback else None
    known = catalogue.faults[fault.name]
    if known.lasts != "lasting":
        return None
    name = f"undo {index}: {fault.name}"
    if known.file:
        arguments = {"fault": fault.name, **where, "file": known.file}
        return _action(name, LIFECYCLE, "undo", arguments)
    return _action(name, known.module, known.undo, where)


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
