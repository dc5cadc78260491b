"""Faults on nodes of a fleet, which do as they are ordered: silent, off, not Ready, under pressure."""

import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from datetime import datetime
from typing import Any, ClassVar, Literal

from pydantic import Field

from kubedrill.client.informer import conditions, is_ready
from kubedrill.clock import now
from kubedrill.cluster.handle import HandleError
from kubedrill.faults.actions import actions
from kubedrill.faults.api import Api, Object
from kubedrill.faults.fault import Lapse, Scene, Seen, missing, proof
from kubedrill.faults.on_fleet import is_played, order, order_file, repaired, take_back
from kubedrill.faults.on_nodes import NODES, NodesHit
from kubedrill.faults.on_objects import same
from kubedrill.record.fleet_lines import AS_QUICK_AS_EVER, AWAY, Plight, Slowness
from kubedrill.record.labels import RUN

LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
OBEYS_S = 2.0
"""Within this a node obeys: a Lease that is renewed later was not to be."""
SILENT_S = 13.0
"""A Lease is renewed every 10 s, up to 4 % later: whose was not for so long is silent."""
LOOK_S = 0.5
"""Between two looks for a proof: each is a list of all nodes."""


class OnFleet(NodesHit, ABC):
    """What those have in common that nodes of a fleet are ordered to suffer."""

    of_fleet: ClassVar = True
    rights: ClassVar = "get,list nodes; list leases.coordination.k8s.io; list pods"
    effect_s: ClassVar = 40.0
    return_s: ClassVar = 90.0

    @abstractmethod
    def plight(self) -> Plight:
        """Return what they suffer."""

    def slowness(self) -> Slowness:
        """Return how long they take, where they are slow."""
        return AS_QUICK_AS_EVER

    @abstractmethod
    def suffers(self, found: Object) -> bool:
        """Whether a node's object says so."""

    def listed(self, api: Api) -> Iterator[Object]:
        """Return the nodes of a fleet with the labels."""
        return api.listed(NODES, labelSelector=",".join(filter(None, (RUN, self.selector))))

    def may_be_hit(self, found: Object) -> bool:
        """Whether nothing is the matter with it yet."""
        return not self.suffers(found)

    def found(self, scene: Scene) -> Mapping[str, Any]:
        """Return each target as it is before; HandleError where nobody plays them."""
        if not is_played(scene.record):
            raise HandleError("there is no fleet: only its nodes do what they are ordered to")
        return super().found(scene)

    def inject(self, scene: Scene) -> Mapping[str, Any]:
        """Order it; return when."""
        nodes = tuple(target.called for target in scene.hit)
        order(scene, self.plight(), nodes=nodes, slowness=self.slowness())
        return {"at": time.time(), "since": now()}

    def did(self, scene: Scene) -> str:
        """Say what was ordered to whom."""
        return f"ordered {', '.join(scene.targets)} to be {self.done}"

    @property
    def is_away(self) -> bool:
        """Whether they say nothing any more: only their Leases tell, until the grace period is over."""
        return self.plight() in AWAY

    def lacks(self, scene: Scene, api: Api) -> Iterator[str]:
        """Yield whom nothing is the matter with, by name; HandleError where that cannot be known yet."""
        return _heard(scene, api) if self.is_away else _unscathed(self, scene, api)

    def took_effect(self, scene: Scene) -> Seen:
        """Look whether all of them suffer it."""
        with closing(Api(scene.record)) as api:
            lacking = list(self.lacks(scene, api))
        if lacking:
            time.sleep(LOOK_S)
            return missing(f"{', '.join(lacking)}: not {self.done}", *lacking)
        return proof(f"{', '.join(scene.targets)}: {self.done}")

    def lapse(self, scene: Scene) -> Lapse | None:
        """Return which of them suffers it no more, as soon as that can be known."""
        if self.is_away and _too_early(scene):
            return None
        with closing(Api(scene.record)) as api:
            lacking = sorted({*self.lacks(scene, api)} - repaired(scene))
        return Lapse(f"{', '.join(lacking)} was not {self.done} any more") if lacking else None

    def undo(self, scene: Scene) -> None:
        """Take the order away."""
        with suppress(OSError):
            self.retreat(scene)

    def retreat(self, scene: Scene) -> None:
        """Take the order away, if it is there yet."""
        take_back(scene)

    def undone(self, scene: Scene) -> Seen:
        """Look whether they are Ready, and have renewed their Leases; or are gone with their fleet."""
        if order_file(scene).exists():
            return missing("the order is there yet", *scene.targets)
        if not is_played(scene.record):
            return proof(f"{', '.join(scene.targets)}: gone, with the fleet")
        with closing(Api(scene.record)) as api:
            leases, there = leases_of(api), objects(scene, api)
        away = [
            target.name
            for target in scene.hit
            if target.name in there
            and not (
                is_ready(there[target.name])
                and not self.suffers(there[target.name])
                and self.beats(scene, leases.get(target.called))
            )
        ]
        if away:
            time.sleep(LOOK_S)
            return missing(f"{', '.join(away)}: not Ready, with a Lease renewed since", *away)
        return proof(f"{', '.join(scene.targets)}: Ready")

    def beats(self, scene: Scene, lease: Object | None) -> bool:
        """Whether a node's Lease shows that its heart beats as before, or again."""
        return lease is not None and renewed_since(scene, lease)


