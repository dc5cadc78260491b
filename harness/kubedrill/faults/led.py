"""Faults: components of which one leads, the others waiting for its Lease."""

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from kubedrill.cluster.handle import HandleError
from kubedrill.cluster.leases import LeaseError, leader
from kubedrill.faults.fault import Candidate, Scene, Whom
from kubedrill.faults.possible import no_leader_known
from kubedrill.faults.processes import OnProcesses, running
from kubedrill.faults.toll import KINDS, Toll
from kubedrill.record.catalogue import ClusterDescription
from kubedrill.wire.errors import WireError

ASK_S = 5.0
"""Who leads is asked of the API, which may be busy."""


class OnLed(OnProcesses):
    """What faults on one kind of them have in common; a family says of which."""

    hits: ClassVar = "zone"
    return_s: ClassVar = 30.0
    """Well about 2 s after its start here."""

    zone: Whom = Field(
        description="leader, random, a zone such as a, or several zones: [a, b]",
        json_schema_extra={"default": "leader"},
    )

    def tolls(self, cluster: ClusterDescription) -> Sequence[Toll]:  # noqa: ARG002
        """Return what is taken out: all of it may be, but nothing twice."""
        return (self.toll(KINDS[self.component], True),)

    def refuse(self, cluster: ClusterDescription) -> str:
        """Refuse the leader where nobody can tell where the holder of the Lease runs."""
        return no_leader_known(self, self.component, cluster)

    def moves(self) -> tuple[str, ...]:
        """Return the kind itself."""
        return (self.component,)

    def candidates(self, scene: Scene) -> Sequence[Candidate]:
        """Return those that run, and which of them holds the Lease."""
        # Else it is nobody's affair, and the API may be down.
        leaders = lease_holder(scene, self.component) if self.zone == "leader" else ()
        return running(scene, self.target, leaders, finds=self.finds)


def lease_holder(scene: Scene, component: str) -> tuple[str]:
    """Return the zone of the one that holds the Lease of its kind; HandleError if nobody can tell."""
    try:
        return (leader(scene.record, component, ASK_S),)
    except (WireError, LeaseError) as error:
        raise HandleError(f"who leads is not known: {error}") from error
