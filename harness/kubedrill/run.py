"""One drill, top to bottom: `kubedrill run FILE`."""

import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from rich.console import Console

from kubedrill import cluster, judging
from kubedrill.announce import announce
from kubedrill.clock import SECOND, ClockPair, now
from kubedrill.cluster import guest
from kubedrill.cluster.provider import provider_named
from kubedrill.drill import Drill
from kubedrill.errors import NotStarted
from kubedrill.experiment import Experiment, schedule
from kubedrill.judge import convert
from kubedrill.judge.aborting import AbortWatch, Held
from kubedrill.judge.live import Tail
from kubedrill.judge.waiting import StateWatch
from kubedrill.needed import outlived
from kubedrill.order import Order, check_before, check_it_may_be_thrown_away, open_folder
from kubedrill.record.catalogue import ClusterDefinition
from kubedrill.record.changes import on_cluster
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.fleet import CLUSTER, Fleet
from kubedrill.record.folder import RunFolder
from kubedrill.record.labels import RUN
from kubedrill.record.manifest import seal
from kubedrill.record.prometheus import patience
from kubedrill.record.schedule import Schedule, ScheduledLoad
from kubedrill.record.stopping import interrupted
from kubedrill.record.timeline import DrillAborted, DrillEnded, DrillFailed, PhaseBegan, Seeded
from kubedrill.record.verdict import Report
from kubedrill.report import machine
from kubedrill.report.console import print_verdict
from kubedrill.report.files import OF_A_DRILL, asked_for, write_all
from kubedrill.report.live import LiveView
from kubedrill.scraped import note_told
from kubedrill.signals import Interrupted, Signals
from kubedrill.steadying import pressed
from kubedrill.surroundings import surroundings
from kubedrill.words import counted, why_not

LEAD_NS = 2 * SECOND
"""From GO to the first phase: children open their kept connections in it."""

LOOK_S = 0.25
"""How often the runner looks at files and children; the live view moves at this pace."""

LAST_EDGE_NS = 30 * SECOND
"""After the last phase the faults process may still be proving that its undo holds; or as long as the
slowest fault's undo may take."""


class Aborted(Exception):  # noqa: N818 - an event of the drill
    """An abort condition held for as long as it says."""

    def __init__(self, held: Held) -> None:
        super().__init__(held.condition)
        self.held = held


class Unwatched(Exception):  # noqa: N818 - an event of the drill
    """Nothing has been known of an abort condition for too long; says of which, and of what."""


def run(order: Order, console: Console, signals: Signals | None = None) -> Report:
    """Run the drill and return its verdict; NotStarted if nothing was started.

    `signals` are those of whoever runs more than this one.
    """
    signals = signals or Signals()
    signals.install()
    definition = check_before(order)
    with cluster.lock(order.cluster) as lock:
        check_it_may_be_thrown_away(order)
        folder = open_folder(order)
        cluster.sign(lock, folder.path)
        engine = provider_named(definition.provider).engine
        described = order.catalogue.cluster
        commands = described is not None and bool(described.commands)
        drill = Drill(folder, order.cluster, lambda _: None, engine, commands)
        try:
            drill.add(surroundings(order.leaves.labels))
            drill.guard(lock.fileno())
            with signals.may_interrupt():
                plan = begin(drill, order, definition, console)
                follow(drill, LiveView(plan, console, order.leaves.metrics), plan, signals)
        except NotStarted:
            withdraw(drill, console)
            raise
        except BaseException as error:  # noqa: BLE001 - whatever it is: cleared away, then judged
            hold_back(drill)
            ending = partial(note_ending, drill, error)
        else:
            ending = partial(drill.add, DrillEnded(time=now()))
        write("timeline.jsonl", ending, console)
        console.print("clearing away", style="dim")
        clear(drill, order.leaves.cluster, console)
    return conclude(folder, console, order.leaves.page)


def hold_back(drill: Drill) -> None:
    """Let nothing more be injected: first of all, since what is written and shown then may take long."""
    for child in drill.children:
        if child.role == "faults":
            child.end()


