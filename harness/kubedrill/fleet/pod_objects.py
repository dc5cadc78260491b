"""Fleet: what a node writes of its pods: their status, the Events about them, what it asks for them."""

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from kubedrill.client.informer import Object
from kubedrill.fleet.objects import stamp
from kubedrill.fleet.packing import amount
from kubedrill.fleet.references import Reference, has_token, mounted, read

RUNS_FOR = "drill.kubedrill.io/runs-for"
"""Annotation of a pod: after so many seconds its containers end by themselves, with exit code 0."""
FAILS_AFTER = "drill.kubedrill.io/fails-after"
"""The same, with exit code 1."""
TOKEN_S = 3607
"""How long a token lasts: what the API puts into pods' volumes."""


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
    mounted: frozenset[Reference]
    """Those of them that a volume has, or a pull."""
    probed_s: float = 0.0
    """So long after they run its containers are ready, by their probes."""
    of_daemon: bool = False
    """Whether it is of a DaemonSet: another one comes in its place as long as the node is there."""
    is_restarted: bool = True
    """Whether its containers are started anew where they have failed: restartPolicy."""

    @property
    def path(self) -> str:
        """Return where it is in the API."""
        return f"/api/v1/namespaces/{self.namespace}/pods/{self.name}"

    @classmethod
    def of(cls, found: Object) -> "PodShape":
        """Return what a pod's object says; KeyError if it is none."""
        metadata, spec, status = found["metadata"], found["spec"], found.get("status", {})
        namespace = metadata["namespace"]
        held = frozenset(mounted(spec, namespace))
        return cls(
            namespace=namespace,
            name=metadata["name"],
            uid=metadata["uid"],
            account=spec.get("serviceAccountName", "") if has_token(spec) else "",
            containers=tuple(map(_container_of, spec["containers"])),
            quality=status.get("qosClass", "BestEffort"),
            grace_s=float(spec.get("terminationGracePeriodSeconds", 30)),
            ends=_ends(metadata.get("annotations", {})),
            scheduled_at=_scheduled_at(status),
            cpus=sum(map(_cpus, spec["containers"])),
            references=tuple(dict.fromkeys([*held, *read(spec, namespace)])),
            mounted=held,
            probed_s=max(map(_probed_s, spec["containers"]), default=0.0),
            of_daemon=any(
                owner["kind"] == "DaemonSet" and owner.get("controller")
                for owner in metadata.get("ownerReferences", ())
            ),
            is_restarted=spec.get("restartPolicy", "Always") != "Never",
        )


def _container_of(spec: Object) -> Container:
    return Container(spec["name"], spec["image"], spec.get("imagePullPolicy", "IfNotPresent"))


def _probed_s(container: Object) -> float:
    """Return how long a container has run when its probes, of which each succeeds, say that it is ready.

    A kubelet asks as soon as it runs, and then every `periodSeconds`, but not before `initialDelaySeconds`.
    """
    first, again = (
        _first_s(probe) if (probe := container.get(kind)) else 0.0
        for kind in ("startupProbe", "readinessProbe")
    )
    readiness = container.get("readinessProbe") or {}
    more = readiness.get("successThreshold", 1) - 1
    return max(first, again) + float(more * readiness.get("periodSeconds", 10))


