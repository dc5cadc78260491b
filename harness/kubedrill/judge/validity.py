"""Judge: whether what was measured can be trusted; every doubt is a reason in words."""

import signal
from collections.abc import Iterable, Iterator
from dataclasses import replace

from kubedrill.clock import MILLISECOND, SECOND
from kubedrill.judge import faults, lent
from kubedrill.judge.copies import contradictions
from kubedrill.judge.evidence import Evidence
from kubedrill.judge.generator import cause, ran_out
from kubedrill.judge.loads import Load
from kubedrill.judge.machine import OTHERS_SHARE
from kubedrill.judge.neglect import neglected
from kubedrill.judge.once import count_in
from kubedrill.judge.requests import all_due_in, late_share, never_sent
from kubedrill.judge.side_effects import untold
from kubedrill.judge.vitals import silent
from kubedrill.judge.witnesses import disbelieved
from kubedrill.record.remote import CLOCK_BOUND
from kubedrill.record.sample import LATE, Records
from kubedrill.record.schedule import Phase
from kubedrill.record.timeline import ChildEnded, NotUndone

LATE_SHARE = 0.001
"""More arrivals than this may not start late: 0.1 %, a tenth of what a p99 looks at."""

MEMORY_SHARE = 0.05
LAG_S = 0.1
"""An event loop that is this late (p99) when the machine is busy had to wait for a core."""


def of_drill(evidence: Evidence) -> Iterator[str]:
    """Yield the reasons that make a whole drill INVALID."""
    ending = evidence.ending
    if ending.how in ("interrupted", "failed"):
        yield ending.words
    elif ending.how == "ended" and ending.time < evidence.schedule.end:
        early = (evidence.schedule.end - ending.time) / SECOND
        yield f"the drill ended {early:.1f} s before its last phase did"
    elif ending.how == "aborted":
        yield from _abort(evidence)
    if not evidence.schedule.objectives:
        yield "no objective: nothing was to be proven"
    yield from _events(evidence)
    for load in evidence.loads:
        yield from of_load(load)
    yield from _whole(evidence)
    whole = ending.how == "ended"
    yield from faults.reasons(evidence.faults, whole)
    if whole:
        yield from contradictions(evidence)
        yield from untold(evidence)
        yield from disbelieved(evidence)


def _abort(evidence: Evidence) -> Iterator[str]:
    """Yield why the condition that ended a drill may have held because of who measured it, or of others."""
    phase = evidence.schedule.phase_at(evidence.ending.time)
    if phase is None:
        return
    begun = replace(phase, end=evidence.ending.time)
    machine = evidence.machine.doubts(begun, evidence.may_hit_disks)
    condition = evidence.ending.condition
    guarded = (load for load in evidence.loads if condition.startswith(f"{load.scheduled.name}."))
    loads = (doubt for load in guarded for doubt in _load(load, begun))
    for doubt in (*machine, *_prober(evidence, begun), *loads):
        yield f"{phase.name}: {doubt}"


def _whole(evidence: Evidence) -> Iterator[str]:
    """Yield what is wrong with the samples where no phase's verdict says so.

    Of phases that are not judged, what no record is there of; of a drill that was ended early, whose
    verdict is not made of its phases', all.
    """
    judged, ending = judged_phases(evidence), evidence.ending
    if ending.how != "ended":
        yield from _doubts(evidence, evidence.loads)
    for phase in evidence.schedule.phases:
        if phase in judged and ending.how == "ended":
            continue
        played = replace(phase, end=min(phase.end, ending.time))
        yield from (f"{phase.name}: {words}" for words in _unrecorded(evidence, played))


def _doubts(evidence: Evidence, loads: Iterable[Load]) -> Iterator[str]:
    """Yield what is wrong with the files of these loads, and of the prober."""
    for load in loads:
        yield from (f"load {load.scheduled.name}: {doubt}" for doubt in load.doubts)
    yield from (f"prober: {doubt}" for doubt in evidence.probes.doubts)


def of_phase(evidence: Evidence, phase: Phase) -> Iterator[str]:
    """Yield the reasons that make one phase INVALID."""
    if evidence.ending.time < phase.end:
        after = (evidence.ending.time - phase.start) / SECOND
        yield f"the drill ended {after:.1f} s into it" if after > 0 else "the drill ended before it"
        return
    yield from evidence.machine.doubts(phase, evidence.may_hit_disks)
    pressing = [load for load in evidence.loads if load.scheduled.presses(phase.name)]
    yield from _doubts(evidence, pressing)
    yield from _unrecorded(evidence, phase)
    for load in pressing:
        yield from _load(load, phase)
    yield from _prober(evidence, phase)
    vitals = [evidence.probes.vitals, *(load.vitals for load in pressing)]
    yield from (words for of in vitals for words in silent(of, phase))
    yield from evidence.coming.doubts_of_fleet(phase)
    yield from neglected(evidence, phase)
    yield from _machine(evidence, phase)


