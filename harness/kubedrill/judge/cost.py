"""Judge: what watching costs the watched, as shares of what the control plane does."""

from collections.abc import Iterable

from kubedrill.judge.evidence import Evidence
from kubedrill.judge.pages import Scrape
from kubedrill.judge.requests import due_in
from kubedrill.judge.server import requests
from kubedrill.judge.vitals import received
from kubedrill.record.schedule import Phase
from kubedrill.record.verdict import HarnessCost

WATCHERS = ("prober", "scraper")
AUDITOR = "auditor"
"""Besides, where there was one."""


def harness_cost(evidence: Evidence, phase: Phase) -> HarnessCost:
    """Return prober, scraper and auditor beside the control plane: CPU-seconds, bytes sent, requests."""
    return HarnessCost(
        phase=phase.name,
        cpu_share=_cpu_share(evidence, phase),
        bytes_share=_bytes_share(evidence, phase),
        requests_share=_requests_share(evidence, phase),
    )


def _cpu_share(evidence: Evidence, phase: Phase) -> float | None:
    metrics = evidence.metrics
    ours = _known(metrics.cpu_s("harness", name, phase) for name in WATCHERS)
    audited = metrics.cpu_s("harness", AUDITOR, phase) or 0.0
    theirs = _known(
        metrics.cpu_s("processes", component.name, phase)
        for component in evidence.cluster.components
    )
    if len(ours) < len(WATCHERS) or not sum(theirs):
        return None
    return (sum(ours) + audited) / sum(theirs)


def _bytes_share(evidence: Evidence, phase: Phase) -> float | None:
    """Return probes and scrapes as a share of all bytes that clients of the drill received.

    Bytes on the wire, TLS and handshakes included, of all of them.
    """
    probed = received(evidence.probes.vitals, phase)
    ours = probed + sum(scrape.wire_bytes for scrape in _scrapes(evidence, phase))
    total = ours + sum(load.received(phase) for load in evidence.loads)
    return ours / total if total else None


def _requests_share(evidence: Evidence, phase: Phase) -> float | None:
    total = requests(evidence.metrics, phase)
    apiservers = {component.name for component in evidence.cluster.of_kind("kube-apiserver")}
    scrapes = sum(scrape.component in apiservers for scrape in _scrapes(evidence, phase))
    ours = len(due_in(evidence.probes.records, phase)) + scrapes + evidence.audit.requests(phase)
    return min(ours / total, 1.0) if total else None


def _known(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None]


def _scrapes(evidence: Evidence, phase: Phase) -> list[Scrape]:
    return [scrape for scrape in evidence.metrics.scrapes if phase.holds(scrape.time)]
