"""Objects seeded a second: our seeder, and the official client, object by object, on one cluster."""

import base64
import secrets
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.table import Measured, Row, Rows
from kubedrill import cluster, places
from kubedrill.record.cluster import ClusterRecord
from kubedrill.seed import seed, sweep

CLUSTER = "benchmark-seed"
WANTED = {"pods": 1000, "secrets": 1000}
BY_PEER = 300
"""Objects that the official client creates in a round: its rate does not depend on their number."""

ROUNDS = 3


def seeding(rows: Rows) -> None:
    """Measure both on a cluster of their own."""
    definition = cluster.load_definition(places.cluster_file("local-3az"))
    ours, theirs = [], []
    try:
        record = cluster.up(definition, CLUSTER)
        for number in range(ROUNDS):
            theirs.append(_theirs(record, number))
            ours.append(_ours(record, number))
            rows.progress()
    finally:
        cluster.down(CLUSTER)
    total = sum(WANTED.values())
    rows.add(
        Row(
            "objects seeded a second",
            Measured("kubedrill", [total / seconds for seconds in ours]),
            Measured("kubernetes client, one by one", theirs),
        )
    )
    what = f"seconds for {WANTED['pods']} pods and {WANTED['secrets']} secrets"
    rows.add(Row(what, Measured("kubedrill", ours, "s"), goal="< 10s"))


def _ours(record: ClusterRecord, number: int) -> float:
    run = f"bench-{number}"
    seconds = seed(record, run, WANTED).seconds
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "cluster.json"
        record.write(file)
        sweep(str(file), run)
    return seconds


def _theirs(record: ClusterRecord, number: int) -> float:
    from kubernetes.client.api.core_v1_api import CoreV1Api
    from kubernetes.config.kube_config import new_client_from_config

    kubeconfig = record.identities["admin"].kubeconfig
    api: Any = CoreV1Api(new_client_from_config(kubeconfig))  # type: ignore[no-untyped-call]
    namespace = f"peer-{number}"
    api.create_namespace({"metadata": {"name": namespace}})
    data = {"value": base64.b64encode(secrets.token_bytes(1024)).decode()}
    begun = time.monotonic()
    for index in range(BY_PEER):
        api.create_namespaced_secret(namespace, {"metadata": {"name": f"s-{index}"}, "data": data})
    return BY_PEER / (time.monotonic() - begun)
