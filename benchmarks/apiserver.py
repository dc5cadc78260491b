"""What clients spend on a real apiserver: ours beside client-go's, kperf's and kube-burner's."""

import itertools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from benchmarks.closed_loop import closed_loop
from benchmarks.go_peers import client_go, kperf, kube_burner
from benchmarks.playing import Spent, play
from benchmarks.table import Measured, Row, Rows
from kubedrill import cluster, places, seed
from kubedrill.client.caller import Caller
from kubedrill.reading.arrivals import Arrivals
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.schedule import ScheduledLoad
from kubedrill.wire.target import identity_target

CLUSTER = "benchmark-apiserver"
WANTED = {"pods": 1300, "secrets": 10}
"""A LIST of the pods is about 8 MB; a secret has 1 KB of data."""
SECONDS = 5
CLIENTS = 8
GETS, LISTS, CREATES = 20_000, 200, 1000
"""Requests of a peer in a round: some seconds."""
ROUNDS = 5
MEDIA = {"json": "application/json", "protobuf": "application/vnd.kubernetes.protobuf"}
PODS = "/api/v1/pods?resourceVersion=0"

Measure = Callable[[], Spent | None]


@dataclass(frozen=True, slots=True)
class Contest:
    """One comparison: by how much we mean to be ahead, how each does it, and what counts."""

    what: str
    goal: str
    ours: Measure
    peers: Mapping[str, Measure]
    of: Callable[[Spent], float]
    rates: dict[str, list[float]] = field(default_factory=dict)

    def round(self) -> None:
        """Measure all, one after the other."""
        for name, measure in {**self.peers, "kubedrill": self.ours}.items():
            rates = self.rates.setdefault(name, [])
            spent = measure()
            if spent is not None:
                rates.append(self.of(spent) / spent.cpu_s)

    def add_to(self, rows: Rows) -> None:
        """Add a comparison with each peer to the table."""
        ours = Measured("kubedrill", self.rates["kubedrill"])
        for name in self.peers:
            rows.add(Row(self.what, ours, Measured(name, self.rates[name]), goal=self.goal))


def apiserver(rows: Rows) -> None:
    """Measure all of them in turn on one cluster, five times."""
    definition = cluster.load_definition(places.cluster_file("local-3az"))
    try:
        record = cluster.up(definition, CLUSTER)
        namespace = seed.seed(record, "benchmark", WANTED).namespace
        contests = [_gets(record, namespace), _creates(record, namespace)]
        for word, http in itertools.product(MEDIA, ("1.1", "2")):
            contests.append(_lists(record, word, http))
        for _ in range(ROUNDS):
            for contest in contests:
                contest.round()
            rows.progress()
    finally:
        cluster.down(CLUSTER)
    for contest in contests:
        contest.add_to(rows)


def _gets(record: ClusterRecord, namespace: str) -> Contest:
    secrets = f"/api/v1/namespaces/{namespace}/secrets"
    name = str(_json(record, f"{secrets}?limit=1")["items"][0]["metadata"]["name"])
    path = f"{secrets}/{name}?resourceVersion=0"
    get = {"version": "v1", "resource": "secrets", "namespace": namespace, "name": name}
    return Contest(
        "1 KB GETs from a real apiserver per client-CPU-second",
        ">= 4x",
        lambda: closed_loop(record, path, SECONDS).spent(),
        {
            "kperf": lambda: kperf(record, {"staleGet": get}, total=GETS, clients=CLIENTS),
            "client-go": lambda: client_go(record, GETS, path=path, clients=CLIENTS),
        },
        lambda spent: spent.requests,
    )


def _lists(record: ClusterRecord, word: str, http: str) -> Contest:
    stale = {"staleList": {"version": "v1", "resource": "pods"}}
    http2 = http == "2"
    media = MEDIA[word]
    given = {"path": PODS, "accept": media, "http2": str(http2).lower()}
    return Contest(
        f"LISTs of {WANTED['pods']:,} pods, {word}, HTTP/{http}, MB per client-CPU-second",
        ">= 1.5x",
        lambda: closed_loop(record, PODS, SECONDS, accept=media, http=http).spent(),
        {
            "kperf": lambda: kperf(
                record, stale, total=LISTS, clients=CLIENTS, media=word, http2=http2
            ),
            "client-go": lambda: client_go(record, LISTS, clients=CLIENTS, **given),
        },
        # Ours are bytes on the wire, theirs of bodies: TLS and frames add 0.2 %.
        lambda spent: spent.bytes / 1e6,
    )


def _creates(record: ClusterRecord, namespace: str) -> Contest:
    profile = places.folder("loadprofiles") / "secret_flood.py"
    load = ScheduledLoad("s", "secret-flood", Arrivals.closed(CLIENTS, 0.0), {"size": 1024})
    return Contest(
        "secrets of 1 KB created per client-CPU-second",
        ">= 5x",
        lambda: play(record, profile, load, SECONDS).spent(),
        {
            "kube-burner": lambda: kube_burner(record, CREATES),
            "client-go": lambda: client_go(record, CREATES, create=namespace, clients=CLIENTS),
        },
        lambda spent: spent.requests,
    )


def _json(record: ClusterRecord, path: str) -> Any:
    api = Caller(*identity_target(record, "admin"))
    try:
        return json.loads(api.call("GET", path).body)
    finally:
        api.close()
