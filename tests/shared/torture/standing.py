"""How a cluster, and the machine under it, stand: before a drill and after it, by the kernel and the API."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import psutil

from kubedrill.client.caller import Caller
from kubedrill.cluster.containers import LAYOUT, ContainerLayout
from kubedrill.cluster.files import Files
from kubedrill.cluster.handle import Absent
from kubedrill.cluster.kind.layout import KindLayout
from kubedrill.cluster.local import groups
from kubedrill.cluster.local.zones import namespace_prefix
from kubedrill.cluster.provider import handle_of
from kubedrill.cluster.state import is_locked
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.labels import RUN
from kubedrill.wire.target import identity_target

Facts = frozenset[str]
"""What holds, in words; what is there after a drill and was not before it is left over, or is lost."""

_LIMITS = (
    "cpu.cfs_quota_us",
    "memory.limit_in_bytes",
    "blkio.throttle.write_iops_device",
    "blkio.throttle.write_bps_device",
    "cpu.max",
    "memory.max",
    "io.max",
)
"""Of either version."""


def look(
    cluster: ClusterRecord, served: ClusterRecord | None = None, *, dying: bool = True
) -> Facts:
    """Return all that a drill may leave in a cluster, on its links, in its groups, and on this machine.

    `served`: as its administrator knows it, if that is somebody else. `dying`: with objects that are being
    removed. They have yet to go after a drill; before one, that they are there is nothing that it could lose.
    """
    with closing(Caller(*identity_target(served or cluster, "admin"))) as api:
        return frozenset(
            [
                *_components(cluster),
                *_containers(cluster),
                *_namespaces(cluster),
                *_links(cluster),
                *_groups(cluster),
                *_mounts(cluster),
                *_objects(api, dying),
                *_nodes(api),
                *_folders(cluster),
            ]
        )


def changed(before: Facts, after: Facts) -> list[str]:
    """Return in words what is other than it was."""
    came = (f"left: {fact}" for fact in sorted(after - before))
    went = (f"lost: {fact}" for fact in sorted(before - after))
    return [*came, *went]


def _components(cluster: ClusterRecord) -> Iterator[str]:
    """Yield how each component is, to its supervisor and to the kernel, and whom the balancer serves."""
    handle = handle_of(cluster)
    for name, found in handle.components().items():
        yield f"component {name} is {found.state}"
    for name, pid in handle.processes().items():
        with suppress(psutil.NoSuchProcess):
            if psutil.Process(pid).status() == psutil.STATUS_STOPPED:
                yield f"component {name} stands still"
    if not isinstance(handle.balancing, Absent):
        yield from (f"the balancer serves {zone}" for zone in handle.balancing.served())


def _containers(cluster: ClusterRecord) -> Iterator[str]:
    """Yield how the containers of a cluster are, and what stands in its nodes, where it has such."""
    folder = Path(cluster.folder)
    if not (folder / LAYOUT).exists():
        return
    layout = (KindLayout if cluster.provider == "kind" else ContainerLayout).read(folder)
    ids = [node.id for node in layout.nodes] + ([layout.balancer] if layout.balancer else [])
    for found in json.loads(layout.at.ask("inspect", "--type", "container", *ids)):
        addresses = [net["IPAddress"] for net in found["NetworkSettings"]["Networks"].values()]
        policy = found["HostConfig"]["RestartPolicy"]["Name"]
        yield f"container {found['Name']} is {found['State']['Status']} at {addresses}, {policy}"
    for node in layout.nodes if cluster.provider == "kind" else ():
        for line in layout.at.execute(node.id, "bash", "-c", _IN_A_NODE).splitlines():
            yield f"in {node.name}: {line}"


_IN_A_NODE = """\
sha256sum /etc/kubernetes/manifests/* /etc/kubernetes/*.conf
ls -A /etc/kubernetes
nft list tables
systemctl is-active kubelet"""


def _of(cluster: ClusterRecord) -> list[Path]:
    """Return the network namespaces of this cluster."""
    prefix = namespace_prefix(Path(cluster.folder))
    return sorted(Path("/run/netns").glob(f"{prefix}*"))


def _namespaces(cluster: ClusterRecord) -> Iterator[str]:
    yield from (f"network namespace {namespace.name}" for namespace in _of(cluster))


def _links(cluster: ClusterRecord) -> Iterator[str]:
    """Yield the rules, queues and devices of each zone and the hub; of our own namespace, its rules."""
    for namespace in (None, *_of(cluster)):
        enter = ["nsenter", f"--net={namespace}"] if namespace else []
        where = namespace.name if namespace else "our own"
        for line in _said(*enter, "nft", "list", "tables"):
            yield f"nftables of {where}: {line}"
        for line in _said(*enter, "tc", "qdisc", "show"):
            # Without a handle of its own it came with its device; in our own, others' come and go.
            if namespace or line.split()[2] != "0:":
                yield f"tc of {where}: {line.partition(' refcnt')[0]}"
        if namespace:  # in our own, others come and go
            for found in json.loads("".join(_said(*enter, "ip", "-j", "link"))):
                yield f"link of {where}: {found['ifname']} {found['operstate']}"


def _groups(cluster: ClusterRecord) -> Iterator[str]:
    """Yield what each control group of the cluster's components is limited to, and that it is there."""
    known = groups.read(Files(Path(cluster.folder)).groups)
    for parent in known.folders if known else ():
        for group in (path for path in parent.rglob("*") if path.is_dir()):
            with suppress(FileNotFoundError):  # it goes just now
                told = [(group / file).read_text() for file in _LIMITS if (group / file).exists()]
                yield f"control group {group}: {' '.join(' '.join(told).split())}"


def _mounts(cluster: ClusterRecord) -> Iterator[str]:
    """Yield what is mounted for this cluster, in our mount namespace."""
    marks = (cluster.folder, *(namespace.name for namespace in _of(cluster)))
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        at = line.split()[4]
        if any(mark in at for mark in marks):
            yield f"mount {at}"


def _objects(api: Caller, dying: bool) -> Iterator[str]:
    """Yield the objects that any run has made, and all identities and namespaces that are there to stay."""
    for kind in ("namespaces", "nodes", "serviceaccounts"):
        for found in _listed(api, f"/api/v1/{kind}?labelSelector={RUN}"):
            if dying or "deletionTimestamp" not in found["metadata"]:
                yield f"object {kind} {found['metadata']['name']}"
    for kind in ("clusterroles", "clusterrolebindings"):
        for found in _listed(api, f"/apis/rbac.authorization.k8s.io/v1/{kind}"):
            yield f"object {kind} {found['metadata']['name']}"
    for found in _listed(api, f"/api/v1/namespaces?labelSelector=!{RUN}"):
        if "deletionTimestamp" not in found["metadata"]:
            yield f"namespace {found['metadata']['name']}"


def _listed(api: Caller, path: str) -> list[dict[str, Any]]:
    return list(json.loads(api.call("GET", path).body)["items"])


def _nodes(api: Caller) -> Iterator[str]:
    """Yield which nodes are cordoned, and their taints but for those that follow from how a node is."""
    for found in _listed(api, "/api/v1/nodes"):
        name, spec = found["metadata"]["name"], found["spec"]
        if spec.get("unschedulable"):
            yield f"node {name} is cordoned"
        for taint in spec.get("taints", ()):
            if not taint["key"].startswith("node.kubernetes.io/"):
                yield f"node {name} has taint {taint['key']}={taint.get('value', '')}:{taint['effect']}"


def _folders(cluster: ClusterRecord) -> Iterator[str]:
    """Yield the runs that are remembered, what they keep in private, and the lock if it is held."""
    yield from (
        f"remembered: {path.read_text().strip()}" for path in (cluster.state / "runs").glob("*")
    )
    yield from (f"private: {path.name}" for path in (Path(cluster.folder) / "drills").glob("*"))
    if is_locked(cluster.name, cluster.state):
        yield f"the lock of {cluster.name} is held"


def _said(*command: str) -> list[str]:
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return said.stdout.splitlines()
