"""The load presses before a drill begins, until it is steady: what it warms up does not count."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from kubedrill.children import end
from kubedrill.clock import SECOND, ClockPair, now
from kubedrill.drill import READY_TIMEOUT_S, Drill
from kubedrill.experiment import Experiment, PhaseLength, schedule
from kubedrill.judge.arriving import SETTLED, Arriving
from kubedrill.judge.requests import percentile
from kubedrill.process.child import Child, ChildFailed
from kubedrill.reading.units import format_duration
from kubedrill.record.catalogue import Catalogue
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.folder import RunFolder
from kubedrill.record.schedule import Schedule, ScheduledLoad
from kubedrill.record.warmup import ScheduledWarmup, Steadiness

LEAD_NS = SECOND
"""From GO to the first window."""
LOOK_S = 0.2


class Unsteady(Exception):  # noqa: N818 - an event of the drill
    """The load was not steady in time: what would be measured now is not the cluster as it is."""


@contextmanager
def pressed(
    drill: Drill, experiment: Experiment, catalogue: Catalogue, say: Callable[[str], None]
) -> Iterator[None]:
    """Have the load press until it is steady, and then for as long as this block lasts.

    Nothing is done without a `warmup`. Unsteady if it does not become so in time.
    """
    if experiment.warmup is None or not experiment.loads:
        yield
        return
    folder = _folder(drill.folder)
    drill.intend_sweep(folder)
    loads = _loads(experiment)
    children = drill.launch(loads, catalogue, folder, prefix="warmup-")
    for child in children:
        drill.children.remove(child)  # they end before the others begin
    try:
        for child in children:
            child.wait_ready(READY_TIMEOUT_S)
        plan = _plan(experiment, experiment.warmup, loads, folder.run)
        for child in children:
            child.go({"schedule": plan.as_dict()})
        _wait(children, plan, folder, experiment.warmup, say)
        yield
    finally:
        end(children, drill.note)


def _folder(run: RunFolder) -> RunFolder:
    """Return a run folder within the drill's private one: what warms up is no evidence."""
    record = ClusterRecord.read(run.cluster)
    folder = RunFolder(record.private(run.run) / "warmup" / f"{run.run}-warmup")
    for part in (folder.samples, folder.metrics, folder.logs):
        part.mkdir(parents=True, exist_ok=True)
    record.write(folder.cluster)
    return folder


def _loads(experiment: Experiment) -> tuple[ScheduledLoad, ...]:
    """Return the loads of the first phase."""
    first = experiment.phases[0].name
    return tuple(replace(load, phases=()) for load in experiment.loads if load.presses(first))


def _plan(
    experiment: Experiment, warmup: ScheduledWarmup, loads: tuple[ScheduledLoad, ...], run: str
) -> Schedule:
    """Return when which arrivals are due, for as long as it may take."""
    # Longer than it is looked at: the load presses on until the drill's own begins.
    phase = PhaseLength("warmup", warmup.at_most_s + 600.0)
    alone = replace(experiment, phases=(phase,), loads=loads, faults=(), abort=(), objectives=())
    return schedule(alone, "warmup", run, ClockPair.read(), now() + LEAD_NS)


def _wait(
    children: list[Child],
    plan: Schedule,
    folder: RunFolder,
    warmup: ScheduledWarmup,
    say: Callable[[str], None],
) -> None:
    """Wait until the load is steady; Unsteady, with what was measured, if that takes too long."""
    steadiness, measured = warmup.steadiness, list[Mapping[str, float | None]]()
    window = round(steadiness.window_s * SECOND)
    arriving = {load.name: Arriving(folder.samples, plan, load) for load in plan.loads}
    while not steadiness.holds(measured):
        begin = plan.start + len(measured) * window
        if begin + window > plan.start + round(warmup.at_most_s * SECOND):
            raise Unsteady(
                f"the load was not steady within {format_duration(warmup.at_most_s)} "
                f"({warmup.until_steady}): {_words(steadiness, measured)}"
            )
        _sleep_until(begin + window + SETTLED, children)
        measured.append(
            {
                name: _measured(load, begin, begin + window, steadiness)
                for name, load in arriving.items()
            }
        )
    say(f"steady after {len(measured)} windows: {_words(steadiness, measured)}")


def _measured(arriving: Arriving, begin: int, end: int, steadiness: Steadiness) -> float | None:
    """Return a percentile of a window, in s; None if nothing was answered."""
    ordered = arriving.within(begin, end).latencies
    return percentile(ordered, steadiness.statistic) if len(ordered) else None


def _sleep_until(time_ns: int, children: list[Child]) -> None:
    while now() < time_ns:
        time.sleep(LOOK_S)
        for child in children:
            if (status := child.poll()) is not None:
                raise ChildFailed(f"{child.role} ended with {status}; see {child.log}")


def _words(steadiness: Steadiness, measured: list[Mapping[str, float | None]]) -> str:
    """Return what the last windows had: `p50 of list 12.1 ms, 12.4 ms, 12.2 ms`."""
    last = measured[-steadiness.windows :]
    return "; ".join(
        f"{steadiness.statistic} of {name} {', '.join(_value(window[name]) for window in last)}"
        for name in (last[0] if last else ())
    )


def _value(seconds: float | None) -> str:
    return "none" if seconds is None else f"{seconds * 1000:.1f} ms"
