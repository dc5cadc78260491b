"""An etcd member that its peers do not reach, though its clients do."""

from typing import ClassVar

from kubedrill.cluster.handle import Link
from kubedrill.cluster.leases import LED
from kubedrill.faults.actions import actions
from kubedrill.faults.etcd import OnMembers, statuses
from kubedrill.faults.fault import Scene, Seen, missing, proof
from kubedrill.faults.zone_partition import PEERS_PORT, OnLinks
from kubedrill.record.faults import Witness


class EtcdIsolate(OnMembers, OnLinks):
    """Isolate an etcd member from its peers, and from them only: its clients still reach it."""

    name: ClassVar = "etcd.isolate"
    functions: ClassVar = ("isolate", "reunite")
    verb: ClassVar = "isolate"
    done: ClassVar = "isolated"
    hits_deaf: ClassVar = False
    """It is asked whether it has a leader."""
    blast_radius: ClassVar = (
        "what member {member} and its peers send each other; refused where quorum would be lost"
    )

    def moves(self) -> tuple[str, ...]:
        """Return etcd, and all that must renew a Lease: the member takes their writes, and does none."""
        return ("etcd", *LED)

    def shows(self) -> tuple[Witness, ...]:
        """Return that it does not call itself healthy: it has no leader."""
        return ("unhealthy",)

    def link(self, zone: str) -> Link:
        """Return what is cut of a member's zone."""
        return Link(zone, ports=(PEERS_PORT,))

    def took_effect(self, scene: Scene) -> Seen:
        """Look whether what the peers sent did not come through, and the members have no leader."""
        seen = super().took_effect(scene)
        if not seen.proven:
            return seen
        said = statuses(scene.record)
        for target in scene.targets:
            member = said.get(scene.called(target))
            if member is None:
                return missing(f"{target} does not answer its clients", target)
            if member.leader_id != "0":
                return missing(f"{target} still has a leader", target)
        return proof(f"{seen.words}; {' and '.join(scene.targets)} has no leader")


isolate, reunite = actions(EtcdIsolate)
