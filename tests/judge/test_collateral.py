"""What changed besides: each change is named, unless a fault announces it; where nobody looked is no 0."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from judged_drill import JudgedDrill
from judged_parts import HERE
from judged_scrapes import END, at
from judged_surroundings import lease, looked_after, looks

from kubedrill.judge import judge
from kubedrill.record.cluster import Component
from kubedrill.record.components import HURRIED, KUBELET
from kubedrill.record.faults import NODE
from kubedrill.record.fleet import Burst, Fleet
from kubedrill.record.manifest import seal
from kubedrill.record.verdict import Report, Verdict

Change = Callable[[JudgedDrill], None]


def asked(tmp_path: Path, made: JudgedDrill) -> Report:
    made.objectives = [(phase, "collateral == 0") for phase in ("baseline", "fault", "recovery")]
    return made.judged(tmp_path)


def values(report: Report) -> list[float | None]:
    return [objective.value for objective in report.objectives]


def test_what_the_fault_announces_is_not_besides(tmp_path: Path) -> None:
    report = asked(tmp_path, looked_after())
    assert report.collateral == []
    assert (report.verdict, values(report)) == (Verdict.PASS, [0.0, 0.0, 0.0])


def test_what_runs_in_a_zone_that_a_fault_took_is_not_besides(tmp_path: Path) -> None:
    made = looked_after()
    made.faults = [{**line, "target": "zone-b"} for line in made.faults]
    kill_another(made)
    assert asked(tmp_path, made).collateral == []


def test_whom_a_fault_hits_and_what_runs_there_is_not_guessed_from_names(tmp_path: Path) -> None:
    made = looked_after()
    made.more = (Component("node-2/scheduler", "kube-scheduler", "b", HERE),)
    target = {"name": "zone-b", "called": "b", "kind": "zone"}
    targets = [{**target, "components": ["etcd-b", "node-2/scheduler"]}]
    made.faults = [{**line, "targets": targets} for line in made.faults]
    for line in made.faults:
        line.pop("target", None)
    end_itself(made, "node-2/scheduler", status=-9)
    assert asked(tmp_path, made).collateral == []


def test_what_leads_and_ends_itself_is_known_by_its_kind(tmp_path: Path) -> None:
    made = looked_after()
    made.more = (Component("node-2/scheduler", "kube-scheduler", "b", HERE),)
    made.faults = [{**line, "moves": ["etcd", "kube-scheduler"]} for line in made.faults]
    end_itself(made, "node-2/scheduler")
    assert asked(tmp_path, made).collateral == []


def rolling(made: JudgedDrill) -> None:
    """Let the fault take etcd-b and then, 4 s after its effect, the scheduler of that zone."""
    begun, effect = made.faults[0], made.faults[2]["time"]
    second = {
        **begun,
        "event": "step",
        "target": "kube-scheduler-b",
        "time": effect + at(4) - at(0),
    }
    for line in made.faults:
        line["target"] = "etcd-b, kube-scheduler-b"
    made.faults.insert(1, {**begun, "event": "step", "target": "etcd-b"})
    made.faults.insert(4, second)


@pytest.mark.parametrize(
    ("after_s", "named"), [(-1.0, ["kube-scheduler-b"]), (1.0, [])], ids=["not yet", "its turn"]
)
def test_of_what_is_taken_in_turn_only_whose_turn_it_is_is_announced(
    tmp_path: Path, after_s: float, named: list[str]
) -> None:
    made = looked_after()
    rolling(made)
    kill_another(made)
    made.exits[-1]["time"] = made.faults[4]["time"] + round(after_s * 1e9)
    assert [change.what for change in asked(tmp_path, made).collateral] == named


def test_the_turn_of_one_is_over_when_the_next_ones_begins(tmp_path: Path) -> None:
    made = looked_after()
    rolling(made)
    end_itself(made, "etcd-b", status=-9)
    made.exits[-1]["time"] = made.faults[4]["time"] + 10**9
    assert [change.what for change in asked(tmp_path, made).collateral] == ["etcd-b"]


def kill_another(made: JudgedDrill) -> None:
    exit_of = {"component": "kube-scheduler-b", "pid": 17, "status": -9, "by": "itself"}
    made.exits.append({"time": at(14), "event": "exited", "asked": False, **exit_of})


def end_itself(made: JudgedDrill, component: str = "kube-scheduler-a", **said: Any) -> None:
    exit_of = {"component": component, "pid": 17, "status": 1, "by": "itself", **said}
    made.exits.append({"time": at(14), "event": "exited", "asked": False, **exit_of})


def test_a_leader_that_could_not_renew_its_lease_ends_itself(tmp_path: Path) -> None:
    made = looked_after()
    made.faults = [{**line, "moves": ["etcd", "kube-scheduler"]} for line in made.faults]
    end_itself(made)
    assert asked(tmp_path, made).collateral == []


@pytest.mark.parametrize(
    ("moves", "said"),
    [
        (["etcd"], {}),  # nothing kept the scheduler from its Lease
        (None, {}),  # of an activity nothing is known
        (["etcd", "kube-scheduler"], {"status": 2}),  # it crashed
        (["etcd", "kube-scheduler"], {"status": -9}),
        (["etcd", "kube-scheduler"], {"component": "etcd-a"}),
        (["etcd", "kube-scheduler"], {"component": "kube-controller-manager-a"}),
    ],
)
def test_what_exits_otherwise_is_named(tmp_path: Path, moves: Any, said: dict[str, Any]) -> None:
    made = looked_after()
    made.faults = [{**line, "moves": moves} for line in made.faults]
    end_itself(made, **said)
    changes = [change.what for change in asked(tmp_path, made).collateral]
    assert changes == [said.get("component", "kube-scheduler-a")]


@pytest.mark.parametrize(("second", "named"), [(14, ["kubelet-a"]), (20.5, [])])
def test_a_kubelet_is_restarted_for_what_is_undone(
    tmp_path: Path, second: float, named: list[str]
) -> None:
    made = looked_after()
    exit_of = {"component": "kubelet-a", "pid": 17, "status": -15, "by": HURRIED}
    made.exits.append({"time": at(second), "event": "exited", "asked": True, **exit_of})
    assert [change.what for change in asked(tmp_path, made).collateral] == named


def test_a_node_whose_kubelet_is_hit_is_not_besides(tmp_path: Path) -> None:
    made = looked_after()
    lose_a_node(made)
    hit = {"name": "kubelet-b", "kind": KUBELET, "called": "b", "behind": ["n-1"]}
    made.faults = [{**line, "targets": [hit]} for line in made.faults]
    for line in made.faults:
        line.pop("target", None)
    changes = [change.what for change in asked(tmp_path, made).collateral]
    assert "n-1" not in changes


def test_a_node_that_may_be_not_ready_is_not_besides(tmp_path: Path) -> None:
    made = looked_after()
    lose_a_node(made)
    made.faults = [{**line, "moves": ["etcd", NODE]} for line in made.faults]
    assert "n-1" not in [change.what for change in asked(tmp_path, made).collateral]


def take_another(made: JudgedDrill) -> None:
    exit_of = {"component": "kube-scheduler-b", "pid": 17, "status": -15, "by": "somebody"}
    made.exits.append({"time": at(14), "event": "exited", "asked": True, **exit_of})


def move_the_scheduler(made: JudgedDrill) -> None:
    for number in range(140, END * 10):
        made.scrapes.leases[number] = lease(number / 10, scheduler="zone-c")


def test_who_had_ceased_to_lead_before_the_drill_has_not_lost_it_in_it(tmp_path: Path) -> None:
    made = looked_after()
    move_the_scheduler(made)
    begun = made.scrapes.leases[0]["held"]["kube-scheduler"]
    for look in made.scrapes.leases[:140]:
        look["held"]["kube-scheduler"] = begun
    assert asked(tmp_path, made).collateral == []


def hold_back(made: JudgedDrill, component: str = "kube-scheduler-b") -> None:
    for second, look in enumerate(made.scrapes.resources, -1):
        periods = min(max(second - 13, 0), 3)
        usage = {"pid": 9, "cpu_s": 1.0, "rss_bytes": 1, "throttled": periods}
        look["processes"] = {**look["processes"], component: usage}


def lose_a_node(made: JudgedDrill) -> None:
    look = {"took_us": 1000, "nodes": 2, "error": ""}
    for second in range(END):
        lost = ["n-1"] if second >= 14 else []
        made.scrapes.nodes.append({"time": at(second), "not_ready": lost, **look})
    unknown = {"time": at(12), "not_ready": [], **look, "nodes": 0, "error": "timeout"}
    made.scrapes.nodes[12] = unknown


def let_nodes_come(made: JudgedDrill, second: float) -> None:
    """At that second n-1 is a node of a fleet that is asked for; it is not ready for a moment, at 14 s."""
    made.fleet = Fleet(("n",), bursts=(Burst(2, second),))
    look = {"took_us": 1000, "nodes": 2, "error": ""}
    for at_second in range(END):
        lost = ["node-n-1"] if at_second == 14 else []
        made.scrapes.nodes.append({"time": at(at_second), "not_ready": lost, **look})


@pytest.mark.parametrize(("second", "found"), [(13.0, 0), (14.5, 1)])
def test_a_node_that_is_just_coming_may_not_be_ready_yet(
    tmp_path: Path, second: float, found: int
) -> None:
    made = looked_after()
    let_nodes_come(made, second)
    assert values(asked(tmp_path, made)) == [0, found, 0]


ELECTED = "etcd's leader changed 1 times, and no fault announces it"


def announce_nothing(made: JudgedDrill) -> None:
    made.faults = [{**line, "moves": []} for line in made.faults]


def announce_nothing_on_a_full_machine(made: JudgedDrill) -> None:
    announce_nothing(made)
    for line in made.scrapes.resources:
        line["host"]["cpu_total_s"] = line["host"]["cpu_busy_s"] + 1.0


@pytest.mark.parametrize(
    ("change", "kind", "words"),
    [
        (
            kill_another,
            "exit",
            "kube-scheduler-b exited (signal 9); nobody had asked for it, and no fault announces it",
        ),
        (
            take_another,
            "exit",
            "kube-scheduler-b exited (signal 15); asked by somebody, and no fault announces it",
        ),
        (
            hold_back,
            "throttled",
            "kube-scheduler-b was held back by a CPU quota, and no fault announces it",
        ),
        (lose_a_node, "node", "node n-1 is not ready, and no fault announces it"),
        (
            move_the_scheduler,
            "leader",
            "kube-scheduler: zone-c leads instead of zone-a, and no fault announces it",
        ),
        (
            announce_nothing,
            "leader",
            ELECTED,
        ),
        (
            announce_nothing_on_a_full_machine,
            "leader",
            f"{ELECTED}; 100% of the machine's CPU was in use just then, so that it was starved, as it seems",
        ),
    ],
)
def test_what_it_does_not_announce_is_named(
    tmp_path: Path, change: Change, kind: str, words: str
) -> None:
    made = looked_after()
    change(made)
    report = asked(tmp_path, made)
    [found] = report.collateral
    assert (found.kind, found.words) == (kind, words)
    assert (report.verdict, values(report)) == (Verdict.FAIL, [0.0, 1.0, 0.0])
    assert report.objectives[1].reason == f"1 is not exactly 0; {words}"


@pytest.mark.parametrize(
    ("change", "target"),
    [
        (hold_back, "kube-scheduler-b"),
        (hold_back, "zone-b"),
        (lose_a_node, "node/n-1"),
        (lose_a_node, "zone-b"),
    ],
)
def test_what_a_fault_has_hit_is_not_besides(tmp_path: Path, change: Change, target: str) -> None:
    made = looked_after()
    change(made)
    made.faults = [{**line, "target": f"etcd-b, {target}"} for line in made.faults]
    assert asked(tmp_path, made).collateral == []


@pytest.mark.parametrize("change", [kill_another, take_another, announce_nothing])
def test_it_is_named_also_where_no_objective_asks(tmp_path: Path, change: Change) -> None:
    made = looked_after()
    made.scrapes.leases, made.surrounding = [], []
    change(made)
    report = made.judged(tmp_path)
    assert len(report.collateral) == 1
    assert report.verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("after", "what", "words"),
    [
        (looks("by-hand"), "by-hand", "namespace by-hand was made: neither load nor seed"),
        (looks(gone="default"), "default", "namespace default is gone: neither load nor seed"),
    ],
)
def test_an_object_that_came_or_went_is_of_the_last_phase(
    tmp_path: Path, after: list[dict[str, Any]], what: str, words: str
) -> None:
    made = looked_after()
    made.surrounding = after
    report = asked(tmp_path, made)
    [found] = report.collateral
    assert (found.kind, found.what) == ("object", what)
    assert found.words.startswith(words)
    assert values(report) == [0.0, 0.0, 1.0]


def without_a_pod() -> JudgedDrill:
    made = looked_after()
    for look, pods in zip(made.surrounding, (["web/a", "web/b"], ["web/a"]), strict=True):
        look["there"] = {**look["there"], "pods": pods}
    return made


@pytest.mark.parametrize(
    "told", [{"targets": ["etcd-b", "pod/web/b"]}, {"facts": {"evicted": ["web/b"]}}]
)
def test_a_pod_that_a_fault_deletes_or_has_evicted_is_announced(
    tmp_path: Path, told: dict[str, Any]
) -> None:
    made = without_a_pod()
    [found] = asked(tmp_path / "alone", made).collateral
    assert found.words.startswith("pod web/b is gone")
    for line in made.faults:
        line.pop("target", None)  # as it was written once
        line |= {"targets": ["etcd-b"], **told}
    assert asked(tmp_path / "announced", made).collateral == []


@pytest.mark.parametrize(
    ("owner", "left"), [("web/ReplicaSet/front", []), ("web/ReplicaSet/back", ["web/c"])]
)
def test_a_pod_that_its_controller_makes_in_its_place_is_announced(
    tmp_path: Path, owner: str, left: list[str]
) -> None:
    made = without_a_pod()
    before, after = made.surrounding
    before["owners"] = {"web/a": "web/ReplicaSet/back", "web/b": "web/ReplicaSet/front"}
    after["there"] = {**after["there"], "pods": ["web/a", "web/c"]}
    after["owners"] = {"web/a": "web/ReplicaSet/back", "web/c": owner}
    for line in made.faults:
        line.pop("target", None)
        line |= {"targets": ["etcd-b", "pod/web/b"]}
    assert [change.what for change in asked(tmp_path, made).collateral] == left


def test_of_a_fault_that_does_not_say_any_leader_may_move(tmp_path: Path) -> None:
    made = looked_after()
    made.faults = [{**line, "moves": None} for line in made.faults]
    move_the_scheduler(made)
    assert asked(tmp_path, made).collateral == []


@pytest.mark.parametrize(
    "name",
    ["nodes.jsonl", "leases.jsonl", "surrounding.jsonl", "exits.jsonl", "resources.jsonl"],
)
def test_where_a_line_was_cut_off_nothing_is_known(tmp_path: Path, name: str) -> None:
    made = looked_after()
    lose_a_node(made)
    made.scrapes.nodes = [{**look, "not_ready": []} for look in made.scrapes.nodes]
    made.objectives = [("fault", "collateral == 0")]
    folder = made.write(tmp_path)
    file = folder.path / name
    file.write_bytes(file.read_bytes()[:-9])
    seal(folder)
    [collateral] = judge(folder).objectives
    assert collateral.verdict is Verdict.INVALID
    assert re.fullmatch(rf"{re.escape(name)}:\d+: is cut off", collateral.reason)


def _blind(made: JudgedDrill) -> None:
    made.surrounding[1] = {**made.surrounding[1], "there": {}, "error": "timeout"}


def _lacking(made: JudgedDrill) -> None:
    there = {"namespaces": made.surrounding[1]["there"]["namespaces"]}
    made.surrounding[1] = {**made.surrounding[1], "there": there}


def _half(made: JudgedDrill) -> None:
    made.surrounding = made.surrounding[:1]


def _unseen(made: JudgedDrill) -> None:
    made.scrapes.leases = [
        {**look, "held": {}, "error": "refused"} if at(10) <= look["time"] < at(20) else look
        for look in made.scrapes.leases
    ]


def _no_leases(made: JudgedDrill) -> None:
    made.scrapes.leases = []


def _no_looks(made: JudgedDrill) -> None:
    made.surrounding = []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_blind, "surrounding.jsonl: timeout"),
        (_lacking, "surrounding.jsonl: nodes were looked at only once"),
        (_half, "surrounding.jsonl: is not a look before the load and one after"),
        (_no_looks, "surrounding.jsonl: is missing"),
        (_no_leases, "leases.jsonl: is missing"),
        (_unseen, "leases.jsonl: nobody said in this phase who leads"),
    ],
)
def test_where_nobody_looked_nothing_is_known(tmp_path: Path, change: Change, reason: str) -> None:
    made = looked_after()
    change(made)
    fault = asked(tmp_path, made).objectives[1]
    assert (fault.verdict, fault.reason) == (Verdict.INVALID, reason)
