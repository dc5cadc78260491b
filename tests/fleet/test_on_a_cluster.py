"""Hollow nodes on a real control plane: to it they are nodes, and pods run on them."""

import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fleet_observers import LIMIT_S, connections, start_fleet, until
from json_lines import read_lines

from kubedrill.client.informer import conditions
from kubedrill.clock import SECOND, now
from kubedrill.faults.node_fleet import LEASES, renewed_at
from kubedrill.faults.node_slow import late_s
from kubedrill.fleet.pod_objects import FAILS_AFTER, RUNS_FOR
from kubedrill.fleet.removing import remove
from kubedrill.process.child import Child
from kubedrill.record.cluster import ClusterRecord, Endpoint
from kubedrill.record.fleet import Fleet, Overload, PodTimes
from kubedrill.record.fleet_lines import NodeOrder, Plight, orders
from kubedrill.record.folder import RunFolder
from kubedrill.record.lines import write_typed
from kubedrill.seed import namespace_of, seed, sweep

pytestmark = [pytest.mark.cluster, pytest.mark.breaks]

NODES = "/api/v1/nodes"

Ask = Callable[..., Any]


@pytest.fixture
def nodes(cluster: ClusterRecord, folder: RunFolder) -> Iterator[Child]:
    """The process of three nodes in zone b, all Ready."""
    child = start_fleet(folder, Fleet(("b",), 3, pods=PodTimes(0.2, 0.1)), "b")
    try:
        yield child
    finally:
        child.kill()
        remove(str(folder.cluster), folder.run)
        sweep(str(folder.cluster), folder.run)


def test_nodes_come_and_stay_ready(nodes: Child, folder: RunFolder, ask: Ask) -> None:
    names = ["node-b-0", "node-b-1", "node-b-2"]
    for name in names:
        found = ask(f"{NODES}/{name}")
        assert conditions(found)["Ready"] == "True"
        assert found["metadata"]["labels"]["topology.kubernetes.io/zone"] == "b"
        until(lambda name=name: not ask(f"{NODES}/{name}")["spec"].get("taints"), "taints went")
    leases = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"

    def renewed() -> list[str]:
        return [ask(f"{leases}/{name}")["spec"]["renewTime"] for name in names]

    first = until(lambda: all(ask(f"{leases}/{name}") for name in names) and renewed(), "Leases")
    until(lambda: all(a < b for a, b in zip(first, renewed(), strict=True)), "all renewed theirs")
    last = list(read_lines(folder.fleet_lines("b")))[-1]
    assert (last["wanted"], last["registered"], last["ready"]) == (3, 3, 3)
    assert last["failed"] == 0
    # Each is itself to the API: the one that writes a node's status is that node.
    managers = {
        entry["manager"]
        for entry in ask(f"{NODES}/{names[0]}")["metadata"]["managedFields"]
        if entry.get("subresource") == "status"
    }
    assert "kubedrill-node" in managers


def test_pods_run_on_them_and_are_deleted_in_order(
    nodes: Child, cluster: ClusterRecord, folder: RunFolder, ask: Ask
) -> None:
    seed(cluster, folder.run, {"workload": 3})
    pods = f"/api/v1/namespaces/{namespace_of(folder.run)}-workload/pods"

    def ready() -> dict[str, Any]:
        return {
            pod["metadata"]["name"]: pod
            for pod in ask(pods)["items"]
            if conditions(pod).get("Ready") == "True"
        }

    until(lambda: len(ready()) == 3, "all pods are Ready")
    first = ready()
    hosts = {pod["spec"]["nodeName"] for pod in first.values()}
    assert hosts == {"node-b-0", "node-b-1", "node-b-2"}, "one fits a node"
    assert len({pod["status"]["podIP"] for pod in first.values()}) == 3
    gone = next(iter(first))
    ask(f"{pods}/{gone}", "DELETE")
    until(lambda: ask(f"{pods}/{gone}") is None, "the node lets it go")
    until(lambda: len(ready()) == 3, "another one runs in its place")
    last = until(
        lambda: (line := list(read_lines(folder.fleet_lines("b")))[-1])["pods"] == 3 and line,
        "the fleet says that three run",
    )
    assert last["failed"] == 0


