"""One drill's files and processes while it runs: what `run.py` starts, follows and clears away."""

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from kubedrill import cluster, seed
from kubedrill.children import (
    AUTOSCALER,
    DEMAND,
    EMERGENCY,
    FLEET,
    PLAN,
    Starter,
    command_of,
    end,
    observing,
)
from kubedrill.clock import now
from kubedrill.cluster.handle import Exits
from kubedrill.errors import NotStarted
from kubedrill.load import launch
from kubedrill.process.child import Child, ChildFailed
from kubedrill.process.tail import LineTail
from kubedrill.record.catalogue import Catalogue, ClusterDefinition
from kubedrill.record.cluster import NODE_AUTHORITY, ClusterRecord
from kubedrill.record.emergency import PlanLine
from kubedrill.record.faults import FaultLine
from kubedrill.record.fleet import Fleet, Workload, patience_s
from kubedrill.record.folder import RunFolder
from kubedrill.record.ledger import Ledger
from kubedrill.record.ledger_lines import What
from kubedrill.record.limits import Limits
from kubedrill.record.lines import JsonLines, read_whole, write_typed
from kubedrill.record.machine import Calibration
from kubedrill.record.scale_out import needs_scale_out
from kubedrill.record.schedule import Schedule, ScheduledLoad
from kubedrill.record.surrounding import needs_auditor
from kubedrill.record.timeline import (
    ChildEnded,
    Event,
    FaultTold,
    Note,
    NotUndone,
    PlanTold,
    Sweep,
    Swept,
    Timeline,
    component_event,
)
from kubedrill.undo import registry
from kubedrill.undo.clearing import undo_all
from kubedrill.words import why_not

READY_TIMEOUT_S = 30.0
"""Importing Locust takes 1-2 s on an idle core; a machine that needs 30 s cannot run a drill."""

CALIBRATION_S = 60.0
"""It takes 2 to 4 s, and at most 20 s more while the page cache is written."""

SHARED = "KUBEDRILL_SHARED_MACHINE"
"""Environment variable of tests that play drills side by side: what others take is not judged."""

FLUSH_S = 3.0
"""A watchdog with nothing left to undo only ends."""


