"""Check that an objective can be measured in its phase: what cannot would be INVALID after the drill."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from kubedrill.experiment.settled import WantedFault
from kubedrill.reading.units import format_duration
from kubedrill.record.domain import Room, check_decides
from kubedrill.record.fleet import REFUSED, REPLACED
from kubedrill.record.live_series import FSYNC, spelled_as
from kubedrill.record.metric import APISERVER, COMPONENTS, METRICS, SCRAPES
from kubedrill.record.objective import SEEDED, Objective, ObjectiveError, base_load
from kubedrill.record.prometheus import NEVER_TOLD, PrometheusSource
from kubedrill.record.scale_out import HEALTHY, SCALE_OUT, VIOLATIONS, WORKLOAD
from kubedrill.record.schedule import DRAIN_S, touches
from kubedrill.record.series import APISERVER_PREFIX, zone_of
from kubedrill.words import did_you_mean, shown

_OF_FLEET = {REPLACED, REFUSED, HEALTHY, VIOLATIONS}
"""Series of what only a fleet does, or its workload."""


@dataclass(frozen=True, slots=True)
class Measurable:
    """What there will be to measure in a drill; None for what is not known, as its part is wrong."""

    phases: Mapping[str, tuple[float, float]]
    """Start and end of each, in seconds from the drill's start."""
    silent: Mapping[str, Collection[str]]
    """The phases in which a load does not press, by the load's name."""
    closed: Collection[str]
    """The loads that are closed loops: they offer what is answered."""
    seeded: Collection[str]
    """The kinds of objects of which some are seeded."""
    series: Sequence[str]
    """The names of the loads' series."""
    deadline_s: float
    """Of probes."""
    faults: Sequence[WantedFault] | None
    zones: Sequence[str] | None
    bursts: Collection[str]
    """The phases in which nodes of a fleet come."""
    demands: Collection[str]
    """The phases in which more pods of the workload are wanted."""
    fleet: bool
    """Whether there is one."""
    observed: Collection[str] | None = None
    """The kinds of components that can be seen; None: all."""
    told: PrometheusSource | None = None
    """Who tells of some of them, if that is a Prometheus."""

    def check(self, objective: Objective, phase: str) -> None:
        """Raise ObjectiveError if there will be nothing to measure, or nothing to decide."""
        self.check_measured(objective, phase)
        room = self._room(*self.phases.get(phase, (0.0, math.inf)))
        check_decides(objective, self.series, room)

    def check_measured(self, objective: Objective, phase: str) -> None:
        """Raise ObjectiveError if there will be nothing to measure."""
        start, end = self.phases.get(phase, (0.0, math.inf))
        if objective.eventually_s is not None and objective.eventually_s >= end - start:
            length = format_duration(round(end - start, 9))
            raise ObjectiveError(f'phase "{phase}" lasts only {length}; give it less time')
        if phase in self.silent.get(objective.series.partition(".")[0], ()):
            raise ObjectiveError(f'the load "{objective.series}" does not press in this phase')
        self._check_base(objective)
        if objective.series.startswith(f"{SCALE_OUT}."):
            self._check_coming(objective.series, phase)
        if (
            objective.series.startswith("fleet.") or objective.series in _OF_FLEET
        ) and not self.fleet:
            raise ObjectiveError(f"{objective.series} needs a fleet, and this drill has none")
        if objective.series.startswith("fault.") and self.faults is not None:
            self._check_fault(objective.series, phase, self.faults)
        if zone := zone_of(objective.series):
            self._check_zone(objective.series, zone)
        self.check_observed(objective.series)

    def check_observed(self, series: str) -> None:
        """Raise ObjectiveError if it is about components that nobody can see."""
        if self.observed is None:
            return
        metric = METRICS.get(series)
        one_apiserver = series.startswith(APISERVER_PREFIX)
        of = APISERVER if one_apiserver else metric.component if metric else ""
        told = self.told is not None and self.told.tells(series)
        scraped = metric and metric.source == SCRAPES and of in self.observed
        if self.told and of in self.told.select and (why := NEVER_TOLD.get(series)):
            raise ObjectiveError(f"{series} cannot be told by Prometheus: {why}")
        if of in COMPONENTS and not scraped and not told:
            what = f"processes of the {of}" if of in self.observed else of
            raise ObjectiveError(
                f"{series}: nobody sees the {what} of this cluster; leave it out, or take another cluster"
            )

    def check_live(self, objective: Objective) -> None:
        """Raise ObjectiveError if it is known only some time after it was so."""
        if self.told and spelled_as(objective) == FSYNC and self.told.tells(objective.series):
            raise ObjectiveError(
                f"{FSYNC}: what Prometheus tells is too old to act on; leave it out, and ask for it in slos"
            )

    def _check_coming(self, series: str, phase: str) -> None:
        come, phases = "no nodes of a fleet come", self.bursts
        if series == WORKLOAD:
            come, phases = "no pods of the workload are wanted", self.demands
        if phase not in phases:
            where = f"; ask for it in {' or '.join(phases)}" if phases else ""
            raise ObjectiveError(f'{series}: {come} in phase "{phase}"{where}')

    def _check_zone(self, series: str, zone: str) -> None:
        if self.zones is not None and zone not in self.zones:
            near = did_you_mean(zone, self.zones)
            raise ObjectiveError(f'{series}: the cluster has no zone "{shown(zone)}"{near}')

    def _room(self, start: float, end: float) -> Room:
        last = max((end for _, end in self.phases.values()), default=math.inf)
        answered = last + DRAIN_S + self.deadline_s
        members = len(self.zones) if self.zones else math.inf
        return Room(end - start, answered - start, answered, members)

    def _check_base(self, objective: Objective) -> None:
        load = base_load(objective)
        if load in self.closed:
            raise ObjectiveError(f"{load} is a closed loop, which offers what is answered")
        kind = objective.series.partition(".")[2]
        if objective.share_of == SEEDED and kind not in self.seeded:
            raise ObjectiveError(f"no {kind} are seeded")

    def _check_fault(self, series: str, phase: str, faults: Sequence[WantedFault]) -> None:
        if not faults:
            raise ObjectiveError(f"{series} needs a fault, and this drill has none")
        touched = [
            name
            for name, times in self.phases.items()
            if any(touches(fault.inject_s, fault.undo_s, *times) for fault in faults)
        ]
        if phase in self.phases and phase not in touched:
            where = " or ".join(touched)
            raise ObjectiveError(f'{series}: no fault is in phase "{phase}"; ask for it in {where}')
