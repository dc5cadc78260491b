"""Faults on etcd that are commands to it, over at once: leadership moved, defragmentation, compaction."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

from pydantic import Field

from kubedrill.cluster.etcd import (
    EtcdError,
    compact,
    defragment,
    defragmentations,
    is_compacted,
    move_leader,
)
from kubedrill.cluster.handle import HandleError
from kubedrill.faults.actions import actions
from kubedrill.faults.etcd import caught_up, leading, statuses
from kubedrill.faults.fault import Candidate, NamesWhom, Scene, Seen, Whom, missing, proof
from kubedrill.faults.in_turn import wait_until_well
from kubedrill.faults.processes import running
from kubedrill.faults.toll import Toll
from kubedrill.record.catalogue import ClusterDescription, Lasts, Need
from kubedrill.record.faults import Witness
from kubedrill.wire.errors import WireError

COMMAND_S = 60.0
"""A member answers once it is through; it defragments some 100 MB a second."""

ASK_S = 5.0

OBEYING = (Need("commanding", "etcd"),)
"""What each needs."""


class EtcdMoveLeader(NamesWhom):
    """Let etcd's leader hand over to another member, as before maintenance."""

    name: ClassVar = "etcd.move_leader"
    functions: ClassVar = ("move_leader_to", "leader_moved")
    hits: ClassVar = "member"
    target: ClassVar = "etcd-{}"
    verb: ClassVar = "move the leader to"
    done: ClassVar = "leading"
    needs: ClassVar = OBEYING
    blast_radius: ClassVar = "etcd's leader hands over to the member of zone {member}"
    lasts: ClassVar[Lasts] = "momentary"
    effect_s: ClassVar = 10.0

    member: str = Field("random", description="random, or the zone of the member that is to lead")

    def refuse(self, cluster: ClusterDescription) -> str:
        """Refuse the leader itself."""
        known = ", ".join(("random", *cluster.zones))
        leads = f"{self.name}: the leader leads already; known: {known}"
        return leads if self.member == "leader" else ""

    def moves(self) -> tuple[str, ...]:
        """Return etcd: that is what it is for."""
        return ("etcd",)

    def shows(self) -> tuple[Witness, ...]:
        """Return that it leads."""
        return ("leads",)

    def candidates(self, scene: Scene) -> Sequence[Candidate]:
        """Return the members that run, but for the leader, which is none by chance."""
        leaders = leading(scene)
        there = running(scene, self.target, leaders)
        return [found for found in there if not (found.leads and self.member == "random")]

    def inject(self, scene: Scene) -> Mapping[str, Any]:
        """Tell the leader to hand over."""
        before = statuses(scene.record)
        [target] = scene.hit
        leader = next((zone for zone, said in before.items() if said.is_leader), None)
        if leader is None:
            raise HandleError("no member leads, so there is no leader to move")
        if leader == target.called:
            raise HandleError(f"{target.name} leads already")
        if target.called not in before:
            raise HandleError(f"{target.name} does not answer")
        with _told():
            move_leader(scene.record, leader, before[target.called].member_id, COMMAND_S)
        return {"led": f"etcd-{leader}"}

    def did(self, scene: Scene) -> str:
        """Say who handed over to whom."""
        return f"{scene.facts['led']} was told to hand over to {scene.targets[0]}"

    def took_effect(self, scene: Scene) -> Seen:
        """Look whether the other one leads."""
        [target] = scene.hit
        led = leading(scene)
        if led == [target.called]:
            return proof(f"{target.name} leads")
        return missing(f"{' and '.join(f'etcd-{zone}' for zone in led) or 'no member'} leads")


