"""Fleet: what a node writes of its pods: their status, the Events about them, what it asks for them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from kubedrill.client.informer import Object
from kubedrill.fleet.objects import stamp

ReferredKind = Literal["configmaps", "secrets"]
Reference = tuple[ReferredKind, str, str]
"""What a pod uses: kind, namespace, name."""
_REFERRING: dict[str, ReferredKind] = {
    "configMap": "configmaps",
    "configMapRef": "configmaps",
    "configMapKeyRef": "configmaps",
    "secret": "secrets",
    "secretRef": "secrets",
    "secretKeyRef": "secrets",
}
RUNS_FOR = "drill.kubedrill.io/runs-for"
"""Annotation of a pod: after so many seconds its containers end by themselves, with exit code 0."""
FAILS_AFTER = "drill.kubedrill.io/fails-after"
"""The same, with exit code 1."""


class Container(NamedTuple):
    """One container of a pod."""

    name: str
    image: str
    policy: str
    """When its image is pulled: IfNotPresent, Always, Never."""


@dataclass(frozen=True, slots=True)
class PodShape:
    """What a node knows of a pod, of all that its object says."""

    namespace: str
    name: str
    uid: str
    generation: int
    account: str
    """The ServiceAccount whose token it has; "" if it has none."""
    containers: tuple[Container, ...]
    quality: str
    """Its class of service, as the API has defaulted it."""
    grace_s: float
    """How long it may take to end when it is deleted."""
    ends: tuple[float, int] | None
    """After how many seconds its containers end by themselves, and with which exit code; None: never."""
    scheduled_at: str
    """Since when it has a node."""
    cpus: float
    """What its containers request."""
    references: tuple[Reference, ...]

    @property
    def path(self) -> str:
        """Return where it is in the API."""
        return f"/api/v1/namespaces/{self.namespace}/pods/{self.name}"

    @classmethod
    def of(cls, found: Object) -> "PodShape":
        """Return what a pod's object says; KeyError if it is none."""
        metadata, spec, status = found["metadata"], found["spec"], found.get("status", {})
        namespace = metadata["namespace"]
        references = tuple(dict.fromkeys(_references(spec, namespace)))
        return cls(
            namespace=namespace,
            name=metadata["name"],
            uid=metadata["uid"],
            generation=int(metadata.get("generation", 1)),
            account=spec.get("serviceAccountName", "") if _has_token(spec) else "",
            containers=tuple(map(_container_of, spec["containers"])),
            quality=status.get("qosClass", "BestEffort"),
            grace_s=float(spec.get("terminationGracePeriodSeconds", 30)),
            ends=_ends(metadata.get("annotations", {})),
            scheduled_at=_scheduled_at(status),
            cpus=sum(map(_cpus, spec["containers"])),
            references=references,
        )


def _container_of(spec: Object) -> Container:
    return Container(spec["name"], spec["image"], spec.get("imagePullPolicy", "IfNotPresent"))


def _cpus(container: Object) -> float:
    """Return the CPUs that a container requests, as the API writes them: `2` or `375m`."""
    asked = str(container.get("resources", {}).get("requests", {}).get("cpu", "0"))
    return float(asked.removesuffix("m")) / 1000 if asked.endswith("m") else float(asked)


def _scheduled_at(status: Object) -> str:
    times = [
        each["lastTransitionTime"]
        for each in status.get("conditions", ())
        if each["type"] == "PodScheduled" and each.get("lastTransitionTime")
    ]
    return str(times[0]) if times else stamp()


def _ends(annotations: dict[str, str]) -> tuple[float, int] | None:
    for name, code in ((RUNS_FOR, 0), (FAILS_AFTER, 1)):
        try:
            return float(annotations[name]), code
        except (KeyError, ValueError):
            continue
    return None


def _has_token(spec: Object) -> bool:
    sources = [
        source
        for volume in spec.get("volumes", ())
        for source in volume.get("projected", {}).get("sources", ())
    ]
    return any("serviceAccountToken" in source for source in sources)


def _references(spec: Object, namespace: str) -> Iterator[Reference]:
    """Yield the ConfigMaps and Secrets that a pod's volumes, environment and pulls name."""
    parts = [spec.get("volumes", ()), spec.get("initContainers", ()), spec["containers"]]
    for key, named in _inside(parts):
        kind = _REFERRING.get(key)
        name = named.get("secretName") or named.get("name")
        if kind and name:
            yield kind, namespace, name
    for secret in spec.get("imagePullSecrets", ()):
        yield "secrets", namespace, secret["name"]


def _inside(part: Any) -> Iterator[tuple[str, Object]]:
    """Yield every mapping within a part of an object, with its key."""
    if isinstance(part, dict):
        for key, value in part.items():
            if isinstance(value, dict):
                yield key, value
            yield from _inside(value)
    elif isinstance(part, list | tuple):
        for value in part:
            yield from _inside(value)


