"""Judge: each objective against what was measured."""

import math
from dataclasses import replace

import numpy as np

from kubedrill.judge.availability import share_of
from kubedrill.judge.bases import base
from kubedrill.judge.evidence import Evidence
from kubedrill.judge.fault_times import recovery, time_to_detect_s
from kubedrill.judge.metrics import Measured
from kubedrill.judge.requests import (
    all_failed,
    asked_in,
    due_in,
    of_distribution,
    statistic,
)
from kubedrill.record.clock import SECOND
from kubedrill.record.metric import METRICS
from kubedrill.record.objective import OPERATORS, Objective, absolute, holds_between, parse
from kubedrill.record.sample import Records
from kubedrill.record.schedule import Phase, ScheduledObjective
from kubedrill.record.series import load_of_cpu
from kubedrill.record.traces import Times, cut_short, succeeded
from kubedrill.record.units import show, show_as
from kubedrill.record.verdict import ObjectiveResult, Verdict
from kubedrill.record.wording import words

NO_SAMPLE = "no sample in this phase"


def evaluate(
    evidence: Evidence, scheduled: ScheduledObjective, doubts: list[str]
) -> ObjectiveResult:
    """Return an objective's value and verdict; `doubts`: why its phase cannot be trusted."""
    written, phase = parse(scheduled.text), evidence.schedule.phase(scheduled.phase)
    objective, measured = _measure_asked(evidence, written, phase)
    verdict, reason = _decide(objective, measured, doubts)
    return ObjectiveResult(
        phase=phase.name,
        text=objective.text,
        words=words(written, phase.name),
        value=measured.value,
        unit=objective.unit,
        threshold=objective.threshold,
        operator=objective.operator,
        at_least=measured.most is not None,
        verdict=verdict,
        reason=reason,
    )


def _measure_asked(
    evidence: Evidence, objective: Objective, phase: Phase
) -> tuple[Objective, Measured]:
    """Return the objective with what its share amounts to, where it has one, and what was measured."""
    if objective.share_of is not None:
        known = base(evidence, objective, phase)
        if known is None:
            words = f"nobody knows how much {objective.share_of} was"
            return objective, Measured(None, words, valid=False)
        objective = absolute(objective, known)
    return objective, measure(evidence, objective, phase)


def measure(evidence: Evidence, objective: Objective, phase: Phase) -> Measured:
    """Return the value that an objective asks for, in its base unit."""
    head = objective.series.partition(".")[0]
    if objective.series in METRICS:
        return _metric(evidence, objective, phase)
    if head == "fault":
        return _fault(evidence, objective, phase)
    if head == "availability":
        return _some(share_of(objective, evidence.probes, phase))
    if head == "unavailable":
        return _some(evidence.probes.longest_outage_s(phase))
    if head == "degraded":
        return _some(evidence.probes.degraded_s(phase))
    of_load = _own_cpu if load_of_cpu(objective.series) else _requests
    return of_load(evidence, objective, phase)


def unhealthy(evidence: Evidence) -> Times:
    """Return when any etcd member was seen not to be healthy, monotonic ns."""
    health = evidence.metrics.health.lines
    times = [one.time for one in health if set(one.etcd.values()) != {"healthy"}]
    return np.array(times, dtype=np.int64)


def _decide(objective: Objective, measured: Measured, doubts: list[str]) -> tuple[Verdict, str]:
    if not measured.valid:
        return Verdict.INVALID, measured.reason
    if doubts:
        return Verdict.INVALID, f"the phase is not valid: {'; '.join(doubts)}"
    if measured.reason:
        return Verdict.FAIL, measured.reason
    assert measured.value is not None
    most = measured.value if measured.most is None else measured.most
    held = holds_between(objective, measured.value, most)
    if held is None:
        return Verdict.INVALID, f"only known to be {_known(objective, measured)}; {measured.note}"
    if held:
        return Verdict.PASS, ""
    asked = show_as(objective.threshold, objective.written_unit)
    missed = f"{_known(objective, measured)} is not {OPERATORS[objective.operator][1]} {asked}"
    return Verdict.FAIL, "; ".join(part for part in (missed, measured.note) if part)