@dataclass(slots=True)
class Drill:
    """The open end of a run folder. Everything it starts stands in its ledger first."""

    folder: RunFolder
    cluster_name: str
    on_event: Callable[[Event], None]
    """Shows what happens; the live view takes it over while the phases run."""
    engine: bool = False
    """Whether its processes may know of a container engine: the cluster's nodes are containers."""
    commands: bool = False
    """Whether faults are commands of the cluster's file, which are run as whoever began the drill."""
    ledger: Ledger = field(init=False)
    timeline: Timeline = field(init=False)
    watchdog: Child | None = None
    children: list[Child] = field(default_factory=list)
    fleet: list[Child] = field(default_factory=list)
    """Of these, the nodes', and their autoscaler: they stay until all others have ended."""
    own_cluster: str | None = None
    """The ledger's id of the cluster, if this drill brought it up, or of its access to somebody else's."""
    unwritten: str = ""
    """Why the timeline does not tell of all that was cleared away."""
    _clearing: bool = False
    _ended: set[str] = field(default_factory=set)
    _cluster_exits: Exits | None = None
    _exits: JsonLines | None = None
    _faults: LineTail[FaultLine] = field(init=False)
    _plan: LineTail[PlanLine] = field(init=False)
    _starter: Starter = field(init=False)

    def __post_init__(self) -> None:
        self.ledger = Ledger(self.folder.ledger)
        self._starter = Starter(
            self.folder, self.ledger, self.cluster_name, self.engine, self.commands
        )
        self.timeline = Timeline(self.folder.timeline)
        self._faults = LineTail(self.folder.faults, FaultLine)
        self._plan = LineTail(self.folder.plan, PlanLine)

    def note(self, words: str) -> None:
        """Put what a reader should know on the timeline and show it."""
        self.add(Note(time=now(), name=words))

    def add(self, event: Event) -> None:
        """Put an event on the timeline and show it; OSError, but while all is cleared away: that goes on."""
        try:
            self.timeline.add(event)
        except OSError as error:
            if not self._clearing:
                raise
            self.unwritten = error.strerror or str(error)
        self.on_event(event)

    def guard(self, lock_descriptor: int) -> None:
        """Start the watchdog; it shares the cluster's lock, so that a killed drill keeps it."""
        self.ledger.begin()
        registry.register(self.folder)
        command = command_of("kubedrill.undo.watchdog", self.folder)
        command += ["--lock-fd", str(lock_descriptor), "--runner", str(os.getpid())]
        self.watchdog = self._starter.start_unnoted("watchdog", command, pass_fds=[lock_descriptor])
        self.watchdog.wait_ready(READY_TIMEOUT_S)

    def bring_up(
        self, definition: ClusterDefinition, limits: tuple[Limits, ...] = ()
    ) -> ClusterRecord:
        """Return the cluster that is up, or bring one up that this drill will destroy.

        `limits` are what no fault of this drill may go beyond.
        """
        record = cluster.find(self.cluster_name)
        if record is None:
            undo, arguments = cluster.undo_entry(self.cluster_name)
            # One of somebody else's stays, and what the drill makes there is taken out of it again.
            what: What = "access" if cluster.describe(definition).foreign else "cluster"
            self.own_cluster = self.ledger.intend(what, self.cluster_name, undo, arguments)
            record = cluster.up(definition, self.cluster_name, arguments["cluster_id"])
        record = replace(record, limits=limits or record.limits)
        record.write(self.folder.cluster)
        self._cluster_exits = cluster.handle_of(record).exits()
        self._exits = JsonLines(self.folder.exits)
        return record

    def seed(
        self, record: ClusterRecord, wanted: dict[str, int], workload: Workload, *, grows: bool
    ) -> seed.SeedResult:
        """Create the objects that the load will find, and the pods that wait for nodes.

        `grows`: more of these are wanted while the drill runs.
        """
        arguments = {"cluster_file": str(self.folder.cluster), "run": self.folder.run}
        self.ledger.intend("seed", "seeded objects", ("kubedrill.seed", "sweep"), arguments)
        return seed.seed(record, self.folder.run, wanted, workload=workload, grows=grows)

    def start_fleet(self, record: ClusterRecord, fleet: Fleet) -> Fleet:
        """Start the nodes' processes, one for each zone; return when those are Ready that are there first.

        And their autoscaler, if they have one.
        """
        is_ours = fleet.engine == "hollow"
        if is_ours and not record.foreign and (why := record.lacking(NODE_AUTHORITY, "a fleet")):
            raise NotStarted(why)
        fleet = fleet.within(record.zones)
        write_typed(self.folder.fleet, fleet)
        if fleet.parts:
            arguments = {"cluster_file": str(self.folder.cluster), "run": self.folder.run}
            self.ledger.intend("fleet", "fleet", ("kubedrill.fleet.removing", "remove"), arguments)
        command = command_of(FLEET, self.folder)
        self.fleet = [
            self._start(f"fleet-{part}", [*command, *(("--zone", part) if is_ours else ())])
            for part in fleet.parts
        ]
        if fleet.autoscaler:
            self.fleet.append(self._start("autoscaler", command_of(AUTOSCALER, self.folder)))
        for process in self.fleet:
            process.wait_ready(patience_s(fleet))
        return fleet

    def intend_sweep(self, folder: RunFolder) -> None:
        """Note that what the load of another run folder makes is removed with what is seeded."""
        arguments = {"cluster_file": str(self.folder.cluster), "run": folder.run}
        undo = ("kubedrill.seed", "sweep")
        self.ledger.intend("seed", f"objects of {folder.run}", undo, arguments)

    def launch(
        self,
        loads: tuple[ScheduledLoad, ...],
        catalogue: Catalogue,
        folder: RunFolder,
        prefix: str = "",
    ) -> list[Child]:
        """Start the processes of loads, whose samples go to a run folder; return them, not yet ready."""
        started = []
        for load in loads:
            profile = Path(catalogue.profiles[load.profile].path)
            for number, role in enumerate(load.roles):
                command = launch.command(profile, load, folder, number)
                started.append(self._start(f"{prefix}{role}", *command))
        return started

    def start_workers(
        self, record: ClusterRecord, loads: Sequence[ScheduledLoad], catalogue: Catalogue
    ) -> None:
        """Have those workers started that are pods of the cluster; they go with what is seeded."""
        for load in loads:
            if load.workers and load.workers.pods:
                profile = Path(catalogue.profiles[load.profile].path)
                text = profile.read_text(encoding="utf-8")
                seed.start_workers(record, self.folder.run, load, profile.name, text)

    def calibrate(self) -> Calibration:
        """Measure the machine before the load; NotStarted if its disk is too busy to be measured."""
        command = [sys.executable, "-m", "kubedrill.observe.calibration"]
        command += ["--run", str(self.folder.path)]
        command += ["--shared"] if os.environ.get(SHARED) else []
        child = self._start("calibration", command)
        status = child.wait(CALIBRATION_S)
        self.children.remove(child)
        if status is None:
            child.kill()
            raise NotStarted(
                f"machine: its disk has kept 4 KiB waiting for {CALIBRATION_S:g} s; "
                "see who writes to it (iotop), and try again"
            )
        if status != 0:
            raise ChildFailed(f"calibration: exit code {status}; see {child.log}")
        return read_whole(self.folder.machine, Calibration)

    def start_children(
        self, loads: tuple[ScheduledLoad, ...], catalogue: Catalogue, asked: Sequence[str] = ()
    ) -> None:
        """Start load, prober, scraper and faults; wait until all are ready for GO.

        And the auditor, if an objective that is `asked` is about what it finds.
        """
        audited = needs_auditor(asked)
        if audited:
            self._check_auditor()
        self.launch(loads, catalogue, self.folder)
        counted = self.folder.fleet.exists() or needs_scale_out(asked)
        record = ClusterRecord.read(self.folder.cluster)
        logged = record.logs_requests
        secrets = {"scraper": record.prometheus.token} if record.prometheus else {}
        for role, module in observing(audited=audited, counted=counted, logged=logged).items():
            self._start(role, command_of(module, self.folder), secrets.get(role))
        workers = {load.roles[0]: load.workers for load in loads if load.workers}
        for child in self.children:
            known = workers.get(child.role)
            try:
                child.wait_ready(READY_TIMEOUT_S + (known.max_wait_s if known else 0))
            except NotStarted as error:
                if known and known.pods and (why := seed.why_no_workers(record, self.folder.run)):
                    raise NotStarted(f"{error}; of their pods: {why}") from error
                raise

    def start_demand(self, before: int) -> None:
        """Start what wants more pods of the workload, besides so many, while the drill runs."""
        self._start("demand", [*command_of(DEMAND, self.folder), "--before", str(before)])

    def start_plan(self) -> None:
        """Start what executes the emergency plan, once the fault is in force."""
        self._start(PLAN, command_of(EMERGENCY, self.folder))

    def _check_auditor(self) -> None:
        """Raise NotStarted on a cluster that was made before there was an auditor."""
        record = ClusterRecord.read(self.folder.cluster)
        if why := record.lacking("auditor", "what is asked of consistency and collateral"):
            raise NotStarted(why)

    def go(self, schedule: Schedule) -> None:
        """Give every child the schedule."""
        schedule.write(self.folder.schedule)
        for child in self.children:
            child.go({"schedule": schedule.as_dict()})

    def look(self, schedule: Schedule) -> None:
        """Copy to the timeline what happened since the last look."""
        self._copy_events()
        watched = [*self.children, *([self.watchdog] if self.watchdog else [])]
        for child in watched:
            status = child.poll()
            if status is None or child.role in self._ended:
                continue
            self._ended.add(child.role)
            if status != 0 or now() < schedule.end:
                self.add(ChildEnded(time=now(), name=child.role, status=status, pid=child.pid))

    def check_children(self, schedule: Schedule) -> None:
        """Raise ChildFailed if a child has ended before the last phase has: what follows proves nothing."""
        for child in self.children:
            if (status := child.poll()) is not None and now() < schedule.end:
                raise ChildFailed(f"{child.role} ended with {status}; see {child.log}")

    def check_watchdog(self) -> None:
        """Raise ChildFailed if the watchdog has died: nothing more may be broken that nobody would undo."""
        if self.watchdog and (status := self.watchdog.poll()) is not None:
            raise ChildFailed(f"watchdog ended with {status}; see {self.watchdog.log}")

    def finished(self) -> bool:
        """Whether every child has ended by itself, but for those that stay."""
        return all(child.poll() is not None for child in self._others)

    def clear(self, keep_cluster: bool) -> list[str]:
        """End the children and undo everything that is still open; return what failed, in words."""
        self._clearing = True
        # Faults first: what is broken is mended before anything else is taken away, nodes last of all.
        for children in (self._others, self.fleet):
            end(children, self.note)
        self.unwritten = why_not(self._copy_events)
        if self.own_cluster and keep_cluster:
            self.ledger.undone(self.own_cluster)
        failures = undo_all(self.ledger)
        self._note_sweep()
        for failure in failures:
            self.add(NotUndone(time=now(), name=f"not undone: {failure}"))
        self.timeline.close()
        if self.watchdog:
            self.watchdog.end()
            self.watchdog.wait(FLUSH_S)
        if not failures:
            registry.unregister(self.folder)
        return failures

    def _note_sweep(self) -> None:
        for entry in self.ledger.entries():
            if entry.what == "seed" and entry.undoing is not None:
                swept = Sweep(**entry.undoing)
                what = f"{swept.namespaces:,} namespaces and {swept.objects:,} objects in them"
                words = f"swept {what} in {swept.seconds:g} s"
                self.add(Swept(time=now(), name=words, **dict(swept)))

    @property
    def _others(self) -> list[Child]:
        """The children that end by themselves."""
        return [child for child in self.children if child not in self.fleet]

    def _start(
        self, role: str, command: list[str], environment: dict[str, str] | None = None
    ) -> Child:
        child = self._starter.start(role, command, environment)
        self.children.append(child)
        return child

    def _copy_events(self) -> None:
        if self._cluster_exits and self._exits:
            for line in self._cluster_exits.read():
                self._exits.add(line)
                self.add(component_event(line))
        for told in self._faults.read():
            self.add(FaultTold.of(told))
        for step in self._plan.read():
            self.add(PlanTold.of(step))
