"""A cluster file of k3d's: what is refused, what k3d is told to make, and what may be done to it."""

from pathlib import Path

import pytest
import yaml

from kubedrill import cluster as stage
from kubedrill.cluster.k3d.definition import K3dDefinition
from kubedrill.cluster.k3d.tool import VERSIONS, configuration
from kubedrill.cluster.tools import parsed
from kubedrill.errors import BadFile, NotStarted
from kubedrill.faults.kube_apiserver import ApiserverKill
from kubedrill.faults.overlap import refusal


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("provider: k3d\nservers: 2\n", 2, "servers"),
        ("provider: k3d\nexisting: lab\nagents: 1\n", 3, "is there already"),
        ("provider: k3d\nconfig:\n  volums: []\n", 3, 'did you mean "volumes"'),
        ("provider: k3d\nconfig:\n  servers: 3\n", 3, "may be given"),
        ("provider: k3d\nconfig:\n  options: []\n", 3, "must be a mapping"),
        ("provider: k3d\nconfig:\n  options:\n    kubeconfig: {}\n", 4, "only k3s, runtime"),
        ("provider: k3d\nexisting: Not A Name\n", 2, "is no name of a cluster"),
        ("provider: k3d\nengine: containerd\n", 2, "engine"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, text: str, line: int, why: str):
    file = tmp_path / "k.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(BadFile, match=why) as refused:
        stage.load_definition(file)
    assert refused.value.line == line


def test_what_k3d_is_told_to_make():
    given = {
        "options": {"k3s": {"extraArgs": [{"arg": "--disable-kube-proxy"}]}},
        "ports": [{"port": "8080:80"}],
    }
    definition = K3dDefinition(provider="k3d", agents=1, image="rancher/k3s:v1", config=given)
    said = yaml.safe_load(configuration(definition, "some"))
    assert (said["apiVersion"], said["metadata"]) == ("k3d.io/v1alpha5", {"name": "some"})
    assert (said["servers"], said["agents"], said["image"]) == (3, 1, "rancher/k3s:v1")
    assert (said["subnet"], said["kubeAPI"]["hostIP"]) == ("auto", "127.0.0.1")
    assert said["ports"] == [{"port": "8080:80"}]
    labels = {
        label["nodeFilters"][0]: label["label"] for label in said["options"]["k3s"]["nodeLabels"]
    }
    zone = "topology.kubernetes.io/zone"
    assert labels == {
        "server:0": f"{zone}=a",
        "server:1": f"{zone}=b",
        "server:2": f"{zone}=c",
        "agent:0": f"{zone}=a",
    }
    assert {"arg": "--disable-kube-proxy"} in said["options"]["k3s"]["extraArgs"]
    assert said["options"]["kubeconfig"] == {
        "updateDefaultKubeconfig": False,
        "switchCurrentContext": False,
    }


@pytest.mark.parametrize(
    ("said", "refused"),
    [
        ("k3d version v5.4.9\nk3s version v1.25.7-k3s1 (default)", True),
        ("k3d version v5.5.0\nk3s version v1.26.4-k3s1 (default)", False),
        ("k3d version v5.9.0\nk3s version v1.35.5-k3s1 (default)", False),
    ],
)
def test_an_old_k3d_is_refused(said: str, refused: bool):
    found = parsed(said)
    assert found
    if refused:
        with pytest.raises(NotStarted, match=r"k3d 5\.4\.9 is too old"):
            VERSIONS.check("k3d", found)
    else:
        VERSIONS.check("k3d", found)


def test_what_is_within_a_server_is_not_hit_alone():
    found = stage.describe(K3dDefinition(provider="k3d"))
    assert "holding kube-apiserver" in found.capabilities
    assert "within the process of its kube-apiserver" in found.why_not("holding etcd")
    assert found.embeds_etcd
    assert found.observed == ("kube-apiserver",)


@pytest.mark.parametrize(
    ("hit", "allowed", "refused"),
    [
        ("a", False, ""),
        (["a", "b"], False, "the quorum of the etcd in them needs 2"),
        (["a", "b"], True, ""),
    ],
)
def test_an_apiserver_takes_its_member_along(hit: str | list[str], allowed: bool, refused: str):
    cluster = stage.describe(K3dDefinition(provider="k3d"))
    fault = ApiserverKill.model_validate({"zone": hit, "allow_api_loss": allowed})
    found = refusal(fault, cluster)
    assert (refused in found) if refused else not found
