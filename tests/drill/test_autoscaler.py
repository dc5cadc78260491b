"""Drills in which nodes come as pods need them: by the reference autoscaler, or by somebody else's."""

import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from drills import Drills, objective, reasons
from fleet_observers import LIMIT_S, start_fleet
from json_lines import read_lines
from thinned import thinned

from kubedrill.children import AUTOSCALER, command_of
from kubedrill.clock import SECOND, ClockPair, now
from kubedrill.fleet.removing import remove
from kubedrill.process.child import Child
from kubedrill.record.autoscaler import Autoscaler
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.fleet import Fleet, PodTimes
from kubedrill.record.folder import RunFolder
from kubedrill.record.labels import RUN
from kubedrill.record.schedule import Phase, Schedule

pytestmark = [pytest.mark.cluster, pytest.mark.breaks]

ASKED = ["scale_out.nodes.p90 < 60s", "scale_out.pods.p90 < 60s", "scale_out.workload.max < 60s"]
DEMAND = {"phase": "burst", "at": "1s", "pods": 5}


@pytest.mark.again("what others take of the machine makes a drill INVALID, rightly")
def test_nodes_come_as_pods_need_them(cluster: ClusterRecord, drill: Drills, ask) -> None:
    changes = {
        "fleet": {
            "nodes": 1,
            "demand": [DEMAND],
            "autoscaler": {"at_most": 8, "looks": "1s", "boot": "500ms"},
            "pod_start": "200ms",
        },
        "load": [],
        "phases": {"baseline": "2s", "burst": "25s"},
        "headroom": "none",
        "slos": {"burst": [*ASKED, "collateral == 0", "nodes.false_not_ready == 0"]},
    }
    running = drill("autoscaled", changes, "--cluster", cluster.name)
    code, verdict = running.finish()
    assert (code, verdict["verdict"]) == (0, "PASS"), reasons(verdict)
    nodes, pods, workload = (objective(verdict, text)["value"] for text in ASKED)
    assert 0 < nodes < 25
    assert 0 < pods <= workload < 25
    # One of the five found room on the node that was there; each of the others had one ordered, once.
    orders = [line for line in read_lines(running.folder.autoscaler) if line["of"] == "order"]
    assert sum(line["nodes"] for line in orders) == 4
    seen = [line for line in read_lines(running.folder.scale_out) if line["of"] == "pod"]
    ready = {line["node"] for line in seen if line["step"] == "ready"}
    assert ready == {"node-a-0", "node-b-1", "node-c-2", "node-a-3", "node-b-4"}
    [asked] = read_lines(running.folder.demand)
    assert (asked["pods"], asked["due"] <= asked["sent"] < asked["time"]) == (5, True)
    assert ask("/api/v1/nodes")["items"] == []


@pytest.mark.parametrize("role", thinned(["autoscaler", "demand"], keep_one_in=2))
def test_without_who_orders_nodes_or_wants_pods_nothing_is_proved(
    cluster: ClusterRecord, drill: Drills, ask, role: str
) -> None:
    changes = {
        "fleet": {"demand": [{**DEMAND, "at": "20s"}], "autoscaler": {"at_most": 5}},
        "load": [],
        "phases": {"baseline": "2s", "burst": "28s"},
        "headroom": "none",
        "slos": {"burst": ASKED},
    }
    running = drill(f"lost-{role}", changes, "--cluster", cluster.name)
    running.wait_for_phase("burst")
    running.signal_child(role, signal.SIGKILL)
    code, verdict = running.finish()
    assert (code, verdict["verdict"]) == (2, "INVALID")
    assert role in reasons(verdict)
    assert ask("/api/v1/nodes")["items"] == []


@pytest.fixture
def somebodys(cluster: ClusterRecord, tmp_path: Path) -> Iterator[RunFolder]:
    """An autoscaler that this drill knows nothing of, and its nodes, which have other names."""
    folder = RunFolder.create(tmp_path, "theirs")
    cluster.write(folder.cluster)
    scaled = Autoscaler(8, looks_s=1.0, boot_s=0.5)
    fleet = Fleet(("b",), pods=PodTimes(0.2), prefix="theirs", autoscaler=scaled)
    clock, begin = ClockPair.read(), now()
    phases = (Phase("always", begin, begin + 3600 * SECOND),)
    schedule = Schedule("theirs", folder.run, "t", "w", None, cluster.name, clock, phases)
    with ExitStack() as ending:
        ending.callback(remove, str(folder.cluster), folder.run)
        parts = [start_fleet(folder, fleet, "b")]
        ending.callback(parts[0].kill)
        log = folder.logs / "autoscaler.log"
        parts.append(Child.start("autoscaler", command_of(AUTOSCALER, folder), log))
        ending.callback(parts[1].kill)
        parts[1].wait_ready(LIMIT_S)
        for part in parts:
            part.go({"schedule": schedule.as_dict()})
        yield folder


@pytest.mark.again("what others take of the machine makes a drill INVALID, rightly")
def test_an_autoscaler_of_the_clusters_own_is_measured_by_watching_alone(
    cluster: ClusterRecord, drill: Drills, ask, somebodys: RunFolder
) -> None:
    changes = {
        "fleet": {
            "engine": "cluster",
            "selector": {RUN: somebodys.run},
            "demand": [{**DEMAND, "pods": 3}],
        },
        "load": [],
        "phases": {"baseline": "2s", "burst": "25s"},
        "headroom": "none",
        "slos": {"burst": [*ASKED, "collateral == 0"]},
    }
    running = drill("watched", changes, "--cluster", cluster.name)
    code, verdict = running.finish()
    assert (code, verdict["verdict"]) == (0, "PASS"), reasons(verdict)
    nodes, pods, workload = (objective(verdict, text)["value"] for text in ASKED)
    assert 0 < nodes < 25
    assert 0 < pods <= workload < 25
    assert not [*running.folder.path.glob("fleet-*.jsonl")]
    names = {node["metadata"]["name"] for node in ask("/api/v1/nodes")["items"]}
    assert names == {"theirs-b-0", "theirs-b-1", "theirs-b-2"}, "they are not ours to take away"
