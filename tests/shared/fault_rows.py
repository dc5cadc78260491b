"""Every fault in a row: what it is given, what it must refuse, and who sees from outside what became of it.

A row is all that `tests/faults/test_every_fault.py` needs of a fault: a new fault adds one to ROWS.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from balancer_observers import Kept, Served
from fault_observers import (
    Asked,
    Compacted,
    DatabaseAnew,
    Ended,
    Flagged,
    Gone,
    Halted,
    KubeletEnded,
    KubeletHalted,
    Leading,
    Limited,
    MachineEnded,
    MachineFrozen,
    Observer,
    ShortOfMemory,
    SlowDisk,
)
from fleet_observers import (
    FleetNodes,
    Off,
    Pressed,
    Slowed,
    ZoneAndNodesGone,
    disobey,
    lift_orders,
    order_another,
)
from interfering import end_it, lift, put_back_by_hand, restore_flags
from object_observers import (
    ISOLATED,
    Deleted,
    Drained,
    IsolatedPods,
    Nodes,
    Scaled,
    Tainted,
    let_in_by_hand,
    mend_by_hand,
    scale_by_hand,
)
from sabotages import (
    Sabotage,
    amend_another,
    astray,
    deafen,
    hand_over_elsewhere,
    ignore,
    squint,
    write_nothing,
)
from zone_observers import CutOff, Isolated, Lossy, mend_all_links

from kubedrill.record.cluster import ClusterRecord


@dataclass(frozen=True)
class Row:
    """One fault."""

    fault: str
    given: Mapping[str, Any]
    observer: Callable[[ClusterRecord], Observer]
    refused: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """By the words with which it is refused, what it is given then."""
    sabotage: Sabotage = deafen
    astray: Sabotage | None = squint
    """Lets it hit another than its target; None where there is no other."""
    interfere: Callable[[ClusterRecord, str], None] = end_it
    """Ends what the fault does to a target by other means than its undo."""
    ends: bool = True
    """Whether it ends by itself with its lease: what stands in the API stays there."""
    holds: bool = True
    """Whether something is held that an undo, or the end of a lease, lets go: else it ends by itself."""
    on: str = "local"
    """The provider of the clusters on which it is played: those of others have not got what it hits."""


_NAMED = {
    'no member "d"; known: ': {"member": "d"},
    "no member is named": {"member": []},
    "a member is named twice: a, a": {"member": ["a", "a"]},
}
_MEMBERS = _NAMED | {
    "would leave 1 of 3 members, and quorum needs 2": {"member": ["a", "b"]},
}
_SERVERS = {
    'no zone "d"; known: ': {"zone": "d"},
    "no apiserver is named": {"zone": []},
    "an apiserver is named twice": {"zone": ["b", "b"]},
    "no apiserver leads the others": {"zone": "leader"},
}
_APISERVERS = _SERVERS | {
    "would leave 0 of 3 apiservers, and the API needs 1": {"zone": ["a", "b", "c"]},
}
_LIMITED = {
    'no zone "d"; known: ': {"zone": "d", "cpus": 1},
    "to be limited in its cpu is named twice: a, a": {"zone": ["a", "a"], "cpus": 1},
}
_SLOW = {'no zone "d"; known: ': {"zone": ["a", "d"], "writes_per_s": 1}}
_ZONES = {
    'no zone "d"; known: ': {"zone": "d"},
    "no link is named": {"zone": []},
    "a link is named twice": {"zone": ["b", "b"]},
}
_FLAG = {"goaway-chance": 0.02}
_NODES = {"no node is named": {"node": []}, "a node is named twice": {"node": ["n", "n"]}}
_LED = {'no zone "d"; known: ': {"zone": "d"}}
_MACHINES = {
    'no zone "d"; known: ': {"zone": "d"},
    "no member is named": {"zone": []},
    "would leave 1 of 3 members, and quorum needs 2": {"zone": ["a", "b"]},
}
_KUBELETS = {
    'no zone "d"; known: ': {"zone": "d"},
    "no kubelet is named": {"zone": []},
    "a kubelet is named twice: b, b": {"zone": ["b", "b"]},
    "no kubelet leads the others": {"zone": "leader"},
}

ROWS = [
    Row("etcd.kill", {"member": "leader"}, Gone, _MEMBERS),
    Row("etcd.stop", {"member": "leader"}, Gone, _MEMBERS),
    Row("etcd.pause", {"member": "leader"}, Halted, _MEMBERS),
    Row(
        "etcd.move_leader",
        {},
        Leading,
        {
            "etcd.move_leader: the leader leads already": {"member": "leader"},
            'no member "d"; known: ': {"member": "d"},
        },
        ignore("move_leader"),
        astray=hand_over_elsewhere,
    ),
    Row(
        "etcd.defragment",
        {"member": "random"},
        DatabaseAnew,
        _NAMED,
        ignore("defragment"),
        astray=astray("defragment", 1),
    ),
    Row("etcd.compact", {}, Compacted, {}, ignore("compact"), astray=None),  # whoever is told
    Row("kube-apiserver.kill", {"zone": "random"}, Gone, _APISERVERS),
    Row("kube-apiserver.stop", {"zone": "b"}, Gone, _APISERVERS),
    Row("kube-apiserver.pause", {"zone": "c"}, Halted, _APISERVERS),
    Row(
        "kube-apiserver.rolling_restart",
        {"zone": ["b"]},
        Ended,
        _SERVERS,
        holds=False,
    ),
    Row("kube-controller-manager.kill", {"zone": "leader"}, Gone, _LED),
    Row("kube-controller-manager.stop", {"zone": "leader"}, Gone, _LED),
    Row("kube-controller-manager.pause", {"zone": "leader"}, Halted, _LED),
    Row("kube-scheduler.kill", {"zone": "leader"}, Gone, _LED),
    Row("kube-scheduler.stop", {"zone": "leader"}, Gone, _LED),
    Row("kube-scheduler.pause", {"zone": "leader"}, Halted, _LED),
    Row("etcd.limit_cpu", {"zone": "leader", "cpus": 0.01}, Limited, _LIMITED, interfere=lift),
    Row("etcd.slow_disk", {"zone": "b", "writes_per_s": 4}, SlowDisk, _SLOW, interfere=lift),
    Row("kube-apiserver.limit_cpu", {"zone": "b", "cpus": 0.01}, Limited, _LIMITED, interfere=lift),
    Row(
        "kube-apiserver.limit_memory",
        {"zone": "c", "memory": "150MiB"},
        ShortOfMemory,
        {'no zone "d"; known: ': {"zone": "d", "memory": "1GiB"}},
        interfere=lift,
    ),
    Row(
        "kube-controller-manager.limit_cpu",
        {"zone": "leader", "cpus": 0.01},
        partial(Asked, "kube-controller-manager"),
        _LIMITED,
        interfere=lift,
    ),
    Row(
        "kube-scheduler.limit_cpu",
        {"zone": "leader", "cpus": 0.01},
        partial(Asked, "kube-scheduler"),
        _LIMITED,
        interfere=lift,
    ),
    Row(
        "kube-apiserver.flags",
        {"zone": "b", "set": {"goaway-chance": 0.02, "endpoint-reconciler-type": None}},
        Flagged,
        {
            **{words: {**given, "set": _FLAG} for words, given in _SERVERS.items()},
            'set: goaway-chanc: kube-apiserver has no flag "goaway-chanc"; did you mean': {
                "zone": "a",
                "set": {"goaway-chanc": 0.02},
            },
            "set: etcd-servers: kubedrill sets it itself": {
                "zone": "a",
                "set": {"etcd-servers": "https://127.0.0.1:1"},
            },
            "set: etcd-cafile: kubedrill sets it itself": {
                "zone": "a",
                "set": {"etcd-cafile": None},
            },
            "set: goaway-chance: kube-apiserver does not take it: invalid argument": {
                "zone": "a",
                "set": {"goaway-chance": "often"},
            },
        },
        interfere=restore_flags,
    ),
    Row(
        "kube-controller-manager.flags",
        {"zone": "leader", "set": {"concurrent-deployment-syncs": 7}},
        Flagged,
        {words: {**given, "set": {"v": 3}} for words, given in _LED.items()},
        interfere=restore_flags,
    ),
    Row(
        "kube-scheduler.flags",
        {"zone": ["c"], "set": {"kube-api-qps": 20}},
        Flagged,
        {"kube-scheduler has no flag": {"zone": "a", "set": {"goaway-chance": 0.02}}},
        interfere=restore_flags,
    ),
    Row(
        "node.cordon",
        {"selector": "drilled=yes"},
        Nodes,
        _NODES,
        write_nothing,
        amend_another,
        interfere=mend_by_hand,
        ends=False,
    ),
    Row(
        "node.taint",
        {"node": ["drilled-3"], "taint": "drill=lost:NoSchedule"},
        Tainted,
        {words: {**given, "taint": "a:NoExecute"} for words, given in _NODES.items()},
        write_nothing,
        amend_another,
        interfere=mend_by_hand,
        ends=False,
    ),
    Row(
        "node.drain",
        {"percent": 40, "selector": "drilled=yes"},
        Drained,
        _NODES,
        write_nothing,
        amend_another,
        interfere=mend_by_hand,
        ends=False,
    ),
    Row(
        "node.not_ready",
        {"how": "reported"},
        FleetNodes,
        _NODES,
        disobey,
        order_another,
        interfere=lift_orders,
    ),
    Row("node.crash", {}, Off, _NODES, disobey, order_another, interfere=lift_orders),
    Row(
        "node.slow",
        {"delay_s": 5, "slowdown": 2},
        Slowed,
        _NODES,
        disobey,
        order_another,
        interfere=lift_orders,
    ),
    Row(
        "node.pressure",
        {"of": "memory"},
        Pressed,
        _NODES,
        disobey,
        order_another,
        interfere=lift_orders,
    ),
    Row(
        "pod.delete",
        {"selector": "drilled=yes"},
        Deleted,
        {
            "a pod is named twice": {"pod": ["a/b", "a/b"]},
            "pod b: write NAMESPACE/b": {"pod": "b"},
        },
        write_nothing,
        None,
    ),
    Row(
        "deployment.scale",
        {"deployment": "random", "selector": "drilled=yes", "replicas": 0},
        Scaled,
        {
            "a deployment is named twice": {"deployment": ["a/b", "a/b"], "replicas": 0},
            "deployment b: write NAMESPACE/b": {"deployment": "b", "replicas": 0},
        },
        write_nothing,
        None,
        interfere=scale_by_hand,
        ends=False,
    ),
    Row(
        "pod.isolate",
        {"namespace": ISOLATED, "selector": "drilled=yes"},
        IsolatedPods,
        {
            "name the namespace": {"namespace": "random", "selector": "a=b"},
            "a namespace is named twice": {"namespace": ["a", "a"], "selector": "a=b"},
        },
        write_nothing,
        None,
        interfere=let_in_by_hand,
        ends=False,
    ),
    Row("kubelet.kill", {"zone": "b"}, KubeletEnded, _KUBELETS, on="kind"),
    Row("kubelet.stop", {"zone": "random"}, KubeletEnded, _KUBELETS, on="kind"),
    Row("kubelet.pause", {"zone": "c"}, KubeletHalted, _KUBELETS, on="kind"),
    Row("machine.kill", {"zone": "leader"}, MachineEnded, _MACHINES, on="kind"),
    Row("machine.stop", {"zone": "a"}, MachineEnded, _MACHINES, on="kind"),
    Row("machine.pause", {"zone": "leader"}, MachineFrozen, _MACHINES, on="kind"),
    Row("load-balancer.kill", {}, Gone),
    Row("load-balancer.pause", {}, Halted),
    Row("load-balancer.restart", {}, Ended),
    Row(
        "load-balancer.remove_backend",
        {"zone": "a"},
        Served,
        _APISERVERS,
        interfere=put_back_by_hand,
    ),
    Row("load-balancer.cut_connections", {"zone": "b"}, Kept, _SERVERS),
    Row(
        "zone.lose",
        {"zone": "leader"},
        ZoneAndNodesGone,
        {
            'no zone "d"; known: ': {"zone": "d"},
            "no member is named": {"zone": []},
            "would leave 1 of 3 members, and quorum needs 2": {"zone": ["a", "b"]},
        },
        interfere=lambda cluster, zone: end_it(cluster, f"etcd-{zone.removeprefix('zone-')}"),
    ),
    Row(
        "zone.partition",
        {"zone": "leader"},
        CutOff,
        {
            **_ZONES,
            "would leave 1 of 3 members, and quorum needs 2": {"zone": ["a", "b"]},
            'no zone "x"; known: a, b, c': {"zone": "a", "from_zone": "x"},
            "a zone is not cut off from itself": {"zone": ["a", "b"], "from_zone": "b"},
        },
        interfere=mend_all_links,
    ),
    Row(
        "zone.slow",
        {"zone": "leader", "bandwidth_mbit": 500, "loss": 0.02},
        Lossy,
        {words: {**given, "loss": 0.02} for words, given in _ZONES.items()},
        interfere=mend_all_links,
    ),
    Row("etcd.isolate", {"member": "b"}, Isolated, _MEMBERS, interfere=mend_all_links),
]


def rows_on(provider: str) -> list[Row]:
    """Return the rows of what is played on clusters of a provider."""
    return [row for row in ROWS if row.on == provider]
