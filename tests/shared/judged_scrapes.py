"""What the scraper leaves of the drill in judged_drill: pages of metrics, health, resources."""

import gzip
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from json_lines import JsonLines

from kubedrill.clock import SECOND
from kubedrill.record.files import write_json
from kubedrill.record.folder import RunFolder

START = 1_000 * SECOND
LENGTHS = {"warmup": 5, "baseline": 5, "fault": 10, "recovery": 10}
BEGINS = dict(zip(LENGTHS, accumulate(LENGTHS.values(), initial=0), strict=False))
END = sum(LENGTHS.values())
KILLED, UNDOING, UNDONE = 10.0, 20.0, 21.5
"""etcd-b, the leader, is down from KILLED on; at UNDONE it is a member again."""

BUCKETS = {"0.001": 0.90, "0.01": 0.99, "+Inf": 1.0}
"""Share of observations up to each bound, of every histogram: the p99 is 10 ms."""


def at(second: float) -> int:
    """Return a second of the drill in monotonic ns."""
    return START + round(second * SECOND)


def down(component: str, second: float) -> bool:
    return component == "etcd-b" and KILLED <= second < UNDONE


@dataclass
class Scrape:
    """One scrape, at a second of the drill."""

    second: float
    component: str
    values: dict[str, float]
    error: str = ""


@dataclass
class Scrapes:
    """All that the scraper writes; lists that a test may change."""

    pages: list[Scrape] = field(default_factory=lambda: [*etcd_pages(), *apiserver_pages()])
    health: list[dict[str, Any]] = field(
        default_factory=lambda: [health_line(n) for n in range(END + 1)]
    )
    resources: list[dict[str, Any]] = field(
        default_factory=lambda: [resources_line(n) for n in range(-1, END + 1)]
    )

    leases: list[dict[str, Any]] = field(default_factory=list)
    """Looked at only where an objective is about who leads."""
    nodes: list[dict[str, Any]] = field(default_factory=list)
    """Looked at only where something is broken, or an objective is about nodes."""
    machine: list[dict[str, Any]] = field(
        default_factory=lambda: [machine_line(n) for n in range(END + 1)]
    )
    calibration: dict[str, Any] = field(default_factory=lambda: dict(CALIBRATION))

    def of(self, component: str, begin: float = 0, end: float = END) -> list[Scrape]:
        """Return the scrapes of a component in [begin, end)."""
        return [
            page
            for page in self.pages
            if page.component == component and begin <= page.second < end
        ]

    def write(self, folder: RunFolder) -> None:
        write_pages(folder, self.pages)
        write_lines(folder.health, self.health)
        write_lines(folder.resources, self.resources)
        if self.leases:
            write_lines(folder.leases, self.leases)
        if self.nodes:
            write_lines(folder.nodes, self.nodes)
        write_lines(folder.machine_looks, self.machine)
        write_json(folder.machine, self.calibration)


def etcd_pages() -> list[Scrape]:
    """A page a second and member, 50 ms apart; the restarted member counts from 0 again."""
    return [
        etcd_page(zone, second + number * 0.05)
        for second in range(-1, END + 1)
        for number, zone in enumerate("abc")
    ]


def etcd_page(zone: str, second: float) -> Scrape:
    if down(f"etcd-{zone}", second):
        return Scrape(second, f"etcd-{zone}", {}, "refused")
    leader = "b" if second < KILLED + 1 else "a"
    elapsed = second - UNDONE if zone == "b" and second >= UNDONE else second + 1000
    values = {
        "etcd_server_is_leader": float(zone == leader),
        "etcd_server_leader_changes_seen_total": 2.0 if leader == "a" else 1.0,
        "etcd_mvcc_db_total_size_in_bytes": 5e6,
        "etcd_network_client_grpc_sent_bytes_total": round(1000 * elapsed, 3),
        **histogram("etcd_disk_wal_fsync_duration_seconds", "", 100 * elapsed),
        **histogram("etcd_disk_backend_commit_duration_seconds", "", 10 * elapsed),
    }
    return Scrape(second, f"etcd-{zone}", values)


def apiserver_pages() -> list[Scrape]:
    """A page every 5 s and apiserver."""
    return [
        apiserver_page(zone, second + 0.15 + number * 0.05)
        for second in range(-5, END + 1, 5)
        for number, zone in enumerate("abc")
    ]


def apiserver_page(zone: str, second: float) -> Scrape:
    sli, elapsed = "apiserver_request_sli_duration_seconds", second + 1000
    listing = 'verb="LIST",resource="pods",scope="cluster",'
    watching = 'verb="WATCH",resource="pods",scope="cluster",'
    values = {
        'apiserver_request_total{verb="LIST",code="200"}': 40 * elapsed,
        'apiserver_request_total{verb="GET",code="200"}': 20 * elapsed,
        'apiserver_current_inflight_requests{request_kind="readOnly"}': 2.0,
        'apiserver_current_inflight_requests{request_kind="mutating"}': 1.0,
        'apiserver_resource_objects{group="",resource="pods"}': 7.0,
        'apiserver_resource_objects{group="",resource="secrets"}': 12.0,
        **histogram(sli, listing, 40 * elapsed),
        # Watches are long, and no part of the SLI.
        f'{sli}_bucket{{{watching}le="0.001"}}': 0.0,
        f'{sli}_bucket{{{watching}le="+Inf"}}': 1e6 * elapsed,
    }
    return Scrape(second, f"kube-apiserver-{zone}", values)


