"""Seeding and sweeping a real control plane."""

import json
import os
from pathlib import Path

import pytest

from kubedrill.clock import SECOND, now
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.labels import DEFINITION
from kubedrill.seed import SeedFailed, namespace_of, seed, sweep
from kubedrill.seed.calling import Seeder
from kubedrill.seed.definition import DEFINITIONS, definition

pytestmark = pytest.mark.cluster


@pytest.fixture
def run() -> str:
    return f"Test-{os.getpid()}-{now()}"


@pytest.fixture
def cluster_file(cluster: ClusterRecord, tmp_path: Path) -> str:
    path = tmp_path / "cluster.json"
    cluster.write(path)
    return str(path)


def ask(cluster: ClusterRecord, path: str, fine: tuple[int, ...] = (), **how):
    api = Seeder(cluster, now() + 10 * SECOND)
    try:
        return api.call(how.pop("method", "GET"), path, fine=fine, **how)
    finally:
        api.close()


def test_what_is_seeded_is_there_and_what_is_swept_is_gone(cluster, cluster_file, run) -> None:
    reports: list[str] = []
    result = seed(cluster, run, {"pods": 50, "secrets": 50}, reports.append)
    assert result.created == {"pods": 50, "secrets": 50}
    assert 0 < result.seconds < 10
    assert reports[0].startswith("100 objects in ")
    path = f"/api/v1/namespaces/{result.namespace}"
    pods = json.loads(ask(cluster, f"{path}/pods").body)["items"]
    secrets = json.loads(ask(cluster, f"{path}/secrets").body)["items"]
    assert {len(pods), len(secrets)} == {50}
    for secret in [*pods, *secrets]:
        assert secret["metadata"]["labels"]["kubedrill.io/run"] == run
    stored = ask(cluster, f"{path}/pods/pods-00007")
    assert 5_800 <= stored.size <= 6_100
    assert 1_900 <= ask(cluster, f"{path}/secrets/secrets-00007").size <= 2_100
    assert all(pod["status"]["phase"] == "Pending" for pod in pods)
    assert all("nodeName" not in pod["spec"] for pod in pods)

    swept = sweep(cluster_file, run)
    assert swept is not None
    # Its own ConfigMap, kube-root-ca.crt, may be there or gone already; events as well.
    assert (swept["namespaces"], swept["objects"] >= 100) == (1, True)
    assert 0 < swept["seconds"] < 60
    assert ask(cluster, path, fine=(404,)).status == 404
    listed = json.loads(ask(cluster, "/api/v1/pods").body)["items"]
    assert [pod for pod in listed if pod["metadata"]["namespace"] == result.namespace] == []
    sweep(cluster_file, run)


def test_custom_resources_are_as_large_as_pods_and_go_with_their_definition(
    cluster, cluster_file, run
) -> None:
    wanted = {"pods": 10, "customs": 50}
    path = f"/apis/drill.kubedrill.io/v1/namespaces/{namespace_of(run)}/customs"
    try:
        assert seed(cluster, run, wanted).created == wanted
        custom = ask(cluster, f"{path}/customs-00007")
        assert json.loads(custom.body)["metadata"]["labels"]["kubedrill.io/run"] == run
        assert json.loads(custom.body)["spec"]["containers"]
        pod = ask(cluster, f"/api/v1/namespaces/{namespace_of(run)}/pods/pods-00007")
        assert custom.size == pytest.approx(pod.size, rel=0.02)
        protobuf = "application/vnd.kubernetes.protobuf"
        assert ask(cluster, path, fine=(406,), accept=protobuf).status == 406
        either = ask(cluster, path, accept=f"{protobuf},application/json")
        assert len(json.loads(either.body)["items"]) == 50
        assert seed(cluster, run, wanted).created == wanted
    finally:
        sweep(cluster_file, run)
    assert ask(cluster, f"{DEFINITIONS}/{DEFINITION}", fine=(404,)).status == 404
    assert ask(cluster, "/api/v1/namespaces/" + namespace_of(run), fine=(404,)).status == 404


def test_the_seeder_defines_its_own_kind_and_no_other(cluster, run) -> None:
    other = json.dumps(definition(run)).replace("customs", "others").encode()
    refused = ask(cluster, DEFINITIONS, fine=(422,), method="POST", body=other)
    assert refused.status == 422
    assert b"only in namespaces with the label kubedrill.io/run" in refused.body
    with pytest.raises(SeedFailed, match="403"):
        ask(cluster, f"{DEFINITIONS}/others.drill.kubedrill.io", method="DELETE")


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
