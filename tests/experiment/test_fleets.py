"""The `fleet:` of an experiment file: what it says, and what is wrong with it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from one_profile import read
from rich.console import Console

from kubedrill.errors import BadFile
from kubedrill.experiment import Experiment, plan, to_yaml
from kubedrill.experiment.plan_text import render
from kubedrill.record.autoscaler import Autoscaler, Demand
from kubedrill.record.catalogue import Catalogue
from kubedrill.record.fleet import (
    Burst,
    Fleet,
    Images,
    Overload,
    PodTimes,
    Repair,
    Replacing,
    Workload,
)

Read = Callable[..., Experiment]


def with_fleet(text: str, *lines: str) -> str:
    return text.replace(
        "load:\n", "fleet:\n" + "".join(f"  {line}\n" for line in lines) + "load:\n"
    )


BURSTS = "bursts: [{phase: fault, at: 5s, nodes: 100}, {phase: recovery, nodes: 10}]"


def test_its_times_count_from_the_drills_start(reading: Read, small: str) -> None:
    text = with_fleet(small, "nodes: 30", "zones: [c, a]", "pod_start: 2s", BURSTS)
    experiment = reading(text)
    assert experiment.fleet == Fleet(
        ("c", "a"), 30, (Burst(100, 15.0), Burst(10, 30.0)), PodTimes(2.0)
    )
    assert reading(to_yaml(experiment)).fleet == experiment.fleet


def test_what_nodes_bear_and_who_repairs_them(reading: Read, small: str) -> None:
    lines = ("pods_per_node: 8", "evicted_after: 10s", "overload: {uses: 1.8, after: 5s}")
    experiment = reading(with_fleet(small, "nodes: 60", *lines, "repair: {rate: 6/m}"))
    assert experiment.fleet == Fleet(
        nodes=60,
        workload=Workload(8, 10.0),
        overload=Overload(1.8, 5.0, 120.0),
        repair=Repair(60.0, 0.1, 10.0),
    )
    assert reading(to_yaml(experiment)).fleet == experiment.fleet


def test_how_nodes_come_by_images(reading: Read, small: str, catalogue: Catalogue) -> None:
    given = "size: 5GB, spread: 0.5, node_link: 512MiB/s, mode: p2p, failing: 12.5%"
    experiment = reading(with_fleet(small, "nodes: 3", f"images: {{{given}}}"))
    assert experiment.fleet is not None
    images = experiment.fleet.images
    assert images == Images(5e9, 0.5, 536870912.0, mode="p2p", failing=0.125)
    assert (images.loaded, images.from_peer) == (1.0, 268435456.0)
    assert reading(to_yaml(experiment)).fleet == experiment.fleet
    console = Console(record=True, width=300)
    render(plan(experiment, catalogue), console)
    said = (
        "pods start in 1s; images of 5GB (standard deviation of the logarithm 0.5) by 1.25GB/s of the "
        "registry for all nodes and 536.9MB/s for each, 268.4MB/s of each for the others, 12.5% of pulls fail"
    )
    assert said in console.export_text()


def test_images_loaded_on_demand_are_there_in_part(reading: Read, small: str) -> None:
    text = with_fleet(small, "nodes: 3", "images: {size: 5GB, mode: on_demand, needed: 10%}")
    fleet = reading(text).fleet
    assert fleet is not None
    assert fleet.images is not None
    assert (fleet.images.loaded, fleet.images.from_peer) == (0.1, 0.0)


DEMAND = "demand: [{phase: fault, at: 5s, pods: 20, every: 10s, times: 2}]"


def test_pods_are_wanted_and_nodes_ordered_for_them(reading: Read, small: str) -> None:
    scaled = "autoscaler: {at_most: 30, looks: 5s, boot: 40s, spread: 0.5}"
    experiment = reading(with_fleet(small, "nodes: 3", "pods_per_node: 2", DEMAND, scaled))
    assert experiment.fleet == Fleet(
        nodes=3,
        workload=Workload(2),
        demands=(Demand(20, 15.0), Demand(20, 25.0)),
        autoscaler=Autoscaler(30, 5.0, 40.0, 0.5),
    )
    assert (experiment.fleet.total, experiment.fleet.most) == (30, 30)
    assert reading(to_yaml(experiment)).fleet == experiment.fleet


def test_nodes_of_the_clusters_own_are_known_by_their_labels(reading: Read, small: str) -> None:
    lines = ("engine: cluster", "selector: {pool: spot}", "pod_cpus: 1.5", DEMAND)
    experiment = reading(with_fleet(small, *lines))
    assert experiment.fleet is not None
    assert experiment.fleet.workload == Workload(1, None, 1.5, {"pool": "spot"})
    assert (experiment.fleet.parts, experiment.fleet.total) == ((), 0)
    assert reading(to_yaml(experiment)).fleet == experiment.fleet


@pytest.mark.parametrize(("per_node", "fit"), [(1, 1), (2, 2), (3, 4), (8, 10), (100, 133)])
def test_as_many_pods_fit_a_node_as_their_requests_do(per_node: int, fit: int) -> None:
    assert Fleet(workload=Workload(per_node)).fit == fit
    assert Fleet(workload=Workload(per_node), engine="cluster").fit == per_node


def test_pods_that_find_no_room_at_first_are_to_be_demanded(reading: Read, small: str) -> None:
    text = with_fleet(small, "nodes: 3", DEMAND, "autoscaler: {at_most: 60}")
    assert reading(text + "seed: {workload: 3}\n").seed.workload == 3
    with pytest.raises(BadFile) as bad:
        reading(text + "seed: {workload: 4}\n")
    said = "seed.workload: 4 pods find no room on 3 nodes at first; let demand say when"
    assert said in str(bad.value)


@pytest.mark.parametrize(
    ("series", "lines", "said"),
    [
        ("nodes", (DEMAND, "autoscaler: {at_most: 40}"), ""),
        ("nodes", (DEMAND, "engine: cluster"), ""),
        ("nodes", (DEMAND, "nodes: 1"), 'no nodes of a fleet come in phase "fault"'),
        ("workload", (DEMAND, "nodes: 1"), ""),
        ("workload", (BURSTS,), 'no pods of the workload are wanted in phase "fault"'),
        (
            "workload",
            ("nodes: 1", "demand: [{phase: recovery, pods: 1}]"),
            'no pods of the workload are wanted in phase "fault"; ask for it in recovery',
        ),
    ],
)
def test_what_comes_for_pods_is_asked_where_some_are_wanted(
    reading: Read, small: str, series: str, lines: tuple[str, ...], said: str
) -> None:
    text = with_fleet(small, *lines).replace("list.p99 < 1s", f"scale_out.{series}.p90 < 55s")
    if said:
        with pytest.raises(BadFile, match=f"scale_out.{series}: {said}"):
            reading(text)
    else:
        assert reading(text).objectives[0].objective.series == f"scale_out.{series}"


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (
            ("nodes: 3", DEMAND, "autoscaler: {at_most: 40, boot: 40s}"),
            (
                "3 hollow nodes in all zones, up to 40 in all as an autoscaler orders them, which looks "
                "every 10s, each 40s later in the median; 20 more pods are wanted 2 times from 15s to 25s"
            ),
        ),
        (
            ("engine: cluster", "selector: {pool: spot}", "demand: [{phase: fault, pods: 1}]"),
            (
                "the cluster's own nodes that are labelled pool=spot, which are watched; 1 more pod "
                "is wanted at 10s"
            ),
        ),
    ],
)
def test_a_plan_says_who_orders_nodes_and_when_pods_are_wanted(
    reading: Read, small: str, catalogue: Catalogue, lines: tuple[str, ...], said: str
) -> None:
    console = Console(record=True, width=300)
    render(plan(reading(with_fleet(small, *lines)), catalogue), console)
    assert said in console.export_text()


def test_when_nodes_are_replaced_and_what_a_budget_allows(reading: Read, small: str) -> None:
    lines = ("nodes: 9", "pods_per_node: 3", "max_unavailable: 4")
    replaced = "replace: {phase: recovery, at: 1s, at_once: 2, boot: 3s}"
    text = with_fleet(small, *lines, replaced).replace("fleet:", "seed: {workload: 9}\nfleet:")
    experiment = reading(text)
    assert experiment.fleet == Fleet(
        nodes=9,
        workload=Workload(3, max_unavailable=4),
        replace=Replacing(31.0, 2, 3.0),
    )
    assert reading(to_yaml(experiment)).fleet == experiment.fleet


@pytest.mark.parametrize(
    ("nodes", "at_once", "room"), [(3, 1, 0), (4, 1, 4), (9, 3, 0), (9, 2, 12), (9, 1, 24)]
)
def test_nodes_that_are_emptied_at_once_leave_room_for_those_that_must_stay(
    reading: Read, small: str, nodes: int, at_once: int, room: int
) -> None:
    def text(seeded: int) -> str:
        lines = (f"nodes: {nodes}", "pods_per_node: 3", "max_unavailable: 4")
        replaced = f"replace: {{phase: recovery, at_once: {at_once}}}"
        fleet = with_fleet(small, *lines, replaced)
        return fleet.replace("fleet:", f"seed: {{workload: {seeded}}}\nfleet:")

    assert reading(text(room + 4)).fleet
    with pytest.raises(BadFile) as caught:
        reading(text(room + 5))
    assert f"hold {room}; say fewer at_once, or more nodes" in str(caught.value)


def test_those_in_whose_place_they_come_are_in_the_same_zone() -> None:
    fleet = Fleet(("b", "a"), 3, (Burst(2, 10.0),), replace=Replacing(5.0))
    pairs = [(old.name, new.name) for old, new in fleet.replacements()]
    assert pairs == [
        ("node-b-0", "node-b-5"),
        ("node-a-1", "node-a-6"),
        ("node-b-2", "node-b-7"),
    ]
    assert [new.name for _, new in fleet.replacements("a")] == ["node-a-6"]
    assert len({member.name for member in fleet.everyone()}) == 8


def test_without_it_there_is_none(reading: Read, small: str) -> None:
    experiment = reading(small)
    assert experiment.fleet is None
    assert reading(to_yaml(experiment)).fleet is None


@pytest.mark.parametrize(
    ("burst", "at"),
    [("every: 5s", [15, 20, 25]), ("every: 5s, times: 2", [15, 20]), ("every: 1m", [15])],
)
def test_a_burst_comes_again_and_goes_again(
    reading: Read, small: str, burst: str, at: list[float]
) -> None:
    text = with_fleet(small, f"bursts: [{{phase: fault, at: 5s, nodes: 7, stay: 3s, {burst}}}]")
    experiment = reading(text)
    assert experiment.fleet is not None
    assert experiment.fleet.bursts == tuple(Burst(7, float(time), 3.0) for time in at)
    assert experiment.fleet.total == 7 * len(at)
    assert reading(to_yaml(experiment)).fleet == experiment.fleet


def test_zones_take_turns_and_each_burst_goes_on_where_the_one_before_it_ended() -> None:
    fleet = Fleet(("a", "b"), 3, (Burst(2, 1.0), Burst(3, 2.0)))
    assert [member.name for member in fleet.members()] == ["node-a-0", "node-b-1", "node-a-2"]
    assert [member.name for member in fleet.of_burst(0)] == ["node-b-3", "node-a-4"]
    assert [member.name for member in fleet.of_burst(1, "b")] == ["node-b-5", "node-b-7"]
    assert fleet.total == 8


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (("nodes: 0",), "9: fleet: has no nodes; say nodes, bursts of them, or an autoscaler"),
        (("nodes: -1",), "10: fleet.nodes must be at least 0, not -1"),
        (("nodes: 20001",), "10: fleet.nodes must be at most 20000, not 20001"),
        (
            ("nodes: 20000", "bursts: [{phase: fault, nodes: 1}]"),
            "9: fleet: has 20,001 nodes in all; at most 20,000",
        ),
        (("nods: 3",), '10: unknown key "nods"; did you mean "nodes"?'),
        (("nodes: 3", "zones: [a, q]"), '11: the cluster has no zone "q"; known: a, b, c'),
        (("nodes: 3", "zones: [a, a]"), '11: zone "a" is here twice; once will do'),
        (
            ("bursts: [{phase: falt, nodes: 1}]",),
            '10: unknown phase "falt"; did you mean "fault"?',
        ),
        (
            ("bursts: [{phase: fault, at: 20s, nodes: 1}]",),
            '10: at: phase "fault" lasts 20s; they would come after it',
        ),
        (
            ("bursts: [{phase: fault, nodes: 0}]",),
            "10: fleet.bursts[0].nodes must be at least 1, not 0",
        ),
        (
            ("bursts: [{phase: fault, nodes: 1}, {phase: baseline, nodes: 1}]",),
            "10: comes before the burst above it; say the earlier ones first",
        ),
        (
            ("bursts: [{phase: fault, nodes: 1, times: 2}]",),
            "10: fleet.bursts[0]: times: only with every, which says how long after each other",
        ),
        (
            ("bursts: [{phase: fault, nodes: 1, every: 5s, times: 5}]",),
            '10: times: 4 fit into phase "fault", which lasts 20s, not 5',
        ),
        (
            ("bursts: [{phase: fault, nodes: 1, every: 50ms}]",),
            "10: fleet.bursts come 201 times and more; at most 200",
        ),
        (
            ("bursts: [{phase: fault, nodes: 101, every: 100ms}]",),
            "9: fleet: has 20,200 nodes in all; at most 20,000",
        ),
        (
            ("engine: kwok", "bursts: [{phase: fault, nodes: 1, stay: 5s}]"),
            "11: stay: KWOK's nodes do not go before the drill ends",
        ),
        (
            ("nodes: 3", "engine: kwok", "overload: {uses: 2}"),
            "12: overload: KWOK's nodes know nothing of it",
        ),
        (
            ("nodes: 3", "engine: kwok", "replace: {phase: fault}"),
            "12: replace: KWOK's nodes know nothing of it",
        ),
        (
            ("nodes: 3", "replace: {phase: falt}"),
            '11: unknown phase "falt"; did you mean "fault"?',
        ),
        (
            ("nodes: 3", "replace: {phase: fault, at: 20s}"),
            '11: at: phase "fault" lasts 20s; it would begin after it',
        ),
        (
            ("nodes: 3", "replace: {phase: fault, at_once: 0}"),
            "11: fleet.replace.at_once must be at least 1, not 0",
        ),
        (
            ("replace: {phase: fault}", "bursts: [{phase: fault, nodes: 1}]"),
            "9: fleet: replace: there are no nodes before the first phase; say nodes",
        ),
        (
            ("nodes: 3", "max_unavailable: 1"),
            "11: max_unavailable: there is no workload; say seed: {workload: 100}",
        ),
        (("nodes: 3", "overload: {}"), '11: missing key "uses" in fleet.overload'),
        (
            ("nodes: 3", "repair: {rate: 0/s}"),
            "11: fleet.repair.rate: must be more than 0/s",
        ),
        (("nodes: 3", "images: {}"), '11: missing key "size" in fleet.images'),
        (
            ("nodes: 3", "images: {size: 5}"),
            "11: fleet.images.size: 5 has no unit; write 5MB",
        ),
        (
            ("nodes: 3", "images: {size: 5GB/s}"),
            '11: fleet.images.size: "5GB/s" is not a size: 512kB, 6MiB',
        ),
        (
            ("nodes: 3", "images: {size: 0B}"),
            "11: fleet.images.size: must be more than 0B",
        ),
        (
            ("nodes: 3", "images: {size: 5GB, registry_link: 0MB/s}"),
            "11: fleet.images.registry_link: must be more than 0B/s",
        ),
        (
            ("nodes: 3", "images: {size: 5GB, failing: 101%}"),
            "11: fleet.images.failing: must be at most 100%, not 101%",
        ),
        (
            ("nodes: 3", "images: {size: 5GB, mode: pp}"),
            '11: fleet.images.mode cannot be the text "pp"',
        ),
        (
            ("nodes: 3", "engine: kwok", "images: {size: 5GB}"),
            "12: images: KWOK's nodes know nothing of it",
        ),
        (
            ("nodes: 3", "engine: kwokk"),
            '11: fleet.engine cannot be the text "kwokk"; did you mean "kwok"?',
        ),
        (("autoscaler: {looks: 1s}",), '10: missing key "at_most" in fleet.autoscaler'),
        (
            ("nodes: 5", "autoscaler: {at_most: 4}"),
            "11: at_most: 5 nodes are needed for those there are, and for the pods that are wanted",
        ),
        (
            ("nodes: 1", "demand: [{phase: fault, pods: 9}]", "autoscaler: {at_most: 8}"),
            "12: at_most: 9 nodes are needed for those there are, and for the pods that are wanted",
        ),
        (
            ("bursts: [{phase: fault, nodes: 1}]", "autoscaler: {at_most: 8}"),
            "11: autoscaler: bursts come unasked; leave them out, so that nodes come as they are needed",
        ),
        (
            ("bursts: [{phase: fault, nodes: 1}]", "demand: [{phase: fault, pods: 1}]"),
            "11: demand: bursts come unasked; leave them out, so that nodes come as they are needed",
        ),
        (
            ("autoscaler: {at_most: 8}", "demand: [{phase: falt, pods: 1}]"),
            '11: unknown phase "falt"; did you mean "fault"?',
        ),
        (
            ("autoscaler: {at_most: 8}", "demand: [{phase: fault, at: 20s, pods: 1}]"),
            '11: at: phase "fault" lasts 20s; they would come after it',
        ),
        (
            ("autoscaler: {at_most: 8}", "demand: [{phase: fault, pods: 1, every: 50ms}]"),
            "11: fleet.demand come 201 times and more; at most 200",
        ),
        (
            ("nodes: 1", "engine: cluster"),
            "10: nodes: the cluster's own nodes are only watched; leave it out",
        ),
        (
            ("engine: cluster", "autoscaler: {at_most: 8}"),
            "11: autoscaler: the cluster's own nodes are only watched; leave it out",
        ),
        (
            ("nodes: 1", "selector: {pool: spot}"),
            "11: selector: is for nodes of the cluster's own; say engine: cluster, or leave it out",
        ),
        (
            ("nodes: 1", "pod_cpus: 0.5"),
            "11: pod_cpus: is for nodes of the cluster's own; say engine: cluster, or leave it out",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_line(
    reading: Read, small: str, lines: tuple[str, ...], said: str
) -> None:
    numbered = small.replace("title: t\n", "\n\n\n\n\ntitle: t\n")
    with pytest.raises(BadFile) as bad:
        reading(with_fleet(numbered, *lines))
    assert f"x.yaml:{said}" in str(bad.value)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ((BURSTS,), ""),
        (("nodes: 3",), 'no nodes of a fleet come in phase "fault"'),
        (
            ("bursts: [{phase: recovery, nodes: 10}]",),
            'no nodes of a fleet come in phase "fault"; ask for it in recovery',
        ),
        ((), 'no nodes of a fleet come in phase "fault"'),
    ],
)
def test_how_nodes_come_is_asked_where_some_do(
    reading: Read, small: str, lines: tuple[str, ...], said: str
) -> None:
    text = with_fleet(small, *lines) if lines else small
    text = text.replace("list.p99 < 1s", "scale_out.nodes.p90 < 55s")
    if said:
        with pytest.raises(BadFile, match=f"scale_out.nodes: {said}"):
            reading(text)
    else:
        assert reading(text).objectives[0].objective.series == "scale_out.nodes"


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (("nodes: 3",), ""),
        (("nodes: 3", "engine: kwok"), "KWOK's do not; leave engine out"),
        ((), "say how many: fleet: {nodes: 3}"),
    ],
)
def test_faults_on_nodes_of_a_fleet_need_one_of_our_own(
    reading: Read, small: str, lines: tuple[str, ...], said: str
) -> None:
    text = with_fleet(small, *lines) if lines else small
    text = text.replace("etcd.kill: {member: leader}", "node.crash: {count: 1}")
    if said:
        with pytest.raises(BadFile) as bad:
            reading(text)
        assert f"node.crash: only nodes of a fleet of our own do that; {said}" in str(bad.value)
    else:
        assert reading(text).faults[0].name == "node.crash"


def test_what_a_fleet_takes_is_asked_where_there_is_one(reading: Read, small: str) -> None:
    text = small.replace("list.p99 < 1s", "fleet.cpu.count < 16s")
    with pytest.raises(BadFile, match=r"fleet\.cpu needs a fleet, and this drill has none"):
        reading(text)
    assert reading(with_fleet(text, "nodes: 3")).objectives[0].objective.series == "fleet.cpu"


def test_another_engine_is_said_again(reading: Read, small: str, catalogue: Catalogue) -> None:
    experiment = reading(with_fleet(small, "nodes: 3", "engine: kwok"))
    assert experiment.fleet == Fleet(nodes=3, engine="kwok")
    assert reading(to_yaml(experiment)).fleet == experiment.fleet
    console = Console(record=True, width=200)
    render(plan(experiment, catalogue), console)
    assert "3 nodes, played by KWOK, in all zones" in console.export_text()


def test_a_plan_says_how_many_there_are_and_when_more_come(
    reading: Read, small: str, catalogue: Catalogue
) -> None:
    planned = plan(reading(with_fleet(small, "nodes: 1000", BURSTS)), catalogue)
    assert planned.as_dict()["fleet"]["bursts"][0] == {
        "nodes": 100,
        "at_s": 15.0,
        "stay_s": None,
    }
    console = Console(record=True, width=200)
    render(planned, console)
    said = "1,000 hollow nodes in all zones, 100 more at 15s, 10 more at 30s"
    assert said in console.export_text()


def test_a_plan_says_when_nodes_are_replaced(
    reading: Read, small: str, catalogue: Catalogue
) -> None:
    lines = ("nodes: 3", "replace: {phase: fault, at_once: 2}")
    text = with_fleet(small, *lines).replace("fleet:", "seed: {workload: 9}\nfleet:")
    console = Console(record=True, width=200)
    render(plan(reading(text), catalogue), console)
    said = console.export_text()
    assert "each zone's (2 at once) are replaced from 10s on" in said


def test_a_plan_says_once_how_often_nodes_come(
    reading: Read, small: str, catalogue: Catalogue
) -> None:
    burst = "bursts: [{phase: fault, at: 5s, nodes: 7, every: 5s, stay: 3s}]"
    console = Console(record=True, width=200)
    render(plan(reading(with_fleet(small, burst)), catalogue), console)
    assert "0 hollow nodes in all zones, 7 more 3 times from 15s to 25s for 3s" in (
        console.export_text()
    )


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (("nodes: 3", "zones: [drill-a]"), ""),
        (("engine: cluster",), ""),
        (
            ("nodes: 3",),
            (
                "x.yaml:4: fleet: on a cluster that kubedrill does not make, nodes of a fleet have "
                "zones of their own; name them: zones: [drill-a, drill-b]"
            ),
        ),
        (
            ("nodes: 3", "zones: [drill-a, b]"),
            (
                'x.yaml:6: zone "b" is one of the cluster\'s own, in which mass NotReady stops evictions; '
                "name another"
            ),
        ),
        (("nodes: 3", "zones: [q, q]"), 'x.yaml:6: zone "q" is here twice; once will do'),
    ],
)
def test_on_a_cluster_of_others_nodes_have_zones_of_their_own(
    tmp_path: Path, small: str, catalogue: Catalogue, lines: tuple[str, ...], said: str
) -> None:
    assert catalogue.cluster is not None
    theirs = replace(catalogue, cluster=replace(catalogue.cluster, foreign=True))
    path = tmp_path / "x.yaml"
    path.write_text(with_fleet(small, *lines), encoding="utf-8")
    if said:
        with pytest.raises(BadFile) as bad:
            read(path, (), theirs)
        assert said in str(bad.value)
    else:
        assert read(path, (), theirs).fleet is not None