class EtcdDefragment(NamesWhom):
    """Let etcd members write their databases anew, one after the other; each serves nobody meanwhile."""

    name: ClassVar = "etcd.defragment"
    functions: ClassVar = ("defragment_members", "members_defragmented")
    hits: ClassVar = "member"
    target: ClassVar = "etcd-{}"
    verb: ClassVar = "defragment"
    done: ClassVar = "defragmented"
    needs: ClassVar = OBEYING
    blast_radius: ClassVar = (
        "etcd member {member}, which serves nobody until it is through; "
        "refused where quorum would be lost"
    )
    lasts: ClassVar[Lasts] = "momentary"
    effect_s: ClassVar = 10.0

    member: Whom = Field(
        description="leader, random, a zone such as a, or several zones: [a, b]",
        json_schema_extra={"default": "leader"},
    )
    allow_quorum_loss: bool = Field(
        False, description="even where the members that are left have no quorum"
    )

    def tolls(self, cluster: ClusterDescription) -> Sequence[Toll]:  # noqa: ARG002
        """Return the members: one at a time is away, so that all may be named."""
        return (self.toll("member", self.allow_quorum_loss, at_once=1),)

    def moves(self) -> tuple[str, ...]:
        """Return etcd: a leader that serves nobody for longer than an election's timeout leads no more."""
        return ("etcd",)

    def shows(self) -> tuple[Witness, ...]:
        """Return that each counts one more."""
        return ("defragmented",)

    def candidates(self, scene: Scene) -> Sequence[Candidate]:
        """Return the members that run."""
        return running(scene, self.target, leading(scene))

    def inject(self, scene: Scene) -> Mapping[str, Any]:
        """Tell them, and wait until each is through."""
        with _told():
            before = {
                target.name: defragmentations(scene.record, target.called, ASK_S)
                for target in scene.hit
            }
            for turn, target in enumerate(scene.hit):
                if turn and not self.allow_quorum_loss:
                    self._goes_on(scene)
                defragment(scene.record, target.called, COMMAND_S)
        return {"before": before}

    def _goes_on(self, scene: Scene) -> None:
        """Raise HandleError where not all members are well, so that the next must not be away, too."""
        words = f"{self.name} goes on only when every member is well"
        wait_until_well(words, lambda: caught_up(scene, scene.record.zones))

    def did(self, scene: Scene) -> str:
        """Say who was told."""
        return f"{' and '.join(scene.targets)} defragmented when told"

    def took_effect(self, scene: Scene) -> Seen:
        """Look whether each counts one more."""
        for target, before in scene.facts["before"].items():
            try:
                after = defragmentations(scene.record, scene.called(target), ASK_S)
            except (WireError, EtcdError) as error:
                return missing(f"{target} does not say: {error}", target)
            if after <= before:
                return missing(f"{target} has defragmented {after} times, as before", target)
        return proof(f"{' and '.join(scene.targets)} counted a defragmentation")


class EtcdCompact(NamesWhom):
    """Let etcd forget all that was before now: who lists or watches from an older revision starts anew."""

    name: ClassVar = "etcd.compact"
    functions: ClassVar = ("compact_history", "history_compacted")
    hits: ClassVar = ""
    target: ClassVar = "etcd"
    verb: ClassVar = "compact"
    done: ClassVar = "compacted"
    needs: ClassVar = OBEYING
    blast_radius: ClassVar = "etcd's history but for the last {keep} revisions, on all members"
    lasts: ClassVar[Lasts] = "momentary"
    effect_s: ClassVar = 10.0

    keep: int = Field(0, ge=0, le=1_000_000, description="how many of the last revisions are kept")

    def shows(self) -> tuple[Witness, ...]:
        """Return that all members have forgotten."""
        return ("compacted",)

    def candidates(self, scene: Scene) -> Sequence[Candidate]:
        """Return etcd, if a member of it answers."""
        return [Candidate(self.target)] if statuses(scene.record) else []

    def inject(self, scene: Scene) -> Mapping[str, Any]:
        """Tell a member that answers."""
        zone, said = next(iter(statuses(scene.record).items()))
        revision = said.revision - self.keep
        with _told():
            if revision < 1 or is_compacted(scene.record, zone, revision - 1, ASK_S):
                raise HandleError(f"there is nothing before revision {revision} any more")
            compact(scene.record, zone, revision, COMMAND_S)
        return {"revision": revision}

    def did(self, scene: Scene) -> str:
        """Say which revision is the first now."""
        return f"told to forget what was before revision {scene.facts['revision']}"

    def took_effect(self, scene: Scene) -> Seen:
        """Look whether each member that answers has forgotten."""
        before = scene.facts["revision"] - 1
        for zone in (answering := [*statuses(scene.record)]):
            try:
                if not is_compacted(scene.record, zone, before, ASK_S):
                    return missing(f"etcd-{zone} still knows revision {before}")
            except (WireError, EtcdError) as error:
                return missing(f"etcd-{zone} does not say: {error}")
        names = " and ".join(f"etcd-{zone}" for zone in answering)
        return proof(f"{names} no longer know revision {before}") if names else missing("no member")


move_leader_to, leader_moved = actions(EtcdMoveLeader)
defragment_members, members_defragmented = actions(EtcdDefragment)
compact_history, history_compacted = actions(EtcdCompact)


@contextmanager
def _told() -> Iterator[None]:
    """Say it in words of the fault if a member does not do what it is told."""
    try:
        yield
    except (WireError, EtcdError) as error:
        raise HandleError(f"etcd did not do it: {error}") from error
