"""A drill of 30 s as files, for tests of the judge: healthy and PASS. A test changes one thing.

Nothing in it fails: etcd-b, the leader, is killed at 10 s and back at 21.5 s, and only the health
checks notice. Loads and probes are arrays of records; whatever a field says, a test may say otherwise.
"""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from struct import Struct
from typing import Any

import numpy as np
from judged_parts import (
    CLUSTER,
    RATE,
    SERIES,
    exit_lines,
    fault_lines,
    load_records,
    prober_lines,
    timeline_events,
    vitals_lines,
)
from judged_scrapes import END, KILLED, LENGTHS, START, UNDOING, Scrapes, at, write_lines

from kubedrill.clock import SECOND, ClockPair
from kubedrill.experiment import Seed
from kubedrill.experiment.write import as_yaml
from kubedrill.judge import judge
from kubedrill.reading.arrivals import Arrivals
from kubedrill.record.cluster import ClusterRecord, Component, Identity
from kubedrill.record.components import COMPONENT_LINE
from kubedrill.record.emergency import PlanLine, ScheduledStep
from kubedrill.record.faults import FaultLine
from kubedrill.record.fleet import Fleet
from kubedrill.record.folder import RunFolder
from kubedrill.record.ledger_lines import Intent, Undone, What
from kubedrill.record.lines import read_sound_lines, write_typed
from kubedrill.record.manifest import seal
from kubedrill.record.probing import all_lanes, arrivals, sidecar
from kubedrill.record.sample import (
    LOAD_RECORD,
    PROBE_DTYPE,
    PROBE_RECORD,
    Outcome,
    Records,
    SampleWriter,
)
from kubedrill.record.schedule import (
    Phase,
    Probing,
    Schedule,
    ScheduledFault,
    ScheduledLoad,
    ScheduledObjective,
    Scraping,
    WantedHeadroom,
)
from kubedrill.record.sidecar import LoadSidecar, ProbeSidecar
from kubedrill.record.timeline import Event, FaultTold, PlanTold, Timeline, component_event
from kubedrill.record.verdict import ObjectiveResult, Report

OBJECTIVES = [
    ("baseline", "list.p99 < 1s"),
    ("baseline", "probe.failed == 0"),
    ("baseline", "etcd.healthy_members == 3"),
    ("fault", "availability >= 99%"),
    ("fault", "unavailable.longest < 3s"),
    ("fault", "etcd.elections <= 1"),
    ("fault", "fault.time_to_detect < 5s"),
    ("recovery", "list.error_rate < 0.1%"),
    ("recovery", "eventually(etcd.healthy_members == 3) within 5s"),
    ("recovery", "fault.time_to_recover < 5s"),
]
LIST = ScheduledLoad("list", "mass-list", Arrivals.constant(float(RATE)))
KILL = ScheduledFault("etcd.kill", {"member": "leader"}, "fault", at(KILLED), at(UNDOING))


