"""Nodes whose power is cut, and nodes that are slow, as the API tells of them."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fleet_observers import connections, start_fleet, until
from json_lines import read_lines

from kubedrill.client.informer import conditions
from kubedrill.clock import SECOND, now
from kubedrill.faults.node_fleet import LEASES, renewed_at
from kubedrill.faults.node_slow import late_s
from kubedrill.fleet.removing import remove
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.fleet import Fleet, NodeOrder, Plight, PodTimes, orders
from kubedrill.record.folder import RunFolder
from kubedrill.record.lines import write_typed
from kubedrill.seed import namespace_of, seed, sweep

pytestmark = [pytest.mark.cluster, pytest.mark.breaks]

Ask = Callable[..., Any]
NAME = "node-b-0"
NODE, LEASE = f"/api/v1/nodes/{NAME}", f"{LEASES}/{NAME}"


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
    until(lambda: connections(cluster, "b")[0] > 0, "nobody reads what it is sent")
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
    at = time.time()
    ask(pods, "POST", pod("late", "Always"))
    made = time.monotonic()
    until(lambda: conditions(ask(f"{pods}/late")).get("Ready") == "True", "it runs")
    # Two statuses are written, 6 s late each, and it takes 20 times as long to start.
    assert time.monotonic() - made >= 12
    late = until(lambda: renewed_at(ask(LEASE)) > at + 0.5 and late_s(ask(LEASE)), "it is renewed")
    assert late > 4.5
    assert conditions(ask(NODE))["Ready"] == "True"
    lifted.unlink()
    since = time.time()
    late = until(lambda: renewed_at(ask(LEASE)) > since + 0.5 and [late_s(ask(LEASE))], "renewed")
    assert late[0] < 4.5
