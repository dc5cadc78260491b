"""Faults: from the choice of whom to hit to the proof that all is as before, for every fault alike.

What will be undone stands in the ledger before it is done; who undoes (runner, watchdog, heal) finds this
module's `undo` there.
"""

import random
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, NamedTuple

from pydantic import ValidationError

from kubedrill.clock import SECOND, now
from kubedrill.cluster.handle import Handle, HandleError
from kubedrill.cluster.provider import handle_of
from kubedrill.faults import lasting
from kubedrill.faults.awaited import not_come
from kubedrill.faults.beside import beside
from kubedrill.faults.catalogue import kind_of
from kubedrill.faults.fault import Candidate, Fault, Scene, Seen, missing, proof
from kubedrill.faults.limited import described, held_back, in_force
from kubedrill.faults.overlap import refused_now
from kubedrill.faults.progress import FaultFailed, Progress, deadline, folder_of, is_ending
from kubedrill.reading.wrong import in_parameters
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.folder import RunFolder
from kubedrill.record.ledger import Entry, Ledger
from kubedrill.words import in_a_line

UNDO = ("kubedrill.faults.lifecycle", "undo")

POLL_S = 0.05

LONGEST_HOLD = 3600 * SECOND
"""The lease of what is held where no schedule says for how long."""

LEASE_GRACE = 60 * SECOND
"""How much longer than its deadline a fault is held: the watchdog comes first."""


class _Look(NamedTuple):
    """When somebody looked, monotonic ns."""

    begun: int
    ended: int


def inject(
    fault: str, given: Mapping[str, Any], run: str, index: int = 0, file: str = ""
) -> dict[str, Any]:
    """Inject the fault of that name with what is `given`, and wait for the proof that it took effect.

    `run` is the path of a run folder, `index` tells several faults of one run apart, `file` is the
    fault's if it is a user's. Raises FaultFailed where it must not be injected, hits nothing, or shows no
    effect within its time.
    """
    return _inject(_read(fault, given, file), folder_of(run), index, file)


def _inject(fault: Fault, folder: RunFolder, index: int, file: str) -> dict[str, Any]:
    record = ClusterRecord.read(folder.cluster)
    progress = Progress(folder, fault.name, index, moves=fault.moves(), shows=fault.shows())
    if why := held_back(record, fault.name) or not_come(folder, index):
        raise progress.fail(why)
    scene = Scene(record, handle_of(record), lease=_lease(fault, folder, index))
    targets = _choose(fault, scene, progress)
    scene = replace(scene, targets=targets)
    progress = replace(progress, targets=targets)
    ledger = Ledger(folder.ledger)
    scene = _found(fault, scene, progress)
    entry = _intend(fault, scene, ledger, progress, file)
    scene = replace(scene, handle=handle_of(record, entry), owner=entry)
    if is_ending(folder):
        ledger.undone(entry)
        raise FaultFailed(f"{fault.name}: not injected, the drill was ended")
    begun = progress.say("injecting")
    try:
        scene = replace(scene, facts={**scene.facts, **fault.inject(scene)})
    except HandleError as error:
        raise progress.fail(str(error)) from error
    except Exception as error:
        raise progress.fail(in_a_line(error)) from error
    ledger.learn(entry, {"facts": dict(scene.facts)})
    _remember(ledger, entry, folder, index)
    progress.say("injected", fault.did(scene), facts=scene.facts)
    proof, shown = _proven(lambda: fault.took_effect(scene), fault.effect_s, progress)
    # Who does not answer a question was out when it was asked, not when we had waited long enough.
    at = progress.say("took-effect", proof, time=shown.begun)
    if fault.lasts == "lasting":
        lasting.begin(fault, scene, progress, entry)
    else:
        ledger.undone(entry)
    return {"targets": [*targets], "seconds": (at - begun) / SECOND, "proof": proof}


