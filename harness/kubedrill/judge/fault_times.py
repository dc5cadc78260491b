"""Judge: how soon a fault was noticed, and how soon all was well again after it."""

from dataclasses import dataclass

import numpy as np

from kubedrill.clock import SECOND
from kubedrill.figures.traces import completed, failed
from kubedrill.judge.evidence import Evidence
from kubedrill.judge.faults import ToldFault
from kubedrill.judge.probes import Probes
from kubedrill.reading.arrivals import Times
from kubedrill.record.sample import Records
from kubedrill.record.verdict import FaultResult


@dataclass(frozen=True, slots=True)
class Recovery:
    """What came after a fault's undo."""

    seconds: float
    """From the undo's begin to its proof, or to the end of the last failing probe if later."""
    failing: str = ""
    """That probes still failed then, when nobody looked any longer, in words; empty: all was well."""


@dataclass(frozen=True, slots=True)
class _Bound:
    """Until when failing probes are a fault's."""

    time: int
    words: str
    injection: bool = False
    """Whether another fault begins then, which may be why what is in flight fails."""

    def holds(self, records: Records) -> Records:
        """Return the probes that say something of the time before it."""
        times = completed(records) if self.injection else records["intended"]
        chosen: Records = records[times < self.time]
        return chosen


def unhealthy(evidence: Evidence) -> Times:
    """Return when any etcd member was seen not to be healthy, monotonic ns."""
    health = evidence.metrics.health.lines
    times = [look.time for look in health if set(look.etcd.values()) != {"healthy"}]
    return np.array(times, dtype=np.int64)


def fault_result(fault: ToldFault, evidence: Evidence, unhealthy: Times) -> FaultResult:
    """Return what the report says; `unhealthy`: when a member was seen not to be healthy."""
    recovered = recovery(fault, evidence)
    return FaultResult(
        name=fault.scheduled.name,
        target=fault.target,
        phase=fault.scheduled.phase,
        injected_at=fault.at("injected"),
        took_effect=fault.took_effect,
        took_effect_at=fault.at("took-effect"),
        proof=fault.proof("took-effect"),
        undone=fault.at("undone") is not None,
        undone_at=fault.at("undone"),
        undo_proof=fault.proof("undone"),
        can_be_undone=fault.scheduled.can_be_undone,
        lasts=fault.scheduled.lasts,
        time_to_detect_s=time_to_detect_s(fault, evidence.probes, unhealthy),
        time_to_recover_s=recovered.seconds if recovered else None,
        recovered=recovered is not None and not recovered.failing,
    )


def time_to_detect_s(fault: ToldFault, probes: Probes, unhealthy: Times) -> float | None:
    """Return the time from injection to the first failing probe or unhealthy member.

    None if there was none, or the fault did not take effect: what was seen then is not its doing.
    """
    begun, until = fault.at("injecting"), fault.at("undoing")
    if begun is None or not fault.took_effect:
        return None
    scored = probes.scored()
    noticed = np.concatenate([completed(scored[failed(scored)]), unhealthy])
    noticed = noticed[(noticed >= begun) & (noticed <= (until or noticed.max(initial=begun)))]
    return float(noticed.min() - begun) / SECOND if len(noticed) else None


def recovery(fault: ToldFault, evidence: Evidence) -> Recovery | None:
    """Return how long a fault's recovery took; None if its effect or its undo was not proven."""
    begun, proven = fault.at("undoing"), fault.at("undone")
    if begun is None or proven is None or not fault.took_effect:
        return None
    bound = _bound(fault, begun, evidence)
    scored = bound.holds(evidence.probes.scored())
    after = scored[completed(scored) >= begun]
    well = max(proven, int(completed(after[failed(after)]).max(initial=0)))
    if not _still_failing(after):
        return Recovery((well - begun) / SECOND)
    seconds = (max(well, bound.time) - begun) / SECOND
    words = f"probes still failed {seconds:.1f} s after its undo began, when {bound.words}"
    return Recovery(seconds, f"{fault.name}: {words}")


def _bound(fault: ToldFault, begun: int, evidence: Evidence) -> _Bound:
    """Return the end of the phase of a fault's undo, or the next injection if that comes first."""
    schedule = evidence.schedule
    phase = schedule.phase_at(fault.undo_due) or schedule.phases[-1]
    bounds = [_Bound(phase.end, f"{phase.name} ended")]
    for other in evidence.faults:
        at = other.at("injecting")
        if at is not None and at > begun:
            bounds.append(_Bound(at, f"{other.name} was injected", injection=True))
    return min(bounds, key=lambda bound: bound.time)


def _still_failing(records: Records) -> bool:
    """Whether the last probe of any series failed."""
    last = records[np.argsort(records["intended"], kind="stable")[::-1]]
    _, first_seen = np.unique(last["series"], return_index=True)
    return bool(failed(last[first_seen]).any())
