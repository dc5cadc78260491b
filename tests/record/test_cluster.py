import json
from pathlib import Path

import pytest

from kubedrill.record.cluster import ClusterRecord, Component, Endpoint, Identity
from kubedrill.record.lines import BadEvidence

RECORD = ClusterRecord(
    name="local-3az",
    provider="local",
    zoning="netns",
    zones=("a", "b", "c"),
    folder="state/clusters/local-3az",
    balancer=Endpoint("127.0.0.1", 7443),
    ca_file="ca.crt",
    server_name="kubernetes",
    components=(
        Component("etcd-a", "etcd", "a", Endpoint("198.18.0.1", 2379, "zone-a")),
        Component(
            "haproxy", "haproxy", None, Endpoint("127.0.0.1", 7443), Endpoint("127.0.0.1", 8404)
        ),
    ),
    identities={"admin": Identity("admin", "c", "k", kubeconfig="f"), "load-0": Identity("load-0")},
    capabilities=("holding etcd",),
    versions={"etcd": "v3.7.3"},
    settings={"etcd": "stacked"},
)


def test_it_goes_through_a_file_unchanged(tmp_path: Path) -> None:
    RECORD.write(tmp_path / "cluster.json")
    assert ClusterRecord.read(tmp_path / "cluster.json") == RECORD


def test_another_schema_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cluster.json"
    RECORD.write(path)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"schema_version": 2}))
    with pytest.raises(ValueError, match="schema 2, need 1"):
        ClusterRecord.read(path)


def test_components_by_kind_and_by_name() -> None:
    assert [component.name for component in RECORD.of_kind("etcd")] == ["etcd-a"]
    assert RECORD.component("haproxy").zone is None
    with pytest.raises(
        BadEvidence, match=r"cluster\.json: components: there is no etcd-z among them"
    ):
        RECORD.component("etcd-z")


def test_identities_by_name() -> None:
    assert RECORD.identity("admin").kubeconfig == "f"
    with pytest.raises(BadEvidence, match=r"cluster\.json: identities: there is no scraper among"):
        RECORD.identity("scraper")
