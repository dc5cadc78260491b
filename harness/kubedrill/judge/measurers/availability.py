"""Judge: the share of probes that were answered in time, and for how long none was, or not all were."""

from kubedrill.judge.availability import share_of
from kubedrill.judge.evidence import Evidence
from kubedrill.judge.measuring import Measured, measures
from kubedrill.record.objective import Objective
from kubedrill.record.schedule import Phase


@measures("availability")
def availability(evidence: Evidence, objective: Objective, phase: Phase) -> Measured:
    """Return a share, 0..1."""
    return Measured.sample(share_of(objective, evidence.probes, phase))


@measures("outages")
def outages(evidence: Evidence, objective: Objective, phase: Phase) -> Measured:
    """Return the longest outage, or how long service was degraded, in seconds."""
    probes = evidence.probes
    longest = {"unavailable": probes.longest_outage_s, "degraded": probes.degraded_s}
    return Measured.sample(longest[objective.series](phase))