def _known(objective: Objective, measured: Measured) -> str:
    """Return what is known of a value: `0.2s`, `at least 0.2s`, `0.2s to 0.4s`."""
    assert measured.value is not None
    least = show(measured.value, objective.unit)
    if measured.most is None:
        return least
    if math.isinf(measured.most):
        return f"at least {least}"
    return f"{least} to {show(measured.most, objective.unit)}"


def _metric(evidence: Evidence, objective: Objective, phase: Phase) -> Measured:
    if objective.eventually_s is None:
        return evidence.metrics.value(objective, phase, evidence.held)
    since = evidence.recovered_from(phase)
    return evidence.metrics.eventually(objective, phase, since, evidence.held)


def _fault(evidence: Evidence, objective: Objective, phase: Phase) -> Measured:
    faults = [fault for fault in evidence.faults if fault.touches(phase)]
    if not faults:
        return Measured(None, "no fault in this phase", valid=False)
    if idle := [fault.name for fault in faults if not fault.took_effect]:
        return Measured(None, f"{', '.join(idle)} did not take effect", valid=False)
    if objective.series == "fault.time_to_detect":
        seen = unhealthy(evidence)
        times = [time_to_detect_s(fault, evidence.probes, seen) for fault in faults]
        return _slowest("detect", times)
    found = [recovery(fault, evidence) for fault in faults]
    slowest = _slowest("recover", [one.seconds if one else None for one in found])
    failing = next((one.failing for one in found if one and one.failing), "")
    return replace(slowest, reason=failing) if slowest.valid else slowest


def _slowest(what: str, times: list[float | None]) -> Measured:
    known = [time for time in times if time is not None]
    if len(known) < len(times):
        return Measured(None, f"a fault was never seen to {what}", valid=False)
    return Measured(max(known))


def _own_cpu(evidence: Evidence, objective: Objective, phase: Phase) -> Measured:
    name = load_of_cpu(objective.series)
    load = next(one for one in evidence.loads if one.scheduled.name == name)
    used = load.cpu_s(phase)
    if used is None:
        return Measured(None, f"load {name}: its processes did not say what they used", valid=False)
    seconds = (phase.end - phase.start) / SECOND
    return Measured(used / seconds if objective.statistic == "rate" else used)


def _requests(evidence: Evidence, objective: Objective, phase: Phase) -> Measured:
    seconds = (phase.end - phase.start) / SECOND
    assert objective.statistic
    probes = evidence.probes
    match objective.series:
        case "staleness":
            records = due_in(probes.of(verb="stale-read"), phase)
            ages = np.sort(records["staleness_us"][succeeded(records)] / 1e6)
            return _some(of_distribution(ages, objective.statistic) if len(ages) else None)
        case "probe":
            records = probes.scored()
        case "probe.read" | "probe.write":
            records = probes.of(verb=objective.series.removeprefix("probe."), level="prober")
        case name:
            load_name = name.partition(".")[0]
            load = next(one for one in evidence.loads if one.scheduled.name == load_name)
            records = load.of(name)
    records = asked_in(records, phase)
    if not len(records):
        return _some(None)
    found, note = statistic(records, objective.statistic, seconds), all_failed(records)
    if found is None:
        asked = f"no request was answered in this phase, of {len(records):,}; none has a latency"
        return Measured(None, "; ".join(part for part in (asked, note) if part))
    if found.least == found.most:
        return Measured(found.least, note=note)
    return Measured(found.least, most=found.most, note=_cut(records))


def _cut(records: Records) -> str:
    cut = int(cut_short(records).sum())
    return f"{cut:,} of {len(records):,} requests were cut when the load ended"


def _some(value: float | None) -> Measured:
    return Measured(value, "" if value is not None else NO_SAMPLE, valid=value is not None)