@dataclass
class JudgedDrill:
    """All files of a run, before they are written."""

    objectives: list[tuple[str, str]] = field(default_factory=lambda: list(OBJECTIVES))
    probing: Probing = field(default_factory=Probing)
    loaded: dict[str, Any] = field(default_factory=dict)
    """What the schedule says of the load otherwise than here."""
    probed: dict[str, Any] = field(default_factory=dict)
    """What the prober says of itself otherwise than it was told."""
    scheduled_faults: list[ScheduledFault] = field(default_factory=lambda: [KILL])
    faults: list[dict[str, Any]] = field(default_factory=fault_lines)
    exits: list[dict[str, Any]] = field(default_factory=exit_lines)
    events: list[Event] = field(default_factory=timeline_events)
    load: Records = field(default_factory=load_records)
    targets: list[tuple[str, ...]] = field(default_factory=lambda: [("unknown",)])
    """The servers that a process knows, by its number; the last ones are those of all others, too."""
    vitals: list[dict[str, Any]] = field(default_factory=vitals_lines)
    prober: list[dict[str, Any]] = field(default_factory=prober_lines)
    scrapes: Scrapes = field(default_factory=Scrapes)
    audit: list[dict[str, Any]] = field(default_factory=list)
    """None where no objective is about what the auditor finds."""
    surrounding: list[dict[str, Any]] = field(default_factory=list)
    """None where no objective is about what changed besides."""
    fleet: Fleet | None = None
    headroom: WantedHeadroom = "required"
    scale_out: list[dict[str, Any]] = field(default_factory=list)
    """None where no nodes come."""
    fleet_lines: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """By zone."""
    demand: list[dict[str, Any]] = field(default_factory=list)
    """None where no pods are wanted."""
    autoscaler: list[dict[str, Any]] = field(default_factory=list)
    """None where there is none."""
    entered: tuple[str, ...] = ("prober", "scraper", "auditor")
    """The observers that the ledger tells of."""
    scraping: Scraping = field(default_factory=lambda: Scraping(apiserver=5.0))
    cluster_changes: dict[str, Any] = field(default_factory=dict)
    identities: dict[str, Identity] = field(default_factory=dict)
    """Of the cluster."""
    more: tuple[Component, ...] = ()
    """Components of the cluster, besides those that are scraped and probed."""
    cluster_settings: dict[str, Any] = field(default_factory=dict)
    plan: tuple[ScheduledStep, ...] = ()
    """The emergency plan; its process is `entered` with it."""
    planned: list[dict[str, Any]] = field(default_factory=list)
    """What was told of its steps."""
    probes: Records = field(init=False)

    def __post_init__(self) -> None:
        self.lanes = all_lanes(self.cluster, self.probing)
        due = np.array(list(arrivals(self.lanes, START, at(END))), dtype=np.int64)
        self.probes = np.zeros(len(due), PROBE_DTYPE)
        self.probes["intended"], self.probes["series"] = due[:, 0], due[:, 1]
        self.probes["total_us"], self.probes["outcome"], self.probes["bytes"] = 5_000, 200, 400
        self.probes["first_byte_us"] = 4_000
        self.probes["staleness_us"][self.lane(verb="stale-read")] = 10_000

    @property
    def cluster(self) -> ClusterRecord:
        """The cluster on which it was played."""
        return replace(
            CLUSTER,
            settings=self.cluster_settings,
            identities=self.identities,
            components=(*CLUSTER.components, *self.more),
        )

    def lane(self, **wanted: str) -> np.ndarray:
        """Mark the probes of the lanes with these attributes: `lane(verb="write")`."""
        numbers = [
            number
            for number, lane in enumerate(self.lanes)
            if all(getattr(lane, key) == value for key, value in wanted.items())
        ]
        return np.isin(self.probes["series"], numbers)

    def fail(self, begin: float, end: float, total_s: float = 1.0, **wanted: str) -> int:
        """Let the probes due in [begin, end) time out; return how many."""
        lost = self.lane(**wanted) & within(self.probes, begin, end)
        self.probes["outcome"][lost] = Outcome.TIMEOUT
        self.probes["first_byte_us"][lost] = 0
        self.probes["total_us"][lost] = round(total_s * 1e6)
        return int(lost.sum())

    def lists(self, begin: float = 0, end: float = END) -> np.ndarray:
        """Mark the load's transactions due in [begin, end)."""
        return within(self.load, begin, end) & (self.load["series"] == 0)

    def schedule(self) -> Schedule:
        edges = np.cumsum([0, *LENGTHS.values()]).tolist()
        phases = zip(LENGTHS, edges[:-1], edges[1:], strict=True)
        return Schedule(
            experiment="kill",
            run="20260131T120000Z",
            title="An etcd member dies",
            why="It must not take the API down.",
            claim=13,
            cluster=CLUSTER.name,
            clock=ClockPair(START, 1_769_860_800 * SECOND, "a-boot"),
            phases=tuple(Phase(name, at(begin), at(end)) for name, begin, end in phases),
            loads=(replace(LIST, **self.loaded),),
            fleet=self.fleet,
            headroom=self.headroom,
            plan=self.plan,
            faults=tuple(self.scheduled_faults),
            objectives=tuple(ScheduledObjective(*objective) for objective in self.objectives),
            probing=self.probing,
            scraping=self.scraping,
            cluster_changes=self.cluster_changes,
        )

    def write(self, reports: Path) -> RunFolder:
        """Write everything through record's own writers."""
        for records in (self.load, self.probes):  # what begins late ends later
            records["total_us"] = np.maximum(records["total_us"], records["wait_us"])
        folder = RunFolder.create(reports, "kill", datetime(2026, 1, 31, 12, tzinfo=UTC))
        self._write_ledger(folder)
        folder.experiment_yaml.write_text(as_yaml(self.schedule(), Seed(pods=1000)))
        self.cluster.write(folder.cluster)
        self.schedule().write(folder.schedule)
        self.write_load(folder)
        known = sidecar(self.lanes, self.probing).model_copy(update=self.probed)
        write_samples(folder, "probe", known, PROBE_RECORD, self.probes)
        write_lines(folder.samples / "probe.workers.jsonl", self.prober)
        names = [fault.name for fault in self.scheduled_faults]
        told = [{**line, "fault": names[line["index"]]} for line in self.faults]
        write_lines(folder.faults, told)
        if self.plan:
            write_lines(folder.plan, self.planned)
        write_lines(folder.exits, sorted(self.exits, key=lambda line: line["time"]))
        self._write_timeline(folder)
        if self.audit:
            write_lines(folder.audit, self.audit)
        if self.surrounding:
            write_lines(folder.surrounding, self.surrounding)
        if self.fleet:
            write_typed(folder.fleet, self.fleet)
        if self.scale_out:
            write_lines(folder.scale_out, self.scale_out)
        for zone, lines in self.fleet_lines.items():
            write_lines(folder.fleet_lines(zone), lines)
        if self.demand:
            write_lines(folder.demand, self.demand)
        if self.autoscaler:
            write_lines(folder.autoscaler, self.autoscaler)
        self.scrapes.write(folder)
        seal(folder)
        return folder

    def write_load(self, folder: RunFolder) -> None:
        """Write the load's samples and vitals, those of each of its processes."""
        schedule = self.schedule()
        [load] = schedule.loads
        names = load.sample_names
        whose = shared(self.load, np.concatenate([START, *schedule.dues(load)], axis=None)[1:])
        for number, name in enumerate(names):
            about = LoadSidecar(
                series=SERIES,
                targets=self.targets[min(number, len(self.targets) - 1)],
                profile=load.profile,
                load=load.name,
                worker=number,
                workers=len(names),
            )
            own = self.load[whose % len(names) == number]
            write_samples(folder, name, about, LOAD_RECORD, own)
            write_lines(folder.samples / f"{name}.workers.jsonl", self.vitals)

    def _write_ledger(self, folder: RunFolder) -> None:
        """Write an entry for each process and each fault that began; at the end all is undone."""
        schedule = self.schedule()
        loads = (role for load in schedule.loads for role in load.roles)
        roles = [*loads, *self.entered, *(["plan"] if self.plan else [])]
        undoable = [n for n, fault in enumerate(self.scheduled_faults) if fault.can_be_undone]
        begun = {line["index"]: line for line in self.faults if line["event"] == "injecting"}
        intents = [
            *(intent(START - 1, "process", role) for role in roles),
            *(
                intent(line["time"], "fault", line["fault"], index=number)
                for number, line in begun.items()
                if number in undoable
            ),
        ]
        undone = [Undone(id=intent.id, time=at(END) + 2) for intent in intents]
        lines = [intent.model_dump() for intent in (*intents, *undone)]
        write_lines(folder.ledger, lines)

    def _write_timeline(self, folder: RunFolder) -> None:
        """Write what happened, with the copies that the runner makes of what others tell."""
        exits = map(component_event, read_sound_lines(folder.exits, COMPONENT_LINE))
        faults = map(FaultTold.of, read_sound_lines(folder.faults, FaultLine))
        steps = map(PlanTold.of, read_sound_lines(folder.plan, PlanLine))
        until = max((event.time for event in self.events), default=0)
        copies = (event for event in (*exits, *faults, *steps) if event.time <= until)
        timeline = Timeline(folder.timeline)
        for event in sorted((*self.events, *copies), key=lambda event: event.time):
            timeline.add(event)
        timeline.close()

    def judged(self, reports: Path) -> Report:
        """Write everything and judge it."""
        return judge(self.write(reports))

    def asked(self, reports: Path, phase: str, text: str) -> ObjectiveResult:
        """Judge the drill with one objective only, and return what became of it."""
        self.objectives = [(phase, text)]
        [objective] = self.judged(reports).objectives
        return objective


