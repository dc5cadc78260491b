"""Faults: activities of other extensions, on the drill's cluster and as the drill's identity.

Whoever plays one (drill, watchdog, heal, `chaos run`): it is played in the environment of the drill, which
leads to no other cluster. A process that has another one starts a process of its own for it:
`python -m kubedrill.faults.native` plays the activity on stdin.
"""

import importlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Final, Required, TypedDict

from kubedrill.clock import SECOND
from kubedrill.cluster.guest import GuestNeeded, grant, revoke, user_of
from kubedrill.cluster.provider import handle_of, provider_named
from kubedrill.faults.awaited import not_come
from kubedrill.faults.catalogue import faults
from kubedrill.faults.limited import held_back
from kubedrill.faults.outcome import failure
from kubedrill.faults.progress import (
    GRACE,
    FaultFailed,
    Progress,
    deadline,
    folder_of,
    is_ending,
    planned_undo,
)
from kubedrill.faults.turns import FaultOfRun, StillUndone, Turn, expect, standing, take
from kubedrill.faults.watched import letting_go, watch
from kubedrill.process.environment import environment, kubeconfig
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.files import write_json
from kubedrill.record.folder import RunFolder
from kubedrill.record.ledger import Ledger
from kubedrill.record.target import Target


class PlayedBy(TypedDict, total=False):
    """Who plays an activity; what else it says is Chaos Toolkit's affair."""

    type: Required[str]
    module: str
    arguments: Any


class Activity(TypedDict):
    """An action of Chaos Toolkit."""

    name: str
    provider: PlayedBy


class ChaosExperiment(TypedDict):
    """What is played of an experiment."""

    method: list[Activity]
    rollbacks: list[Activity]


NAME: Final = "activity"
UNDO = ("kubedrill.faults.native", "roll_back")


def prepare(experiment: ChaosExperiment, folder: RunFolder) -> None:
    """Import what plays an experiment's faults and activities, so that no injection waits for that.

    All faults and the handle of a local cluster take 1 s of a core, which is how late an injection may be.
    """
    with suppress(Exception):  # as below
        faults()
        handle_of(ClusterRecord.read(folder.cluster))
    for action in (*experiment["method"], *experiment["rollbacks"]):
        arguments: Mapping[str, Any] = action["provider"].get("arguments", {})
        for played in (arguments.get("activity"), arguments.get("rollback")):
            if isinstance(played, dict) and played["provider"]["type"] == "python":
                with suppress(Exception):  # it is told when the activity is played
                    importlib.import_module(played["provider"]["module"])


def introduce(run: str, rights: Sequence[Mapping[str, Sequence[str]]]) -> dict[str, Any]:
    """Make the identity of the activities, with these rights, if the drill has not done so."""
    folder = folder_of(run)
    if refused := watch(folder):
        raise FaultFailed(refused)
    with letting_go(folder):
        return {"identity": grant(folder, rights)}


def dismiss(run: str) -> dict[str, Any]:
    """Remove the identity again, unless something is left to be undone as it."""
    with letting_go(folder := folder_of(run)):
        return _dismiss(Ledger(folder.ledger))


def _dismiss(ledger: Ledger) -> dict[str, Any]:
    found = [entry for entry in ledger.open_entries() if entry.what == "identity"]
    for entry in found:
        try:
            revoke(**entry.arguments)
        except GuestNeeded as needed:
            return {"identity": entry.name, "stays": str(needed)}
        ledger.undone(entry.id)
    return {"removed": [entry.name for entry in found]}


def inject(
    activity: Activity, rollback: Activity | None, run: str, index: int = 0
) -> dict[str, Any]:
    """Play an activity; its rollback stands in the ledger before.

    `run` is the path of the run folder, `index` tells several faults of one run apart. Raises
    FaultFailed if the activity does not succeed, or would not reach the drill's cluster.
    """
    with letting_go(folder := folder_of(run)):
        return _inject(activity, rollback, folder, index)


def _inject(
    activity: Activity, rollback: Activity | None, folder: RunFolder, index: int
) -> dict[str, Any]:
    progress = Progress(folder, NAME, index, _target(activity["name"]))
    place = str(Path.cwd())
    record = ClusterRecord.read(folder.cluster)
    if refused := held_back(record, NAME) or not_come(folder, index) or standing(folder):
        raise progress.fail(refused)
    if refused := watch(folder):
        raise progress.fail(refused)
    if is_ending(folder):
        raise FaultFailed(f"{activity['name']}: not injected, the drill was ended")
    progress.say("injecting")
    try:
        surroundings = _surroundings(folder)
        if rollback:
            _intend(activity["name"], rollback, progress, place)
    except (FaultFailed, OSError) as error:
        raise progress.fail(f"not played: {error}") from error
    if why := _play(activity, surroundings, place):
        raise progress.fail(why)
    proof = _proof(folder)
    progress.say("injected", proof)
    progress.say("took-effect", proof)
    return {"proof": proof}


