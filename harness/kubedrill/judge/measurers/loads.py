"""Judge: what the requests of a load were like, and what CPU its own processes used, and who answered."""

from kubedrill.judge.counting import over_phase
from kubedrill.judge.evidence import Evidence
from kubedrill.judge.measuring import Measured, measures
from kubedrill.judge.requests import measured
from kubedrill.record.objective import Objective
from kubedrill.record.schedule import Phase


@measures("loads")
def requests(evidence: Evidence, objective: Objective, phase: Phase) -> Measured:
    """Return a statistic of a load's arrivals, or of another of its series."""
    load = evidence.load(objective.series)
    return measured(load.of(objective.series), objective, phase)


@measures("generators")
def own_cpu(evidence: Evidence, objective: Objective, phase: Phase) -> Measured:
    """Return what a load's own processes used, CPU-seconds or cores."""
    load = evidence.load(objective.series)
    used = load.cpu_s(phase)
    if used is None:
        name = load.scheduled.name
        return Measured.unknown(f"load {name}: its processes did not say what they used")
    return over_phase(used, objective, phase)


@measures("answerers")
def spread(evidence: Evidence, objective: Objective, phase: Phase) -> Measured:
    """Return the answers of the busiest apiserver, as a multiple of an even share.

    From 1 to how many there are: one that gave no answer, as one that is down, has its share all the same.
    """
    load = evidence.load(objective.series)
    unknown, *known = load.answers(phase)
    servers = len(evidence.cluster.of_kind("kube-apiserver"))
    if unknown or not any(known):
        words = (
            "nobody answered" if not unknown else "of some answers it is not known who gave them"
        )
        return Measured.unknown(f"load {load.scheduled.name}: {words}")
    return Measured(max(known) * servers / sum(known))
