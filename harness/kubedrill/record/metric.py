"""The catalogue of metrics that objectives may name, and where each comes from.

A metric is `component.name`. Kinds: a gauge holds at every scrape; a counter is a difference over
the phase that survives restarts; a histogram has percentiles (linear within a bucket, as
Prometheus' histogram_quantile).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["gauge", "counter", "histogram"]
Unit = Literal["s", "bytes", "cpu", "1", "1/s"]
Minor = tuple[int, int]
"""A minor release: (1, 37) is v1.37.0 and all after it."""

_VERSION = re.compile(r"v?(\d+)\.(\d+)(?:\.|$)")


@dataclass(frozen=True, slots=True)
class Family:
    """A Prometheus family, and the releases in which it says what its metric means.

    Until something has happened that it counts, a family with labels is not in a component's page.
    """

    name: str
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Only series whose label has one of these values."""
    since: Minor = (0, 0)
    until: Minor | None = None
    """The first release in which that is no longer so; None if there is none yet."""
    witnesses: tuple[str, ...] = ()
    """Families that are in a page only if what this one counts would be counted: without it, 0 is known."""
    without: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Series whose label has one of these values are not what the metric means."""

    def holds_in(self, release: Minor) -> bool:
        """Whether this release has it, with this meaning."""
        return self.since <= release and (self.until is None or release < self.until)


SCRAPES = "scrapes"
"""What is measured from a component's own page of metrics."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric of a component (all its zones together unless an objective names one)."""

    component: str
    """kind of component: etcd | kube-apiserver | kube-controller-manager | kube-scheduler | host | node"""
    families: tuple[Family, ...]
    """Where it is read from, by release; none of what is not in the components' pages (health, CPU, RSS)."""
    kind: Kind
    unit: Unit
    across: Literal["sum", "max", "min"]
    """How the values of several zones become one."""
    doc: str
    source: str = SCRAPES
    """What it is measured from (record.series.Series)."""

    def family(self, versions: Mapping[str, str]) -> Family | None:
        """Return the family that holds in a cluster of these versions, by kind of component.

        None if none does, or if the version is not known and several might.
        """
        if len(self.families) == 1 and self.families[0].holds_in((0, 0)):
            return self.families[0]
        release = minor(versions.get(self.component, ""))
        return next(
            (family for family in self.families if release and family.holds_in(release)), None
        )


def minor(version: str) -> Minor | None:
    """Return the minor release of a version, (1, 37) of `v1.37.2`; None if it is no version."""
    found = _VERSION.match(version)
    return (int(found[1]), int(found[2])) if found else None


APISERVER = "kube-apiserver"
COMPONENTS = ("etcd", APISERVER, "kube-controller-manager", "kube-scheduler")
"""Kinds of what a control plane consists of."""

_NOT_LONG = ("GET", "LIST", "POST", "PUT", "PATCH", "DELETE", "DELETECOLLECTION")
_STORAGE_LISTS = "apiserver_storage_list_total"
_PEERS = {"resource": ("apiServerIPInfo",)}
"""Each apiserver looks for the others in etcd every 10 s, in a list that is nobody's LIST."""
_LISTS_BY_STORAGE: Minor = (1, 37)
"""Kubernetes PR 139154 hides apiserver_cache_list_total and tells storages apart by a label."""