def histogram(family: str, labels: str, count: float) -> dict[str, float]:
    buckets = {
        f'{family}_bucket{{{labels}le="{bound}"}}': count * share
        for bound, share in BUCKETS.items()
    }
    plain = f"{{{labels.rstrip(',')}}}" if labels else ""
    return {**buckets, f"{family}_count{plain}": count}


def health_line(second: int) -> dict[str, Any]:
    states = {
        zone: "refused" if down(f"etcd-{zone}", second - 0.5) else "healthy" for zone in "abc"
    }
    leader = "b" if second <= KILLED else "a"
    return {"time": at(second), "took_us": 2000, "etcd": states, "leader": leader}


def resources_line(second: int) -> dict[str, Any]:
    """Half a core a second for each component, half of a host of two cores."""
    names = [f"{kind}-{zone}" for kind in ("etcd", "kube-apiserver") for zone in "abc"]
    processes = {
        name: {"pid": 7, "cpu_s": 0.5 * (second + 10), "rss_bytes": 100_000_000 + number}
        for number, name in enumerate([*names, "haproxy"])
        if not down(name, second - 0.5)
    }
    if second > UNDONE:
        processes["etcd-b"] |= {"pid": 8, "cpu_s": 0.5 * (second - UNDONE)}
    return {
        "time": at(second) + 1000,
        "host": {
            "cpu_busy_s": 1.0 * (second + 10),
            "cpu_total_s": 2.0 * (second + 10),
            "steal_s": 0.0,
            "iowait_s": 0.0,
            "memory_available_bytes": 20_000_000_000,
            "memory_total_bytes": 24_000_000_000,
        },
        "processes": processes,
        "harness": {
            name: {"pid": 9, "cpu_s": 0.1 * (second + 10), "rss_bytes": 60_000_000}
            for name in ("prober", "scraper")
        },
    }


CALIBRATION: dict[str, Any] = {
    "time": START - 2 * SECOND,
    "cores": 2,
    "cpus": 2.0,
    "work_cpu_s": 0.025,
    "work_wall_s": 0.026,
    "fsync": {"reports": {"samples": 130, "p50_s": 0.0005, "p90_s": 0.001, "p99_s": 0.002}},
    "others_share": 0.01,
    "others": [],
    "dirty_bytes": 1_000_000,
    "disk_written_bytes": 4_000_000,
    "flushed_bytes": 0,
    "waited_s": 0.0,
    "shared": False,
}


def machine_line(second: int) -> dict[str, Any]:
    """Half of two cores are the drill's and its cluster's; a shell takes 2 %; five writes of 1 ms."""
    return {
        "time": at(second) + 2000,
        "seconds": 1.0,
        "cores": 2,
        "cpus": 2.0,
        "busy_s": 1.06,
        "steal_s": 0.0,
        "drill_s": 0.2,
        "cluster_s": 0.8,
        "kernel_s": 0.02,
        "others_s": 0.04,
        "others": [{"name": "bash", "cpu_s": 0.04, "written_bytes": 0}],
        "limit_periods": 0,
        "limit_throttled": 0,
        "limit_used_s": None,
        "pressure": None,
        "dirty_bytes": 1_000_000,
        "disk_busy_s": 0.05,
        "disk_written_bytes": 1_000_000,
        "fsync_s": {"reports": [0.001] * 5},
        "fsync_pending_s": 0.0,
        "real_time": ["prober", "scraper"],
    }


def write_pages(folder: RunFolder, pages: list[Scrape]) -> None:
    """Write a gzip member a scrape, and the index, as the scraper does."""
    index = JsonLines(folder.metrics_index)
    for scrape in sorted(pages, key=lambda scrape: scrape.second):
        name = f"{scrape.component}.prom.gz"
        text = "".join(f"{key} {value}\n" for key, value in scrape.values.items())
        member = b"" if scrape.error else gzip.compress(text.encode())
        with (folder.metrics / name).open("ab") as file:
            offset = file.tell()
            file.write(member)
        line: dict[str, Any] = {"time": at(scrape.second), "end": at(scrape.second + 0.01)}
        line |= {"component": scrape.component, "ok": not scrape.error, "error": scrape.error}
        line |= {"file": name, "offset": offset, "bytes": len(member), "wire_bytes": 100}
        index.add(line)
    index.close()


def write_lines(path: Any, lines: list[dict[str, Any]]) -> None:
    file = JsonLines(path)
    for line in lines:
        file.add(line)
    file.close()
