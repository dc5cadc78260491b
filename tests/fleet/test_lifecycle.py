"""What becomes of nodes that are NotReady: kubernetes' node lifecycle, as docs/fleet.md has its table."""

import json
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from node_lifecycle import (
    FLAGS,
    GRACE_S,
    LOOK_S,
    MANAGER,
    PERIOD_S,
    RATE,
    SECONDARY,
    SIZES,
    NodeLifecycle,
    ZoneMetrics,
    until,
)

from kubedrill import cluster as stage
from kubedrill.client.informer import conditions
from kubedrill.cluster.handle import present
from kubedrill.cluster.local.definition import LocalDefinition
from kubedrill.cluster.provider import handle_of
from kubedrill.cluster.reading import guarded
from kubedrill.fleet.objects import LEASES
from kubedrill.seed import namespace_of, seed

pytestmark = [pytest.mark.cluster, pytest.mark.own]

GATE = "NodeControllerLeaseCircuitBreaker"
RUN = "lifecycle"
STOPPED_S = 15.0
"""In which none is tainted where that has stopped: at the usual rate it would be 30, at the secondary 3."""
ROUNDED_S = 1.0
"""Times in objects are whole seconds."""
SETTLED_S = 1.5
"""A taint that was decided on before a state was known is there by then, or stays away."""
SLACK_S = 10.0
"""So much later a slow machine may be with what takes a second."""


WITH_AND_WITHOUT = pytest.mark.parametrize(
    "breaker",
    [
        pytest.param(True, id="breaker"),
        pytest.param(False, id="no-breaker", marks=pytest.mark.torture),
    ],
    indirect=True,
)


@pytest.fixture(scope="module")
def breaker(request: pytest.FixtureRequest) -> bool:
    """Whether the controller-manager asks for a Lease before it takes a node for dead."""
    return bool(request.param)


@pytest.fixture(scope="module")
def lifecycle(breaker: bool, state: Path) -> Iterator[NodeLifecycle]:
    flags = {MANAGER: {**FLAGS, "feature-gates": f"{GATE}={str(breaker).lower()}"}}
    record = stage.up(guarded(LocalDefinition)(provider="local", flags=flags), RUN)
    try:
        nodes = NodeLifecycle(record)
        seed(record, RUN, {"workload": sum(SIZES.values())})
        yield nodes
        nodes.close()
    finally:
        stage.down(RUN)


@pytest.fixture
def nodes(lifecycle: NodeLifecycle) -> NodeLifecycle:
    """All of them Ready."""
    lifecycle.heal()
    return lifecycle


def agree(nodes: NodeLifecycle, not_ready: dict[str, int], states: dict[str, int]) -> bool:
    """Whether the controller-manager counts so many, and ours are these states of zones."""
    told = nodes.metrics()
    counted = {zone: (each.size, each.unhealthy) for zone, each in told.items()}
    return counted == {z: (SIZES[z], not_ready[z]) for z in SIZES} and nodes.states() == states


def spread_s(added: dict[str, float]) -> float:
    return max(added.values()) - min(added.values())


@WITH_AND_WITHOUT
def test_few_of_a_zone_are_tainted_at_the_usual_rate(nodes: NodeLifecycle) -> None:
    few = {"a": 7, "b": 5, "c": 2}  # half of each zone, and less than 55 %
    before = nodes.metrics()
    names = nodes.suffer("not_ready", few)
    until(lambda: agree(nodes, few, dict.fromkeys(SIZES, 0)), "all say that zones are Normal")
    assert set(nodes.called().values()) == {"Normal"}
    until(lambda: nodes.tainted().keys() == {*names}, "all of them are tainted")
    for zone, many in few.items():
        spread = spread_s(nodes.tainted(zone))
        # Of a bucket of one: what is faster than the rate is seen, and what is as slow as the other one.
        assert (many - 1) / RATE - ROUNDED_S <= spread < (many - 1) / SECONDARY, zone
    until(lambda: evicted(before, nodes.metrics()) == few, "each taint was counted, once")


def evicted(before: dict[str, ZoneMetrics], after: dict[str, ZoneMetrics]) -> dict[str, float]:
    return {zone: each.evictions - before[zone].evictions for zone, each in after.items()}


@WITH_AND_WITHOUT
def test_many_of_a_zone_are_tainted_slowly_or_not_at_all_and_all_of_one_as_usual(
    nodes: NodeLifecycle,
) -> None:
    many = {"a": 9, "b": 7, "c": 4}  # 64 % and 70 %, and all
    nodes.suffer("not_ready", many)
    called = {"a": "PartialDisruption", "b": "PartialDisruption", "c": "FullDisruption"}
    until(lambda: nodes.called() == called, "the controller-manager knows")
    known = time.time() + SETTLED_S
    assert agree(nodes, many, {"a": 1, "b": 1, "c": 2})
    healths = {zone: each.health for zone, each in nodes.metrics().items()}
    assert healths == pytest.approx({z: 100 * (SIZES[z] - many[z]) / SIZES[z] for z in SIZES})
    time.sleep(SETTLED_S)
    early = nodes.tainted()
    until(lambda: len(nodes.tainted("c")) == many["c"], "all of the zone that is Full are tainted")

    def slowly() -> dict[str, float]:
        return {name: at for name, at in nodes.tainted("a").items() if at > known}

    later = until(
        lambda: (found := slowly()) and len(found) >= 3 and found, "three of a large zone"
    )
    assert spread_s(later) >= (len(later) - 1) / SECONDARY - ROUNDED_S
    time.sleep(max(known + STOPPED_S - time.time(), 0.0))
    stopped = nodes.tainted("b").keys()
    assert stopped == {name for name in early if name.startswith("node-b")}
    assert len(stopped) < many["b"], "the machine was too slow: there is none that could be tainted"


