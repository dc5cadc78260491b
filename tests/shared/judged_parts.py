"""The parts of the drill in judged_drill that are the same in most tests: cluster, load, events."""

from typing import Any

import numpy as np
from judged_scrapes import BEGINS, END, KILLED, START, UNDONE, at

from kubedrill.clock import SECOND
from kubedrill.record.cluster import ClusterRecord, Component, Endpoint
from kubedrill.record.sample import LOAD_DTYPE, Records
from kubedrill.record.sidecar import LoadSeries
from kubedrill.record.timeline import DrillEnded, DrillStarted, Event, PhaseBegan, Seeded

RATE = 100
"""LISTs a second: 500 in the baseline, 1000 in the phases after it."""

SERIES = (
    LoadSeries(name="list", verb="LIST", role="transaction"),
    LoadSeries(name="list.page", verb="LIST", role="page"),
)
HERE = Endpoint("127.0.0.1", 1)
CLUSTER = ClusterRecord(
    name="local-3az",
    provider="local",
    zoning="loopback",
    zones=("a", "b", "c"),
    folder="elsewhere",
    balancer=HERE,
    ca_file="ca.crt",
    server_name="kubernetes",
    components=(
        *(
            Component(f"{kind}-{zone}", kind, zone, HERE, HERE)
            for kind in ("etcd", "kube-apiserver")
            for zone in "abc"
        ),
        Component("haproxy", "haproxy", None, HERE),
    ),
    identities={},
    capabilities=(),
    versions={"kube-apiserver": "1.37.2", "etcd": "3.7.3"},
)


def load_records() -> Records:
    """A LIST every 10 ms, answered after 20 ms, and its page beside it."""
    records = np.zeros(2 * RATE * END, LOAD_DTYPE)
    records["intended"] = np.repeat([at(n / RATE) for n in range(RATE * END)], 2)
    records["series"] = np.tile([0, 1], RATE * END)
    records["total_us"], records["outcome"], records["bytes"] = 20_000, 200, 5_000
    return records


def fault_lines() -> list[dict[str, Any]]:
    told = {
        "injecting": 10.0,
        "injected": 10.01,
        "took-effect": 11.4,
        "undoing": 20.0,
        "undone": 21.5,
    }
    common = {"fault": "etcd.kill", "index": 0, "target": "etcd-b", "facts": {}}
    return [
        {"time": at(second), "event": event, "proof": f"proof of {event}", **common}
        for event, second in told.items()
    ]


def exit_lines() -> list[dict[str, Any]]:
    common = {"component": "etcd-b", "asked": True, "by": "fault"}
    return [
        {"time": at(KILLED), "event": "exited", "pid": 7, "status": -9, **common},
        {
            "time": at(UNDONE - 1),
            "event": "started",
            "pid": 8,
            "component": "etcd-b",
            "by": "fault",
        },
    ]


def vitals_lines() -> list[dict[str, Any]]:
    return [
        {
            "time": at(second),
            "pid": 5,
            "lag_max_us": 1_000,
            "cpu_s": 0.1 * second,
            "rss_bytes": 60_000_000,
            "in_flight": 1,
            "due": RATE * second,
            "sent": RATE * second,
            "dropped": 0,
            "held_back": 0,
            "bytes_in": 500_000 * second,
            "counts": {},
            "descriptors": 20,
            "descriptors_limit": 1024,
        }
        for second in range(END)
    ]


def prober_lines() -> list[dict[str, Any]]:
    common = {"pid": 6, "lag_max_us": 100, "cpu_s": 1.0, "rss_bytes": 60_000_000}
    counts = {"in_flight": 0, "due": 0, "sent": 0, "dropped": 0, "bytes_out": 0}
    return [
        {"time": at(second), "bytes_in": 30_000 * second, **common, **counts}
        for second in range(END)
    ]


def timeline_events() -> list[Event]:
    """From start to end, with the host and the versions that the runner notes."""
    return [
        DrillStarted(time=START - SECOND, versions={"python": "3.11"}),
        Seeded(time=START - SECOND // 2, created={"pods": 1000, "secrets": 0}, seconds=0.4),
        *(PhaseBegan(time=at(second), name=name) for name, second in BEGINS.items()),
        DrillEnded(time=at(END) + 1),
    ]
