"""Judge: how soon the faults of a phase were noticed, and how soon all was well after them."""

from dataclasses import replace

from kubedrill.judge.evidence import Evidence
from kubedrill.judge.fault_times import recovery, time_to_detect_s, unhealthy
from kubedrill.judge.measuring import Measured, measures
from kubedrill.record.objective import Objective
from kubedrill.record.schedule import Phase


@measures("faults")
def times(evidence: Evidence, objective: Objective, phase: Phase) -> Measured:
    """Return the time of the slowest fault of the phase, in seconds."""
    faults = [fault for fault in evidence.faults if fault.touches(phase)]
    if not faults:
        return Measured.unknown("no fault in this phase")
    if doubt := next((fault.doubt for fault in faults if fault.doubt), ""):
        return Measured.unknown(doubt)
    if idle := [fault.name for fault in faults if not fault.took_effect]:
        return Measured.unknown(f"{', '.join(idle)} did not take effect")
    if objective.series == "fault.time_to_detect":
        seen = unhealthy(evidence)
        return _slowest(
            "detect", [time_to_detect_s(fault, evidence.probes, seen) for fault in faults]
        )
    found = [recovery(fault, evidence) for fault in faults]
    slowest = _slowest("recover", [recovered.seconds if recovered else None for recovered in found])
    failing = next(
        (recovered.failing for recovered in found if recovered and recovered.failing), ""
    )
    return replace(slowest, reason=failing) if slowest.valid else slowest


def _slowest(what: str, seconds: list[float | None]) -> Measured:
    known = [time_s for time_s in seconds if time_s is not None]
    if len(known) < len(seconds):
        return Measured.unknown(f"a fault was never seen to {what}")
    return Measured(max(known))
