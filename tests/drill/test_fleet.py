"""A drill in which nodes come: how long they took is judged, and none of them is left."""

import signal
from collections import Counter

import pytest
from drills import Drills, objective, reasons
from json_lines import read_lines

from kubedrill.record.cluster import ClusterRecord

pytestmark = [pytest.mark.cluster, pytest.mark.breaks]


@pytest.mark.again("what others take of the machine makes a drill INVALID, rightly")
def test_nodes_come_again_and_again_and_their_pods_wait_for_the_next(
    cluster: ClusterRecord, drill: Drills, ask
) -> None:
    burst = {"phase": "bursts", "nodes": 3, "every": "14s", "times": 2, "stay": "12s"}
    asked = ["scale_out.bursts.max < 12s", "scale_out.pods.max < 12s", "collateral == 0"]
    changes = {
        "seed": {"workload": 3},
        "fleet": {"bursts": [burst], "pod_start": "200ms"},
        "load": [],
        "phases": {"baseline": "2s", "bursts": "28s"},
        "headroom": "none",
        "slos": {"bursts": asked},
    }
    running = drill("bursts", changes, "--cluster", cluster.name)
    code, verdict = running.finish()
    assert (code, verdict["verdict"]) == (0, "PASS"), reasons(verdict)
    seen = [line for line in read_lines(running.folder.scale_out) if line["of"] != "all"]
    ready = [line["node"] for line in seen if (line["of"], line["step"]) == ("pod", "ready")]
    assert sorted(ready) == [
        f"node-{zone}-{number}"
        for zone in "abc"
        for number in ("abc".index(zone), 3 + "abc".index(zone))
    ]
    gone = {
        line["name"]: line["time"]
        for line in seen
        if (line["of"], line["step"]) == ("node", "gone")
    }
    second = min(
        line["time"] for line in seen if line["of"] == "node" and line["name"] == "node-a-3"
    )
    assert all(gone[f"node-{zone}-{number}"] < second for number, zone in enumerate("abc"))
    assert ask("/api/v1/nodes")["items"] == []


@pytest.mark.torture
@pytest.mark.again("what others take of the machine makes a drill INVALID, rightly")
def test_nodes_come_and_pods_that_waited_for_them_run(
    cluster: ClusterRecord, drill: Drills, ask
) -> None:
    asked = ["scale_out.nodes.p90 < 60s", "scale_out.pods.p90 < 60s"]
    changes = {
        "seed": {"workload": 6},
        "fleet": {"bursts": [{"phase": "burst", "at": "1s", "nodes": 6}], "pod_start": "200ms"},
        "load": [],
        "phases": {"baseline": "2s", "burst": "20s"},
        "headroom": "none",
        "slos": {"burst": asked},
    }
    running = drill("fleet", changes, "--cluster", cluster.name)
    code, verdict = running.finish()
    assert (code, verdict["verdict"]) == (0, "PASS"), reasons(verdict)
    nodes, pods = (objective(verdict, text)["value"] for text in asked)
    assert 0 < nodes < 20
    assert 0 < pods < 20
    folder = running.folder
    seen = [line for line in read_lines(folder.scale_out) if line["of"] == "pod"]
    ready = {line["node"] for line in seen if line["step"] == "ready"}
    assert ready == {f"node-{zone}-{number}" for number, zone in enumerate("abcabc")}
    assert ask("/api/v1/nodes")["items"] == []
    assert "6 come later" in running.output()


def test_a_fleet_whose_process_dies_proves_nothing(
    cluster: ClusterRecord, drill: Drills, ask
) -> None:
    changes = {
        "fleet": {"nodes": 3},
        "load": [],
        "phases": {"baseline": "30s"},
        "slos": {"baseline": ["availability > 90%"]},
    }
    running = drill("lost-fleet", changes, "--cluster", cluster.name)
    running.wait_for_phase("baseline")
    running.signal_child("fleet-b", signal.SIGKILL)
    code, verdict = running.finish()
    assert (code, verdict["verdict"]) == (2, "INVALID")
    assert "fleet-b" in reasons(verdict)
    assert ask("/api/v1/nodes")["items"] == []


@pytest.mark.again("what others take of the machine makes a drill INVALID, rightly")
def test_a_node_that_says_that_it_is_not_ready_is_one_and_is_ready_again(
    cluster: ClusterRecord, drill: Drills
) -> None:
    fault = ["nodes.not_ready.max == 1", "collateral == 0"]
    recovery = ["eventually(nodes.not_ready == 0) within 8s", "collateral == 0"]
    changes = {
        "fleet": {"nodes": 3},
        "faults": [{"node.not_ready": {"how": "reported"}}],
        "load": [],
        "phases": {"baseline": "4s", "fault": "6s", "recovery": "20s"},
        "headroom": "none",
        "slos": {"fault": fault, "recovery": recovery},
    }
    code, verdict = drill("not-ready", changes, "--cluster", cluster.name).finish()
    assert (code, verdict["verdict"]) == (0, "PASS"), reasons(verdict)
    [hit] = verdict["faults"]
    assert hit["target"].startswith("node/node-")


