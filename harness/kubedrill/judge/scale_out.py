"""Judge: how each node of a fleet came, from the demand for it to the first pod that is Ready on it."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from kubedrill.clock import SECOND
from kubedrill.judge.demanded import STEP_OF_POD, DemandSeen, seen_demands
from kubedrill.judge.found import Found, Line, found
from kubedrill.judge.node_arrival import NodeArrival, first
from kubedrill.judge.silence import longest_gap, of_lines
from kubedrill.record.autoscaler import AutoscalerLine, AutoscalerNow, Demanded, NodesOrdered
from kubedrill.record.fleet import Fleet
from kubedrill.record.fleet_lines import FleetLine
from kubedrill.record.folder import RunFolder
from kubedrill.record.lines import read_lines
from kubedrill.record.objective import Objective
from kubedrill.record.scale_out import Counted, NodeSeen, PodSeen, SeenLine
from kubedrill.record.schedule import Phase, Schedule, allowed_hole

ROUNDING = 1e-9
"""0.999 of 1,000 is 999, and not what floats make of it."""
LEASE_LATE_S = 5.0
"""A Lease that its node renews later by itself: half of the time between two renewals."""
LAG_S = 1.0
"""A process of the fleet that was kept from the CPU for longer came late by itself."""


@dataclass(frozen=True, slots=True)
class SeenComing:
    """What was seen of a run's nodes and pods, and what the fleet's processes said of them."""

    schedule: Schedule
    seen: Found[SeenLine]
    lines: Mapping[str, Found[FleetLine]]
    """By the part of it."""
    asked: Found[Demanded]
    """When pods were asked for."""
    autoscaler: Found[AutoscalerLine]

    @classmethod
    def read(cls, folder: RunFolder, schedule: Schedule, *, killed: bool) -> "SeenComing":
        """Read what they wrote; the schedule has the zones of its fleet, if there is one."""
        fleet = schedule.fleet or Fleet()

        def lines(path: Path, kind: type[Line], *, there: bool = True) -> Found[Line]:
            read = partial(read_lines, path, kind, may_be_cut=killed)
            return found(folder, read) if there else Found()

        return cls(
            schedule,
            lines(folder.scale_out, SeenLine),  # type: ignore[arg-type]
            {part: lines(folder.fleet_lines(part), FleetLine) for part in fleet.parts},
            lines(folder.demand, Demanded, there=bool(fleet.demands)),
            lines(folder.autoscaler, AutoscalerLine, there=fleet.autoscaler is not None),  # type: ignore[arg-type]
        )

    def arrivals(self, phase: Phase) -> list[NodeArrival]:
        """Return the nodes that were asked for in a phase, those that never came among them."""
        asked = {arrival.node: arrival for arrival in self._asked(phase)}
        for line in self.seen.lines:
            match line:
                case NodeSeen(name=name, step=step) if name in asked:
                    asked[name] = first(asked[name], step, line.time)
                case PodSeen(node=node, step=step) if node in asked:
                    asked[node] = first(asked[node], STEP_OF_POD.get(step, step), line.time)
        needed = (
            node for demand in self.demands() if phase.holds(demand.time) for node in demand.nodes
        )
        return [*asked.values(), *needed]

    def seen_arrivals(self, phase: Phase) -> list[NodeArrival]:
        """Return the same; none where nobody can tell what was seen."""
        return [] if self.seen.doubt else self.arrivals(phase)

    def demands(self) -> list[DemandSeen]:
        """Return what was seen of each demand for pods."""
        return [*seen_demands(self.schedule, self.seen.lines)]

    def behind(self, phase: Phase) -> int | None:
        """Return how much later than the API had taken nodes they were seen at most, in ns; 0 if hardly.

        None: some were never seen.
        """
        registered: dict[str, int] = {}
        waiting: list[tuple[int, int]] = []  # since when so many are to be seen
        longest = 0
        for time, part, many in sorted([*self._told(), *self._saw()]):
            if part:
                registered[part] = many
                waiting.append((time, sum(registered.values())))
                continue
            if waiting and phase.holds(time):
                longest = max(longest, time - waiting[0][0])
            seen = [index for index, (_, wanted) in enumerate(waiting) if wanted <= many]
            del waiting[: seen[-1] + 1 if seen else 0]
        if waiting and waiting[0][0] < phase.end - allowed_hole(1.0):
            return None
        return longest if longest > allowed_hole(1.0) else 0

    def _told(self) -> Iterator[tuple[int, str, int]]:
        """Yield how many nodes the API had taken of each part of the fleet."""
        for part, told in self.lines.items():
            for line in told.lines:
                yield line.time, part, line.registered

    def _saw(self) -> Iterator[tuple[int, str, int]]:
        """Yield how many nodes were seen."""
        for line in self.counted():
            yield line.time, "", line.nodes

    def counted(self) -> Iterator[Counted]:
        """Yield the counts, one a second."""
        return (line for line in self.seen.lines if isinstance(line, Counted))

    def early(self, asked: Sequence[NodeArrival]) -> str:
        """Return which node was there before it was asked for; or ""."""
        fleet = self.schedule.fleet
        if fleet and fleet.demands:
            wanted = self.schedule.comes(fleet.demands[0])
            orders = (each for each in self.autoscaler.lines if isinstance(each, NodesOrdered))
            if any(order.time < wanted for order in orders):
                return "the autoscaler had ordered nodes before pods were wanted"
        demands = {arrival.node: arrival.demand for arrival in asked}
        for line in self.seen.lines:
            if isinstance(line, NodeSeen) and line.time < demands.get(line.name, 0):
                return f"{line.name} was there before it was asked for"
        return ""

    def doubt(self, phase: Phase) -> str:
        """Return why what was seen in a phase says nothing; or ""."""
        if self.seen.doubt:
            return self.seen.doubt
        hole = allowed_hole(1.0)
        for what in ("nodes", "pods"):
            told = (line.time for line in self.counted() if what not in line.unwatched)
            longest = longest_gap(told, phase)
            if longest > hole:
                return f"nobody was told of {what} for {longest / SECOND:.1f} s of this phase"
        return ""

    def doubts_of_fleet(self, phase: Phase) -> Iterator[str]:
        """Yield which of the fleet's processes was not there in a phase, or was late itself."""
        absences = [*self.absences(phase)]
        yield from absences
        if not absences and self.schedule.headroom == "required":
            for part, told in self.lines.items():
                yield from _late(part, [line for line in told.lines if phase.holds(line.time)])
            lag = (line.lag_s for line in self._autoscaler_now() if phase.holds(line.time))
            if (worst := max(lag, default=0.0)) > LAG_S:
                yield f"the autoscaler was kept from the CPU for {worst:.1f} s"

    def absences(self, phase: Phase) -> Iterator[str]:
        """Yield which of the fleet's processes was not there in a phase."""
        hole = allowed_hole(1.0)
        each = [
            of_lines(told, phase, f"fleet-{part}.jsonl", hole, "the fleet was not there")
            for part, told in self.lines.items()
        ]
        if self.schedule.fleet and self.schedule.fleet.autoscaler:
            told = Found([*self._autoscaler_now()], self.autoscaler.doubt)
            absent = "the autoscaler was not there"
            each.append(of_lines(told, phase, "autoscaler.jsonl", hole, absent))
        yield from filter(None, each)

    def unasked(self, phase: Phase) -> str:
        """Return why pods that were wanted in a phase were not asked for in time; or ""."""
        fleet = self.schedule.fleet
        sent = {line.due: line.sent for line in self.asked.lines}
        for due in map(self.schedule.comes, fleet.demands if fleet else ()):
            if not phase.holds(due):
                continue
            if due not in sent:
                return self.asked.doubt or "the API had not taken the demand for pods by the end"
            late = (sent[due] - due) / SECOND
            if late > LAG_S and self.schedule.headroom == "required":
                return f"pods were asked for {late:.1f} s late"
        return ""

    def _autoscaler_now(self) -> Iterator[AutoscalerNow]:
        return (line for line in self.autoscaler.lines if isinstance(line, AutoscalerNow))

    def _asked(self, phase: Phase) -> Iterator[NodeArrival]:
        fleet = self.schedule.fleet
        if fleet is None:
            return
        for index, burst in enumerate(fleet.bursts):
            demand = self.schedule.comes(burst)
            if phase.holds(demand):
                for member in fleet.of_burst(index):
                    yield NodeArrival(member.name, member.zone, demand)


def asked_quantile(took: Iterable[float], objective: Objective) -> float:
    """Return the quantile that an objective asks for, the largest if it names none; as `quantile`."""
    statistic = objective.statistic or "max"
    share = 1.0 if statistic == "max" else float(statistic.removeprefix("p")) / 100
    return quantile(took, share)


def quantile(values: Iterable[float], share: float) -> float:
    """Return the smallest of the values that at least such a share of them does not exceed.

    Infinite where that many have never come. ValueError of none.
    """
    ordered = sorted(values)
    if not ordered:
        raise ValueError("no values")
    return ordered[max(math.ceil(share * len(ordered) - ROUNDING) - 1, 0)]


def _late(part: str, lines: Sequence[FleetLine]) -> Iterator[str]:
    """Yield by how much a process was late itself, whatever the servers did."""
    if (lag := max((line.lag_s for line in lines), default=0.0)) > LAG_S:
        yield f"fleet-{part} was kept from the CPU for {lag:.1f} s"
    if (late := max((line.lease_late_s or 0.0 for line in lines), default=0.0)) > LEASE_LATE_S:
        yield f"fleet-{part} renewed a Lease {late:.1f} s late by itself"