def undo(run: str, index: int = 0) -> dict[str, Any]:
    """Play the rollback of the activity that `inject` played; may be called again.

    FaultFailed also if that takes longer than it may: it keeps no other fault from its turn.
    """
    with letting_go(folder := folder_of(run)):
        fault = FaultOfRun(folder, NAME, index)
        try:
            return take(fault, partial(_undo, folder, index), GRACE / SECOND)
        except StillUndone as late:
            raise Progress(folder, NAME, index).fail(str(late)) from late


def _undo(folder: RunFolder, index: int, turn: Turn) -> dict[str, Any]:
    turn.come()
    turn.begun.set()  # nobody but Chaos Toolkit knows more of it
    ledger = Ledger(folder.ledger)
    entry = ledger.open_fault(NAME, index)
    if entry is None:
        return {"undone": "already, or never injected"}
    roll_back(**entry.arguments)
    ledger.undone(entry.id)
    return {"undone": entry.name}


def roll_back(rollback: Activity, place: str, run: str, index: int, activity: str) -> None:
    """Play the rollback of the activity of that name in the folder `place`; FaultFailed if it fails.

    With the cluster, all that an activity of chaostoolkit-kubernetes did is gone. Any other may have
    reached beyond it, so that its rollback is played; there is no cluster then that it could reach.
    """
    folder = folder_of(run)
    progress = Progress(folder, NAME, index, _target(activity))
    with suppress(OSError):  # a full disk must keep nothing broken
        progress.say("undoing")
    stands = ClusterRecord.read(folder.cluster).stands()
    if not stands and rollback["provider"].get("module", "").startswith("chaosk8s."):
        progress.say("undone", "the cluster is gone, and what was done to it")
        return
    with tempfile.TemporaryDirectory(prefix="kubedrill-") as nowhere:
        try:
            surroundings = _surroundings(folder) if stands else _leading_nowhere(Path(nowhere))
        except FaultFailed as error:
            raise progress.fail(f"not played: {error}") from error
        why = _play(rollback, surroundings, place, GRACE / SECOND)
    if why:
        raise progress.fail(why)
    progress.say("undone", _proof(folder))


def _intend(name: str, rollback: Activity, progress: Progress, place: str) -> None:
    """Put the rollback of the activity of that name into the ledger, as `roll_back` takes it."""
    folder, index = progress.folder, progress.index
    arguments = {"rollback": rollback, "place": place, "run": str(folder.path), "index": index}
    ledger, due = Ledger(folder.ledger), deadline(folder, index)
    ledger.intend(NAME, name, UNDO, {**arguments, "activity": name}, due, limit_s=GRACE / SECOND)
    expect(
        FaultOfRun(folder, NAME, index), partial(_undo, folder, index), planned_undo(folder, index)
    )


def _target(activity: str) -> tuple[Target, ...]:
    """Return what an activity hits, as far as anybody knows: it is called by its own name."""
    return (Target(name=activity, kind=NAME),)


def _proof(folder: RunFolder) -> str:
    return (
        f"Chaos Toolkit says that the activity succeeded, as {user_of(folder.run)}; "
        "nothing else was looked at"
    )


def _surroundings(folder: RunFolder) -> dict[str, str]:
    """Return the environment of the drill; FaultFailed if that leads to no cluster, or another one."""
    record = ClusterRecord.read(folder.cluster)
    if not record.stands():
        raise FaultFailed(f"the cluster {record.name} of this drill stands no more")
    private = record.private(folder.run)
    if not kubeconfig(private).exists():
        raise FaultFailed(f"the drill's activities have no identity on the cluster {record.name}")
    return environment(private, provider_named(record.provider).engine)


def _leading_nowhere(private: Path) -> dict[str, str]:
    """Return an environment whose kubeconfig leads nowhere: without one, programs ask this machine."""
    nowhere = {"name": "gone", "cluster": {"server": "https://cluster-is-gone.invalid"}}
    context = {"name": "gone", "context": {"cluster": "gone", "user": "nobody"}}
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [nowhere],
        "users": [{"name": "nobody", "user": {}}],
        "contexts": [context],
        "current-context": "gone",
    }
    write_json(kubeconfig(private), content)
    return environment(private)


def _play(
    activity: Activity, surroundings: dict[str, str], place: str, timeout_s: float | None = None
) -> str | None:
    """Play an activity in the folder `place`; return why it did not succeed, if so."""
    if dict(os.environ) == surroundings and str(Path.cwd()) == place:
        return _played_here(activity)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "kubedrill.faults.native"],
            input=json.dumps(activity),
            capture_output=True,
            text=True,
            cwd=place,
            env=surroundings,
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"did not end within {timeout_s:g} s"
    if done.returncode == 0:
        return None
    return (done.stderr.splitlines() or [f"ended with {done.returncode}, and no cause"])[-1]


def _played_here(activity: Activity) -> str | None:
    from chaoslib.activity import execute_activity

    return failure(execute_activity({}, activity, {}, {}, dry=None))  # type: ignore[arg-type]


def main() -> int:
    """Play the activity on stdin; return 0 only if it succeeded, with the cause on stderr."""
    why = _played_here(json.load(sys.stdin))
    if why is not None:
        print(why, file=sys.stderr)
    return 0 if why is None else 1


if __name__ == "__main__":
    sys.exit(main())
