"""Whom a fault hits: those that it names, who leads, or whom chance draws, of what is there now."""

import random
import time
from collections.abc import Sequence
from dataclasses import replace

from kubedrill.clock import SECOND, now
from kubedrill.cluster.handle import HandleError
from kubedrill.faults.fault import Candidate, Fault, Scene
from kubedrill.faults.limited import described, in_force
from kubedrill.faults.overlap import refused_now
from kubedrill.faults.possible import lacking
from kubedrill.faults.progress import POLL_S, Progress, is_ending
from kubedrill.record.ledger import Ledger
from kubedrill.record.target import Target

LED_WITHIN_S = 5.0
"""So long a leader that is being elected is waited for: etcd takes 1 to 2 s, more if a vote is undecided."""


def choose(fault: Fault, scene: Scene, progress: Progress) -> tuple[Target, ...]:
    """Return whom to hit, of what is there now; raises FaultFailed if nobody may be."""
    cluster = described(scene.record)
    if why := lacking(fault, cluster) or fault.refuse(cluster):
        raise progress.fail(why)
    try:
        there = _there(fault, scene, progress)
    except HandleError as error:
        raise progress.fail(str(error)) from error
    called = _called(fault, there, progress)
    hit = tuple(fault.hit(scene.record, name) for name in called)
    others = [*in_force(Ledger(progress.folder.ledger), cluster)]
    totals = fault.totals(scene)
    if why := refused_now(fault, called, there, scene.record, others, more=totals):
        raise replace(progress, hit=hit).fail(why)
    return hit


def seed(progress: Progress) -> str:
    """Return what a choice depends on: the run, so that no two are alike, and the fault's place in it."""
    return f"{progress.folder.run}/{progress.index}"


def _there(fault: Fault, scene: Scene, progress: Progress) -> Sequence[Candidate]:
    """Return whom it may hit; where it is to hit the leader and none leads just now, wait for one."""
    until = now() + round(LED_WITHIN_S * SECOND)
    while True:
        there = fault.candidates(scene)
        led = fault.asked() != "leader" or any(candidate.leads for candidate in there)
        if led or now() > until or is_ending(progress.folder):
            return there
        time.sleep(POLL_S)


def _called(fault: Fault, there: Sequence[Candidate], progress: Progress) -> list[str]:
    """Return what those are called who are hit."""
    asked = fault.asked()
    if asked == "leader":
        called = [candidate.called for candidate in there if candidate.leads]
        if not called:
            raise progress.fail(
                f"no {fault.hits} leads, after {LED_WITHIN_S:g} s either,"
                f" so there is no leader to {fault.verb}"
            )
        return called
    if asked == "random":
        well = [candidate for candidate in there if candidate.is_well]
        return [candidate.called for candidate in _drawn(fault, well, progress)]
    return [asked] if isinstance(asked, str) else [*asked]


def _drawn(fault: Fault, well: Sequence[Candidate], progress: Progress) -> list[Candidate]:
    """Return those that chance chooses; FaultFailed where there are not so many, or none would be."""
    many = fault.drawn(len(well))
    if not 0 < many <= len(well):
        raise progress.fail(
            f"{many} of {len(well)} {fault.hits}s would be hit, so there is no choice"
        )
    return random.Random(seed(progress)).sample(well, many)  # noqa: S311 - no secret
