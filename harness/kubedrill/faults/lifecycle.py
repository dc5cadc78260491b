"""Faults: from the choice of whom to hit to the proof that it shows, for every fault alike.

What will be undone stands in the ledger before it is done; who undoes (runner, watchdog, heal) finds this
module's `undo` there, which is `undoing`'s.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from kubedrill.clock import SECOND, now
from kubedrill.cluster.handle import LONGEST_HOLD, HandleError
from kubedrill.cluster.provider import handle_of
from kubedrill.faults import elsewhere, lasting, watched
from kubedrill.faults.attempting import in_words
from kubedrill.faults.awaited import not_come
from kubedrill.faults.choosing import choose, seed
from kubedrill.faults.fault import Fault, Scene
from kubedrill.faults.limited import held_back
from kubedrill.faults.progress import FaultFailed, Progress, deadline, folder_of, is_ending
from kubedrill.faults.proving import effect_proven
from kubedrill.faults.turns import standing
from kubedrill.faults.undoing import expect, forget, read_fault, remember, undo
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.folder import RunFolder
from kubedrill.record.ledger import Ledger

__all__ = ["LEASE_GRACE", "UNDO", "inject", "undo"]

UNDO = ("kubedrill.faults.lifecycle", "undo")

LEASE_GRACE = 60 * SECOND
"""How much longer than its deadline a fault is held: the watchdog comes first."""


def inject(
    fault: str, given: Mapping[str, Any], run: str, index: int = 0, file: str = ""
) -> dict[str, Any]:
    """Inject the fault of that name with what is `given`, and wait for the proof that it took effect.

    `run` is the path of a run folder, `index` tells several faults of one run apart, `file` is the
    fault's if it is a user's. Raises FaultFailed where it must not be injected, hits nothing, or shows no
    effect within its time.
    """
    with watched.letting_go(folder := folder_of(run)):
        return _inject(read_fault(fault, given, file), folder, index, file)


def _inject(fault: Fault, folder: RunFolder, index: int, file: str) -> dict[str, Any]:
    record = ClusterRecord.read(folder.cluster)
    progress = Progress(
        folder, fault.name, index, moves=fault.moves_on(record), shows=fault.shows_on(record)
    )
    if why := held_back(record, fault.name) or not_come(folder, index) or standing(folder):
        raise progress.fail(why)
    if why := watched.watch(folder):
        raise progress.fail(why)
    if record.foreign and (lost := handle_of(record).lost()):
        raise progress.fail(f"{fault.name}: not injected: cluster {record.name} {lost}")
    scene = Scene(record, handle_of(record), lease=_lease(fault, folder, index))
    hit = choose(fault, scene, progress)
    scene = replace(scene, hit=hit)
    progress = replace(progress, hit=hit)
    ledger = Ledger(folder.ledger)
    scene = _found(fault, scene, progress)
    entry = _intend(fault, scene, ledger, progress, file)
    scene = replace(scene, handle=handle_of(record, entry), owner=entry)
    if is_ending(folder):
        ledger.undone(entry)
        raise FaultFailed(f"{fault.name}: not injected, the drill was ended")
    _keep(scene, ledger, entry, progress)
    expect(fault.name, folder, index, file)
    begun = progress.say("injecting")
    progress.step(fault.first(scene))
    try:
        scene = replace(scene, facts={**scene.facts, **fault.inject(scene)})
    except Exception as error:
        raise progress.fail(in_words(error)) from error
    ledger.learn(entry, {"facts": dict(scene.facts)})
    # Without what was learnt it is undone by what was found before.
    with suppress(HandleError):
        elsewhere.keep(record, folder)
    remember(ledger, entry, folder, index)
    progress.say("injected", fault.did(scene), facts=scene.facts)
    proof, shown = effect_proven(lambda: fault.took_effect(scene), fault.effect_s, progress)
    # Who does not answer a question was out when it was asked, not when we had waited long enough.
    at = progress.say("took-effect", proof, time=shown.begun)
    if fault.lasts == "lasting":
        lasting.begin(fault, scene, progress, entry)
    else:
        ledger.undone(entry)
        forget(folder, index)
    return {"targets": [*scene.targets], "seconds": (at - begun) / SECOND, "proof": proof}


def _keep(scene: Scene, ledger: Ledger, entry: str, progress: Progress) -> None:
    """Have the ledger where it outlives this machine, where it must; else nothing is injected."""
    try:
        elsewhere.keep(scene.record, progress.folder)
    except HandleError as error:
        ledger.undone(entry)
        raise progress.fail(str(error)) from error


def _found(fault: Fault, scene: Scene, progress: Progress) -> Scene:
    """Return the scene with how its targets are before anything is done."""
    try:
        return replace(scene, facts=dict(fault.found(scene)))
    except HandleError as error:
        raise progress.fail(str(error)) from error


def _intend(fault: Fault, scene: Scene, ledger: Ledger, progress: Progress, file: str) -> str:
    """Put a fault into the ledger before it is injected; return its entry's id."""
    run, index = str(progress.folder.path), progress.index
    arguments = {"fault": fault.name, "run": run, "index": index, "file": file}
    due = deadline(progress.folder, progress.index, fault.return_s)
    facts = {
        "given": fault.model_dump(mode="json"),
        "targets": [target.model_dump(mode="json") for target in scene.hit],
        "found": dict(scene.facts),
        "seed": seed(progress),
    }
    if scene.record.commands:
        # Never themselves: who heals elsewhere has them in the cluster's file.
        facts["commands"] = scene.record.commands
    return ledger.intend(
        "fault", fault.name, UNDO, arguments, due, limit_s=fault.return_s, facts=facts
    )


def _lease(fault: Fault, folder: RunFolder, index: int) -> int:
    """Return until when a fault is held at most, though nobody undoes it, monotonic ns."""
    due = deadline(folder, index, fault.return_s)
    return now() + LONGEST_HOLD if due is None else due + LEASE_GRACE