def intent(time: int, what: What, name: str, **arguments: Any) -> Intent:
    """Return the ledger's line about a side effect that is undone by nothing that there is."""
    about = f"{name}-{arguments.get('index', '')}"
    nowhere = {"module": "nowhere", "function": "undo", "deadline": None}
    return Intent(id=about, time=time, what=what, name=name, arguments=arguments, **nowhere)


def within(records: Records, begin: float, end: float) -> np.ndarray:
    """Mark the records due in [begin, end), in seconds of the drill."""
    return (records["intended"] >= at(begin)) & (records["intended"] < at(end))


def shared(records: Records, dues: np.ndarray) -> np.ndarray:
    """Return for which of the dues each record is, counted from 0; of several at one time in turn."""
    times = records["intended"].astype(np.int64)
    order = np.argsort(times, kind="stable")
    turn = np.empty(len(times), np.int64)
    turn[order] = np.arange(len(times)) - np.searchsorted(times[order], times[order])
    first, end = (np.searchsorted(dues, times, side=side) for side in ("left", "right"))
    return first + turn % np.maximum(end - first, 1)


def write_samples(
    folder: RunFolder,
    name: str,
    about: LoadSidecar | ProbeSidecar,
    record: Struct,
    records: Records,
) -> None:
    writer = SampleWriter(folder.samples, name, about, record)
    for row in records.tolist():
        writer.add(*row)
    writer.close()
