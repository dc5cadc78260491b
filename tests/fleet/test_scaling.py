"""Which nodes the reference autoscaler orders: as many as pods need, and none twice."""

from typing import Any

import pytest

from kubedrill.fleet.scaling import Scaling
from kubedrill.record.autoscaler import Autoscaler
from kubedrill.record.fleet import Fleet
from kubedrill.record.labels import APART

Object = dict[str, Any]
AT_MOST = 8


@pytest.fixture
def scaling() -> Scaling:
    """An autoscaler that may order six nodes besides the two that there are, on each of which a pod runs."""
    fleet = Fleet(("a", "b"), 2, autoscaler=Autoscaler(AT_MOST))
    scaling = Scaling("run", fleet, AT_MOST)
    for number, name in enumerate(("node-a-0", "node-b-1")):
        scaling.nodes.put(node(name))
        scaling.pods.put(pod(100 + number, on=name))
    return scaling


def node(name: str, ready: bool = True, **spec: Any) -> Object:
    status = {"conditions": [{"type": "Ready", "status": "True" if ready else "False"}]}
    return {"metadata": {"name": name, "uid": name}, "spec": spec, "status": status}


def pod(
    number: int, on: str = "", cpu: str = "3", reason: str = "Unschedulable", **spec: Any
) -> Object:
    said = {"type": "PodScheduled", "status": "True" if on else "False", "reason": reason}
    containers = [{"resources": {"requests": {"cpu": cpu}}}]
    return {
        "metadata": {"uid": f"pod-{number}"},
        "spec": {"containers": containers, **({"nodeName": on} if on else {}), **spec},
        "status": {"conditions": [said]},
    }


def wait_for_room(scaling: Scaling, many: int, **how: Any) -> None:
    for number in range(many):
        scaling.pods.put(pod(number, **how))


def test_what_is_coming_is_not_ordered_again(scaling: Scaling) -> None:
    wait_for_room(scaling, 3)
    assert [scaling.order() for _ in range(3)] == [3, 0, 0]
    assert scaling.there == 5
    scaling.nodes.put(node("node-a-2", ready=False))  # it has registered, and takes none yet
    wait_for_room(scaling, 4)
    assert [scaling.order() for _ in range(2)] == [1, 0]


def test_a_node_that_came_has_room_until_pods_are_bound(scaling: Scaling) -> None:
    wait_for_room(scaling, 1)
    assert scaling.order() == 1
    scaling.nodes.put(node("node-a-2"))
    assert scaling.order() == 0
    scaling.pods.put(pod(0, on="node-a-2"))
    scaling.pods.put(pod(1))
    assert scaling.order() == 1


def test_no_more_are_ordered_than_there_may_be(scaling: Scaling) -> None:
    wait_for_room(scaling, 20)
    assert [scaling.order() for _ in range(2)] == [AT_MOST - 2, 0]


@pytest.mark.parametrize(
    "lost", [node("node-a-0", ready=False), node("node-a-0", unschedulable=True)]
)
def test_a_node_that_is_lost_or_is_to_go_has_no_room(scaling: Scaling, lost: Object) -> None:
    scaling.pods.gone(pod(100))
    wait_for_room(scaling, 1)
    scaling.nodes.put(lost)
    assert scaling.order() == 1


def test_a_node_that_is_gone_has_no_room_either(scaling: Scaling) -> None:
    scaling.pods.gone(pod(100))
    wait_for_room(scaling, 1)
    scaling.nodes.begin()
    scaling.nodes.put(node("node-b-1"))
    scaling.nodes.all_found()
    assert scaling.order() == 1


def test_pods_that_are_gone_want_nothing(scaling: Scaling) -> None:
    wait_for_room(scaling, 3)
    scaling.pods.gone(pod(0))
    scaling.pods.begin()
    for there in (pod(100, on="node-a-0"), pod(101, on="node-b-1"), pod(1)):
        scaling.pods.put(there)
    scaling.pods.all_found()
    assert scaling.order() == 1


@pytest.mark.parametrize(
    "how",
    [
        {"cpu": "5"},
        {"reason": "SchedulingGated"},
        {"nodeSelector": {"pool": "spot"}},
        {"on": "elsewhere"},
    ],
)
def test_pods_that_no_node_would_help_are_ordered_none(scaling: Scaling, how: Any) -> None:
    wait_for_room(scaling, 2, **how)
    assert scaling.order() == 0


def test_pods_that_ask_for_what_every_node_has_are(scaling: Scaling) -> None:
    wait_for_room(scaling, 2, nodeSelector={"kubernetes.io/os": "linux"})
    assert scaling.order() == 2


@pytest.mark.parametrize(
    ("tolerations", "many"),
    [
        ([], 0),
        ([{"key": APART, "operator": "Exists"}], 2),
        ([{"operator": "Exists"}], 2),
        ([{"operator": "Exists", "effect": "NoExecute"}], 0),
        ([{"key": "spot", "operator": "Exists"}], 0),
    ],
)
def test_nodes_that_keep_apart_are_for_pods_that_tolerate_it(
    tolerations: list[Object], many: int
) -> None:
    scaling = Scaling("run", Fleet(("a",), autoscaler=Autoscaler(AT_MOST)), AT_MOST, apart=True)
    wait_for_room(scaling, 2, tolerations=tolerations)
    assert scaling.order() == many
