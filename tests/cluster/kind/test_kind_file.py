"""A cluster file of kind's: what is refused, and the manifests that are changed for drills."""

from pathlib import Path

import pytest
import yaml

from kubedrill.cluster import load_definition
from kubedrill.cluster.containers import NodeContainer
from kubedrill.cluster.engine import found_engine
from kubedrill.cluster.handle import HandleError, Link
from kubedrill.cluster.kind.layout import KindLayout
from kubedrill.cluster.kind.preparing import PKI, SERVING, reachable
from kubedrill.errors import BadFile, NotStarted


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("provider: kind\ncontrol_planes: 2\n", 2, "control_planes"),
        ("provider: kind\nexisting: lab\nworkers: 1\n", 3, "is there already"),
        ("provider: kind\nconfig:\n  netwrking: {}\n", 3, 'did you mean "networking"'),
        ("provider: kind\nconfig:\n  nodes: []\n", 3, "may be given"),
        ("provider: kind\nconfig:\n  networking: []\n", 3, "must be a mapping"),
        ("provider: kind\nconfig:\n  networking:\n    ipFamily: ipv6\n", 4, "say ipv4 or dual"),
        ("provider: kind\nexisting: Not A Name\n", 2, "is no name of a cluster"),
        ("provider: kind\nengine: containerd\n", 2, "engine"),
        ("provider: kind\nzones: [a]\n", 2, "zones"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, text: str, line: int, why: str):
    file = tmp_path / "k.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(BadFile, match=why) as refused:
        load_definition(file)
    assert refused.value.line == line


def test_without_an_engine_is_said_which_were_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    file = tmp_path / "k.yaml"
    file.write_text("provider: kind\n", encoding="utf-8")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NotStarted, match="docker was not found; podman was not found; start one"):
        found_engine(load_definition(file).engine, "kind")  # type: ignore[attr-defined]


def controller(mounts: list[dict], volumes: list[dict]) -> dict:
    command = ["kube-scheduler", "--bind-address=127.0.0.1", "--leader-elect=true"]
    container = {"name": "kube-scheduler", "command": command, "volumeMounts": mounts}
    return {"kind": "Pod", "spec": {"containers": [container], "volumes": volumes}}


@pytest.mark.parametrize("has_pki", [True, False])
def test_controllers_are_made_reachable_once(has_pki: bool):
    mounts = [{"name": "certs", "mountPath": PKI}] if has_pki else []
    volumes = [{"name": "certs", "hostPath": {"path": PKI}}] if has_pki else []
    before = controller(mounts, volumes)
    changed = reachable(before)
    [container] = changed["spec"]["containers"]
    assert container["command"][:2] == ["kube-scheduler", "--leader-elect=true"]
    assert "--bind-address=0.0.0.0" in container["command"]
    assert [mount["mountPath"] for mount in container["volumeMounts"]][-1] == SERVING
    assert len(container["volumeMounts"]) == len(changed["spec"]["volumes"]) == 1 + has_pki
    assert reachable(changed) == changed
    assert before == controller(mounts, volumes)
    assert yaml.safe_load(yaml.safe_dump(changed)) == changed


LAYOUT = KindLayout(
    "docker",
    "unix:///x",
    "lab",
    ours=True,
    network="net",
    nodes=(
        NodeContainer("a", "lab-control-plane", "id-a", "10.0.0.1"),
        NodeContainer("b", "lab-2", "id-b", "10.0.0.2"),
    ),
    balancer="id-lb",
)


def test_a_link_is_cut_inside_its_node(tmp_path: Path):
    wire = LAYOUT.wire(Link("a", "b", "in", (2380,)), "fault-1")
    assert wire.enter == ("docker", "--host", "unix:///x", "exec", "-i", "id-a")
    assert (wire.peer, wire.ports, wire.owner) == ("10.0.0.2", (2380,), "fault-1")
    assert wire.devices() == LAYOUT.wire(Link("a")).devices() == []
    with pytest.raises(HandleError, match="on this machine"):
        LAYOUT.wire(Link("a", of="nodes"))
    LAYOUT.write(tmp_path)
    assert KindLayout.read(tmp_path) == LAYOUT
