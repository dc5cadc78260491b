"""One drill's files and processes while it runs: what `run.py` starts, follows and clears away."""

import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kubedrill import cluster, heal, seed, watchdog
from kubedrill.load import launch
from kubedrill.process.child import Child
from kubedrill.process.tail import LineTail
from kubedrill.record.catalogue import Catalogue
from kubedrill.record.clock import now
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.folder import RunFolder
from kubedrill.record.ledger import Ledger
from kubedrill.record.schedule import Schedule, ScheduledLoad
from kubedrill.record.timeline import Event, Timeline

READY_TIMEOUT_S = 30
"""Importing Locust takes 1-2 s on an idle core; a machine that needs 30 s cannot run a drill."""

ENDING_TIMEOUT_S = {"faults": 8.0}
"""The faults process undoes what it injected before it ends; the others only flush."""

OTHER_ENDING_TIMEOUT_S = 3.0


@dataclass(slots=True)
class Drill:
    """The open end of a run folder. Everything it starts stands in its ledger first."""

    folder: RunFolder
    cluster_name: str
    on_event: Callable[[Event], None]
    ledger: Ledger = field(init=False)
    timeline: Timeline = field(init=False)
    watchdog: Child | None = None
    children: list[Child] = field(default_factory=list)
    ours: str | None = None
    """The ledger's id of the cluster, if this drill brought it up."""
    _ended: set[str] = field(default_factory=set)
    _tails: list[tuple[LineTail, Callable[[dict[str, Any]], None]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.ledger = Ledger(self.folder.ledger)
        self.timeline = Timeline(self.folder.timeline)

    def note(self, kind: str, name: str, **details: object) -> None:
        """Put an event on the timeline and show it."""
        self._add(Event(now(), kind, name, details))

    def guard(self, lock_descriptor: int) -> None:
        """Start the watchdog; it shares the cluster's lock, so that a killed drill keeps it."""
        command = [sys.executable, "-m", "kubedrill.watchdog", "--run", str(self.folder.path)]
        command += ["--lock-fd", str(lock_descriptor)]
        log = self.folder.logs / "watchdog.log"
        self.watchdog = Child.start("watchdog", command, log, pass_fds=[lock_descriptor])
        self.watchdog.wait_ready(READY_TIMEOUT_S)
        heal.register(self.folder)

    def bring_up(self, definition: cluster.ClusterDefinition) -> ClusterRecord:
        """Return the cluster that is up, or bring one up that this drill will destroy."""
        record = cluster.find(self.cluster_name)
        if record is None:
            self.ours = self.ledger.intend(
                "cluster", self.cluster_name, *cluster.undo_entry(self.cluster_name)
            )
            record = cluster.up(definition, self.cluster_name)
        record.write(self.folder.cluster)
        exits = LineTail(record.exits_file)
        exits.read()  # what happened before this drill is not its business
        self._tails = [
            (exits, self._component_event),
            (LineTail(self.folder.faults), self._fault_event),
        ]
        return record

    def seed(self, record: ClusterRecord, wanted: dict[str, int]) -> seed.SeedResult:
        """Create the objects that the load will find."""
        arguments = {"cluster_file": str(self.folder.cluster), "run": self.folder.run}
        self.ledger.intend("seed", "seeded objects", ("kubedrill.seed", "sweep"), arguments)
        return seed.seed(record, self.folder.run, wanted)

    def start_children(self, loads: list[ScheduledLoad], catalogue: Catalogue) -> None:
        """Start load, prober, scraper and faults; wait until all are ready for GO."""
        for load in loads:
            profile = Path(catalogue.profiles[load.profile].path)
            command, environment = launch.command(profile, load, self.folder)
            self._start(f"load-{load.name}", command, environment)
        for role, module in {
            "prober": "kubedrill.observe.prober",
            "scraper": "kubedrill.observe.scraper",
            "faults": "kubedrill.faults.play",
        }.items():
            self._start(role, [sys.executable, "-m", module, "--run", str(self.folder.path)])
        for child in self.children:
            child.wait_ready(READY_TIMEOUT_S)

    def go(self, schedule: Schedule) -> None:
        """Give every child the schedule."""
        schedule.write(self.folder.schedule)
        for child in self.children:
            child.go({"schedule": schedule.as_dict()})

    def look(self, schedule: Schedule) -> None:
        """Copy what happened since the last look to the timeline."""
        self._copy_events()
        for child in self.children:
            status = child.poll()
            if status is None or child.role in self._ended:
                continue
            self._ended.add(child.role)
            if now() < schedule.end or status != 0:
                self.note("child", child.role, status=status, pid=child.pid)

    def finished(self) -> bool:
        """Whether every child has ended by itself."""
        return all(child.poll() is not None for child in self.children)

    def end_children(self) -> None:
        """Close every lifeline, faults first, and kill what does not end in time."""
        for child in reversed(self.children):
            child.end()
        for child in reversed(self.children):
            if child.wait(ENDING_TIMEOUT_S.get(child.role, OTHER_ENDING_TIMEOUT_S)) is None:
                self.note("note", f"{child.role} did not end in time and was killed")
                child.kill()

    def clear(self, keep_cluster: bool) -> list[str]:
        """Undo everything that the ledger holds open; return what failed, in words."""
        self.end_children()
        self._copy_events()
        if self.ours and keep_cluster:
            self.ledger.undone(self.ours)
            self.ours = None
        failures = watchdog.undo_all(self.ledger)
        self.timeline.close()
        if self.watchdog:
            self.watchdog.end()
            self.watchdog.wait(OTHER_ENDING_TIMEOUT_S)
        if not failures:
            heal.unregister(self.folder)
        return failures

    def discard(self) -> None:
        """Remove the run folder of a drill that was not started."""
        shutil.rmtree(self.folder.path, ignore_errors=True)

    def _start(self, role: str, command: list[str], environment: dict[str, str] | None = None) -> None:
        arguments = {"pid": None, "started": None}
        entry = self.ledger.intend(
            "process", role, ("kubedrill.process.child", "kill_process"), arguments
        )
        child = Child.start(role, command, self.folder.logs / f"{role}.log", environment)
        self.children.append(child)
        self.ledger.learn(entry, pid=child.pid, started=child.started)

    def _copy_events(self) -> None:
        for tail, take in self._tails:
            for line in tail.read():
                take(line)

    def _fault_event(self, line: dict[str, Any]) -> None:
        time = line.pop("time")
        self._add(Event(time, "fault", line.pop("fault"), line))

    def _component_event(self, line: dict[str, Any]) -> None:
        with self.folder.exits.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        time = line.pop("time")
        self._add(Event(time, "component", line.pop("component"), line))

    def _add(self, event: Event) -> None:
        self.timeline.add(event)
        self.on_event(event)
