"""Faults that are each allowed, and are too many together: quorum is counted over time."""

from typing import Any

import pytest
from overlapping import ZONED, refusals, refused, then

from kubedrill.experiment import WantedFault
from kubedrill.record.catalogue import ClusterDescription
from kubedrill.record.limits import Limits, LimitsPart

THREE = ClusterDescription(("a", "b", "c"), ("holding etcd",))
FIVE = ClusterDescription(("a", "b", "c", "d", "e"), ("holding etcd",))


def kill(member: Any, inject_s: float, undo_s: float, **arguments: Any) -> WantedFault:
    return WantedFault("etcd.kill", {"member": member, **arguments}, "fault", inject_s, undo_s)


@pytest.mark.parametrize("second", ["b", "leader", "random", ["b"]])
@pytest.mark.parametrize("first", ["a", "leader", "random", ["a"]])
def test_two_of_three_at_once_are_one_too_many(first: Any, second: Any) -> None:
    assert refused(THREE, kill(first, 0, 10), kill(second, 5, 15)) == [1]
    assert refused(FIVE, kill(first, 0, 10), kill(second, 5, 15)) == []


def test_one_after_the_other_is_one_at_a_time() -> None:
    assert refused(THREE, kill("a", 0, 10), kill("b", 10, 20), kill("leader", 20, 30)) == []


def test_the_order_in_the_file_does_not_matter_but_the_time_does() -> None:
    assert refused(THREE, kill("a", 5, 15), kill("b", 0, 10)) == [0]
    assert refused(THREE, kill("a", 0, 10), kill("b", 0, 10)) == [1]


def test_the_one_that_takes_quorum_must_be_allowed_to() -> None:
    allowed = {"allow_quorum_loss": True}
    assert refused(THREE, kill("a", 0, 10), kill("b", 5, 15, **allowed)) == []
    assert refused(THREE, kill("a", 0, 10, **allowed), kill("b", 5, 15)) == [1]


def test_the_third_of_five_is_one_too_many() -> None:
    faults = kill(["a", "b"], 0, 30), kill("leader", 10, 20), kill("random", 20, 30)
    assert refused(FIVE, *faults) == [1, 2]


@pytest.mark.parametrize(
    ("kill_s", "defragment_s", "refused_one"),
    [(0.0, 5.0, [1]), (5.0, 0.0, [1]), (15.0, 0.0, [])],
    ids=["of two that are left", "of three, one dies", "of three, and is through"],
)
def test_a_member_that_is_defragmented_is_away_until_it_is_through(
    kill_s: float, defragment_s: float, refused_one: list[int]
) -> None:
    first, second = sorted(
        [
            WantedFault("etcd.kill", {"member": "a"}, "fault", kill_s, 60),
            WantedFault("etcd.defragment", {"member": "b"}, "fault", defragment_s, 60),
        ],
        key=lambda fault: fault.inject_s,
    )
    found = [*refusals([first, second], ZONED)]
    assert [refusal.number for refusal in found] == refused_one
    assert all("would leave 1 of 3 members, and quorum" in refusal.why for refusal in found)
    second.arguments["allow_quorum_loss"] = True
    assert refused(ZONED, first, second) == []


def test_a_member_that_is_down_cannot_be_killed() -> None:
    again = kill("a", 5, 15, allow_quorum_loss=True)
    (refusal,) = refusals([kill(["a", "b"], 0, 10, allow_quorum_loss=True), again], FIVE)
    assert refusal == (
        1,
        ("member",),
        "etcd.kill of a: another fault hits a and b then; kill another, or at another time",
    )


def test_what_a_fault_does_alone_is_refused_too_and_other_extensions_are_not_looked_into() -> None:
    native = WantedFault("activity", {"activity": {"name": "x"}}, "fault", 0, 10)
    found = list(refusals([native, kill("d", 0, 10), kill("a", 20, 30)], THREE))
    assert [refusal.number for refusal in found] == [1]
    assert 'no member "d"' in found[0].why
    assert [
        refusal.number for refusal in refusals([kill("a", 0, 1)], ClusterDescription(("a",), ()))
    ] == [0]


LIMITED = ClusterDescription(("a", "b", "c"), ("limiting cpu", "limiting memory"))


def limit(name: str, zone: Any, **limits: Any) -> WantedFault:
    return WantedFault(name, {"zone": zone, **limits}, "fault", 0, 10)


def test_the_same_resource_of_the_same_component_is_not_limited_twice() -> None:
    cpu, other = (limit("kube-apiserver.limit_cpu", zone, cpus=1) for zone in "ab")
    memory = limit("kube-apiserver.limit_memory", "a", memory="1GiB")
    etcd = limit("etcd.limit_cpu", "a", cpus=1)
    assert refused(LIMITED, cpu, other, memory, etcd) == []
    assert refused(LIMITED, cpu, memory, cpu) == [2]


