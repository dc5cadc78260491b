"""What clients spend on a real apiserver: GETs and LISTs beside kperf's, creates beside kube-burner's."""

import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, field

from benchmarks.closed_loop import closed_loop
from benchmarks.go_peers import kperf, kube_burner
from benchmarks.playing import Spent, play
from benchmarks.table import Measured, Row, Rows
from kubedrill import cluster, places, seed
from kubedrill.cluster.api import Api
from kubedrill.record.arrivals import Arrivals
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.schedule import ScheduledLoad
from kubedrill.wire.target import identity_target

CLUSTER = "benchmark-apiserver"
WANTED = {"pods": 1300, "secrets": 10}
"""A LIST of the pods is about 7 MB, a secret 1 KB of data."""
SECONDS = 5
CREATES = 1000
ROUNDS = 5
PROTOBUF = "application/vnd.kubernetes.protobuf"
CLIENTS = 8


@dataclass(frozen=True, slots=True)
class Contest:
    """One comparison: how each does it, what counts, and by how much we mean to be ahead."""

    what: str
    goal: str
    peer: str
    ours: Callable[[], Spent]
    theirs: Callable[[], Spent | None]
    of: Callable[[Spent], float]
    rates: dict[str, list[float]] = field(default_factory=lambda: {"ours": [], "theirs": []})

    def round(self) -> None:
        """Measure both, the peer first."""
        for name, measure in (("theirs", self.theirs), ("ours", self.ours)):
            spent = measure()
            if spent is not None:
                self.rates[name].append(self.of(spent) / spent.cpu_s)

    def row(self) -> Row:
        """Return the comparison for the table."""
        ours = Measured("kubedrill", self.rates["ours"])
        return Row(self.what, ours, Measured(self.peer, self.rates["theirs"]), goal=self.goal)


def apiserver(rows: Rows) -> None:
    """Measure all of them in turn on one cluster, five times."""
    definition = cluster.load_definition(places.cluster_file("local-3az"))
    try:
        record = cluster.up(definition, CLUSTER)
        seeded = seed.seed(record, "benchmark", WANTED)
        contests = [*_reads(record, seeded.namespace), _creates(record)]
        for _ in range(ROUNDS):
            for contest in contests:
                contest.round()
            rows.progress()
    finally:
        cluster.down(CLUSTER)
    for contest in contests:
        rows.add(contest.row())


def _reads(record: ClusterRecord, namespace: str) -> list[Contest]:
    secrets = f"/api/v1/namespaces/{namespace}/secrets"
    name = _first(record, secrets)
    get = {"staleGet": {**_core("secrets"), "namespace": namespace, "name": name}}
    size = {media: len(_list(record, media)) for media in ("application/json", PROTOBUF)}
    contests = [
        Contest(
            "1 KB GETs from a real apiserver per client-CPU-second",
            ">= 4x",
            "kperf",
            lambda: closed_loop(record, f"{secrets}/{name}?resourceVersion=0", SECONDS),
            lambda: kperf(record, get, total=20_000, clients=CLIENTS),
            lambda spent: spent.requests,
        )
    ]
    medias = (("application/json", "json"), (PROTOBUF, "protobuf"))
    for (media, word), http in itertools.product(medias, ("1.1", "2")):
        contests.append(_lists(record, media, word, http, size[media]))
    return contests


def _lists(record: ClusterRecord, media: str, word: str, http: str, size: int) -> Contest:
    stale = {"staleList": _core("pods")}

    def ours() -> Spent:
        path = "/api/v1/pods?resourceVersion=0"
        return closed_loop(record, path, SECONDS, accept=media, http=http)

    def theirs() -> Spent | None:
        return kperf(record, stale, total=200, clients=CLIENTS, media=word, http2=http == "2")

    what = f"LISTs of {size / 1e6:.1f} MB, {word}, HTTP/{http}, MB per client-CPU-second"
    # Both in bodies: what TLS and frames add is the same for both.
    return Contest(what, ">= 1.5x", "kperf", ours, theirs, lambda one: one.requests * size / 1e6)


def _creates(record: ClusterRecord) -> Contest:
    def ours() -> Spent:
        load = ScheduledLoad("s", "secret-flood", Arrivals.closed(CLIENTS, 0.0), {"size": 1024})
        profile = places.folder("loadprofiles") / "secret_flood.py"
        return play(record, profile, load, SECONDS).spent()

    return Contest(
        "secrets of 1 KB created per client-CPU-second",
        ">= 5x",
        "kube-burner",
        ours,
        lambda: kube_burner(record, CREATES),
        lambda spent: spent.requests,
    )


def _core(resource: str) -> dict[str, str]:
    return {"version": "v1", "resource": resource}


def _first(record: ClusterRecord, path: str) -> str:
    api = Api(*identity_target(record, "admin"))
    try:
        return str(
            json.loads(api.call("GET", f"{path}?limit=1").body)["items"][0]["metadata"]["name"]
        )
    finally:
        api.close()


def _list(record: ClusterRecord, media: str) -> bytes:
    """Return a LIST of all pods."""
    from kubedrill.record.clock import SECOND as NS
    from kubedrill.record.clock import now
    from kubedrill.wire.connection import Connection
    from kubedrill.wire.request import prepare

    target, token = identity_target(record, "load-0")
    path = "/api/v1/pods?resourceVersion=0"
    request = prepare("GET", path, record.server_name, token=token, accept=media)
    connection = Connection.open(target, now() + 5 * NS)
    try:
        return connection.exchange(request, now() + 30 * NS, keep_body=True).body
    finally:
        connection.close()