def _first_s(probe: Object) -> float:
    period = probe.get("periodSeconds", 10)
    return float(-(-probe.get("initialDelaySeconds", 0) // period) * period)


def _cpus(container: Object) -> float:
    """Return the CPUs that a container requests."""
    return amount(str(container.get("resources", {}).get("requests", {}).get("cpu", "0")))


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


Reason = tuple[str | None, str | None]
"""Of a condition, with its message; None takes away what stood there before."""
FINE: Reason = (None, None)
ContainerState = Literal["waiting", "running", "lost", "ended"]
"""`lost`: they were there when their machine went off, and are to be started anew."""
LOST_CODE = 255
"""What container runtimes give as the exit code of what they do not know any more."""


@dataclass(slots=True)
class PodState:
    """How a pod is on its node."""

    state: ContainerState = "waiting"
    exit_code: int = 0
    ready: bool = False
    started_at: str = ""
    """When the node took it."""
    sandbox_at: str = ""
    """When its sandbox was there, with its network and volumes: before its images are."""
    running_at: str = ""
    ready_at: str = ""
    """When its probes said so; "" where there is none, or they have not yet."""
    ended_at: str = ""
    restarts: int = 0
    lost: tuple[str, str] | None = None
    """From when to when the containers ran that went with their machine."""
    waiting: dict[str, tuple[str, str]] = field(default_factory=dict)
    """By container, reason and message of what it waits for, where that is not that it is created."""
    generation: int = 0
    """Of its object, as the node has heard of it last; 0: not yet."""


def status_patch(shape: PodShape, state: PodState, host: str, address: str) -> Object:
    """Return what kubelet writes of a pod's status now."""
    running, ended = state.state == "running", state.state == "ended"
    phases = {"waiting": "Pending", "ended": "Succeeded"}
    phase = "Failed" if ended and state.exit_code else phases.get(state.state, "Running")
    status: Object = {
        "observedGeneration": state.generation,
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
    lost_at = state.lost[1] if state.lost and state.state == "lost" else ""
    since = state.ended_at or lost_at or state.ready_at or state.running_at or state.started_at
    ready = state.ready and running
    names = " ".join(container.name for container in shape.containers)
    unready: Reason = ("ContainersNotReady", f"containers with unready status: [{names}]")
    if ended:
        unready = ("PodFailed" if state.exit_code else "PodCompleted", None)
    completed = ended and not state.exit_code
    no_sandbox: Reason = (
        "PodSandboxNotReady",
        "pod sandbox is not ready" if ended else "no pod sandbox exists",
    )
    sandbox = state.sandbox_at and not ended
    kinds: list[tuple[str, bool, str, Reason]] = [
        (
            "PodReadyToStartContainers",
            bool(sandbox),
            state.ended_at or state.sandbox_at or state.started_at,
            FINE if sandbox else no_sandbox,
        ),
        ("Initialized", True, state.started_at, ("PodCompleted", None) if completed else FINE),
        ("Ready", ready, since, FINE if ready else unready),
        ("ContainersReady", ready, since, FINE if ready else unready),
        ("PodScheduled", True, shape.scheduled_at, FINE),
    ]
    return [
        {
            "type": kind,
            "status": "True" if holds else "False",
            "observedGeneration": state.generation,
            "lastProbeTime": None,
            "lastTransitionTime": at,
            "reason": reason,
            "message": message,
        }
        for kind, holds, at, (reason, message) in kinds
    ]


def _container(shape: PodShape, state: PodState, which: Container) -> Object:
    running, name, image = state.state == "running", which.name, which.image
    container = _container_id(shape, state, name)
    is_first = state.state == "waiting"
    return {
        "name": name,
        "image": image,
        "imageID": "" if is_first else f"{image}@sha256:{'0' * 64}",
        "ready": state.ready and running,
        "restartCount": state.restarts,
        "started": running,
        **_states(shape, state, name),
        **({} if is_first else {"containerID": container}),
    }


def _states(shape: PodShape, state: PodState, name: str) -> Object:
    """Return how a container is, and how it was before it was started anew."""
    last = _lost(shape, state, name) if state.lost else {}
    now: Object
    match state.state:
        case "running":
            now = {"running": {"startedAt": state.running_at}}
        case "ended":
            why = "Error" if state.exit_code else "Completed"
            times = state.running_at, state.ended_at
            now = _terminated(state.exit_code, why, times, _container_id(shape, state, name))
        case "lost" if name not in state.waiting:
            return {"state": last, "lastState": {}}
        case _:
            now = {"waiting": _why_waiting(state, name)}
    return {"state": now, "lastState": last}


def _lost(shape: PodShape, state: PodState, name: str) -> Object:
    """Return how a container is that went with its machine, or was, if it has been started anew."""
    assert state.lost is not None
    before = state.restarts - (state.state != "lost")
    return _terminated(LOST_CODE, "Unknown", state.lost, f"kubedrill://{shape.uid}-{name}-{before}")


def _terminated(code: int, reason: str, times: tuple[str, str], container: str) -> Object:
    begun, ended = times
    return {
        "terminated": {
            "exitCode": code,
            "reason": reason,
            "startedAt": begun or None,
            "finishedAt": ended,
            "containerID": container,
        }
    }


def _container_id(shape: PodShape, state: PodState, name: str) -> str:
    return f"kubedrill://{shape.uid}-{name}-{state.restarts}"


def _why_waiting(state: PodState, container: str) -> Object:
    reason, message = state.waiting.get(container, ("ContainerCreating", ""))
    return {"reason": reason, **({"message": message} if message else {})}


def token_request(shape: PodShape) -> Object:
    """Return what kubelet asks for a pod's ServiceAccount."""
    bound = {"apiVersion": "v1", "kind": "Pod", "name": shape.name, "uid": shape.uid}
    spec = {"audiences": None, "expirationSeconds": TOKEN_S, "boundObjectRef": bound}
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
