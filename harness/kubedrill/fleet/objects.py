"""Fleet: what a node writes of itself: its Node, its Lease, its conditions, as kubelet 1.37 has them."""

from datetime import UTC, datetime

from kubedrill.client.informer import Object, conditions
from kubedrill.record.fleet import NODE_CPUS, Member
from kubedrill.record.labels import APART, RUN, ZONE

NODES = "/api/v1/nodes"
LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
LEASE_S = 40
"""How long a Lease lasts: kubelet's default."""
MEMORY, PODS = "16Gi", 110
"""What a node has, besides CPUs."""
VERSION = "v1.37.2"
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


def micro_stamp() -> str:
    """Return the time as Leases have it."""
    return f"{datetime.now(UTC).isoformat(timespec='microseconds')[:-6]}Z"


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


class Conditions:
    """A node's conditions, and since when they are so."""

    def __init__(self) -> None:
        self._since: dict[str, tuple[str, str]] = {}
        self.ready = False
        self.pressures: tuple[str, ...] = ()

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


def status_patch(conditions: list[Object], boot: str = "") -> Object:
    """Return what changes of a node's status; `boot`: of its machine, where that has been started anew."""
    order = [{"type": condition["type"]} for condition in conditions]
    started = {"nodeInfo": {"bootID": boot}} if boot else {}
    return {"status": {"$setElementOrder/conditions": order, "conditions": conditions, **started}}


def lease(name: str, uid: str, version: str = "") -> Object:
    """Return the Lease of a node, renewed now; of that `version`, if there is one already."""
    renewed = {"renewTime": micro_stamp()}
    owner = {"apiVersion": "v1", "kind": "Node", "name": name, "uid": uid}
    spec = {"holderIdentity": name, "leaseDurationSeconds": LEASE_S, **renewed}
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {
            "name": name,
            "namespace": "kube-node-lease",
            **({"resourceVersion": version} if version else {}),
            "ownerReferences": [owner],
        },
        "spec": spec,
    }