@WITH_AND_WITHOUT
def test_where_no_node_is_ready_at_all_taints_are_taken_away_until_one_is(
    nodes: NodeLifecycle,
) -> None:
    nodes.suffer("not_ready", {"c": SIZES["c"]})
    until(lambda: len(nodes.tainted("c")) == SIZES["c"], "a whole zone is tainted")
    nodes.suffer("not_ready", SIZES)
    until(lambda: "Entering master disruption mode" in nodes.log(), "it knows that all are Full")
    known = time.time()
    until(lambda: agree(nodes, SIZES, dict.fromkeys(SIZES, 2)), "so say its metrics")
    until(lambda: not nodes.tainted("c"), "those that were tainted are not any more")
    time.sleep(SETTLED_S)
    # Kubernetes overlooks whom it has tainted since it began the look at nodes in which it found that out.
    overlooked = nodes.tainted()
    assert all(at >= known - PERIOD_S - ROUNDED_S - SLACK_S for at in overlooked.values())
    assert len(overlooked) < (SIZES["a"] + SIZES["b"]) / 2
    time.sleep(STOPPED_S)
    assert nodes.tainted() == overlooked, "and no others since"
    nodes.suffer("not_ready", {**SIZES, "a": SIZES["a"] - 1})
    until(lambda: len(nodes.tainted("c")) == SIZES["c"], "the others are tainted again")


def renewed_at(nodes: NodeLifecycle, name: str) -> float:
    """When a node has renewed its Lease last, seconds since 1970."""
    lease = json.loads(nodes.api.call("GET", f"{LEASES}/{name}").body)
    return datetime.fromisoformat(lease["spec"]["renewTime"]).timestamp()


def pods_unready(nodes: NodeLifecycle) -> dict[str, str]:
    """The pods that are not Ready, and their nodes."""
    path = f"/api/v1/namespaces/{namespace_of(RUN)}-workload/pods"
    listed = json.loads(nodes.api.call("GET", path).body)["items"]
    assert len(listed) >= sum(SIZES.values())
    return {
        pod["metadata"]["name"]: pod["spec"].get("nodeName", "")
        for pod in listed
        if conditions(pod).get("Ready") != "True"
    }


@WITH_AND_WITHOUT
def test_a_silent_node_is_unknown_after_the_grace_period_and_its_pods_are_ready_when_it_is(
    nodes: NodeLifecycle,
) -> None:
    until(lambda: not pods_unready(nodes), "all pods are Ready")
    names = {*nodes.suffer("silent", {"a": 2}), *nodes.suffer("down", {"b": 1}, beside=True)}
    unknown = until(
        lambda: (found := nodes.unknown(names)).keys() == names and found, "all are Unknown"
    )
    for name, at in unknown.items():
        silent_s = at - renewed_at(nodes, name)
        assert GRACE_S - ROUNDED_S <= silent_s <= GRACE_S + PERIOD_S + SLACK_S, name
    until(
        lambda: {*pods_unready(nodes).values()} == names, "their pods are not Ready, and no others"
    )
    nodes.heal()
    until(lambda: not pods_unready(nodes), "no pod of a node that is Ready stays unready")


@WITH_AND_WITHOUT
def test_who_cannot_see_leases_calls_nobody_dead_where_there_is_a_breaker(
    nodes: NodeLifecycle, breaker: bool
) -> None:
    server = f"kube-apiserver-{nodes.leader}"
    holding = present(handle_of(nodes.cluster).holding)
    said = len(nodes.log())
    marked: set[str] = set()
    begun = time.monotonic()
    holding.hold(server)
    try:
        # So long that no Lease was seen to be renewed for longer than the grace period.
        while time.monotonic() < begun + GRACE_S + 3 * PERIOD_S:
            marked |= nodes.unknown(nodes.nodes()).keys()
            time.sleep(LOOK_S)
    finally:
        holding.release(server)
    assert not marked, "it could write nothing meanwhile"

    def seen_again() -> bool:
        """Whether it takes what it knows of all nodes for true."""
        marked.update(nodes.unknown(nodes.nodes()))
        return {zone: each.size for zone, each in nodes.metrics().items()} == SIZES

    until(seen_again, "the controller-manager goes by its Leases again")
    asked = "error looking up lease to verify node" in nodes.log()[said:]
    assert asked == breaker
    assert bool(marked) != breaker, marked
