"""Judge: what the servers say of themselves, phase by phase, beside what the clients saw."""

from collections import defaultdict
from collections.abc import Mapping

from kubedrill.judge.counting import add_up, quantile
from kubedrill.judge.metrics import Metrics
from kubedrill.record.schedule import Phase
from kubedrill.record.verdict import ResourceResult, ServerLatency

SHOWN = 8
"""Rows of the apiserver's SLI: the most frequent; a table of all resources would hide them."""

Buckets = Mapping[float, float]


def server_latency(metrics: Metrics, phase: Phase) -> list[ServerLatency]:
    """Return the official SLI by verb, resource and scope, and etcd's fsync and commit."""
    parts: dict[tuple[str, str, str], list[Buckets]] = defaultdict(list)
    for (_, (name, labels)), by in metrics.grown("apiserver.sli", phase).items():
        said = dict(labels)
        if name.endswith("_bucket"):
            # Somebody's Prometheus may leave labels out.
            row = said.get("verb", ""), said.get("resource", ""), said.get("scope", "")
            parts[row].append({float(said["le"]): by})
    rows = [_latency(phase, *row, add_up(buckets)) for row, buckets in parts.items()]
    busiest = sorted((row for row in rows if row.requests), key=lambda row: -row.requests)[:SHOWN]
    etcd = (_etcd_latency(metrics, phase, name) for name in ("fsync", "commit"))
    return [*busiest, *(row for row in etcd if row.requests)]


def resources(metrics: Metrics, phase: Phase) -> list[ResourceResult]:
    """Return CPU, memory and restarts of every component, of the drill's processes and of the host."""
    components = [
        ResourceResult(
            phase=phase.name,
            component=component.name,
            zone=component.zone,
            cpu_s=metrics.cpu_s("processes", component.name, phase),
            rss_peak_bytes=metrics.rss_peak("processes", component.name, phase),
            restarts=metrics.restarts(component.name, phase),
        )
        for component in metrics.cluster.components
    ]
    ours = sorted({name for line in metrics.resources.lines for name in line.harness})
    harness = [
        ResourceResult(
            phase=phase.name,
            component=name,
            zone=None,
            cpu_s=metrics.cpu_s("harness", name, phase),
            rss_peak_bytes=metrics.rss_peak("harness", name, phase),
            restarts=0,
        )
        for name in ours
    ]
    return [*components, *harness, _host(metrics, phase)]


def _host(metrics: Metrics, phase: Phase) -> ResourceResult:
    hosts = metrics.hosts(phase)
    used = (host.memory_total_bytes - host.memory_available_bytes for host in hosts)
    return ResourceResult(
        phase=phase.name,
        component="host",
        zone=None,
        cpu_s=hosts[-1].cpu_busy_s - hosts[0].cpu_busy_s if len(hosts) > 1 else None,
        rss_peak_bytes=max(used, default=None),
        restarts=0,
    )


def requests(metrics: Metrics, phase: Phase) -> float | None:
    """Return how many requests the apiservers answered at least; None if they were not scraped."""
    grown = metrics.grown("apiserver.requests", phase, least=True)
    return sum(grown.values()) if grown else None


def _etcd_latency(metrics: Metrics, phase: Phase, name: str) -> ServerLatency:
    grown = metrics.grown(f"etcd.{name}", phase)
    parts = [
        {float(dict(labels)["le"]): by}
        for (_, (sample, labels)), by in grown.items()
        if sample.endswith("_bucket")
    ]
    return _latency(phase, name, "etcd", "", add_up(parts))


def _latency(phase: Phase, verb: str, resource: str, scope: str, buckets: Buckets) -> ServerLatency:
    return ServerLatency(
        phase=phase.name,
        verb=verb,
        resource=resource,
        scope=scope,
        p50_s=quantile(buckets, 0.5),
        p99_s=quantile(buckets, 0.99),
        requests=round(max(buckets.values(), default=0.0)),
    )
