"""Plays a case: a real drill on a cluster that stays, shot at; what it leaves, by itself and after `heal`."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import psutil
import yaml
from commanding import kubedrill
from drills import MARK, SHORT, RunningDrill
from ended import left_processes
from fault_observers import unwell
from json_lines import read_lines
from object_observers import Nodes

from kubedrill.clock import now
from kubedrill.cluster.handle import Absent
from kubedrill.cluster.provider import handle_of
from kubedrill.drill import SHARED
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.ledger import Ledger
from kubedrill.record.schedule import Schedule
from kubedrill.undo.running import watched
from torture.cases import FLEET, RUNNER, SEEDED, WATCHDOG, Case
from torture.standing import Facts, changed, look

COMMAND = [sys.executable, "-m", "kubedrill", "run", "--no-page"]
PHASES = {"warmup": "1s", "baseline": "1s", "fault": "3s", "recovery": "2s"}
TOP = Path(__file__).resolve().parents[3]

MOMENT_S = 240.0
"""For a moment of a drill to come, on a slow machine, beside others."""
END_S = 300.0
"""For all processes of a drill to end: what each may take to undo is in docs/faults.md."""
SETTLED_S = 20.0
"""For what is just being started again, or taken away by the kernel."""
WELL_S = 180.0
DYING_S = 0.5
"""For who was shot to end."""


@dataclass(frozen=True, slots=True)
class Played:
    """What became of a case."""

    case: Case
    seconds: float = 0.0
    missed: bool = False
    """Whether the drill had ended before the moment came: nobody was shot at."""
    absent: tuple[str, ...] = ()
    """Who was to be shot at, and was not there any more."""
    spoiled: bool = False
    """Whether somebody who was shot died of it, or it was the runner, before the last phase had ended."""
    left: tuple[str, ...] = ()
    """Left over when all processes of the drill had ended by themselves."""
    left_after_heal: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()
    """What is wrong besides: a verdict, a process that did not end, a component that is not well."""
    verdict: str = "-"

    @property
    def is_guarded(self) -> bool:
        """Whether somebody was left who undoes: the watchdog, or the runner itself."""
        return not (self.case.kills(RUNNER) and self.case.kills(WATCHDOG))

    @property
    def bad(self) -> tuple[str, ...]:
        """Return what must not be, in words."""
        return (*self.left_after_heal, *self.wrong)


@dataclass(slots=True)
class Range:
    """Where cases are played: a cluster that is up, and a project's folder."""

    cluster: ClusterRecord
    folder: Path
    served: ClusterRecord = None  # type: ignore[assignment]
    """As its administrator knows it; as it is itself, where nobody else does."""
    file: Path | None = None
    """Its file, where that is none of `clusters/`."""
    standing: Facts = field(init=False)

    def __post_init__(self) -> None:
        self.served = self.served or self.cluster
        (self.folder / "experiments").mkdir(parents=True)
        (self.folder / "loadprofiles").symlink_to(TOP / "loadprofiles")
        shutil.copytree(TOP / "clusters", self.folder / "clusters")
        if self.file:
            shutil.copy(self.file, self.folder / "clusters")
        self.wait_until_well()
        self.standing = self._look_at(dying=False)

    def _look_at(self, *, dying: bool = True) -> Facts:
        return look(self.cluster, self.served, dying=dying)

    @property
    def reports(self) -> Path:
        """Where the run folders are; those in which nothing was bad are removed."""
        return self.folder / "reports"

    def play(self, case: Case) -> Played:
        """Play a case, and leave the cluster as it was."""
        begun = time.monotonic()
        with self._nodes(case), self._drill(case) as running:
            played = self._shoot(running, case)
            played = self._look(running, played)
        slow = self.wait_until_well()
        played = replace(played, seconds=time.monotonic() - begun, wrong=(*played.wrong, *slow))
        if not played.bad and not (played.left and played.is_guarded):
            shutil.rmtree(self.reports, ignore_errors=True)
        return played

    def _shoot(self, running: RunningDrill, case: Case) -> Played:
        """Wait for a case's moment, and shoot."""
        if not _wait(running, lambda: _has_come(running, case.moment), MOMENT_S):
            return Played(case, missed=True)
        time.sleep(case.pause_s)
        victims = {shot: _process(running, shot.victim) for shot in case.shots}
        for shot, victim in victims.items():
            with suppress(psutil.NoSuchProcess):
                if victim:
                    victim.send_signal(shot.number)
        at, end = now(), _end_of(running)
        time.sleep(DYING_S)
        died = [shot for shot, victim in victims.items() if victim and _is_dead(victim)]
        hit = died or any(shot.victim == RUNNER for shot, victim in victims.items() if victim)
        absent = tuple(shot.victim for shot, victim in victims.items() if victim is None)
        return Played(case, absent=absent, spoiled=hit and (end is None or now() < end > at))

    def _look(self, running: RunningDrill, played: Played) -> Played:
        """Wait until nothing of a drill runs; look at what is left; heal once, and look again."""
        until = time.monotonic() + END_S
        while running.process.poll() is None or left_processes(running):
            if time.monotonic() > until:
                break
            time.sleep(0.2)
        wrong = [f"still runs after {END_S:g} s: {left}" for left in left_processes(running)]
        verdict = _verdict(running)
        if verdict == "PASS" and played.spoiled:
            wrong.append("PASS, though it was shot at in its phases")
        left, again = self._left(running, SETTLED_S if played.is_guarded else DYING_S), []
        if left:
            wrong += self._heal(running)
            again = self._left(running, SETTLED_S)
        return replace(
            played,
            verdict=verdict,
            left=tuple(left),
            left_after_heal=tuple(again),
            wrong=tuple(wrong),
        )

    def _left(self, running: RunningDrill, settled_s: float) -> list[str]:
        """Return what a drill has left over; what is just being started or removed has its time."""
        until = time.monotonic() + settled_s
        while left := [*_open(running), *changed(self.standing, self._look_at())]:
            if time.monotonic() > until:
                break
            time.sleep(0.5)
        return left

    def _heal(self, running: RunningDrill) -> list[str]:
        """Heal once; return what is wrong with what it said."""
        done = kubedrill("heal", "--reports", self.reports)
        said = f"{done.stdout}{done.stderr}".strip()
        (self.folder / f"{running.experiment}.heal.log").write_text(said)
        return [f"heal: exit code {done.returncode}: {said}"] if done.returncode else []

    def wait_until_well(self) -> list[str]:
        """Wait until every component answers, and the balancer serves every zone; return which does not."""
        until = time.monotonic() + WELL_S
        names = [*handle_of(self.cluster).processes()]
        while (names or self._unserved()) and time.monotonic() < until:
            names = unwell(self.cluster, names)
            time.sleep(0.1)
        zones = [f"the apiserver of zone {zone}" for zone in sorted(self._unserved())]
        return [f"{name} is not well after {WELL_S:g} s" for name in (*names, *zones)]

    def _unserved(self) -> set[str]:
        """Return the zones whose apiserver the balancer, which looks now and then, does not serve."""
        balancing = handle_of(self.cluster).balancing
        if isinstance(balancing, Absent):
            return set()
        return {*self.cluster.zones} - {*balancing.served()}

    @contextmanager
    def _nodes(self, case: Case) -> Iterator[None]:
        """Have nodes with pods, for as long as a case that needs them."""
        if not case.needs_nodes:
            yield
            return
        with closing(Nodes(self.served)):
            before, self.standing = self.standing, self._look_at(dying=False)
            try:
                yield
            finally:
                self.standing = before

    @contextmanager
    def _drill(self, case: Case) -> Iterator[RunningDrill]:
        name = f"case-{case.number}"
        file = self.folder / "experiments" / f"{name}.yaml"
        seed = {"seed": SEEDED} if case.seeded else {}
        fleet = {"fleet": FLEET} if case.needs_fleet else {}
        played = {"cluster": self.cluster.name, "phases": PHASES, "faults": case.entries}
        experiment = SHORT | played | seed | fleet
        file.write_text(yaml.safe_dump(experiment, sort_keys=False))
        mark = str(file)
        with (self.folder / f"{name}.log").open("w") as log:
            process = subprocess.Popen(
                [*COMMAND, str(file), "--reports", self.reports],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                text=True,
                env={**os.environ, MARK: mark, SHARED: "1"},
                start_new_session=True,
            )
        running = RunningDrill(process, self.reports, name, mark)
        try:
            yield running
        finally:
            process.kill()
            process.wait()


