"""Fleet: what a node writes of itself: its Node, its Lease, its conditions, as kubelet 1.37 has them."""

from datetime import UTC, datetime
from time import time_ns

from kubedrill.client.informer import Object, conditions
from kubedrill.client.protobuf import envelope, message
from kubedrill.clock import SECOND
from kubedrill.record.fleet import NODE_CPUS, Member
from kubedrill.record.labels import APART, RUN, ZONE

NODES = "/api/v1/nodes"
LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
CSI_NODES = "/apis/storage.k8s.io/v1/csinodes"
LEASE_S = 40
"""How long a Lease lasts: kubelet's default."""
MEMORY, PODS = "16Gi", 110
"""What a node has, besides CPUs."""
VERSION = "v1.37.2"
FEATURES = (
    "ExtendWebSocketsToKubelet",
    "InPlacePodLevelResourcesVerticalScaling",
    "InPlacePodVerticalScalingInitContainers",
    "RestartAllContainersOnContainerExits",
)
"""What a kubelet of that version declares that it can do."""
MIGRATED = ",".join(
    f"kubernetes.io/{name}"
    for name in (
        *("aws-ebs", "azure-disk", "azure-file", "cinder", "gce-pd", "portworx-volume"),
        "vsphere-volume",
    )
)
"""The volumes that it leaves to CSI drivers, none of which it has."""
REGION = "drill"
NO_BALANCER = "node.kubernetes.io/exclude-from-external-load-balancers"
"""The label of nodes to which load balancers of a cloud send nothing."""
TAINT: Object = {"key": APART, "value": "hollow", "effect": "NoSchedule"}
"""With which nodes keep apart from what is not the drill's."""

_HEALTHY = {
    "MemoryPressure": ("KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    "DiskPressure": ("KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    "PIDPressure": ("KubeletHasSufficientPID", "kubelet has sufficient PID available"),
}
_PRESSED = {
    "MemoryPressure": ("KubeletHasInsufficientMemory", "kubelet has insufficient memory available"),
    "DiskPressure": ("KubeletHasDiskPressure", "kubelet has disk pressure"),
    "PIDPressure": ("KubeletHasInsufficientPID", "kubelet has insufficient PID available"),
}
PRESSURES = tuple(_HEALTHY)


def stamp() -> str:
    """Return the time as objects have it, in whole seconds."""
    return f"{datetime.now(UTC).isoformat(timespec='seconds')[:-6]}Z"


def address(member: Member) -> str:
    """Return the node's own address: in 10.64.0.0/10, for up to four million nodes; nothing answers there."""
    return f"10.{64 + (member.number >> 16)}.{member.number >> 8 & 255}.{member.number & 255}"


def pod_address(member: Member, slot: int) -> str:
    """Return the address of a node's pod: in 10.128.0.0/9, 256 for each node."""
    number = member.number << 8 | slot & 255
    return f"10.{128 + (number >> 16 & 127)}.{number >> 8 & 255}.{number & 255}"


def node(member: Member, run: str, conditions: list[Object], *, apart: bool = False) -> Object:
    """Return the Node with which it registers; `apart`: nothing of others is to come to it."""
    labels = {
        RUN: run,
        "beta.kubernetes.io/arch": "amd64",
        "beta.kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": member.name,
        "kubernetes.io/os": "linux",
        "topology.kubernetes.io/region": REGION,
        ZONE: member.zone,
        **({NO_BALANCER: ""} if apart else {}),
    }
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": member.name,
            "labels": labels,
            "annotations": {"volumes.kubernetes.io/controller-managed-attach-detach": "true"},
        },
        **({"spec": {"taints": [TAINT]}} if apart else {}),
        "status": _status(member, conditions),
    }


def _status(member: Member, conditions: list[Object]) -> Object:
    room = {
        "cpu": str(NODE_CPUS),
        "ephemeral-storage": "100Gi",
        "hugepages-1Gi": "0",
        "hugepages-2Mi": "0",
        "memory": MEMORY,
        "pods": str(PODS),
    }
    return {
        "addresses": [
            {"type": "InternalIP", "address": address(member)},
            {"type": "Hostname", "address": member.name},
        ],
        "capacity": room,
        "allocatable": room,
        "conditions": conditions,
        "declaredFeatures": FEATURES,
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
        "nodeInfo": {
            "architecture": "amd64",
            "bootID": boot_id(member, 0),
            "containerRuntimeVersion": "kubedrill://1",
            "kernelVersion": "6.12.0",
            "kubeProxyVersion": "",
            "kubeletVersion": VERSION,
            "machineID": member.name,
            "operatingSystem": "linux",
            "osImage": "kubedrill hollow node",
            "systemUUID": member.name,
        },
    }