def test_a_node_with_more_to_do_than_it_bears_hangs_and_begins_anew(
    cluster: ClusterRecord, folder: RunFolder
) -> None:
    overload = Overload(uses=2.0, after_s=1.0, restarts_s=4.0)  # 3 CPUs are requested of 4
    fleet = Fleet(("b",), 1, pods=PodTimes(0.2, 0.1), overload=overload)
    child = start_fleet(folder, fleet, "b")

    def hanging() -> list[tuple[int, int]]:
        return [(line["hanging"], line["ready"]) for line in read_lines(folder.fleet_lines("b"))]

    try:
        assert not any(many for many, _ in hanging())
        seed(cluster, folder.run, {"workload": 1})
        until(lambda: (1, 0) in hanging(), "it hangs")
        seen = hanging().index((1, 0))
        until(lambda: (0, 1) in hanging()[seen:], "it begins anew")
    finally:
        child.kill()
        remove(str(folder.cluster), folder.run)
        sweep(str(folder.cluster), folder.run)


@pytest.mark.parametrize(
    ("annotation", "phase"), [(RUNS_FOR, "Succeeded"), (FAILS_AFTER, "Failed")]
)
def test_pods_end_by_themselves(
    nodes: Child, folder: RunFolder, ask: Ask, annotation: str, phase: str
) -> None:
    seed(ClusterRecord.read(folder.cluster), folder.run, {"secrets": 1})
    path = f"/api/v1/namespaces/{namespace_of(folder.run)}/pods"
    pod = {
        "metadata": {"name": "job", "annotations": {annotation: "0.5"}},
        "spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "pause"}]},
    }
    ask(path, "POST", pod)
    until(lambda: ask(f"{path}/job")["status"]["phase"] == phase, f"it is {phase}")


def test_a_pod_is_ready_when_its_probe_says_so(nodes: Child, folder: RunFolder, ask: Ask) -> None:
    seed(ClusterRecord.read(folder.cluster), folder.run, {"secrets": 1})
    path = f"/api/v1/namespaces/{namespace_of(folder.run)}/pods"
    probe = {"httpGet": {"port": 80}, "initialDelaySeconds": 3, "periodSeconds": 2}
    container = {"name": "a", "image": "pause", "readinessProbe": probe}
    ask(path, "POST", {"metadata": {"name": "probed"}, "spec": {"containers": [container]}})

    def status() -> dict[str, Any]:
        found: dict[str, Any] = ask(f"{path}/probed")["status"]
        return found

    until(lambda: status()["phase"] == "Running", "it runs")
    until(lambda: conditions({"status": status()}).get("Ready") == "True", "it is Ready")
    since = {each["type"]: each["lastTransitionTime"] for each in status()["conditions"]}
    begun = status()["containerStatuses"][0]["state"]["running"]["startedAt"]
    took = datetime.fromisoformat(since["Ready"]) - datetime.fromisoformat(begun)
    assert timedelta(seconds=3) <= took  # stamped in whole seconds: 4 s, or a bit less


def test_nodes_of_a_cluster_that_goes_meanwhile_are_gone(
    cluster: ClusterRecord, tmp_path: Path
) -> None:
    with socket.socket() as unheard:  # bound, and nobody listens
        unheard.bind(("127.0.0.1", 0))
        nowhere = Endpoint("127.0.0.1", unheard.getsockname()[1])
        record = replace(cluster, folder=str(tmp_path / "cluster"), balancer=nowhere)
        kept = Path(record.folder) / "cluster.json"
        kept.parent.mkdir()
        record.write(kept)
        record.write(tmp_path / "cluster.json")
        with ThreadPoolExecutor() as threads:
            removing = threads.submit(remove, str(tmp_path / "cluster.json"), "run")
            with pytest.raises(TimeoutError):
                removing.result(2)  # it may come back
            kept.unlink()
            removing.result(20)
    gone = replace(record, folder=str(tmp_path / "nowhere"), identities={})
    gone.write(tmp_path / "cluster.json")
    remove(str(tmp_path / "cluster.json"), "run")


def test_nodes_are_removed_once_or_more_often(nodes: Child, folder: RunFolder, ask: Ask) -> None:
    nodes.end()
    assert nodes.wait(LIMIT_S) == 0
    for _ in range(2):
        remove(str(folder.cluster), folder.run)
        assert ask(f"{NODES}/node-b-0") is None


NAME = "node-b-0"
NODE, LEASE = f"{NODES}/{NAME}", f"{LEASES}/{NAME}"