def clear(drill: Drill, keep_cluster: bool, console: Console) -> bool:
    """Undo what a drill has made and say what could not be undone; return whether all was."""
    failures = drill.clear(keep_cluster)
    if drill.unwritten:
        console.print(f"timeline.jsonl: not written: {drill.unwritten}", style="bold red")
    for failure in failures:
        console.print(f"not undone: {failure}; run: kubedrill heal", style="bold red")
    return not failures


def write(what: str, act: Callable[[], object], console: Console) -> None:
    """Write something; say so if that cannot be."""
    if why := why_not(act):
        console.print(f"{what}: not written: {why}", style="bold red")


def withdraw(drill: Drill, console: Console) -> None:
    """Undo what a drill that was not started has made; heal needs its folder if something is left."""
    if clear(drill, keep_cluster=False, console=console):
        drill.folder.remove()


def begin(drill: Drill, order: Order, definition: ClusterDefinition, console: Console) -> Schedule:
    """Cluster, seed, load and observers, faults: to the schedule that they were given."""
    experiment = order.experiment
    with console.status(f"cluster {order.cluster}"):
        record = drill.bring_up(definition, order.catalogue.limits)
    if why := outlived(record, experiment.seconds):
        raise NotStarted(f"{order.file}: {why}")
    origin = _origin(drill, record)
    on = on_cluster(order.cluster, experiment.cluster_changes)
    zones = f"{counted(len(record.zones), 'zone')}, " if record.zones else ""
    console.print(f"cluster  {on}: {zones}{origin}")
    # In this order, or pods of a workload fill those nodes up that come first.
    start_fleet(drill, record, experiment, console)
    make_seed(drill, record, experiment, console)
    if experiment.rights is not None:
        drill.note(f"activities act as {guest.grant(drill.folder, experiment.rights)}")
    with console.status("measuring the machine"):
        calibration = drill.calibrate()
    for line in machine.lines(calibration):
        console.print(f"machine  {line}")
    if told := note_told(experiment, record, drill.folder):
        console.print(f"metrics  {told}")
    tell_whom_it_waits_for(experiment.loads, console)
    asked = [told.objective.text for told in experiment.objectives]
    with warmed_up(drill, order, console), console.status("starting load, prober, scraper, faults"):
        drill.start_workers(record, experiment.loads, order.catalogue)
        if experiment.fleet and experiment.fleet.demands:
            drill.start_demand(experiment.seed.workload)
        if experiment.plan:
            drill.start_plan()
        drill.start_children(experiment.loads, order.catalogue, asked)
    if definition.notify and experiment.faults:
        drill.note(announce(definition.notify, experiment, str(drill.folder.path)))
    start = now() + LEAD_NS
    plan = schedule(experiment, order.name, drill.folder.run, ClockPair.read(), start)
    drill.go(plan)
    return plan


@contextmanager
def warmed_up(drill: Drill, order: Order, console: Console) -> Iterator[None]:
    """Have the load press until it is steady, if the experiment wants that, and while this block lasts."""
    said: list[str] = []
    load = pressed(drill, order.experiment, order.catalogue, said.append)
    with console.status("warming up, until it is steady") as shown, load:
        shown.stop()
        for words in said:
            console.print(f"warm-up  {words}")
            drill.note(words)
        yield


def _origin(drill: Drill, record: ClusterRecord) -> str:
    if not drill.own_cluster:
        return "was up, and stays as it is"
    return "somebody else's, and stays as it is" if record.foreign else "brought up for this drill"


def make_seed(
    drill: Drill, record: ClusterRecord, experiment: Experiment, console: Console
) -> None:
    """Create the objects that there are before the load, and say how many in which time."""
    with console.status("seeding"):
        fleet = experiment.fleet or Fleet()
        grows = bool(fleet.demands)
        workload = fleet.workload
        if record.foreign and fleet.parts:  # nodes of others have room as well
            workload = replace(workload, selector={RUN: drill.folder.run})
        seeded = drill.seed(record, experiment.seed.wanted(), workload, grows=grows)
    made = ", ".join(f"{count} {kind}" for kind, count in seeded.created.items())
    console.print(f"seeded   {made} in {seeded.seconds:.1f} s")
    drill.add(Seeded(time=now(), created=seeded.created, seconds=round(seeded.seconds, 2)))


