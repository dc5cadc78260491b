"""Faults on etcd: members that are taken out, and come back as full members that caught up."""

from abc import ABC
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from pydantic import Field

from kubedrill.cluster.etcd import EtcdError, EtcdStatus, healthy, status
from kubedrill.cluster.leases import LED
from kubedrill.faults.actions import actions
from kubedrill.faults.fault import Candidate, NamesWhom, Scene, Seen, Whom, missing, proof
from kubedrill.faults.possible import no_leader_known
from kubedrill.faults.processes import ASK_S, KILL, PAUSE, STOP, OnProcesses, running
from kubedrill.faults.toll import Toll
from kubedrill.record.catalogue import ClusterDescription
from kubedrill.record.cluster import ClusterRecord
from kubedrill.wire.errors import WireError

CAUGHT_UP = 100
"""Raft entries a member may be behind the leader: less than a second of a busy cluster's writes."""


class OnMembers(NamesWhom, ABC):
    """What those have in common that take members from the others."""

    hits: ClassVar = "member"
    target: ClassVar = "etcd-{}"

    member: Whom = Field(
        description="leader, random, a zone such as a, or several zones: [a, b]",
        json_schema_extra={"default": "leader"},
    )
    allow_quorum_loss: bool = Field(
        False, description="even where the members that are left have no quorum"
    )

    def tolls(self, cluster: ClusterDescription) -> Sequence[Toll]:  # noqa: ARG002
        """Return the members."""
        return (self.toll("member", self.allow_quorum_loss),)


class _TakenOut(OnMembers, OnProcesses, ABC):
    """What those have in common that take them out."""

    component: ClassVar = "etcd"
    blast_radius: ClassVar = "etcd member {member}; refused where quorum would be lost"
    effect_s: ClassVar = 10.0
    """An election takes 1-2 s without heartbeats (etcd's timeout, randomized); several may be split."""
    return_s: ClassVar = 30.0
    """A member reads its log and catches up in about 1 s here; 30 s is what a loaded machine may need."""

    def refuse(self, cluster: ClusterDescription) -> str:
        """Refuse the leader where etcd cannot be asked who that is."""
        return no_leader_known(self, self.component, cluster)

    def moves(self) -> tuple[str, ...]:
        """Return etcd; and where no write may be possible any more, all that must renew a Lease."""
        return ("etcd", *LED) if self.allow_quorum_loss else ("etcd",)

    def candidates(self, scene: Scene) -> Sequence[Candidate]:
        """Return the members that run."""
        return running(scene, self.target, leading(scene), finds=self.finds)

    def inject(self, scene: Scene) -> Mapping[str, Any]:
        """Take the members out, and remember how things were before."""
        before = statuses(scene.record)
        hit = [before[zone] for zone in _zones(scene) if zone in before]
        return {
            **super().inject(scene),
            "member_ids": [member.member_id for member in hit],
            "led": any(member.is_leader for member in hit),
            "answered": [*before],
        }

    def took_effect(self, scene: Scene) -> Seen:
        """Look whether the members are gone and, where that can be, another one leads."""
        if not scene.record.of_kind("etcd"):  # nobody of ours may ask its members
            return super().took_effect(scene)
        after = statuses(scene.record)
        if still := [target.name for target in scene.hit if target.called in after]:
            words = f"the process was replaced, the {self.verb} hit nothing that lasted"
            return missing(f"{' and '.join(still)} answered: {words}", *still)
        gone = f"{' and '.join(scene.targets)} did not answer"
        members = len(scene.record.zones)
        quorum = members // 2 + 1
        answered = set(scene.facts["answered"])
        # Survivors that are slow to answer are no proof: the fault itself must have taken the quorum.
        if len(answered - {*_zones(scene)}) < quorum <= len(answered):
            return proof(f"{gone}; {len(after)} of {members} members answer: no quorum")
        if not scene.facts["led"]:
            return proof(gone)
        for zone, said in after.items():
            if said.is_leader and said.member_id not in scene.facts["member_ids"]:
                return proof(f"{gone}; {self.target.format(zone)} leads")
        return missing("no other member led")

    def undone(self, scene: Scene) -> Seen:
        """Look whether they are full members, healthy, and close behind the leader; or, else, run."""
        if not scene.record.of_kind("etcd"):
            return super().undone(scene)
        return caught_up(scene, _zones(scene))


class EtcdKill(_TakenOut):
    """Kill an etcd member with SIGKILL and keep it down until the phase ends."""

    way: ClassVar = KILL


class EtcdStop(_TakenOut):
    """Stop an etcd member in order (SIGTERM) and keep it down until the phase ends."""

    way: ClassVar = STOP


class EtcdPause(_TakenOut):
    """Pause an etcd member (SIGSTOP) until the phase ends: its connections stay, and nobody answers."""

    way: ClassVar = PAUSE

    def moves(self) -> tuple[str, ...]:
        """Return etcd, and all that must renew a Lease: what was sent to the member hangs with it."""
        return ("etcd", *LED)


kill, restore = actions(EtcdKill)
stop, start = actions(EtcdStop)
pause, proceed = actions(EtcdPause)


def _zones(scene: Scene) -> list[str]:
    """Return the zones of the members that are hit."""
    return [target.called for target in scene.hit]


def _trouble(said: EtcdStatus) -> str:
    return "a learner" if said.is_learner else ", ".join(said.errors)


def leading(scene: Scene) -> list[str]:
    """Return the zones of the members that say that they lead: more than one only while that changes."""
    return [zone for zone, said in statuses(scene.record).items() if said.is_leader]


def statuses(record: ClusterRecord) -> dict[str, EtcdStatus]:
    """Return what each member that answers says of itself, by zone."""
    found = {}
    for zone in (member.zone for member in record.of_kind("etcd") if member.zone):
        try:
            found[zone] = status(record, zone, ASK_S)
        except (WireError, EtcdError):
            continue
    return found


def caught_up(scene: Scene, zones: Sequence[str]) -> Seen:
    """Look whether the members of zones are full ones, healthy, and close behind the leader."""
    etcd = scene.record.of_kind("etcd")
    members = {member.name: zone for member in etcd for zone in zones if member.zone == zone}
    found = statuses(scene.record)
    leader = next((said for said in found.values() if said.is_leader), None)
    if leader is None:
        return missing("no member leads", *members)
    behind = [0]
    for member, zone in members.items():
        said = found.get(zone)
        lag = max(leader.raft_index - said.raft_applied_index, 0) if said else 0
        behind.append(lag)
        if said is None:
            return missing(f"{member} does not answer", member)
        if said.is_learner or said.errors:
            return missing(f"{member} is no full member: {_trouble(said)}", member)
        if lag > CAUGHT_UP:
            return missing(f"{member} is {lag} raft entries behind the leader", member)
        if not healthy(scene.record, zone, ASK_S):
            return missing(f"{member} is not healthy", member)
    words = f"full member, healthy, {max(behind)} raft entries behind the leader"
    return proof(f"{' and '.join(members)}: {words}")