def _wait(running: RunningDrill, condition: Callable[[], bool], limit_s: float) -> bool:
    """Wait until a condition holds; False if the drill ends, or the time does, before it."""
    until = time.monotonic() + limit_s
    while running.process.poll() is None and time.monotonic() < until:
        with suppress(ValueError):  # a line that is being written just now
            if running.folder.ledger.exists() and condition():
                return True
        time.sleep(0.02)
    return False


def _has_come(running: RunningDrill, moment: str) -> bool:
    folder = running.folder
    match moment:
        case "seeding" | "injection":
            what = "seed" if moment == "seeding" else "fault"
            come = any(entry.what == what for entry in Ledger(folder.ledger).entries())
        case "set-up":
            come = _told(folder.timeline, name="seeded")
        case "baseline" | "recovery":
            come = _told(folder.timeline, kind="phase", name=moment)
        case "fault":
            come = _told(folder.faults, event="took-effect") or _told(folder.faults, event="failed")
        case "undo":
            schedule = folder.schedule
            come = schedule.exists() and now() >= Schedule.read(schedule).faults[0].undo
        case "clearing":
            come = _told(folder.timeline, kind="drill", name="ended")
        case _:
            over = _told(folder.timeline, kind="drill", name="ended")
            come = over and not Ledger(folder.ledger).open_entries()
    return come


def _told(file: Path, **what: str) -> bool:
    return any(what.items() <= line.items() for line in read_lines(file))


def _process(running: RunningDrill, victim: str) -> psutil.Process | None:
    """Return a process of a drill, unless it has ended, or was never there."""
    if victim == RUNNER:
        return psutil.Process(running.process.pid) if running.process.poll() is None else None
    if victim == WATCHDOG:
        mine = (found for found in watched() if found.folder.path == running.folder.path)
        return next((found.watchdog for found in mine), None)
    entries = Ledger(running.folder.ledger).entries()
    known = next((entry.process for entry in entries if entry.name == victim), None)
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(known[0]) if known else None
    return None


def _is_dead(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    return True


def _end_of(running: RunningDrill) -> int | None:
    """Return when the last phase ends, monotonic ns; None as long as nobody has said so."""
    schedule = running.folder.schedule
    return Schedule.read(schedule).end if schedule.exists() else None


def _open(running: RunningDrill) -> list[str]:
    """Return what stands open in a drill's ledger."""
    if not running.folder.ledger.exists():
        return []
    entries = Ledger(running.folder.ledger).open_entries()
    return [f"left: open in the ledger: {entry.what} {entry.name}" for entry in entries]


def _verdict(running: RunningDrill) -> str:
    """Return a drill's verdict; `-` if nobody was left to give one."""
    file = running.folder.verdict
    return str(json.loads(file.read_text())["verdict"]) if file.exists() else "-"
