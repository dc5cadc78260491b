"""Which leaders a fault may move: what else moves is collateral."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from fault_rows import ROWS
from judged_parts import CLUSTER

from kubedrill.cluster.leases import LED
from kubedrill.faults.catalogue import faults
from kubedrill.record.faults import NODE

MANAGER, SCHEDULER = "kube-controller-manager", "kube-scheduler"
ON_LED = ("kill", "stop", "pause", "limit_cpu", "flags")
GIVEN = {row.fault: row.given for row in ROWS}
MOVES: dict[str, Sequence[str]] = {
    "etcd.kill": ("etcd",),
    "etcd.stop": ("etcd",),
    "etcd.pause": ("etcd", *LED),
    "etcd.isolate": ("etcd", *LED),
    "etcd.limit_cpu": ("etcd", *LED),
    "etcd.slow_disk": ("etcd", *LED),
    "etcd.move_leader": ("etcd",),
    "etcd.defragment": ("etcd",),
    "etcd.compact": (),
    "kube-apiserver.kill": LED,
    "kube-apiserver.stop": LED,
    "kube-apiserver.pause": LED,
    "kube-apiserver.rolling_restart": LED,
    "kube-apiserver.limit_cpu": LED,
    "kube-apiserver.limit_memory": LED,
    "kube-apiserver.flags": LED,
    **dict.fromkeys(("node.cordon", "node.taint", "node.drain", "pod.delete"), ()),
    "deployment.scale": (),
    **dict.fromkeys(("machine.kill", "machine.stop", "machine.pause"), ("etcd", *LED)),
    **dict.fromkeys(("kubelet.kill", "kubelet.stop", "kubelet.pause"), ()),
    "pod.isolate": (),
    **dict.fromkeys(("node.not_ready", "node.crash", "node.slow", "node.pressure"), ()),
    **{f"{MANAGER}.{how}": (MANAGER,) for how in ON_LED},
    **{f"{SCHEDULER}.{how}": (SCHEDULER,) for how in ON_LED},
    **{
        f"load-balancer.{how}": ()  # who leads renews its Lease through its own zone's apiserver
        for how in ("kill", "pause", "restart", "remove_backend", "cut_connections")
    },
    **{f"zone.{how}": ("etcd", *LED) for how in ("lose", "partition", "slow")},
}


@pytest.mark.parametrize("fault", faults())
def test_a_fault_says_which_leaders_it_may_move(fault: str) -> None:
    assert faults()[fault].model_validate(GIVEN[fault]).moves() == (*MOVES[fault],)


@pytest.mark.parametrize("fault", ["etcd.kill", "etcd.stop"])
def test_without_a_quorum_no_lease_is_renewed(fault: str) -> None:
    given = {**GIVEN[fault], "allow_quorum_loss": True}
    assert faults()[fault].model_validate(given).moves() == ("etcd", *LED)


@pytest.mark.parametrize("fault", faults())
def test_where_etcd_is_stacked_a_member_takes_its_apiserver_along(fault: str) -> None:
    stacked = replace(CLUSTER, settings={"etcd": "stacked"})
    kind = faults()[fault].model_validate(GIVEN[fault])
    takes_a_member = "etcd" in MOVES[fault] and kind.lasts != "momentary"
    moved = {"etcd", *LED, NODE} if takes_a_member else {*MOVES[fault]}
    assert {*kind.moves_on(stacked)} == moved
    assert kind.moves_on(CLUSTER) == kind.moves()
