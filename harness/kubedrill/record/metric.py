"""The catalogue of metrics that objectives may name, and where each comes from.

A metric is `component.name`. Kinds: a gauge holds at every scrape; a counter is a difference over
the phase that survives restarts; a histogram has percentiles (linear within a bucket, as
Prometheus' histogram_quantile).
"""

from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["gauge", "counter", "histogram"]
Unit = Literal["s", "bytes", "cpu", "1", "1/s"]


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric of a component (all its zones together unless an objective names one)."""

    component: str
    """kind of component: etcd | kube-apiserver | kube-controller-manager | kube-scheduler | host"""
    family: str | None
    """The Prometheus family; None where the scraper measures it itself (health, CPU, RSS)."""
    kind: Kind
    unit: Unit
    across: Literal["sum", "max", "min"]
    """How the values of several zones become one."""
    doc: str
    labels: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Only series whose label has one of these values."""


_NOT_LONG: dict[str, tuple[str, ...]] = {
    "verb": ("GET", "LIST", "POST", "PUT", "PATCH", "DELETE", "DELETECOLLECTION")
}

METRICS: dict[str, Metric] = {
    "etcd.healthy_members": Metric(
        "etcd", None, "gauge", "1", "sum", "members whose /health says true, asked every second"
    ),
    "etcd.leaders": Metric(
        "etcd", "etcd_server_is_leader", "gauge", "1", "sum", "members that say they lead"
    ),
    "etcd.elections": Metric(
        "etcd",
        "etcd_server_leader_changes_seen_total",
        "counter",
        "1",
        "max",
        "leader changes that a member saw",
    ),
    "etcd.fsync": Metric(
        "etcd",
        "etcd_disk_wal_fsync_duration_seconds",
        "histogram",
        "s",
        "sum",
        "time to sync the write-ahead log",
    ),
    "etcd.commit": Metric(
        "etcd",
        "etcd_disk_backend_commit_duration_seconds",
        "histogram",
        "s",
        "sum",
        "time to commit a backend transaction",
    ),
    "etcd.db_bytes": Metric(
        "etcd", "etcd_mvcc_db_total_size_in_bytes", "gauge", "bytes", "max", "size of the database"
    ),
    "etcd.sent_bytes": Metric(
        "etcd",
        "etcd_network_client_grpc_sent_bytes_total",
        "counter",
        "bytes",
        "sum",
        "bytes sent to clients (the apiservers)",
    ),
    "apiserver.sli": Metric(
        "kube-apiserver",
        "apiserver_request_sli_duration_seconds",
        "histogram",
        "s",
        "sum",
        "the official SLI: without webhooks and without waiting in a priority level's queue",
        _NOT_LONG,
    ),
    "apiserver.requests": Metric(
        "kube-apiserver", "apiserver_request_total", "counter", "1", "sum", "requests answered"
    ),
    "apiserver.rejected": Metric(
        "kube-apiserver",
        "apiserver_flowcontrol_rejected_requests_total",
        "counter",
        "1",
        "sum",
        "requests that API Priority and Fairness rejected",
    ),
    "apiserver.inflight": Metric(
        "kube-apiserver",
        "apiserver_current_inflight_requests",
        "gauge",
        "1",
        "max",
        "requests in flight, read-only and mutating",
    ),
    "apiserver.cache_lists": Metric(
        "kube-apiserver",
        "apiserver_cache_list_total",
        "counter",
        "1",
        "sum",
        "LISTs answered from the watch cache",
    ),
    "apiserver.storage_lists": Metric(
        "kube-apiserver",
        "apiserver_storage_list_total",
        "counter",
        "1",
        "sum",
        "LISTs that went through to etcd",
    ),
}

for _plural in ("configmaps", "events", "leases", "namespaces", "nodes", "pods", "secrets"):
    METRICS[f"objects.{_plural}"] = Metric(
        "kube-apiserver",
        "apiserver_resource_objects",
        "gauge",
        "1",
        "max",
        "how many there are, as the apiservers count them in etcd once a minute",
        {"resource": (_plural,)},
    )

# CPU and memory are the same for each kind of component.
for _component, _name in {
    "etcd": "etcd",
    "kube-apiserver": "apiserver",
    "kube-controller-manager": "controller-manager",
    "kube-scheduler": "scheduler",
    "haproxy": "balancer",
}.items():
    METRICS[f"{_name}.cpu"] = Metric(_component, None, "counter", "cpu", "sum", "CPU-seconds used")
    METRICS[f"{_name}.rss"] = Metric(_component, None, "gauge", "bytes", "max", "resident memory")
    METRICS[f"{_name}.restarts"] = Metric(
        _component, None, "counter", "1", "sum", "exits that nobody asked for"
    )