ContainerState = Literal["waiting", "running", "ended"]


@dataclass(slots=True)
class PodState:
    """How a pod is on its node."""

    state: ContainerState = "waiting"
    exit_code: int = 0
    ready: bool = False
    started_at: str = ""
    """When the node took it."""
    running_at: str = ""
    ended_at: str = ""
    restarts: int = 0
    waiting: dict[str, tuple[str, str]] = field(default_factory=dict)
    """By container, reason and message of what it waits for, where that is not that it is created."""


def status_patch(shape: PodShape, state: PodState, host: str, address: str) -> Object:
    """Return what kubelet writes of a pod's status now."""
    running, ended = state.state == "running", state.state == "ended"
    phases = {"waiting": "Pending", "running": "Running", "ended": "Succeeded"}
    phase = "Failed" if ended and state.exit_code else phases[state.state]
    status: Object = {
        "observedGeneration": shape.generation,
        "phase": phase,
        "hostIP": host,
        "hostIPs": [{"ip": host}],
        "startTime": state.started_at,
        "qosClass": shape.quality,
        "conditions": _conditions(shape, state),
        "containerStatuses": [_container(shape, state, each) for each in shape.containers],
    }
    if running or ended:
        status |= {"podIP": address, "podIPs": [{"ip": address}]}
    return {"metadata": {"uid": shape.uid}, "status": status}


def _conditions(shape: PodShape, state: PodState) -> list[Object]:
    running, ended = state.state == "running", state.state == "ended"
    since = state.ended_at or state.running_at or state.started_at
    why = {} if running else {"reason": "PodCompleted" if ended else "ContainersNotReady"}
    ready = state.ready and running
    unready = {} if ready else why
    kinds: list[tuple[str, bool, str, Object]] = [
        ("PodReadyToStartContainers", running, since, {}),
        ("Initialized", True, state.started_at, {}),
        ("Ready", ready, since, unready),
        ("ContainersReady", ready, since, unready),
        ("PodScheduled", True, shape.scheduled_at, {}),
    ]
    return [
        {
            "type": kind,
            "status": "True" if holds else "False",
            "observedGeneration": shape.generation,
            "lastProbeTime": None,
            "lastTransitionTime": at,
            **more,
        }
        for kind, holds, at, more in kinds
    ]


def _container(shape: PodShape, state: PodState, which: Container) -> Object:
    running, name, image = state.state == "running", which.name, which.image
    container = f"kubedrill://{shape.uid}-{name}-{state.restarts}"
    states: dict[ContainerState, Object] = {
        "waiting": {"waiting": _why_waiting(state, name)},
        "running": {"running": {"startedAt": state.running_at}},
        "ended": {
            "terminated": {
                "exitCode": state.exit_code,
                "reason": "Error" if state.exit_code else "Completed",
                "startedAt": state.running_at or None,
                "finishedAt": state.ended_at,
                "containerID": container,
            }
        },
    }
    return {
        "name": name,
        "image": image,
        "imageID": "" if state.state == "waiting" else f"{image}@sha256:{'0' * 64}",
        "ready": state.ready and running,
        "restartCount": state.restarts,
        "started": running,
        "state": states[state.state],
        "lastState": {},
        **({} if state.state == "waiting" else {"containerID": container}),
    }


def _why_waiting(state: PodState, container: str) -> Object:
    reason, message = state.waiting.get(container, ("ContainerCreating", ""))
    return {"reason": reason, **({"message": message} if message else {})}


def token_request(shape: PodShape) -> Object:
    """Return what kubelet asks for a pod's ServiceAccount."""
    bound = {"apiVersion": "v1", "kind": "Pod", "name": shape.name, "uid": shape.uid}
    spec = {"audiences": None, "expirationSeconds": 3607, "boundObjectRef": bound}
    return {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}


def event(
    node: str, about: Object, name: str, reason: str, message: str, *, kind: str = "Normal"
) -> Object:
    """Return an Event that a kubelet writes: `about` is whom it concerns, `name` tells it from others."""
    at = stamp()
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": name, "namespace": about.get("namespace", "default")},
        "involvedObject": about,
        "reason": reason,
        "message": message,
        "type": kind,
        "source": {"component": "kubelet", "host": node},
        "reportingComponent": "kubelet",
        "reportingInstance": node,
        "firstTimestamp": at,
        "lastTimestamp": at,
        "count": 1,
    }


def is_over(found: Object) -> bool:
    """Whether a pod has ended, and nothing more is done with it."""
    return found.get("status", {}).get("phase") in {"Succeeded", "Failed"}
