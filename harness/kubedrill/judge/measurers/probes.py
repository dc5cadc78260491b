"""Judge: what the prober's requests were like, and how old the answers to its stale reads were."""

import numpy as np

from kubedrill.figures.traces import succeeded
from kubedrill.judge.evidence import Evidence
from kubedrill.judge.measuring import Measured, measures
from kubedrill.judge.requests import due_in, measured, of_distribution
from kubedrill.record.objective import Objective
from kubedrill.record.schedule import Phase


@measures("probes")
def requests(evidence: Evidence, objective: Objective, phase: Phase) -> Measured:
    """Return a statistic of the scored probes, or of those of one verb."""
    verb = objective.series.partition(".")[2]
    probes = evidence.probes
    records = probes.of(verb=verb, level="prober") if verb else probes.scored()
    return measured(records, objective, phase)


@measures("staleness")
def staleness(evidence: Evidence, objective: Objective, phase: Phase) -> Measured:
    """Return a statistic of the ages of answers, in seconds."""
    assert objective.statistic
    records = due_in(evidence.probes.of(verb="stale-read"), phase)
    ages = np.sort(records["staleness_us"][succeeded(records)] / 1e6)
    return Measured.sample(of_distribution(ages, objective.statistic) if len(ages) else None)
