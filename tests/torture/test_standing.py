"""The campaign's own eyes: whatever a drill may leave behind is seen, and named."""

import json
import subprocess
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from abandoned import abandon
from torture.standing import changed, look

from kubedrill.client.caller import Caller
from kubedrill.cluster import lock
from kubedrill.cluster.handle import Quota, present
from kubedrill.cluster.local.zones import namespace_prefix
from kubedrill.cluster.provider import handle_of
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.labels import labels_of
from kubedrill.undo.registry import register, unregister
from kubedrill.wire.target import identity_target

pytestmark = [pytest.mark.cluster, pytest.mark.breaks]

VICTIM = "kube-scheduler-b"


def held(cluster: ClusterRecord, undo: ExitStack) -> str:
    holding = present(handle_of(cluster).holding)
    undo.callback(holding.release, VICTIM)
    holding.hold(VICTIM)
    return f"component {VICTIM} is held"


def paused(cluster: ClusterRecord, undo: ExitStack) -> str:
    pausing = present(handle_of(cluster).pausing)
    undo.callback(pausing.proceed, VICTIM)
    pausing.pause(VICTIM)
    return f"component {VICTIM} stands still"


def limited(cluster: ClusterRecord, undo: ExitStack) -> str:
    limiting, quota = present(handle_of(cluster).limiting), Quota(memory_bytes=2**31)
    undo.callback(limiting.lift, VICTIM, quota)
    limiting.limit(VICTIM, quota)
    return f"{VICTIM}: {2**31}"


def in_a_group(cluster: ClusterRecord, undo: ExitStack) -> str:
    limiting, quota = present(handle_of(cluster).limiting), Quota(cpus=1)
    undo.callback(limiting.lift, VICTIM, quota)
    limiting.limit(VICTIM, quota)
    return f"{VICTIM}: 100000"


def not_served(cluster: ClusterRecord, undo: ExitStack) -> str:
    balancing = present(handle_of(cluster).balancing)
    undo.callback(balancing.put_back, "b")
    balancing.take_out("b")
    return "lost: the balancer serves b"


def _within(cluster: ClusterRecord, command: str) -> None:
    namespace = f"/run/netns/{namespace_prefix(Path(cluster.folder))}-b"
    subprocess.run(["nsenter", f"--net={namespace}", *command.split()], check=True, timeout=60)


def a_rule(cluster: ClusterRecord, undo: ExitStack) -> str:
    undo.callback(_within, cluster, "nft delete table inet forgotten")
    _within(cluster, "nft add table inet forgotten")
    return "table inet forgotten"


def a_queue(cluster: ClusterRecord, undo: ExitStack) -> str:
    undo.callback(_within, cluster, "tc qdisc del dev eth0 root")
    _within(cluster, "tc qdisc add dev eth0 root pfifo limit 1000")
    return "qdisc pfifo"


def a_link(cluster: ClusterRecord, undo: ExitStack) -> str:
    undo.callback(_within, cluster, "ip link delete forgotten")
    _within(cluster, "ip link add forgotten type bridge")
    return "forgotten DOWN"


def a_namespace(cluster: ClusterRecord, undo: ExitStack) -> str:
    name = f"{namespace_prefix(Path(cluster.folder))}-forgotten"
    undo.callback(subprocess.run, ["ip", "netns", "delete", name], check=True)
    subprocess.run(["ip", "netns", "add", name], check=True)
    return f"left: network namespace {name}"


def a_mount(cluster: ClusterRecord, undo: ExitStack) -> str:
    at = Path(cluster.folder) / "forgotten"
    at.mkdir()
    undo.callback(at.rmdir)
    undo.callback(subprocess.run, ["umount", str(at)], check=True)
    subprocess.run(["mount", "-t", "tmpfs", "forgotten", str(at)], check=True)
    return f"left: mount {at}"


def _make(cluster: ClusterRecord, undo: ExitStack, kind: str, name: str, **also: object) -> Caller:
    """Make an object of a collection, and return who may change it."""
    api = undo.enter_context(closing(Caller(*identity_target(cluster, "admin"))))
    assert api.call("POST", kind, {"metadata": {"name": name, **also}}).status == 201
    undo.callback(api.call, "DELETE", f"{kind}/{name}")
    return api


def an_object(cluster: ClusterRecord, undo: ExitStack) -> str:
    _make(cluster, undo, "/api/v1/nodes", "forgotten", labels=labels_of("20300101T000000Z"))
    return "left: object nodes forgotten"


def an_activity_s(cluster: ClusterRecord, undo: ExitStack) -> str:
    _make(cluster, undo, "/api/v1/namespaces", "forgotten")
    return "left: namespace forgotten"


def an_identity(cluster: ClusterRecord, undo: ExitStack) -> str:
    _make(cluster, undo, "/apis/rbac.authorization.k8s.io/v1/clusterroles", "forgotten")
    return "left: object clusterroles forgotten"


def _node(cluster: ClusterRecord, undo: ExitStack) -> Caller:
    return _make(cluster, undo, "/api/v1/nodes", "drilled")


def _put(api: Caller, spec: dict[str, object]) -> None:
    node = json.loads(api.call("GET", "/api/v1/nodes/drilled").body)
    del node["metadata"]["resourceVersion"]  # its controller changes it, too
    assert api.call("PUT", "/api/v1/nodes/drilled", {**node, "spec": spec}).status == 200


def a_cordon(cluster: ClusterRecord, undo: ExitStack) -> str:
    _put(_node(cluster, undo), {"unschedulable": True})
    return "left: node drilled is cordoned"


def a_taint(cluster: ClusterRecord, undo: ExitStack) -> str:
    taint = {"key": "drill", "value": "lost", "effect": "NoSchedule"}
    _put(_node(cluster, undo), {"taints": [taint]})
    return "left: node drilled has taint drill=lost:NoSchedule"


def a_lock(cluster: ClusterRecord, undo: ExitStack) -> str:
    undo.enter_context(lock(cluster.name))
    return f"left: the lock of {cluster.name} is held"


def a_memory(cluster: ClusterRecord, undo: ExitStack) -> str:
    folder = abandon(Path(cluster.folder), Path(cluster.folder) / "broken")
    register(folder)
    undo.callback(unregister, folder)
    return f"left: remembered: {folder.path}"


def a_private_folder(cluster: ClusterRecord, undo: ExitStack) -> str:
    private = cluster.private("20300101T000000Z")
    private.mkdir(parents=True)
    undo.callback(private.rmdir)
    return "left: private: 20300101T000000Z"


LEFT: list[Callable[[ClusterRecord, ExitStack], str]] = [
    held,
    paused,
    limited,
    in_a_group,
    not_served,
    a_rule,
    a_queue,
    a_link,
    a_namespace,
    a_mount,
    an_object,
    an_activity_s,
    an_identity,
    a_cordon,
    a_taint,
    a_lock,
    a_memory,
    a_private_folder,
]
"""Each leaves something, to be taken away with the stack; it returns words of what must be told."""


@pytest.mark.parametrize("leave", LEFT)
def test_what_is_left_is_named(
    cluster: ClusterRecord, leave: Callable[[ClusterRecord, ExitStack], str]
) -> None:
    before = look(cluster)
    with ExitStack() as undo:
        words = leave(cluster, undo)
        told = changed(before, look(cluster))
    assert any(words in line for line in told), told
    assert changed(before, look(cluster)) == []
