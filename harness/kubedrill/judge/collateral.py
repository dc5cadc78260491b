"""Judge: what changed in a cluster that no fault had announced, and neither load nor seed had made."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from kubedrill.clock import SECOND
from kubedrill.judge.demanded import came
from kubedrill.judge.elections import changes, starved
from kubedrill.judge.ending import Ending
from kubedrill.judge.faults import ToldFault
from kubedrill.judge.found import Found, looks
from kubedrill.judge.metrics import Metrics, within
from kubedrill.judge.scale_out import SeenComing
from kubedrill.record.components import HURRIED, KUBELET, Exited
from kubedrill.record.faults import NODE
from kubedrill.record.fleet import JOINED_PER_S
from kubedrill.record.folder import RunFolder
from kubedrill.record.schedule import Phase, Schedule
from kubedrill.record.surrounding import Surrounding
from kubedrill.record.verdict import CollateralChange
from kubedrill.record.watched import LeaseLook, NodeLook, Usage
from kubedrill.words import exit_status

LEASE_MOVES = 20 * SECOND
"""So long after a fault a Lease may still change hands because of it: it runs out after 15 s, and who
waits for it looks every 2 s."""

NODE_SETTLES = 60 * SECOND
"""So long after a fault its nodes may still change: they are not ready 50 s after their last sign of life."""

LEASE_LOST = 1
"""With this status a controller-manager or scheduler exits that led and could not renew its Lease for 10 s
(client-go's leaderelection, `OnStoppedLeading`); a crash has 2, what is killed a signal."""


@dataclass(frozen=True, slots=True)
class Collateral:
    """What was looked at of a run, besides exits and scrapes, and what had changed."""

    leases: Found[LeaseLook]
    surrounding: Found[Surrounding]
    nodes: Found[NodeLook]
    """Nothing, and no doubt, of a run in which nobody was to look at nodes: earlier versions did not."""
    changes: tuple[CollateralChange, ...]

    @classmethod
    def read(
        cls,
        folder: RunFolder,
        metrics: Metrics,
        faults: Sequence[ToldFault],
        ending: Ending,
        coming: SeenComing,
    ) -> "Collateral":
        """Read the files of a run; one that is missing or wrong says nothing, and why."""
        schedule = coming.schedule
        leases = looks(folder, folder.leases, LeaseLook, may_be_cut=ending.killed)
        around = looks(folder, folder.surrounding, Surrounding, may_be_cut=ending.killed)
        there = folder.nodes.exists()
        nodes = (
            looks(folder, folder.nodes, NodeLook, may_be_cut=ending.killed) if there else Found()
        )
        told = [
            *_exits(metrics, faults, schedule),
            *_throttled(metrics, faults, schedule),
            *_elections(metrics, faults, schedule),
            *_leases(leases.lines, faults),
            *_nodes(nodes.lines, faults, NodesComing(coming)),
            *_objects(around.lines, faults),
        ]
        return cls(leases, around, nodes, tuple(sorted(told, key=lambda change: change.time)))

    def of(self, schedule: Schedule, phase: Phase) -> list[CollateralChange]:
        """Return the changes of a phase; what was seen before the first or after the last is theirs."""
        return [change for change in self.changes if phase.holds(schedule.nearest(change.time))]

    def doubt(self, metrics: Metrics, phase: Phase) -> str:
        """Return why nobody knows all that changed in a phase; empty if that is known."""
        sources: tuple[Found[Any], ...] = (
            *(metrics.exits, metrics.scraped, metrics.resources),
            *(self.leases, self.surrounding, self.nodes),
        )
        if doubt := next((source.doubt for source in sources if source.doubt), ""):
            return doubt
        if not any(look.held for look in within(self.leases.lines, phase)):
            return "leases.jsonl: nobody said in this phase who leads"
        if [look.when for look in self.surrounding.lines] != ["before", "after"]:
            return "surrounding.jsonl: is not a look before the load and one after"
        return _incomplete(*self.surrounding.lines)


def _incomplete(before: Surrounding, after: Surrounding) -> str:
    """Return what was not looked at both before and after; empty if all was."""
    if error := before.error or after.error:
        return f"surrounding.jsonl: {error}"
    if once := sorted(before.there.keys() ^ after.there.keys()):
        return f"surrounding.jsonl: {', '.join(once)} were looked at only once"
    return ""


def _exits(
    metrics: Metrics, faults: Iterable[ToldFault], schedule: Schedule
) -> Iterator[CollateralChange]:
    """Yield the exits of components that no fault in force has hit."""
    known = list(faults)
    kinds = {part.name: part.kind for part in metrics.cluster.components}
    for line in metrics.exits.lines:
        if not isinstance(line, Exited) or not schedule.start <= line.time < schedule.end:
            continue
        kind = kinds.get(line.component, "")
        if not any(_announces(fault, line, kind) for fault in known):
            asked = f"asked by {line.by}" if line.asked else "nobody had asked for it"
            how = f"{line.component} exited ({exit_status(line.status)})"
            words = f"{how}; {asked}, and no fault announces it"
            yield CollateralChange(kind="exit", time=line.time, what=line.component, words=words)


def _announces(fault: ToldFault, line: Exited, kind: str) -> bool:
    """Whether a fault has hit what exited, or has kept a leader from its Lease, so that it ended itself.

    Or its undo has had a kubelet restarted, for that to start at once what the fault had taken.
    """
    if line.by == HURRIED:
        undoing = fault.at("undoing")
        return undoing is not None and undoing <= line.time
    # Where nobody knows how it ended, it may have been so.
    lost = not line.asked and line.status in {LEASE_LOST, None} and kind != "etcd"
    return fault.took(line.component, line.time) or (
        lost and fault.ends_leaders(kind, line.time, LEASE_MOVES)
    )


def _throttled(
    metrics: Metrics, faults: Iterable[ToldFault], schedule: Schedule
) -> Iterator[CollateralChange]:
    """Yield each component that a CPU quota held back in a phase, though no fault in force has hit it."""
    known = list(faults)
    for phase in schedule.phases:
        first: dict[str, int] = {}
        for before, after in pairwise(metrics.resources.lines):
            if not phase.holds(after.time):
                continue
            for name, usage in after.processes.items():
                if _held_back(before.processes.get(name), usage) and not any(
                    fault.holds(name, after.time) for fault in known
                ):
                    first.setdefault(name, after.time)
        for name, time in first.items():
            words = f"{name} was held back by a CPU quota, and no fault announces it"
            yield CollateralChange(kind="throttled", time=time, what=name, words=words)


def _held_back(before: Usage | None, after: Usage) -> bool:
    """Whether a quota has held the same process back between two looks."""
    if before is None or before.pid != after.pid or before.throttled is None:
        return False
    return (after.throttled or 0) > before.throttled


class NodesComing:
    """The nodes of a fleet that come while a drill runs: each is not Ready at first."""

    def __init__(self, coming: SeenComing) -> None:
        self._times = _coming(coming)
        self._arrived = set[str]()

    def holds(self, name: str, time: int) -> bool:
        """Whether a node is just coming, and has not been Ready yet."""
        begin, end = self._times.get(name, (0, -1))
        return name not in self._arrived and begin <= time <= end

    def arrive(self, names: Iterable[str]) -> None:
        """Take that these have been Ready."""
        self._arrived.update(names)


def _coming(seen: SeenComing) -> dict[str, tuple[int, int]]:
    """Return the nodes of a fleet that come while the drill runs, and from when until when they do."""
    schedule, fleet = seen.schedule, seen.schedule.fleet
    if fleet is None:
        return {}
    as_needed = came(schedule, seen.seen.lines)
    coming = {name: (schedule.start, time + NODE_SETTLES) for name, time in as_needed.items()}
    for index, burst in enumerate(fleet.bursts):
        begin = schedule.comes(burst)
        end = begin + NODE_SETTLES + burst.nodes * SECOND // JOINED_PER_S
        coming |= {member.name: (begin, end) for member in fleet.of_burst(index)}
    if fleet.replace:  # nobody knows when it is whose turn
        ever = schedule.after(fleet.replace.at_s), schedule.end
        coming |= {new.name: ever for _, new in fleet.replacements()}
    return coming


def _nodes(
    looks: Sequence[NodeLook], faults: Iterable[ToldFault], coming: NodesComing
) -> Iterator[CollateralChange]:
    """Yield the nodes that became ready or ceased to be, though no fault has hit them or a whole zone.

    But for those that are `coming`: each is not ready at first.
    """
    known = list(faults)
    answered = [look for look in looks if not look.error]
    for before, after in pairwise(answered):
        was, there = {*before.not_ready}, {*after.not_ready}
        for names, became in ((there - was, "is not ready"), (was - there, "is ready, or gone")):
            for name in sorted(names):
                if coming.holds(name, after.time):
                    if became != "is not ready":
                        coming.arrive([name])
                    continue
                if not any(_unsettles(fault, name, after.time) for fault in known):
                    words = f"node {name} {became}, and no fault announces it"
                    yield CollateralChange(kind="node", time=after.time, what=name, words=words)


def hits_node(fault: ToldFault, name: str, time: int) -> bool:
    """Whether a fault in force, or that was until a moment ago, has hit a node or a zone with its nodes.

    Or the kubelet of a node.
    """
    hit = (
        target.name
        for target in fault.hits
        if target.kind == "zone"
        or (target.kind, target.called) == ("node", name)
        or (target.kind == KUBELET and name in target.behind)
    )
    return any(fault.has_hit(target, time, NODE_SETTLES) for target in hit)


def _unsettles(fault: ToldFault, name: str, time: int) -> bool:
    """Whether a fault has hit a node, or has said that any may be not ready for it."""
    said = fault.says_that_it_moves(NODE) and fault.was_in_force(time, time, NODE_SETTLES)
    return said or hits_node(fault, name, time)


def _elections(
    metrics: Metrics, faults: Iterable[ToldFault], schedule: Schedule
) -> Iterator[CollateralChange]:
    """Yield etcd's leader changes that no fault announces."""
    known, seen = list(faults), set[int]()
    for phase in schedule.phases:
        for before, after, count in changes(metrics, phase) or ():
            if after in seen:
                continue  # between two scrapes of Prometheus, one in each of two phases
            if not any(fault.moves_leader("etcd", before, after) for fault in known):
                why = starved(metrics, before, after)
                words = f"etcd's leader changed {count} times, and no fault announces it{why}"
                yield CollateralChange(kind="leader", time=after, what="etcd", words=words)
            seen.add(after)


def _leases(looks: Sequence[LeaseLook], faults: Iterable[ToldFault]) -> Iterator[CollateralChange]:
    """Yield where a Lease changed hands that no fault announces, and whose holder had been alive.

    Who did not renew it once had ceased to before: of a drill just before this one, as may be.
    """
    known = list(faults)
    for kind in dict.fromkeys(kind for look in looks for kind in look.held):
        told = [(look.time, look.held[kind]) for look in looks if kind in look.held]
        held = [(time, lease) for time, lease in told if lease.holder]
        for (before, was), (after, lease) in pairwise(held):
            alive = was != held[0][1]
            if (
                alive
                and lease.holder != was.holder
                and not any(fault.moves_leader(kind, before, after, LEASE_MOVES) for fault in known)
            ):
                change = f"{kind}: {lease.holder} leads instead of {was.holder}"
                words = f"{change}, and no fault announces it"
                yield CollateralChange(kind="leader", time=after, what=kind, words=words)


def _objects(
    looks: Sequence[Surrounding], faults: Iterable[ToldFault]
) -> Iterator[CollateralChange]:
    """Yield what came or went between two looks, but for what faults say that they take away."""
    announced = {name for fault in faults for name in _taken_away(fault)}
    for before, after in pairwise(looks):
        owners = {before.owners[name] for name in announced if name in before.owners}
        anew = {name for name, owner in after.owners.items() if owner in owners}
        for kind in before.there.keys() & after.there.keys():
            was, there = set(before.there[kind]), set(after.there[kind])
            singular = kind.removesuffix("s")
            for names, became in ((there - was - anew, "was made"), (was - there, "is gone")):
                for name in sorted(names - announced):
                    words = f"{singular} {name} {became}: neither load nor seed, which label theirs"
                    yield CollateralChange(kind="object", time=after.time, what=name, words=words)


def _taken_away(fault: ToldFault) -> Iterator[str]:
    """Yield the names of the pods that a fault deletes, or has evicted."""
    yield from (target.called for target in fault.hits if target.kind == "pod")
    if told := fault.events.get("injected"):
        evicted = told.facts.get("evicted")
        yield from (str(name) for name in evicted) if isinstance(evicted, list) else ()
