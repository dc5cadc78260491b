"""Faults: components of which one leads, the others waiting for its Lease."""

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from kubedrill.cluster.handle import HandleError
from kubedrill.cluster.leases import LeaseError, leader
from kubedrill.faults.fault import Candidate, Scene, Whom
from kubedrill.faults.processes import OnProcesses, running
from kubedrill.faults.toll import Kind, Toll
from kubedrill.record.catalogue import ClusterDescription
from kubedrill.wire.errors import WireError

ASK_S = 5.0
"""Who leads is asked of the API, which may be busy."""


class OnLed(OnProcesses):
    """What faults on one kind of them have in common; a family says of which."""

    kind: ClassVar[Kind]
    health: ClassVar = "/healthz"
    hits: ClassVar = "zone"
    return_s: ClassVar = 30.0
    """Well about 2 s after its start here."""

    zone: Whom = Field(
        description="leader, random, a zone such as a, or several zones: [a, b]",
        json_schema_extra={"default": "leader"},
    )

    def asked(self) -> str | Sequence[str]:
        """Return the zones, or who is chosen among them."""
        return self.zone

    def tolls(self, cluster: ClusterDescription) -> Sequence[Toll]:  # noqa: ARG002
        """Return what is taken out: all of it may be, but nothing twice."""
        return (self.toll(self.kind, True),)

    def moves(self) -> tuple[str, ...]:
        """Return the kind itself."""
        return (self.component,)

    def candidates(self, scene: Scene) -> Sequence[Candidate]:
        """Return those that run, and which of them holds the Lease."""
        return running(scene, self.target, self._leaders(scene), finds=self.finds)

    def _leaders(self, scene: Scene) -> Sequence[str]:
        if self.zone != "leader":
            return ()  # it is nobody's affair, and the API may be down
        try:
            return (leader(scene.record, self.component, ASK_S),)
        except (WireError, LeaseError) as error:
            raise HandleError(f"who leads is not known: {error}") from error