@pytest.mark.parametrize(("cpus", "is_refused"), [(0.2, []), (0.5, [1]), (0.7, [1])])
def test_a_second_limit_must_be_tighter_or_nobody_could_tell_its_effect(
    cpus: float, is_refused: list[int]
) -> None:
    first = limit("kube-apiserver.limit_cpu", "a", cpus=0.5)
    assert refused(LIMITED, first, limit("kube-apiserver.limit_cpu", ["b", "a"], cpus=cpus)) == (
        is_refused
    )


def test_apiservers_that_the_kernel_kills_are_away() -> None:
    name, each = "kube-apiserver.limit_memory", {"memory": "300MiB"}
    assert refused(LIMITED, limit(name, ["a", "b", "c"], **each)) == [0]
    assert refused(LIMITED, limit(name, ["a", "b", "c"], allow_api_loss=True, **each)) == []
    assert refused(LIMITED, limit(name, ["a", "b"], **each), limit(name, "c", **each)) == [1]
    assert refused(LIMITED, limit("kube-apiserver.limit_cpu", ["a", "b", "c"], cpus=1)) == []


@pytest.mark.parametrize("size", ["300", "300ms", "much"])
def test_what_only_the_fault_knows_to_be_wrong_is_refused(size: str) -> None:
    faults_then = [limit("kube-apiserver.limit_memory", "a", memory=size)]
    [(number, where, why)] = refusals(faults_then, LIMITED)
    assert (number, where) == (0, ("memory",))
    assert why.startswith("kube-apiserver.limit_memory: ")
    assert f'"{size}"' in why


PAUSING = ClusterDescription(
    ("a", "b", "c"), ("holding etcd", "pausing etcd", "limiting cpu", "cutting link")
)


@pytest.mark.parametrize(
    ("first", "second", "why"),
    [
        (then("etcd.pause", member="a"), then("etcd.pause", member="a"), ""),
        (then("etcd.pause", member="a"), then("etcd.kill", member="a"), ""),
        (then("etcd.kill", member="a"), then("etcd.pause", member="a"), "hits a then"),
        (then("etcd.pause", member="a"), then("etcd.stop", member="a"), "hits a then"),
        (then("etcd.pause", member="a"), then("etcd.isolate", member="a"), "hits a then"),
        (then("etcd.isolate", member="a"), then("etcd.pause", member="a"), ""),
        (then("etcd.pause", member="a"), then("etcd.kill", member="b"), "quorum needs 2"),
        (
            then("etcd.kill", member="a"),
            then("etcd.limit_cpu", zone="a", cpus=0.5),
            "hits a then",
        ),
        (then("etcd.limit_cpu", zone="a", cpus=0.5), then("etcd.kill", member="a"), ""),
        (then("etcd.limit_cpu", zone="a", cpus=0.5), then("etcd.kill", member="b"), ""),
    ],
)
def test_what_is_left_of_a_target_may_be_hit_again(
    first: WantedFault, second: WantedFault, why: str
) -> None:
    found = list(refusals([first, second], PAUSING))
    assert [refusal.number for refusal in found] == [1] * bool(why), found
    assert all(why in refusal.why for refusal in found)


@pytest.mark.parametrize(
    ("first", "second", "hit"),
    [
        ({"node": "n-1"}, {"node": ["n-2"]}, []),
        ({"node": "n-1"}, {"node": ["n-1"]}, []),
        ({"node": ["n-1", "n-2"]}, {"node": "n-3"}, [1]),
        ({"count": 2}, {"percent": 10}, [1]),
        ({"count": 3}, {}, [0, 1]),
        ({"node": "n-1"}, {"count": 1}, []),
    ],
)
def test_nodes_are_counted_though_no_cluster_file_names_them(
    first: dict[str, Any], second: dict[str, Any], hit: list[int]
) -> None:
    two = ClusterDescription(("a",), (), limits=(Limits(LimitsPart(nodes=2), "c.yaml"),))
    taint = then("node.taint", taint="drill=lost:NoSchedule", **second)
    assert refused(two, then("node.cordon", **first), taint) == hit


@pytest.mark.parametrize(
    ("first", "second", "hit"),
    [
        (then("node.cordon", node="n-1"), then("node.drain", node=["n-2", "n-1"]), [1]),
        (then("node.cordon", node="n-1"), then("node.drain", node="n-2"), []),
        (
            then("node.taint", node="n-1", taint="a=1:NoSchedule"),
            then("node.taint", node="n-1", taint="a=2:NoSchedule"),
            [1],
        ),
        (
            then("node.taint", node="n-1", taint="a:NoSchedule"),
            then("node.taint", node="n-1", taint="a:NoExecute"),
            [],
        ),
    ],
)
def test_what_would_be_done_to_a_node_twice_is_refused(
    first: WantedFault, second: WantedFault, hit: list[int]
) -> None:
    assert refused(ClusterDescription(("a",), ()), first, second) == hit
