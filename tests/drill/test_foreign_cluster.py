"""A fleet on a cluster that kubedrill did not make: it keeps apart, and comes as its rights allow."""

import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from commanding import kubedrill
from drills import SHORT, Drills, objective, reasons

from kubedrill.client.caller import Caller
from kubedrill.cluster.state import cluster_folder
from kubedrill.fleet.credentials import REQUESTS
from kubedrill.fleet.objects import NO_BALANCER, TAINT
from kubedrill.fleet.rights import certificate_rights, impersonation_rights
from kubedrill.fleet.surrounded import DAEMON_SETS
from kubedrill.record.cluster import NODE_AUTHORITY, ClusterRecord
from kubedrill.record.labels import ZONE
from kubedrill.record.rights import Right, rules_of
from kubedrill.wire.target import identity_target

pytestmark = [pytest.mark.cluster, pytest.mark.breaks]

PAGE = Path(__file__).parents[2] / "docs" / "your-own-provider.md"
[PROVIDER] = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
RBAC = "/apis/rbac.authorization.k8s.io/v1"
OURS = "foreign-fleet"
NODES = "/api/v1/nodes"
LOOKING = Right.of("list", "daemonsets.apps")
ASKED = ["scale_out.nodes.p90 < 60s", "scale_out.pods.p90 < 60s"]
CHANGES = {
    "cluster": "theirs",
    "seed": {"workload": 2},
    "fleet": {
        "zones": ["drill-x"],
        "bursts": [{"phase": "burst", "at": "1s", "nodes": 2}],
        "pod_start": "200ms",
    },
    "load": [],
    "phases": {"baseline": "2s", "burst": "20s"},
    "headroom": "none",
    "slos": {"burst": ASKED},
}
IMPERSONATING = [
    right for number in range(2) for right in impersonation_rights(f"node-drill-x-{number}")
]


@pytest.fixture
def api(cluster: ClusterRecord) -> Iterator[Caller]:
    """The cluster's administrator."""
    with closing(Caller(*identity_target(cluster, "admin"))) as caller:
        yield caller


@pytest.fixture
def grant(api: Caller) -> Iterator[Callable[[list[Right]], None]]:
    """Let the identity `fleet` do so much more, until the test has ended."""

    def granted(rights: list[Right]) -> None:
        role = {"metadata": {"name": OURS}, "rules": rules_of(rights)}
        user = {"kind": "User", "name": "kubedrill-fleet"}
        bound = {"kind": "ClusterRole", "name": OURS, "apiGroup": "rbac.authorization.k8s.io"}
        binding = {"metadata": {"name": OURS}, "roleRef": bound, "subjects": [user]}
        for kind, made in (("clusterroles", role), ("clusterrolebindings", binding)):
            assert api.call("POST", f"{RBAC}/{kind}", made).status == 201

    yield granted
    for kind in ("clusterroles", "clusterrolebindings"):
        api.call("DELETE", f"{RBAC}/{kind}/{OURS}")


@pytest.fixture
def theirs(project: Path, cluster: ClusterRecord) -> Iterator[dict[str, str]]:
    """The environment in which `theirs` is the tests' cluster, as somebody else's."""
    site = project / "site"
    (site / "described_clusters").mkdir(parents=True)
    (site / "described_clusters" / "__init__.py").write_text(PROVIDER)
    installed = site / "described_clusters-1.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: described\nVersion: 1.0\n")
    points = "[kubedrill.providers]\ndescribed = described_clusters:PROVIDER\n"
    (installed / "entry_points.txt").write_text(points)
    known = {name: who for name, who in cluster.identities.items() if name != NODE_AUTHORITY}
    # Whose processes are not ours are not looked at.
    replace(cluster, identities=known, components=()).write(project / "cluster.json")
    file = {"provider": "described", "record": str(project / "cluster.json")}
    (project / "clusters" / "theirs.yaml").write_text(yaml.safe_dump(file))
    environment = {"PYTHONPATH": str(site), "KUBEDRILL_STATE": os.environ["KUBEDRILL_STATE"]}
    yield environment
    if cluster_folder("theirs").exists():
        kubedrill("cluster", "down", "theirs", cwd=project, **environment)