_CHANGED = {
    "MemoryPressure": ("NodeHasSufficientMemory", "NodeHasInsufficientMemory"),
    "DiskPressure": ("NodeHasNoDiskPressure", "NodeHasDiskPressure"),
    "PIDPressure": ("NodeHasSufficientPID", "NodeHasInsufficientPID"),
    "Ready": ("NodeNotReady", "NodeReady"),
}
"""The Event of each condition when it has become False, and True."""


class Conditions:
    """A node's conditions, and since when they are so."""

    def __init__(self) -> None:
        self._since: dict[str, tuple[str, str]] = {}
        self._changed: tuple[str, ...] = ()
        self.ready = False
        self.pressures: tuple[str, ...] = ()

    def changed(self) -> tuple[str, ...]:
        """Return, once, the Events of those that have changed."""
        changed, self._changed = self._changed, ()
        return changed

    def written(self) -> list[Object]:
        """Return them as kubelet writes them now."""
        at = stamp()
        written = []
        for kind in PRESSURES:
            pressed = kind in self.pressures
            reason, message = (_PRESSED if pressed else _HEALTHY)[kind]
            written.append(self._condition(kind, pressed, reason, message, at))
        reason, message = (
            ("KubeletReady", "kubelet is posting ready status")
            if self.ready
            else ("KubeletNotReady", "container runtime is down")
        )
        return [*written, self._condition("Ready", self.ready, reason, message, at)]

    def _condition(self, kind: str, holds: bool, reason: str, message: str, at: str) -> Object:
        status = "True" if holds else "False"
        known, since = self._since.get(kind, ("", at))
        if known != status:
            since = at
            if known or kind != "Ready":  # that it is not Ready at first is no news
                self._changed += (_CHANGED[kind][holds],)
        self._since[kind] = status, since
        return {
            "type": kind,
            "status": status,
            "lastHeartbeatTime": at,
            "lastTransitionTime": since,
            "reason": reason,
            "message": message,
        }


class ToldConditions:
    """What a node's own object says of it, by what its watch tells."""

    def __init__(self) -> None:
        self.conditions: dict[str, str] = {}

    def begin(self) -> None:
        """Nothing is forgotten: there is but one."""

    def put(self, found: Object) -> None:
        """Take it as it is now."""
        self.conditions = conditions(found)

    def gone(self, _: Object) -> None:
        """Take that it is gone: a kubelet says nothing more of it."""
        self.conditions = {}

    def all_found(self) -> None:
        """Nothing is to be done."""


def boot_id(member: Member, boots: int) -> str:
    """Return what tells one start of a node's machine from another."""
    return f"{member.name}-{boots}"


def status_patch(
    conditions: list[Object], boot: str = "", images: frozenset[str] = frozenset()
) -> Object:
    """Return what changes of a node's status.

    `boot`: of its machine, where that has been started anew; `images`: those it has, where there are others.
    """
    order = [{"type": condition["type"]} for condition in conditions]
    held = [{"names": [image]} for image in sorted(images)]
    return {
        "status": {
            "$setElementOrder/conditions": order,
            "conditions": conditions,
            **({"nodeInfo": {"bootID": boot}} if boot else {}),
            **({"images": held} if held else {}),
        }
    }


def csi_node(name: str, uid: str) -> Object:
    """Return the CSINode of a node that has no driver."""
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "CSINode",
        "metadata": {
            "name": name,
            "annotations": {"storage.alpha.kubernetes.io/migrated-plugins": MIGRATED},
            "ownerReferences": [{"apiVersion": "v1", "kind": "Node", "name": name, "uid": uid}],
        },
        "spec": {"drivers": []},
    }


def lease(name: str, uid: str, version: str = "") -> bytes:
    """Return the Lease of a node, renewed now; of that `version`, if there is one already. Protobuf."""
    seconds, nanoseconds = divmod(time_ns() // 1000 * 1000, SECOND)
    owner = message((1, "Node"), (3, name), (4, uid), (5, "v1"))
    metadata = message((1, name), (3, "kube-node-lease"), (6, version), (13, owner))
    renewed = message((1, seconds), (2, nanoseconds))
    spec = message((1, name), (2, LEASE_S), (4, renewed))
    return envelope("coordination.k8s.io/v1", "Lease", message((1, metadata), (2, spec)))
