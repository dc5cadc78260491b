"""The workers of a load in an experiment file: on other machines, or as pods of the cluster."""

import re
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

from pydantic import Field, field_validator

from kubedrill.reading.problems import Problems
from kubedrill.reading.types import LongestWait, Part, matching
from kubedrill.record.catalogue import ClusterDescription
from kubedrill.record.remote import RemoteWorkers, WorkerPods
from kubedrill.record.schedule import ScheduledLoad
from kubedrill.words import shown

PodQuantity = Annotated[
    str, matching(r"[0-9]+(\.[0-9]+)?(m|Ki|Mi|Gi)?", "is no quantity; write 500m, 2, 512Mi")
]


class WorkerPodsPart(Part):
    """Workers that the drill starts itself, as pods of its cluster."""

    image: Annotated[
        str, matching(r"\S{1,500}", "is no image; write registry.example.com/kubedrill:1.0")
    ]
    """Has the program `kubedrill` of this version, and a user other than root."""
    master: Annotated[
        str, matching(r"[A-Za-z0-9.-]{1,253}", "is no host; write 10.0.0.5, or a name")
    ]
    """This machine, as pods reach it: a host name or an address; the port is that of `bind`."""
    api: Annotated[
        str,
        matching(r"in-cluster|\S+:[0-9]{1,5}", "is not HOST:PORT; or write in-cluster"),
    ] = "in-cluster"
    """Where they find the API: HOST:PORT, or where every pod does."""
    cpu: PodQuantity = "1"
    memory: PodQuantity = "512Mi"
    """What each requests of its node."""
    node_selector: dict[str, str] = Field(default_factory=dict)
    """Labels of the nodes that they may run on."""
    host_network: bool = False
    """Whether they are in their node's network."""


def check_pods(
    loads: Sequence[ScheduledLoad], cluster: ClusterDescription | None, problems: Problems
) -> None:
    """Add a problem where workers are to be pods on a cluster on which none of its pods really runs."""
    for index, load in enumerate(loads):
        pods = load.workers.pods if load.workers else None
        if pods and cluster is not None and not cluster.runs_pods:
            words = (
                "workers.pods: no node of this cluster runs containers; start the workers yourself"
            )
            problems.add(("load", index, "workers", "pods"), words)


class WorkersPart(Part):
    """Workers on other machines, started there by `kubedrill worker --master HOST:PORT`, or as pods."""

    expect: int = Field(ge=1, le=1000)
    """How many share the arrivals; all must have come before the drill begins."""
    bind: str
    """HOST:PORT on which the load's master listens, `0.0.0.0:5557`; over it go the load's credentials."""
    max_wait: LongestWait = 60.0
    """How long they are waited for."""
    pods: WorkerPodsPart | None = None
    """Where nobody else starts them: as what they are started in the cluster."""

    @property
    def remote(self) -> RemoteWorkers:
        """Return them as a schedule holds them."""
        pods = WorkerPods(**self.pods.model_dump()) if self.pods else None
        return RemoteWorkers(self.expect, self.bind, self.max_wait, pods)

    @classmethod
    def of(cls, remote: RemoteWorkers) -> "WorkersPart":
        """Return what `remote` made of them, unchecked."""
        pods = WorkerPodsPart.model_construct(**asdict(remote.pods)) if remote.pods else None
        return cls.model_construct(
            expect=remote.expect, bind=remote.bind, max_wait=remote.max_wait_s, pods=pods
        )

    @field_validator("bind")
    @classmethod
    def _host_and_port(cls, given: str) -> str:
        host, _, port = given.rpartition(":")
        if not host or not re.fullmatch("[0-9]{1,5}", port) or not 1 <= int(port) <= 65535:
            raise ValueError(f"{shown(given)!r} is not HOST:PORT, such as 0.0.0.0:5557")
        return given