def start_fleet(
    drill: Drill, record: ClusterRecord, experiment: Experiment, console: Console
) -> None:
    """Start the fleet, if there is one, and say how many nodes there are, and will be."""
    if experiment.fleet is None:
        return
    begun = now()
    with console.status("starting the fleet"):
        fleet = drill.start_fleet(record, experiment.fleet)
    seconds = (now() - begun) / SECOND
    if fleet.engine == CLUSTER:
        console.print("fleet    the cluster's own nodes, which are watched")
        return
    later = f", {fleet.total - fleet.nodes:,} come later" if fleet.total > fleet.nodes else ""
    later += " at most, as pods need them" if fleet.autoscaler else ""
    console.print(f"fleet    {counted(fleet.nodes, 'node')} ready in {seconds:.1f} s{later}")


def tell_whom_it_waits_for(loads: Iterable[ScheduledLoad], console: Console) -> None:
    """Say what is to be started on other machines, or is in the cluster."""
    for load in loads:
        if workers := load.workers:
            how = f"kubedrill worker --master HOST:{workers.port}"
            if workers.pods:
                how = f"pods of {workers.pods.image}, which find it at {workers.pods.master}:{workers.port}"
            console.print(
                f"workers  load {load.name} waits {workers.max_wait_s:g} s for {workers.expect}: {how}"
            )


def follow(drill: Drill, shown: LiveView, plan: Schedule, signals: Signals) -> None:
    """Watch until every child has ended by itself; Aborted if an abort condition holds."""
    tail = Tail(drill.folder, plan)
    abort, states = AbortWatch(plan), StateWatch(plan)
    begun: set[str] = set()
    with shown as view:
        drill.on_event = view.event
        while not drill.finished() and now() < latest_edge(drill, plan):
            time.sleep(LOOK_S)
            signals.check()
            tell_phases(drill, plan, begun)
            drill.look(plan)
            drill.check_children(plan)
            drill.check_watchdog()
            figures = tail.poll()
            view.show(figures)
            for told in states.check(figures):
                drill.add(told)
            if held := abort.check(figures):
                raise Aborted(held)
            if words := abort.unwatched(figures):
                raise Unwatched(words)
        tell_phases(drill, plan, begun)
        drill.look(plan)


def latest_edge(drill: Drill, plan: Schedule) -> int:
    """Return until when faults may still be undone, or scraped by a Prometheus, monotonic ns."""
    if now() < plan.end:
        return plan.end
    limits = (entry.limit_s or 0.0 for entry in drill.ledger.entries())
    undone = round(max(limits, default=0.0) * SECOND)
    return plan.end + max(LAST_EDGE_NS, undone, patience(drill.folder))


def tell_phases(drill: Drill, plan: Schedule, begun: set[str]) -> None:
    """Put on the timeline each phase that has begun: also one that passed between two looks."""
    for phase in plan.phases:
        if phase.start <= now() and phase.name not in begun:
            begun.add(phase.name)
            drill.add(PhaseBegan(time=phase.start, name=phase.name))


def note_ending(drill: Drill, error: BaseException) -> None:
    """Put on the timeline why the drill did not come to its end."""
    if error.__cause__ or not isinstance(error, Interrupted | Aborted):
        log = drill.folder.logs / "runner.log"
        log.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
    match error:
        case Interrupted():
            drill.add(interrupted(drill.folder, str(error)))
        case Aborted():
            condition, sample = error.held
            drill.add(DrillAborted(time=now(), condition=condition, sample=sample))
        case _:
            drill.add(DrillFailed(time=now(), reason=f"{error}", error=type(error).__name__))


def conclude(folder: RunFolder, console: Console, page: bool) -> Report:
    """Close the evidence, judge it, write the reports, show the verdict."""
    for what, close in (("samples as Parquet", convert), ("manifest.json", seal)):
        write(what, partial(close, folder), console)
    report = judging.judge(folder)
    for unwritten in write_all(folder, report, asked_for(OF_A_DRILL, page)):
        console.print(unwritten, style="bold red")
    print_verdict(report, folder, console)
    return report