METRICS: dict[str, Metric] = {
    "etcd.healthy_members": Metric(
        "etcd",
        (),
        "gauge",
        "1",
        "sum",
        "members whose /health says true, asked every second",
        "health",
    ),
    "nodes.not_ready": Metric(
        "node",
        (),
        "gauge",
        "1",
        "sum",
        "nodes whose condition Ready is not True, as a watch tells, noted every second",
        "readiness",
    ),
    "nodes.ready": Metric(
        "node",
        (),
        "gauge",
        "1",
        "sum",
        "nodes whose condition Ready is True, as a watch tells, noted every second",
        "readiness",
    ),
    "nodes.false_not_ready": Metric(
        "node",
        (),
        "gauge",
        "1",
        "sum",
        "nodes whose condition Ready is not True, though they had come, and neither they nor a zone were hit",
        "readiness",
    ),
    "etcd.leaders": Metric(
        "etcd",
        (Family("etcd_server_is_leader"),),
        "gauge",
        "1",
        "sum",
        "members that say they lead",
    ),
    "etcd.elections": Metric(
        "etcd",
        (Family("etcd_server_leader_changes_seen_total"),),
        "counter",
        "1",
        "max",
        "leader changes that a member saw",
        "elections",
    ),
    "etcd.fsync": Metric(
        "etcd",
        (Family("etcd_disk_wal_fsync_duration_seconds"),),
        "histogram",
        "s",
        "sum",
        "time to sync the write-ahead log",
    ),
    "etcd.commit": Metric(
        "etcd",
        (Family("etcd_disk_backend_commit_duration_seconds"),),
        "histogram",
        "s",
        "sum",
        "time to commit a backend transaction",
    ),
    "etcd.db_bytes": Metric(
        "etcd",
        (Family("etcd_mvcc_db_total_size_in_bytes"),),
        "gauge",
        "bytes",
        "max",
        "size of the database",
    ),
    "etcd.sent_bytes": Metric(
        "etcd",
        (Family("etcd_network_client_grpc_sent_bytes_total"),),
        "counter",
        "bytes",
        "sum",
        "bytes sent to clients (the apiservers)",
    ),
    "apiserver.sli": Metric(
        "kube-apiserver",
        (Family("apiserver_request_sli_duration_seconds", {"verb": _NOT_LONG}, since=(1, 26)),),
        "histogram",
        "s",
        "sum",
        "the official SLI: without webhooks and without waiting in a priority level's queue",
    ),
    "apiserver.requests": Metric(
        "kube-apiserver",
        (Family("apiserver_request_total"),),
        "counter",
        "1",
        "sum",
        "requests answered",
    ),
    "apiserver.errors": Metric(
        "kube-apiserver",
        (Family("apiserver_request_total", {"code": ("500", "501", "502", "503", "504", "507")}),),
        "counter",
        "1",
        "sum",
        "requests answered with an error of the server's (5xx), whoever had asked",
    ),
    "apiserver.answered_bytes": Metric(
        "kube-apiserver",
        (Family("apiserver_response_sizes_sum", {"verb": ("GET", "LIST")}),),
        "counter",
        "bytes",
        "sum",
        "bytes of the answers to GETs and LISTs",
    ),
    "apiserver.watched_bytes": Metric(
        "kube-apiserver",
        (
            Family(
                "apiserver_watch_events_sizes_sum",
                witnesses=("apiserver_watch_cache_initializations_total",),
            ),
        ),
        "counter",
        "bytes",
        "sum",
        "bytes of the events that watches were sent, before they are compressed",
    ),
    "apiserver.lists": Metric(
        "kube-apiserver",
        (Family("apiserver_request_total", {"verb": ("LIST",)}),),
        "counter",
        "1",
        "sum",
        "LISTs answered",
    ),
    "apiserver.watch_lists": Metric(
        "kube-apiserver",
        (
            Family(
                "apiserver_watch_list_duration_seconds_count",
                witnesses=("apiserver_watch_cache_initializations_total",),
            ),
        ),
        "counter",
        "1",
        "sum",
        "watches that began with every object there is (WatchList), as informers do in place of a LIST",
    ),
    "apiserver.watches": Metric(
        "kube-apiserver",
        (Family("apiserver_longrunning_requests", {"verb": ("WATCH",)}),),
        "gauge",
        "1",
        "sum",
        "watches that are open",
    ),
    "apiserver.watch_starts": Metric(
        "kube-apiserver",
        (Family("apiserver_longrunning_requests", {"verb": ("WATCH",)}),),
        "counter",
        "1",
        "sum",
        "watches that were opened: by how many more are open, and those that ended",
        "watch_starts",
    ),
    "apiserver.rejected": Metric(
        "kube-apiserver",
        (
            Family(
                "apiserver_flowcontrol_rejected_requests_total",
                # Without API Priority and Fairness nothing is dispatched by it, and 429s come from
                # the limits on requests in flight, which this family does not count.
                witnesses=("apiserver_flowcontrol_dispatched_requests_total",),
            ),
        ),
        "counter",
        "1",
        "sum",
        "requests that API Priority and Fairness rejected",
    ),
    "apiserver.inflight": Metric(
        "kube-apiserver",
        (Family("apiserver_current_inflight_requests"),),
        "gauge",
        "1",
        "max",
        "requests in flight, read-only and mutating",
    ),
    "apiserver.cache_lists": Metric(
        "kube-apiserver",
        (
            Family(
                "apiserver_cache_list_total",
                until=_LISTS_BY_STORAGE,
                witnesses=("apiserver_watch_cache_initializations_total",),
            ),
            Family(_STORAGE_LISTS, {"storage": ("watchcache",)}, since=_LISTS_BY_STORAGE),
        ),
        "counter",
        "1",
        "sum",
        "LISTs answered from the watch cache",
    ),
    "apiserver.storage_lists": Metric(
        "kube-apiserver",
        (
            Family(
                _STORAGE_LISTS,
                until=_LISTS_BY_STORAGE,
                witnesses=("apiserver_resource_objects", "apiserver_storage_objects"),
                without=_PEERS,
            ),
            Family(_STORAGE_LISTS, {"storage": ("etcd",)}, since=_LISTS_BY_STORAGE, without=_PEERS),
        ),
        "counter",
        "1",
        "sum",
        "LISTs that went through to etcd",
    ),
}

for _plural in ("configmaps", "events", "leases", "namespaces", "nodes", "pods", "secrets"):
    _one = {"resource": (_plural,)}
    METRICS[f"objects.{_plural}"] = Metric(
        "kube-apiserver",
        (
            Family("apiserver_storage_objects", _one, until=(1, 34)),
            Family("apiserver_resource_objects", _one, since=(1, 34)),
        ),
        "gauge",
        "1",
        "max",
        "how many there are, as the apiservers count them in etcd once a minute",
    )

for _component, _name in {
    "kube-controller-manager": "controller-manager",
    "kube-scheduler": "scheduler",
}.items():
    METRICS[f"{_name}.throttled"] = Metric(
        _component,
        (Family("rest_client_rate_limiter_duration_seconds"),),
        "histogram",
        "s",
        "sum",
        "time a request waited for its client's own limit (kube-api-qps, kube-api-burst)",
    )

# CPU and memory are the same for each kind of component.
for _component, _name in {
    "etcd": "etcd",
    "kube-apiserver": "apiserver",
    "kube-controller-manager": "controller-manager",
    "kube-scheduler": "scheduler",
    "haproxy": "balancer",
}.items():
    METRICS[f"{_name}.cpu"] = Metric(
        _component, (), "counter", "cpu", "sum", "CPU-seconds used", "cpu"
    )
    METRICS[f"{_name}.rss"] = Metric(
        _component, (), "gauge", "bytes", "max", "resident memory", "memory"
    )
    METRICS[f"{_name}.restarts"] = Metric(
        _component, (), "counter", "1", "sum", "exits that nobody asked for", "exits"
    )