def undo(fault: str, run: str, index: int = 0, file: str = "") -> dict[str, Any]:
    """Undo what `inject` did, and wait for the proof that all is as before; may be called again.

    Raises FaultFailed if the effect did not last until now, or if it is not undone within the fault's time.
    """
    folder = folder_of(run)
    entry = Ledger(folder.ledger).open_fault("fault", index, fault) or _lost(folder, index)
    if entry is None:
        return {"undone": "already, or never injected"}
    record = ClusterRecord.read(folder.cluster)
    handle = handle_of(record, entry.id)
    if not record.stands() or handle.is_gone():
        Ledger(folder.ledger).undone(entry.id)
        return {"undone": "the cluster is gone, and the fault with it"}
    known = _read(fault, entry.facts.get("given", {}), file)
    targets = tuple(entry.facts.get("targets", ()))
    facts = entry.facts.get("facts") or entry.facts.get("found", {})
    scene = Scene(record, handle, targets, facts=facts, owner=entry.id)
    progress = Progress(folder, fault, index, targets, known.moves(), known.shows())
    return _undo(known, scene, entry, progress)


_injected: dict[tuple[RunFolder, int], Entry] = {}
"""What this process has injected: also where the ledger is cut meanwhile, it is undone."""


def _remember(ledger: Ledger, entry: str, folder: RunFolder, index: int) -> None:
    if known := ledger.entry(entry):
        _injected[folder, index] = known


def _lost(folder: RunFolder, index: int) -> Entry | None:
    """Return the entry of what was injected here, if the ledger does not know of it any more."""
    entry = _injected.get((folder, index))
    return None if entry is None or Ledger(folder.ledger).entry(entry.id) else entry


def _undo(fault: Fault, scene: Scene, entry: Entry, progress: Progress) -> dict[str, Any]:
    ledger = Ledger(progress.folder.ledger)
    lapse = lasting.end(fault, scene, ledger, entry) if fault.lasts == "lasting" else ""
    unfinished = fault.unfinished(scene) if "facts" in entry.facts else ""
    lost = "" if ledger.entry(entry.id) else f"{ledger.path.name} has lost its entry"
    failed = None
    if why := lapse or unfinished or lost:
        with suppress(OSError):  # told first: whatever becomes of the undo, it does not hide this
            failed = progress.fail(why)
    begun = now()
    fault.undo(scene)
    with suppress(OSError):  # a full disk must keep nothing broken
        progress.say("undoing", time=begun)

    def look() -> Seen:
        fault.retreat(scene)
        return _undone(fault, scene, ledger)

    proof, shown = _proven(look, fault.return_s, progress, scene.handle)
    at = progress.say("undone", proof, time=shown.ended)
    ledger.undone(entry.id)
    _injected.pop((progress.folder, progress.index), None)
    if failed:
        raise failed
    return {"targets": [*scene.targets], "seconds": (at - begun) / SECOND, "proof": proof}


def _undone(fault: Fault, scene: Scene, ledger: Ledger) -> Seen:
    """Look whether all is as before, as far as other faults that hit the same let it be."""
    if left := scene.handle.in_force():
        return missing("; ".join(left), *scene.targets)
    seen = fault.undone(scene)
    if seen.proven or not (others := beside(scene, ledger)):
        return seen
    names = " and ".join(others)
    return proof(f"nothing of it is in force; {names} is, on the same, and shows when all is well")


def _read(fault: str, given: Mapping[str, Any], file: str) -> Fault:
    try:
        return kind_of(fault, file).model_validate(dict(given))
    except ValidationError as error:
        raise FaultFailed(f"{fault}: {in_parameters(error)}") from None


