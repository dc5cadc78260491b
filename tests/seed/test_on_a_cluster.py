"""Seeding and sweeping a real control plane."""

import json
import os
from pathlib import Path

import pytest

from kubedrill.record.clock import SECOND, now
from kubedrill.record.cluster import ClusterRecord
from kubedrill.seed import SeedFailed, seed, sweep
from kubedrill.seed.api import Api

pytestmark = pytest.mark.cluster


@pytest.fixture
def run() -> str:
    return f"Test-{os.getpid()}-{now()}"


@pytest.fixture
def cluster_file(cluster: ClusterRecord, tmp_path: Path) -> str:
    path = tmp_path / "cluster.json"
    cluster.write(path)
    return str(path)


def get(cluster: ClusterRecord, path: str, fine: tuple[int, ...] = ()):
    api = Api(cluster, now() + 10 * SECOND)
    try:
        return api.call("GET", path, fine=fine)
    finally:
        api.close()


def test_what_is_seeded_is_there_and_what_is_swept_is_gone(cluster, cluster_file, run) -> None:
    reports: list[str] = []
    result = seed(cluster, run, {"pods": 50, "secrets": 50}, reports.append)
    assert result.created == {"pods": 50, "secrets": 50}
    assert 0 < result.seconds < 10
    assert reports[0].startswith("100 objects in ")
    path = f"/api/v1/namespaces/{result.namespace}"
    pods = json.loads(get(cluster, f"{path}/pods").body)["items"]
    secrets = json.loads(get(cluster, f"{path}/secrets").body)["items"]
    assert {len(pods), len(secrets)} == {50}
    for one in [*pods, *secrets]:
        assert one["metadata"]["labels"]["kubedrill.io/run"] == run
    stored = get(cluster, f"{path}/pods/pods-00007")
    assert 5_800 <= stored.size <= 6_100
    assert 1_900 <= get(cluster, f"{path}/secrets/secrets-00007").size <= 2_100
    assert all(one["status"]["phase"] == "Pending" for one in pods)
    assert all("nodeName" not in one["spec"] for one in pods)

    swept = sweep(cluster_file, run)
    assert swept is not None
    # Its own ConfigMap, kube-root-ca.crt, may be there or gone already; events as well.
    assert (swept["namespaces"], swept["objects"] >= 100) == (1, True)
    assert 0 < swept["seconds"] < 60
    assert get(cluster, path, fine=(404,)).status == 404
    listed = json.loads(get(cluster, "/api/v1/pods").body)["items"]
    assert [one for one in listed if one["metadata"]["namespace"] == result.namespace] == []
    sweep(cluster_file, run)


def test_seeding_again_is_no_error(cluster, cluster_file, run) -> None:
    wanted = {"secrets": 5}
    try:
        assert seed(cluster, run, {}).created == {}
        assert seed(cluster, run, wanted).created == wanted
        assert seed(cluster, run, wanted).created == wanted
        with pytest.raises(SeedFailed, match=r"holds .*'secrets': 5.*wanted .*'secrets': 3"):
            seed(cluster, run, {"secrets": 3})
    finally:
        sweep(cluster_file, run)


def test_a_refusal_says_what_the_api_answered(cluster) -> None:
    with pytest.raises(SeedFailed, match=r"POST /api/v1/namespaces: 422 .*Invalid value"):
        seed(cluster, "no_name_for_a_namespace", {"pods": 1})
