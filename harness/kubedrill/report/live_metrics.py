"""Report: what the live view shows, as metrics for a Prometheus.

What nobody knows has no sample: it is not 0.
"""

from collections.abc import Callable, Iterator, Mapping

from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric

from kubedrill import __version__
from kubedrill.record.live import LiveFigures, LiveLoad
from kubedrill.record.schedule import Schedule

_HEALTHY = "healthy"


def metrics(plan: Schedule, now: LiveFigures) -> Iterator[Metric]:
    """Yield the metrics of a running drill; names, units and labels stand in docs/history.md."""
    about = {"experiment": plan.experiment, "run": plan.run, "cluster": plan.cluster}
    yield InfoMetricFamily(
        "kubedrill_drill", "The drill that runs.", value={**about, "version": __version__}
    )
    yield _gauge(
        "phase",
        "1 for the phase that it is in, 0 for the others.",
        "phase",
        {phase.name: float(phase.name == now.phase) for phase in plan.phases},
    )
    left_s = {"": now.phase_left_s if now.phase else None}
    yield _gauge("phase_left_seconds", "Until the phase ends.", "", left_s)
    yield from _loads(now.loads)
    answered = {"read": now.reads, "write": now.writes}
    words = "Probes of the last seconds that were answered in time, 0..1."
    yield _gauge("probe_availability_ratio", words, "verb", answered)
    in_force = dict.fromkeys(now.faults, 1.0)
    yield _gauge("fault_in_force", "1 for each fault that is in force.", "fault", in_force)
    yield _gauge("faults_in_force", "How many are.", "", {"": float(len(now.faults))})
    yield from _etcd(now)
    yield _gauge("harness_lag_seconds", "The harness' largest event-loop lag.", "", {"": now.lag_s})
    words = "Memory of the largest component of a kind."
    yield _gauge("component_memory_bytes", words, "component", now.rss)
    yield _gauge("nodes_not_ready", "Nodes that were not ready.", "", {"": now.not_ready})
    yield _gauge("objects", "Objects of a kind, as last counted.", "kind", now.objects)


def _loads(loads: Mapping[str, LiveLoad]) -> Iterator[Metric]:
    figures: dict[str, tuple[str, Callable[[LiveLoad], float | None]]] = {
        "offered_per_second": ("Arrivals that were due.", lambda load: load.offered),
        "achieved_per_second": ("Whole, valid answers.", lambda load: load.achieved),
        "p99_seconds": ("From the intended start.", lambda load: load.p99_s),
        "error_ratio": ("Of those that have ended, 0..1.", lambda load: load.error_rate),
    }
    for name, (words, figure) in figures.items():
        values = {load: figure(known) for load, known in loads.items()}
        yield _gauge(f"load_{name}", f"Of the last seconds: {words}", "load", values)


def _etcd(now: LiveFigures) -> Iterator[Metric]:
    healthy = {zone: float(state == _HEALTHY) for zone, state in now.members.items()}
    yield _gauge("etcd_healthy", "Whether a zone's member is healthy.", "zone", healthy)
    leads = {zone: float(zone == now.leader) for zone in now.members}
    yield _gauge("etcd_leader", "1 for the zone of etcd's leader.", "zone", leads)
    fsync = {"": now.fsync_p99_s}
    yield _gauge("etcd_fsync_p99_seconds", "Of all members' logs.", "", fsync)


def _gauge(name: str, words: str, label: str, values: Mapping[str, float | None]) -> Metric:
    """Return a gauge with a sample for each value that is known; without a label it has one at most."""
    family = GaugeMetricFamily(f"kubedrill_{name}", words, labels=[label] if label else None)
    for key, value in values.items():
        if value is not None:
            family.add_metric([key] if label else [], value)
    return family