@pytest.mark.again("what others take of the machine makes a drill INVALID, rightly")
@pytest.mark.parametrize(
    "rights", [certificate_rights(), IMPERSONATING], ids=["signed", "in their place"]
)
def test_nodes_keep_apart_and_come_as_the_rights_allow(
    drill: Drills, api: Caller, grant, theirs: dict[str, str], rights: list[Right]
) -> None:
    grant(rights)
    running = drill("foreign", CHANGES, environment=theirs)
    running.wait_for_phase("burst")

    def both() -> list[Any]:
        found = json.loads(api.call("GET", NODES).body)["items"]
        return found if len(found) == 2 else []

    for node in running.wait_for("both nodes came", both):
        assert any(taint.items() >= TAINT.items() for taint in node["spec"]["taints"])
        assert node["metadata"]["labels"].items() >= {NO_BALANCER: "", ZONE: "drill-x"}.items()
    code, verdict = running.finish()
    assert (code, verdict["verdict"]) == (0, "PASS"), reasons(verdict)
    assert 0 < objective(verdict, ASKED[0])["value"] < objective(verdict, ASKED[1])["value"]
    assert json.loads(api.call("GET", NODES).body)["items"] == []
    left = json.loads(api.call("GET", REQUESTS).body)["items"]
    assert [each for each in left if each["metadata"]["name"].startswith("kubedrill-")] == []


def test_without_rights_nothing_is_started_and_what_is_missing_is_said(
    drill: Drills, grant, theirs: dict[str, str]
) -> None:
    grant([*certificate_rights()[:-1], IMPERSONATING[0]])
    running = drill("foreign", CHANGES, environment=theirs)
    running.process.wait()
    said = " ".join(running.output().split())
    assert running.process.returncode == 3
    approve = "approve signers.certificates.k8s.io kubernetes.io/kube-apiserver-client-kubelet"
    assert f"must be allowed to {approve}; or to impersonate groups system:nodes" in said


def test_a_zone_of_somebody_elses_nodes_is_refused(
    drill: Drills, api: Caller, grant, theirs: dict[str, str]
) -> None:
    grant(certificate_rights())
    real = {"metadata": {"name": "real-1", "labels": {ZONE: "drill-x"}}}
    assert api.call("POST", NODES, real).status == 201
    try:
        running = drill("foreign", CHANGES, environment=theirs)
        running.process.wait()
        said = " ".join(running.output().split())
    finally:
        api.call("DELETE", f"{NODES}/real-1")
    assert running.process.returncode == 3
    assert "zones: drill-x is one of the cluster's own, real-1 is in it; name others" in said


def test_a_plan_names_what_nodes_will_meet(
    project: Path, api: Caller, grant, theirs: dict[str, str]
) -> None:
    file = project / "experiments" / "foreign.yaml"
    file.write_text(yaml.safe_dump(SHORT | CHANGES))
    assert kubedrill("cluster", "up", "theirs", cwd=project, **theirs).returncode == 0

    def planned() -> list[str]:
        done = kubedrill("plan", file, "--json", cwd=project, **theirs)
        assert done.returncode == 0, done.stderr
        found: list[str] = json.loads(done.stdout)["meets"]
        return found

    [unknown] = planned()
    assert unknown.startswith("nobody knows which DaemonSets tolerate everything: GET")
    grant([LOOKING])
    template = {
        "metadata": {"labels": {"app": "agent"}},
        "spec": {
            "tolerations": [{"operator": "Exists"}],
            "containers": [{"name": "main", "image": "agent"}],
            "nodeSelector": {"none": "such"},
        },
    }
    chosen = {"selector": {"matchLabels": {"app": "agent"}}, "template": template}
    daemons = {"metadata": {"name": "agent"}, "spec": chosen}
    sets = DAEMON_SETS.replace("/daemonsets", "/namespaces/default/daemonsets")
    cloudy = {"metadata": {"name": "real-2"}, "spec": {"providerID": "aws:///zone/i-1"}}
    assert api.call("POST", sets, daemons).status == 201
    assert api.call("POST", NODES, cloudy).status == 201
    try:
        pods, cloud = planned()
    finally:
        api.call("DELETE", f"{sets}/agent")
        api.call("DELETE", f"{NODES}/real-2")
    assert pods.startswith("pods of default/agent come to the fleet's nodes, whatever their taints")
    assert cloud.startswith("nodes are of aws: its cloud node controller deletes nodes")