@pytest.fixture
def pods(cluster: ClusterRecord, folder: RunFolder) -> Iterator[str]:
    """Play one node, and return where pods for it may be made."""
    child = start_fleet(folder, Fleet(("b",), 1, pods=PodTimes(0.2, 0.1)), "b")
    try:
        seed(cluster, folder.run, {"secrets": 1})
        yield f"/api/v1/namespaces/{namespace_of(folder.run)}/pods"
    finally:
        child.kill()
        remove(str(folder.cluster), folder.run)
        sweep(str(folder.cluster), folder.run)


def order(cluster: ClusterRecord, plight: Plight, **how: float) -> Path:
    file = orders(Path(cluster.folder)) / "test.json"
    made = {"plight": plight, "nodes": (NAME,), "until": now() + 600 * SECOND, **how}
    write_typed(file, NodeOrder.model_validate(made))
    return file


def pod(name: str, policy: str) -> dict[str, Any]:
    spec = {"restartPolicy": policy, "containers": [{"name": "main", "image": "drilled:1"}]}
    return {"metadata": {"name": name}, "spec": spec}


def told(ask: Ask, about: str) -> set[str]:
    found = ask(f"/api/v1/events?fieldSelector=involvedObject.name%3D{about}")["items"]
    return {each["reason"] for each in found}


def test_a_node_without_power_tells_nobody_and_its_containers_are_started_anew(
    cluster: ClusterRecord, folder: RunFolder, ask: Ask, pods: str
) -> None:
    for name, policy in (("stays", "Always"), ("job", "Never")):
        ask(pods, "POST", pod(name, policy))
        until(lambda name=name: ask(f"{pods}/{name}")["status"]["phase"] == "Running", "it runs")
    before, boot = ask(f"{pods}/stays"), ask(NODE)["status"]["nodeInfo"]["bootID"]
    assert len(connections(cluster, "b")) == 1
    lifted = order(cluster, "down")
    until(lambda: [*read_lines(folder.fleet_lines("b"))][-1]["ready"] == 0, "it is off")
    time.sleep(1.0)
    assert len(connections(cluster, "b")) == 1, "nobody was told"
    found = ask(NODE)
    found["metadata"].setdefault("annotations", {})["poked"] = "yes"
    ask(NODE, "PUT", found)
    until(lambda: any(connections(cluster, "b")), "nobody reads what it is sent")
    phases = {ask(f"{pods}/stays")["status"]["phase"]}
    lifted.unlink()

    def again() -> Any:
        now_it_is = ask(f"{pods}/stays")
        phases.add(now_it_is["status"]["phase"])
        [container] = now_it_is["status"]["containerStatuses"]
        return container if container["restartCount"] and container["ready"] else None

    container = until(again, "its container runs again")
    assert phases == {"Running"}, "it never was Pending"
    lost = container["lastState"]["terminated"]
    assert (lost["exitCode"], lost["reason"]) == (255, "Unknown")
    assert (
        lost["startedAt"]
        == before["status"]["containerStatuses"][0]["state"]["running"]["startedAt"]
    )
    assert until(lambda: "SandboxChanged" in told(ask, "stays"), "it is told")
    job = until(
        lambda: (it := ask(f"{pods}/job"))["status"]["phase"] == "Failed" and it, "it failed"
    )
    [status] = job["status"]["containerStatuses"]
    assert (status["state"]["terminated"]["exitCode"], status["restartCount"]) == (255, 0)
    assert until(lambda: "Rebooted" in told(ask, NAME), "it is told")
    assert ask(NODE)["status"]["nodeInfo"]["bootID"] != boot
    assert conditions(ask(NODE))["Ready"] == "True"
    assert len(connections(cluster, "b")) == 1, "the old one was reset"


def test_a_node_that_is_slow_is_ready_and_late(cluster: ClusterRecord, ask: Ask, pods: str) -> None:
    until(lambda: ask(LEASE), "a Lease")
    assert late_s(ask(LEASE)) < 3
    lifted = order(cluster, "slow", delay_s=6.0, slowdown=20.0)
    until(lambda: late_s(ask(LEASE)) > 4.5, "a Lease that is renewed late: the order was seen")
    ask(pods, "POST", pod("late", "Always"))
    made = time.monotonic()
    until(lambda: conditions(ask(f"{pods}/late")).get("Ready") == "True", "it runs")
    # Two statuses are written, 6 s late each, and it takes 20 times as long to start.
    assert time.monotonic() - made >= 12
    assert conditions(ask(NODE))["Ready"] == "True"
    lifted.unlink()
    since = time.time()
    late = until(lambda: renewed_at(ask(LEASE)) > since + 0.5 and [late_s(ask(LEASE))], "renewed")
    assert late[0] < 4.5