def judged_phases(evidence: Evidence) -> list[Phase]:
    """Return the phases from the first that has an objective or a fault on; those before warm up."""
    schedule = evidence.schedule
    named = {objective.phase for objective in schedule.objectives} | {
        fault.phase for fault in schedule.faults
    }
    first = next((n for n, phase in enumerate(schedule.phases) if phase.name in named), 0)
    return list(schedule.phases[first:])


def _events(evidence: Evidence) -> Iterator[str]:
    for event in evidence.events:
        match event:
            case NotUndone(name=name):
                yield f"{name}; run: kubedrill heal"
            case ChildEnded(name=name, status=status):
                yield f"{name} {_exit(status)}; see logs/{name}.log"


def _exit(status: int) -> str:
    if status >= 0:
        return f"ended early, with exit code {status}"
    return f"was ended by {signal.Signals(-status).name}"


def _load(load: Load, phase: Phase) -> Iterator[str]:
    name = f"load {load.scheduled.name}"
    arrivals = all_due_in(load.transactions(), phase)
    for late in _late(name, arrivals):
        yield f"{late}; {cause(load, phase, arrivals)}"
    for series, name in zip(load.series, load.names, strict=True):
        if series.role != "transaction":
            yield from _beside(load, name, phase)
    yield from lent.doubts(load, phase)


def _unrecorded(evidence: Evidence, phase: Phase) -> Iterator[str]:
    """Yield of how many arrivals and probes that were due in a phase no record is there."""
    for load in evidence.loads:
        for file, times in load.unrecorded.items():
            if lacking := count_in(times, phase):
                due = f"{load.due_in(phase)} arrivals"
                yield f"load {load.scheduled.name}: {lacking} of {due} are not in {file}"
    for lane in evidence.probes.lanes:
        if lacking := count_in(lane.unrecorded, phase):
            due = f"{count_in(lane.dues, phase)} probes of {lane.name}"
            yield f"prober: {lacking} of {due} are not in {evidence.probes.file}"


def _beside(load: Load, name: str, phase: Phase) -> Iterator[str]:
    """Yield whether a series beside the arrivals, which are not due at set times, was held up here."""
    records = all_due_in(load.of(name), phase)
    share = float(never_sent(records).mean()) if len(records) else 0.0
    if share > LATE_SHARE:
        yield (
            f"load {name}: {share:.2%} of {len(records)} requests were never sent; "
            f"{LATE_SHARE:.1%} may; {ran_out(load, records)}"
        )


def of_load(load: Load) -> Iterator[str]:
    """Yield what is wrong with a load's workers on other machines."""
    remote = load.scheduled.workers
    if remote is None:
        return
    name = f"load {load.scheduled.name}"
    if len(load.accounts) < remote.expect:
        yield f"{name}: its master has not said what became of its workers"
    for number, worker in enumerate(load.accounts):
        who = f"{name}: worker {number}, {worker.name}"
        if not worker.whole:
            yield f"{who}, was lost: {worker.cause}"
        for what, off in (("is known to", worker.uncertainty), ("drifted by", worker.drift)):
            if off > CLOCK_BOUND:
                bound = CLOCK_BOUND / MILLISECOND
                yield f"{who}: its clock {what} {off / MILLISECOND:.0f} ms; {bound:.0f} may be"


def _prober(evidence: Evidence, phase: Phase) -> Iterator[str]:
    yield from _late("prober", all_due_in(evidence.probes.records, phase))


def _late(name: str, arrivals: Records) -> Iterator[str]:
    share = late_share(arrivals)
    if share > LATE_SHARE:
        yield (
            f"{name}: {share:.2%} of {len(arrivals)} arrivals started more than "
            f"{LATE // 1_000_000} ms late or never; {LATE_SHARE:.1%} may"
        )


def _machine(evidence: Evidence, phase: Phase) -> Iterator[str]:
    """Yield why the machine under the drill, not the cluster, was the limit (docs/verdicts.md)."""
    hosts, unwatched = evidence.metrics.hosts(phase), evidence.metrics.unwatched(phase)
    if evidence.metrics.resources.doubt:
        yield f"machine: {unwatched}"
        return
    if len(hosts) < 2:
        yield "machine: its CPU and memory were not recorded"
        return
    if unwatched:
        yield f"machine: {unwatched}"
    lag = max((load.lag_p99_s(phase) or 0.0 for load in evidence.loads), default=0.0)
    busy = evidence.machine.full(phase)
    others = evidence.machine.taken(phase)
    if busy > 0.5 and lag > LAG_S and others <= OTHERS_SHARE:
        yield (
            f"machine: all its cores were busy in {busy:.0%} of the seconds, and the load's event "
            f"loop was {lag * 1000:.0f} ms late (p99): it pressed less than it should"
        )
    free = min(host.memory_available_bytes / max(host.memory_total_bytes, 1) for host in hosts)
    if free < MEMORY_SHARE:
        yield f"machine: only {free:.1%} of its memory was left; {MEMORY_SHARE:.0%} must be"
