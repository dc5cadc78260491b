"""Judge: all that a run left behind, read once."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kubedrill.clock import SECOND
from kubedrill.judge.asking import RequestsTold
from kubedrill.judge.audit import Audit
from kubedrill.judge.collateral import Collateral
from kubedrill.judge.ending import Ending
from kubedrill.judge.faults import ToldFault, read_told, with_events
from kubedrill.judge.found import Found
from kubedrill.judge.load_files import read_loads
from kubedrill.judge.loads import Load
from kubedrill.judge.machine import Machine
from kubedrill.judge.metrics import Metrics
from kubedrill.judge.planned import read_plan
from kubedrill.judge.probes import Probes
from kubedrill.judge.scale_out import SeenComing
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.emergency import PlanLine
from kubedrill.record.faults import FaultLine
from kubedrill.record.folder import RunFolder
from kubedrill.record.lines import BadEvidence
from kubedrill.record.objective import Objective, ObjectiveError, parse
from kubedrill.record.schedule import Phase, Schedule
from kubedrill.record.series import Series, find_series
from kubedrill.record.timeline import Event, Seeded, StateTold
from kubedrill.words import shown


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the verdict is made from."""

    folder: RunFolder
    schedule: Schedule
    cluster: ClusterRecord
    events: list[Event]
    ending: Ending
    loads: list[Load]
    probes: Probes
    metrics: Metrics
    told: Found[FaultLine]
    """What faults told, in its order."""
    faults: list[ToldFault]
    machine: Machine
    audit: Audit
    collateral: Collateral
    coming: SeenComing
    asked: RequestsTold
    plan: Found[PlanLine]
    """What was told of the emergency plan."""

    @classmethod
    def read(
        cls,
        folder: RunFolder,
        events: list[Event],
        ending: Ending,
        schedule: Schedule | None = None,
    ) -> "Evidence":
        """Read a run's files; BadEvidence where one is wrong on which the whole drill rests.

        The `schedule` may have been read before.
        """
        schedule = schedule or Schedule.read(folder.schedule)
        _check_objectives(schedule, folder.schedule)
        cluster = ClusterRecord.read(folder.cluster)
        if schedule.fleet is not None:  # where it names no zones, its nodes are in all
            schedule = replace(schedule, fleet=schedule.fleet.within(cluster.zones))
        told = read_told(folder, schedule, ending)
        states = [event for event in events if isinstance(event, StateTold)]
        faults = with_events(folder, schedule, told, states, ending)
        metrics = Metrics.read(folder, cluster, schedule.scraping, ending.killed)
        coming = SeenComing.read(folder, schedule, killed=ending.killed)
        return cls(
            folder,
            schedule,
            cluster,
            events,
            ending,
            read_loads(folder, schedule, ending),
            Probes.read(folder, schedule, cluster, ending),
            metrics,
            told,
            faults,
            Machine.read(folder, killed=ending.killed),
            Audit.read(folder, ending),
            Collateral.read(folder, metrics, faults, ending, coming),
            coming,
            RequestsTold.read(folder, killed=ending.killed),
            read_plan(folder, schedule, ending),
        )

    def held(self, component: str, time: int) -> bool:
        """Whether a fault held a component down at a time, so that it was rightly silent."""
        return any(fault.holds(component, time) for fault in self.faults)

    def may_hit_disks(self, time: int) -> bool:
        """Whether a fault was in force that may have slowed the disk: of an activity, nobody knows."""
        return any(
            (fault.scheduled.slows_disks or fault.scheduled.name == "activity")
            and fault.scheduled.inject <= time <= fault.scheduled.undo
            for fault in self.faults
        )

    def load(self, series: str) -> Load:
        """Return the load that a series is of; KeyError if there is none."""
        name = series.partition(".")[0]
        return {load.scheduled.name: load for load in self.loads}[name]

    def series(self, name: str) -> Series | None:
        """Return the series of that name in this run; None if it has none.

        Of a load whose files do not say which series it has, it may be any.
        """
        known = [series for load in self.loads for series in (load.scheduled.name, *load.names)]
        unsaid = {load.scheduled.name for load in self.loads if not load.series}
        named = [*known, name] if name.partition(".")[0] in unsaid else known
        return find_series(name, known) or find_series(name, named)

    def holds_from(self, objective: Objective, phase: Phase) -> int:
        """Return from when a gauge must hold: the phase's start, or what `eventually` leaves it.

        That counts from the proof of an undo in the phase, if there is one.
        """
        if objective.eventually_s is None:
            return phase.start
        proofs = [fault.at("undone") for fault in self.faults]
        recovered = max([phase.start, *(at for at in proofs if at and phase.holds(at))])
        return recovered + round(objective.eventually_s * SECOND)


def _check_objectives(schedule: Schedule, path: Path) -> None:
    """Raise BadEvidence for the first objective that is none, or is for a phase that there is not."""
    phases = {phase.name for phase in schedule.phases}
    for number, objective in enumerate(schedule.objectives):
        if objective.phase not in phases:
            what = f'objectives.{number}.phase: there is no phase "{shown(objective.phase)}"'
            raise BadEvidence(path, None, what)
        try:
            parse(objective.text)
        except ObjectiveError as error:
            raise BadEvidence(path, None, f"objectives.{number}.text: {error}") from None


def seeded(events: list[Event]) -> dict[str, Any]:
    """Return how many objects of each kind were made before the load, as the timeline tells."""
    told = (event for event in events if isinstance(event, Seeded))
    return next(({**made.created, "seconds": made.seconds} for made in told), {})
