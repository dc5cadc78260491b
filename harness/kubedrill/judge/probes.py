"""Judge: the prober's samples, lane by lane; a lane is one path, connection, verb and level."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from kubedrill.clock import SECOND
from kubedrill.figures.traces import completed, failed, outages, read_probes, samples_file
from kubedrill.judge.contradictions import check_records
from kubedrill.judge.ending import Ending
from kubedrill.judge.found import found
from kubedrill.judge.once import Chosen, unrecorded
from kubedrill.judge.requests import due_in
from kubedrill.judge.vitals import read_vitals
from kubedrill.reading.arrivals import Times
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.folder import RunFolder
from kubedrill.record.lines import BadEvidence
from kubedrill.record.probing import all_lanes, dues
from kubedrill.record.probing import sidecar as about
from kubedrill.record.sample import PROBE_DTYPE, Records
from kubedrill.record.schedule import Phase, Schedule
from kubedrill.record.series import SCORED, scored
from kubedrill.record.sidecar import ProbeSidecar
from kubedrill.record.vitals import ProberVitals


@dataclass(frozen=True, slots=True)
class LaneProbes:
    """One kind of probe."""

    name: str
    path: str
    connection: str
    verb: str
    level: str
    dues: Times = field(repr=False, compare=False)
    """When its probes were due, monotonic ns."""
    unrecorded: Times = field(repr=False, compare=False)
    """Those up to the drill's ending that have no record."""

    def matches(self, **wanted: str | tuple[str, ...]) -> bool:
        """Whether each attribute named is the one wanted, or one of them."""
        return all(
            getattr(self, key) in ((value,) if isinstance(value, str) else value)
            for key, value in wanted.items()
        )


@dataclass(frozen=True, slots=True)
class Probes:
    """All probes of a run."""

    lanes: tuple[LaneProbes, ...]
    records: Records
    vitals: Mapping[str, Sequence[ProberVitals]] = field(default_factory=dict)
    """The prober's lines about itself, by the name of its samples."""
    doubts: tuple[str, ...] = ()
    """What is wrong with its files."""
    file: str = ""
    """Where the records are from."""

    @classmethod
    def read(
        cls, folder: RunFolder, schedule: Schedule, cluster: ClusterRecord, ending: Ending
    ) -> "Probes":
        """Read the prober's files; no lanes where its samples say nothing."""
        said = found(folder, lambda: read_vitals(folder, "probe", ProberVitals, ending.killed))
        vitals, doubts = {"probe": said.lines}, (said.doubt,) if said.doubt else ()
        try:
            records, lanes = _read(folder, schedule, cluster, ending)
            file = str(samples_file(folder, "probe").relative_to(folder.path))
        except BadEvidence as bad:
            doubts = (bad.within(folder.path), *doubts)
            return cls((), np.empty(0, PROBE_DTYPE), vitals, doubts)
        return cls(lanes, records, vitals, doubts, file)

    def of(self, **wanted: str | tuple[str, ...]) -> Records:
        """Return the probes of the lanes with these attributes: `of(path="balancer", verb="read")`."""
        numbers = [number for number, lane in enumerate(self.lanes) if lane.matches(**wanted)]
        return self.records[np.isin(self.records["series"], numbers)]

    def lane(self, number: int, phase: Phase) -> Records:
        """Return the probes of one lane, by its position, due in a phase."""
        return due_in(self.records[self.records["series"] == number], phase)

    def scored(self) -> Records:
        """Return the scored probes, which objectives on `probe` mean."""
        numbers = [n for n, lane in enumerate(self.lanes) if scored(lane.verb, lane.level)]
        return self.records[np.isin(self.records["series"], numbers)]

    def longest_outage_s(self, phase: Phase) -> float | None:
        """Return the longest outage of reads or of writes in the phase, as `longest_s` counts it.

        An outage: no probe of a verb is answered on any connection through the balancer. None if a
        verb was not probed in the phase.
        """
        by_verb = [self.of(path="balancer", verb=verb, level="prober") for verb in SCORED]
        if not all(len(due_in(records, phase)) for records in by_verb):
            return None
        return longest_s((outage for records in by_verb for outage in outages(records)), phase)

    def fresh(self, phase: Phase) -> list[Records]:
        """Return reads and writes of the phase on fresh connections through the balancer, apart.

        Nothing if either was not probed.
        """
        lanes = {"path": "balancer", "connection": "fresh", "level": "prober"}
        by_verb = [due_in(self.of(**lanes, verb=verb), phase) for verb in SCORED]
        return by_verb if all(len(records) for records in by_verb) else []

    def degraded_s(self, phase: Phase) -> float | None:
        """Return the stretch from the first failing probe of the phase to the end of its last one.

        Reads and writes on fresh connections through the balancer; None if either was not probed.
        """
        by_verb = self.fresh(phase)
        if not by_verb:
            return None
        lost = np.concatenate([records[failed(records)] for records in by_verb])
        if not len(lost):
            return 0.0
        return float(completed(lost).max() - int(lost["intended"].min())) / SECOND


def longest_s(found: Iterator[tuple[int, int]] | list[tuple[int, int]], phase: Phase) -> float:
    """Return the length of the longest of the outages in the phase, in seconds.

    To its end, whenever that is, from its begin: the phase's, where it came from the phase before.
    """
    within = ((start, end) for start, end in found if start < phase.end and end > phase.start)
    return max((end - max(start, phase.start) for start, end in within), default=0) / SECOND


def _read(
    folder: RunFolder, schedule: Schedule, cluster: ClusterRecord, ending: Ending
) -> tuple[Records, tuple[LaneProbes, ...]]:
    records, sidecar = read_probes(folder, may_be_cut=ending.killed)
    series = all_lanes(cluster, schedule.probing)
    _check_sidecar(folder, sidecar, about(series, schedule.probing))
    path = samples_file(folder, "probe")
    check_records(path, records, sidecar, np.ones(len(records), bool), schedule)
    lanes = []
    for number, probed in enumerate(series):
        blocks = dues(probed, number, schedule.start, schedule.end)
        due = np.concatenate([np.empty(0, np.int64), *blocks])
        chosen = Chosen.of(path, records, records["series"] == number, schedule.start)
        left = unrecorded(chosen, due, ending)
        lanes.append(LaneProbes(**dict(probed.described()), dues=due, unrecorded=left))
    return records, tuple(lanes)


def _check_sidecar(folder: RunFolder, sidecar: ProbeSidecar, wanted: ProbeSidecar) -> None:
    """Raise BadEvidence where the prober says that it asked other questions than it was to ask."""
    for key, value in dict(sidecar).items():
        if value != getattr(wanted, key):
            what = f"{key}: not as {folder.schedule.name} and {folder.cluster.name} have it"
            raise BadEvidence(folder.samples / "probe.json", None, what)
