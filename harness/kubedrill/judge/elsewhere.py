"""Judge: whether what a Prometheus told is of the cluster that was drilled, by what probes wrote there."""

from kubedrill.figures.traces import completed, succeeded
from kubedrill.judge.counting import increases
from kubedrill.judge.evidence import Evidence
from kubedrill.record.metric import APISERVER
from kubedrill.record.schedule import Phase

REQUESTS = "apiserver_request_total"
SEEN = 0.5
"""This share of the probes' writes must have been counted: an apiserver that restarts loses some."""


def of_another_cluster(evidence: Evidence, phase: Phase) -> str:
    """Return that its apiservers cannot be those that answered the probes; empty if they may be.

    Each probe that writes is a PUT of a ConfigMap, some twenty a second: nobody else does that.
    """
    metrics = evidence.metrics
    targets = metrics.told.of_kind(APISERVER)
    if not targets:
        return ""
    seen = sum(_writes(evidence, target.name, phase) for target in targets)
    made = _made(evidence, phase)
    if seen >= SEEN * made:
        return ""
    return (
        f"Prometheus tells of {seen:.0f} writes of ConfigMaps in this phase, and the prober alone made "
        f"{made}: it is asked about another cluster, or about some of the apiservers only"
    )


def _writes(evidence: Evidence, component: str, phase: Phase) -> float:
    """Return how many ConfigMaps an apiserver has written at most."""
    readings = [
        {
            key: value
            for key, value in scrape.values.items()
            if key[0] == REQUESTS and {("verb", "PUT"), ("resource", "configmaps")} <= set(key[1])
        }
        for scrape in evidence.metrics.between_edges(component, phase)
    ]
    return sum(increases(readings).values())


def _made(evidence: Evidence, phase: Phase) -> int:
    """Return how many writes of probes began and were answered in a phase."""
    probes = evidence.probes.of(verb="write")
    within = (probes["intended"] >= phase.start) & (completed(probes) < phase.end)
    return int((within & succeeded(probes)).sum())
