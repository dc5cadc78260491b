"""What came for pods that were wanted: whatever its name, and what never did; and where nobody can know."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from judged_drill import JudgedDrill
from judged_scrapes import END, at

from kubedrill.judge import judge
from kubedrill.record.autoscaler import Autoscaler, Demand
from kubedrill.record.fleet import Fleet, Workload
from kubedrill.record.verdict import Verdict

FIRST, SECOND_ = 11.0, 16.0
"""When pods are wanted, both in the phase `fault`."""
FLEET = Fleet(
    zones=("a", "b"), nodes=2, demands=(Demand(4, FIRST),), autoscaler=Autoscaler(20, looks_s=2.0)
)
WORKLOAD = "kubedrill-20260131t120000z-workload"
Line = dict[str, Any]


def seen_node(name: str, second: float) -> list[Line]:
    """A node that registers then, and is open 0.5 s later."""
    steps = (("registered", 0.0), ("ready", 0.4), ("open", 0.5))
    return [
        {"time": at(second + more), "of": "node", "step": step, "name": name, "zone": name[5]}
        for step, more in steps
    ]


def seen_pod(number: int, created: float, node: str = "", bound: float = 0.0) -> list[Line]:
    """A pod of the workload that is made then; bound to a node, and Ready 1 s later, if there is one."""
    steps = [("created", created), *([("bound", bound), ("ready", bound + 1.0)] if node else [])]
    named = {"name": f"{WORKLOAD}/pod-{number}", "uid": f"uid-{number}"}
    return [
        {
            "time": at(time),
            "of": "pod",
            "step": step,
            **named,
            "node": node if step != "created" else "",
        }
        for step, time in steps
    ]


def counted(second: float) -> Line:
    names = ("nodes", "ready", "open", "pods", "bound", "running", "pods_ready")
    return {"time": at(second), "of": "all", **dict.fromkeys(names, 0), "unwatched": ()}


def part(second: float) -> Line:
    counts = dict.fromkeys(("wanted", "registered", "ready", "pods", "requests", "failed"), 0)
    return {"time": at(second), **counts, "lease_late_s": 0.0, "lag_s": 0.0, "cpu_s": 1.0}


def knows(second: float, lag_s: float = 0.0) -> Line:
    counts = dict.fromkeys(("unschedulable", "unfit", "ordered", "looks"), 0)
    return {"time": at(second), "of": "now", **counts, "unwatched": (), "lag_s": lag_s}


def ordered(second: float) -> Line:
    return {"time": at(second), "of": "order", "first": 2, "nodes": 1, "pods": 1}


def asked(due: float, sent: float, pods: int) -> Line:
    return {"time": at(sent + 0.1), "due": at(due), "sent": at(sent), "pods": pods}


def drill(*lines: list[Line], fleet: Fleet = FLEET) -> JudgedDrill:
    """A drill in which four pods are wanted at 11 s, and what is seen of nodes and pods."""
    told = JudgedDrill(fleet=fleet)
    told.scale_out = sorted(
        [*map(counted, range(END + 1)), *(line for some in lines for line in some)],
        key=lambda line: line["time"],
    )
    told.fleet_lines = {zone: [*map(part, range(END + 1))] for zone in fleet.parts}
    told.demand = [asked(demand.at_s, demand.at_s, 4) for demand in fleet.demands]
    if fleet.autoscaler:
        told.autoscaler = [*map(knows, range(END + 1))]
    return told


def come(*names: str, first: float = 12.0) -> list[Line]:
    """These nodes register a second after each other, and one of the pods comes to each."""
    lines: list[Line] = []
    for number, name in enumerate(names):
        lines += seen_node(name, first + number)
        lines += seen_pod(number, first - 0.9, name, first + number + 0.6)
    return lines


OF_FLEET = ("node-a-2", "node-b-3", "node-a-4", "node-b-5")


@pytest.mark.parametrize(
    ("asked_for", "value"),
    [
        ("scale_out.nodes.p50 < 60s", 2.5),
        ("scale_out.nodes.max < 60s", 4.5),
        ("scale_out.pods.max < 60s", 5.6),
        ("scale_out.bursts.max < 60s", 4.5),
        ("scale_out.workload.p50 < 60s", 3.6),
        ("scale_out.workload.max < 60s", 5.6),
    ],
)
def test_nodes_and_pods_are_measured_from_the_demand_on(
    tmp_path: Path, asked_for: str, value: float
) -> None:
    result = drill(come(*OF_FLEET)).asked(tmp_path, "fault", asked_for)
    assert (result.verdict, result.value) == (Verdict.PASS, pytest.approx(value, abs=1e-6))


def test_what_was_needed_and_never_came_is_not_left_out(tmp_path: Path) -> None:
    told = drill(come(*OF_FLEET[:3]), seen_pod(3, 11.2))
    for series, what in (("nodes", "nodes"), ("pods", "nodes"), ("workload", "pods")):
        result = told.asked(tmp_path / series, "fault", f"scale_out.{series}.p90 < 60s")
        assert (result.verdict, result.value) == (Verdict.FAIL, None)
        assert result.reason.startswith(f"1 of 4 {what} never came")


def test_pods_that_were_never_made_never_came(tmp_path: Path) -> None:
    result = drill(come(*OF_FLEET[:1])).asked(tmp_path, "fault", "scale_out.workload.p50 < 60s")
    assert result.reason.startswith("3 of 4 pods never came to be Ready")


def test_pods_that_found_room_need_no_nodes(tmp_path: Path) -> None:
    there = [*seen_node("node-a-0", 1.0), *seen_pod(7, 11.1, "node-a-0", 11.2)]
    told = drill(there, come(*OF_FLEET[:3]))
    result = told.asked(tmp_path / "nodes", "fault", "scale_out.nodes.max < 60s")
    assert (result.verdict, result.value) == (Verdict.PASS, pytest.approx(3.5, abs=1e-6))
    result = told.asked(tmp_path / "pods", "fault", "scale_out.workload.max < 60s")
    assert (result.verdict, result.value) == (Verdict.PASS, pytest.approx(4.6, abs=1e-6))


def test_as_many_nodes_are_needed_as_pods_fit_them(tmp_path: Path) -> None:
    fleet = replace(FLEET, workload=Workload(2))
    told = drill(come(*OF_FLEET[:2]), seen_pod(5, 11.2), seen_pod(6, 11.2), fleet=fleet)
    result = told.asked(tmp_path, "fault", "scale_out.nodes.max < 60s")
    assert (result.verdict, result.value) == (Verdict.PASS, pytest.approx(2.5, abs=1e-6))


def test_of_more_nodes_than_were_needed_those_count_that_were_of_use_first(tmp_path: Path) -> None:
    idle = seen_node("node-b-7", 11.5)
    told = drill(idle, come(*OF_FLEET))
    result = told.asked(tmp_path, "fault", "scale_out.nodes.p50 < 60s")
    assert result.value == pytest.approx(2.5, abs=1e-6)


def test_nodes_of_others_did_not_come_for_it_but_where_any_do(tmp_path: Path) -> None:
    names = ("theirs-1", "theirs-2", "theirs-3", "theirs-4")
    told = drill(come(*names))
    result = told.asked(tmp_path / "ours", "fault", "scale_out.nodes.p50 < 60s")
    assert result.reason == "the pods that were wanted in this phase found room on other nodes"
    watched = Fleet(engine="cluster", demands=FLEET.demands)
    told = drill(come(*names), fleet=watched)
    result = told.asked(tmp_path / "any", "fault", "scale_out.nodes.p50 < 60s")
    assert result.value == pytest.approx(2.5, abs=1e-6)


def test_each_demand_has_pods_and_nodes_of_its_own(tmp_path: Path) -> None:
    fleet = replace(FLEET, demands=(Demand(2, FIRST), Demand(2, SECOND_)))
    later = [
        *seen_node("node-a-4", 17.0),
        *seen_node("node-b-5", 18.0),
        *seen_pod(4, 16.1, "node-a-4", 17.6),
        *seen_pod(5, 16.1, "node-b-5", 18.6),
    ]
    told = drill(come(*OF_FLEET[:2]), later, fleet=fleet)
    result = told.asked(tmp_path / "nodes", "fault", "scale_out.bursts.max < 60s")
    assert (result.verdict, result.value) == (Verdict.PASS, pytest.approx(2.5, abs=1e-6))
    result = told.asked(tmp_path / "pods", "fault", "scale_out.workload.max < 60s")
    assert (result.verdict, result.value) == (Verdict.PASS, pytest.approx(3.6, abs=1e-6))


def silent(told: JudgedDrill) -> None:
    told.autoscaler = [line for line in told.autoscaler if line["time"] < at(14)]


def kept_from_the_cpu(told: JudgedDrill) -> None:
    told.autoscaler[14] = knows(14, lag_s=2.5)


def ordered_before(told: JudgedDrill) -> None:
    told.autoscaler.insert(9, ordered(8.5))


def asked_late(told: JudgedDrill) -> None:
    told.demand = [asked(FIRST, FIRST + 2.0, 4)]


def asked_for_others(told: JudgedDrill) -> None:
    told.demand = [asked(FIRST - 1.0, FIRST, 4)]


def unasked(told: JudgedDrill) -> None:
    told.demand = []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (silent, "autoscaler.jsonl has a hole of 7.0 s; the autoscaler was not there"),
        (kept_from_the_cpu, "the autoscaler was kept from the CPU for 2.5 s"),
        (ordered_before, "the autoscaler had ordered nodes before pods were wanted"),
        (asked_late, "pods were asked for 2.0 s late"),
        (asked_for_others, "the API had not taken the demand for pods by the end"),
        (unasked, "demand.jsonl: is missing"),
    ],
)
def test_where_it_was_not_asked_or_answered_in_order_nothing_is_known(
    tmp_path: Path, change: Any, said: str
) -> None:
    told = drill(come(*OF_FLEET))
    change(told)
    result = told.asked(tmp_path, "fault", "scale_out.nodes.p90 < 60s")
    assert (result.verdict, result.reason.partition(" (")[0]) == (Verdict.INVALID, said)


def test_an_autoscaler_that_was_not_there_is_a_reason_whatever_is_asked(tmp_path: Path) -> None:
    told = drill(come(*OF_FLEET))
    told.objectives = [("fault", "availability > 0%")]
    silent(told)
    words = "fault: autoscaler.jsonl has a hole of 7.0 s; the autoscaler was not there"
    assert words in told.judged(tmp_path).reasons


def test_a_report_tells_of_those_that_never_appeared(tmp_path: Path) -> None:
    told = drill(come(*OF_FLEET[:3]), seen_pod(3, 11.2))
    told.objectives = [("fault", "scale_out.nodes.p90 < 60s")]
    folder = told.write(tmp_path)
    steps = {step.step: (step.nodes, step.came) for step in judge(folder).scale_out}
    assert steps == dict.fromkeys(("registered", "ready", "open", "bound", "pod_ready"), (4, 3)) | {
        "running": (4, 0)
    }