@pytest.mark.torture
@pytest.mark.again("what others take of the machine makes a drill INVALID, rightly")
def test_a_node_that_is_repaired_is_ready_again_though_the_fault_lasts(
    cluster: ClusterRecord, drill: Drills
) -> None:
    fault = ["nodes.not_ready.max == 1", "eventually(nodes.not_ready == 0) within 12s"]
    changes = {
        "seed": {"workload": 6},
        "fleet": {"nodes": 3, "pods_per_node": 8, "repair": {"after": "3s", "boot": "1s"}},
        "faults": [{"node.not_ready": {"how": "reported"}}],
        "load": [],
        "phases": {"baseline": "4s", "fault": "14s", "recovery": "4s"},
        "headroom": "none",
        "slos": {"fault": fault, "recovery": ["nodes.not_ready == 0"]},
    }
    running = drill("repaired", changes, "--cluster", cluster.name)
    code, verdict = running.finish()
    assert (code, verdict["verdict"]) == (0, "PASS"), reasons(verdict)
    [hit] = verdict["faults"]
    told = read_lines(running.folder.fleet_lines(hit["target"].split("-")[1]))
    assert [*told][-1]["repaired"] == 1
    seen = read_lines(running.folder.scale_out)
    bound = Counter(line["node"] for line in seen if line.get("step") == "bound")
    assert [*bound.values()] == [2, 2, 2], "pods do not fill those up that come first"


@pytest.mark.torture
@pytest.mark.again("what others take of the machine makes a drill INVALID, rightly")
def test_all_nodes_are_replaced_and_the_budget_is_kept(
    cluster: ClusterRecord, drill: Drills, ask
) -> None:
    replacing = ["nodes.replaced == 6", "evictions.refused > 0", "pdb.violations == 0"]
    changes = {
        "seed": {"workload": 6},
        "fleet": {
            "nodes": 6,  # of which three are emptied at a time
            "pods_per_node": 4,
            "pod_start": "200ms",
            "max_unavailable": 1,
            "replace": {"phase": "replacing", "boot": "1s"},
        },
        "load": [],
        "phases": {"baseline": "15s", "replacing": "90s"},
        "headroom": "none",
        "slos": {"baseline": ["workload.healthy.max == 6"], "replacing": replacing},
    }
    running = drill("replaced", changes, "--cluster", cluster.name)
    running.wait_for_phase("baseline")
    before = {node["metadata"]["name"] for node in ask("/api/v1/nodes")["items"]}
    code, verdict = running.finish()
    assert (code, verdict["verdict"]) == (0, "PASS"), reasons(verdict)
    assert before == {f"node-{'abc'[number % 3]}-{number}" for number in range(6)}
    seen = [line for line in read_lines(running.folder.scale_out) if line["of"] == "node"]
    gone = {line["name"]: line["time"] for line in seen if line["step"] == "gone"}
    came = {line["name"]: line["time"] for line in seen if line["step"] == "open"}
    for old, new in (("node-a-0", "node-a-6"), ("node-b-1", "node-b-7"), ("node-c-2", "node-c-8")):
        assert gone[old] < came[new]
    assert ask("/api/v1/nodes")["items"] == []


@pytest.mark.alone  # probes fail for load, too
@pytest.mark.again("what others take of the machine makes a drill INVALID, rightly")
def test_nodes_are_cut_off_and_nothing_else_is(cluster: ClusterRecord, drill: Drills) -> None:
    every = ["probe.failed == 0", "collateral == 0"]
    changes = {
        "fleet": {"nodes": 6},
        "faults": [
            {"zone.partition": {"zone": "b", "of": "nodes"}, "phase": "cut"},
            {"zone.slow": {"zone": ["b"], "of": "nodes", "loss": 0.2}, "phase": "slow"},
        ],
        "load": [],
        "phases": {"baseline": "2s", "cut": "25s", "healed": "20s", "slow": "12s", "after": "2s"},
        "headroom": "none",
        "slos": {"cut": every, "healed": every, "slow": every, "after": every},
    }
    running = drill("nodes-cut", changes, "--cluster", cluster.name)
    code, verdict = running.finish()
    assert (code, verdict["verdict"]) == (0, "PASS"), reasons(verdict)
    told = {zone: [*read_lines(running.folder.fleet_lines(zone))] for zone in "abc"}
    failed = {zone: lines[-1]["failed"] for zone, lines in told.items()}
    assert failed["a"] == failed["c"] == 0
    assert failed["b"] > 0