def _choose(fault: Fault, scene: Scene, progress: Progress) -> tuple[str, ...]:
    """Return whom to hit, of what is there now; FaultFailed if nobody may be."""
    asked = fault.asked()
    if why := fault.refuse(described(scene.record)):
        raise progress.fail(why)
    try:
        there = fault.candidates(scene)
    except HandleError as error:
        raise progress.fail(str(error)) from error
    if asked == "leader":
        chosen = [candidate for candidate in there if candidate.leads]
        if not chosen:
            raise progress.fail(f"no {fault.hits} leads, so there is no leader to {fault.verb}")
    elif asked == "random":
        well = [candidate for candidate in there if candidate.is_well]
        chosen = _drawn(fault, well, progress)
    else:
        names = [asked] if isinstance(asked, str) else [*asked]
        chosen = [Candidate(fault.target.format(name), name) for name in names]
    called = [candidate.called for candidate in chosen]
    others = [*in_force(Ledger(progress.folder.ledger), described(scene.record))]
    totals = fault.totals(scene)
    if why := refused_now(fault, called, there, scene.record, others, more=totals):
        raise replace(progress, targets=tuple(candidate.target for candidate in chosen)).fail(why)
    return tuple(candidate.target for candidate in chosen)


def _drawn(fault: Fault, there: Sequence[Candidate], progress: Progress) -> list[Candidate]:
    """Return those that chance chooses; FaultFailed where there are not so many, or none would be."""
    many = fault.drawn(len(there))
    if not 0 < many <= len(there):
        raise progress.fail(
            f"{many} of {len(there)} {fault.hits}s would be hit, so there is no choice"
        )
    return random.Random(_seed(progress)).sample(there, many)  # noqa: S311 - no secret


def _found(fault: Fault, scene: Scene, progress: Progress) -> Scene:
    """Return the scene with how its targets are before anything is done."""
    try:
        return replace(scene, facts=dict(fault.found(scene)))
    except HandleError as error:
        raise progress.fail(str(error)) from error


def _seed(progress: Progress) -> str:
    """Return what a choice depends on: the run, so that no two are alike, and the fault's place in it."""
    return f"{progress.folder.run}/{progress.index}"


def _intend(fault: Fault, scene: Scene, ledger: Ledger, progress: Progress, file: str) -> str:
    """Put a fault into the ledger before it is injected; return its entry's id."""
    run, index = str(progress.folder.path), progress.index
    arguments = {"fault": fault.name, "run": run, "index": index, "file": file}
    due = deadline(progress.folder, progress.index, fault.return_s)
    facts = {
        "given": fault.model_dump(mode="json"),
        "targets": [*scene.targets],
        "found": dict(scene.facts),
        "seed": _seed(progress),
    }
    return ledger.intend(
        "fault", fault.name, UNDO, arguments, due, limit_s=fault.return_s, facts=facts
    )


def _lease(fault: Fault, folder: RunFolder, index: int) -> int:
    """Return until when a fault is held at most, though nobody undoes it, monotonic ns."""
    due = deadline(folder, index, fault.return_s)
    return now() + LONGEST_HOLD if due is None else due + LEASE_GRACE


def _proven(
    look: Callable[[], Seen],
    limit_s: float,
    progress: Progress,
    handle: Handle | None = None,
) -> tuple[str, _Look]:
    """Wait for a proof, and return it with the time it took, and the look that has it.

    FaultFailed says what was waited for.

    With a handle, that includes the last line of each target's log.
    """
    begun = now()
    while True:
        asked = now()
        seen = _seen(look, progress)
        shown = _Look(asked, now())
        waited = (shown.ended - begun) / SECOND
        if seen.proven:
            return f"{seen.words} ({waited:.2f} s later)", shown
        if waited >= limit_s:
            break
        time.sleep(POLL_S)
    logs = _last_lines(handle, seen.targets) if handle else ""
    raise progress.fail(f"after {limit_s:g} s {seen.words}{logs}")


def _seen(look: Callable[[], Seen], progress: Progress) -> Seen:
    """Look once; a cluster that does not answer just now is asked again."""
    try:
        return look()
    except HandleError as error:
        return missing(str(error))
    except Exception as error:
        raise progress.fail(in_a_line(error)) from error


def _last_lines(handle: Handle, targets: Sequence[str]) -> str:
    lines = ((target, handle.last_line(target)) for target in targets)
    return "".join(f"; last line of {target}'s log: {line}" for target, line in lines if line)