class NodeNotReady(OnFleet):
    """Let nodes be NotReady until the phase ends: their kubelets fall silent, or say so themselves."""

    name: ClassVar = "node.not_ready"
    functions: ClassVar = ("let_not_be_ready", "let_be_ready")
    verb: ClassVar = "make not ready"
    done: ClassVar = "not ready"
    blast_radius: ClassVar = (
        "node {node}: it is NotReady, after the grace period (50 s) or at once (how: reported); "
        "its pods are evicted if that lasts"
    )

    how: Literal["silent", "reported"] = Field(
        "silent",
        description='"silent": no heartbeat, so Ready=Unknown when the grace period is over; '
        '"reported": the kubelet says Ready=False',
    )

    def plight(self) -> Plight:
        """Return which of the two."""
        return "silent" if self.how == "silent" else "not_ready"

    def suffers(self, found: Object) -> bool:
        """Whether it is not Ready."""
        return not is_ready(found)


class NodeCrash(OnFleet):
    """Cut nodes' power until the phase ends: nobody is told; then their containers start anew."""

    name: ClassVar = "node.crash"
    functions: ClassVar = ("crash_nodes", "start_nodes")
    verb: ClassVar = "crash"
    done: ClassVar = "off"
    blast_radius: ClassVar = (
        "node {node} and the pods on it: it is NotReady when the grace period (50 s) is over, and its "
        "containers start anew when it is back"
    )

    def plight(self) -> Plight:
        """Return that they are off."""
        return "down"

    def suffers(self, found: Object) -> bool:
        """Whether the cluster has noticed by now."""
        return conditions(found).get("Ready") == "Unknown"


class NodePressure(OnFleet):
    """Let nodes say that they lack memory, disk or process ids: nothing new is scheduled to them."""

    name: ClassVar = "node.pressure"
    functions: ClassVar = ("press_nodes", "relieve_nodes")
    verb: ClassVar = "press"
    done: ClassVar = "under pressure"
    blast_radius: ClassVar = "node {node}, under pressure of {of}: no new pod is scheduled to it"

    of: Literal["memory", "disk", "pid"] = Field("memory", description="what they lack")

    def plight(self) -> Plight:
        """Return the condition."""
        kinds: dict[str, Plight] = {
            "memory": "MemoryPressure",
            "disk": "DiskPressure",
            "pid": "PIDPressure",
        }
        return kinds[self.of]

    def suffers(self, found: Object) -> bool:
        """Whether it says so."""
        return conditions(found).get(self.plight()) == "True"


let_not_be_ready, let_be_ready = actions(NodeNotReady)
crash_nodes, start_nodes = actions(NodeCrash)
press_nodes, relieve_nodes = actions(NodePressure)


def _too_early(scene: Scene) -> bool:
    """Whether a Lease that is renewed need not have been renewed since the order was obeyed."""
    return time.time() - float(scene.facts["at"]) < OBEYS_S + SILENT_S


def objects(scene: Scene, api: Api) -> dict[str, Object]:
    """Return those of the targets that are there, and are those that were hit."""
    by_name = {target.called: target.name for target in scene.hit}
    found = {
        by_name[each["metadata"]["name"]]: each
        for each in api.listed(NODES, labelSelector=RUN)
        if each["metadata"]["name"] in by_name
    }
    return {name: each for name, each in found.items() if same(scene, name, each)}


def _unscathed(fault: OnFleet, scene: Scene, api: Api) -> Iterator[str]:
    """Yield whose object does not say that it suffers."""
    there = objects(scene, api)
    for target in scene.targets:
        if target not in there or not fault.suffers(there[target]):
            yield target


def _heard(scene: Scene, api: Api) -> Iterator[str]:
    """Yield whose Lease was renewed since; nobody knows before it would have been.

    One that is not there is made by a kubelet that lives, 10 s after it has begun at the latest.
    """
    if _too_early(scene):
        raise HandleError(f"a Lease is renewed every 10 s, and {SILENT_S:g} s are not over")
    leases = leases_of(api)
    for target in scene.hit:
        lease = leases.get(target.called)
        if lease is not None and renewed_since(scene, lease):
            yield target.name


def leases_of(api: Api) -> dict[str, Object]:
    """Return the Leases of all nodes, by their names."""
    return {lease["metadata"]["name"]: lease for lease in api.listed(LEASES)}


def renewed_since(scene: Scene, lease: Object) -> bool:
    """Return whether a Lease was renewed since its node obeyed."""
    return renewed_at(lease) > float(scene.facts.get("at", 0.0)) + OBEYS_S


def renewed_at(lease: Object) -> float:
    """Return when a Lease was renewed last, seconds since 1970; 0 if it never was."""
    renewed = lease["spec"].get("renewTime")
    return datetime.fromisoformat(renewed).timestamp() if renewed else 0.0
