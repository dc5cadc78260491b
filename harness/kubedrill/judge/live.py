"""Judge: the figures of a running drill, from the files as they grow, for live view and abort conditions."""

import math
from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from kubedrill.clock import SECOND, now
from kubedrill.figures.traces import succeeded
from kubedrill.judge.arriving import SETTLED, Arriving, Growing
from kubedrill.judge.recent import RecentFsyncs
from kubedrill.judge.requests import percentile
from kubedrill.process.tail import LineTail
from kubedrill.record.faults import FaultLine
from kubedrill.record.folder import RunFolder
from kubedrill.record.lines import read_whole
from kubedrill.record.live import LiveFigures, LiveLoad
from kubedrill.record.live_series import AVAILABILITY, FSYNC, HEALTHY, NOT_READY, OBJECTS, RSS
from kubedrill.record.sample import PROBE_DTYPE, Records
from kubedrill.record.schedule import Schedule, ScheduledLoad
from kubedrill.record.sidecar import ProbeSidecar
from kubedrill.record.state import asked_live
from kubedrill.record.vitals import GeneratorVitals, ProberVitals, Vitals
from kubedrill.record.watched import HealthLook, NodeLook, ObjectLook, ResourceLook

WINDOW = 5 * SECOND
"""The figures are over the last five seconds: 50 probes a verb."""

WRITTEN = SECOND // 2
"""The prober writes what has come every 200 ms: what is not there so long after its deadline has failed."""


class _Probes:
    """The latest records of the prober."""

    def __init__(self, path: Path) -> None:
        self._growing = Growing(path, PROBE_DTYPE)
        self._pieces: deque[Records] = deque()

    def since(self, time: int) -> Records:
        """Return the records due since `time`, reading what was appended."""
        piece = self._growing.fresh()
        if len(piece):
            self._pieces.append(piece)
        while self._pieces and int(self._pieces[0]["intended"].max()) < time:
            self._pieces.popleft()
        records = np.concatenate([np.empty(0, PROBE_DTYPE), *self._pieces])
        return records[records["intended"] >= time]


class Tail:
    """Follows the samples of a drill; each `poll` reads only what is new."""

    def __init__(self, folder: RunFolder, schedule: Schedule) -> None:
        self._schedule = schedule
        self._folder = folder
        self._loads = {
            load.name: Arriving(folder.samples, schedule, load) for load in schedule.loads
        }
        self._deadline = round(schedule.probing.deadline * SECOND)
        self._probe = _Probes(folder.samples / "probe.bin")
        self._health = LineTail(folder.health, HealthLook)
        self._resources = LineTail(folder.resources, ResourceLook)
        self._nodes = LineTail(folder.nodes, NodeLook)
        self._counted = LineTail(folder.objects, ObjectLook)
        self._objects: dict[str, float] = {}
        self._fsyncs = RecentFsyncs(folder) if FSYNC in asked_live(schedule) else None
        self._rss: Mapping[str, float] = {}
        self._not_ready: float | None = None
        self._upto: dict[str, int] = {}
        self._vitals = [
            LineTail(folder.samples / f"{name}.workers.jsonl", kind)
            for name, kind in _kinds_of_vitals(schedule)
        ]
        self._members: Mapping[str, str] = {}
        self._leader: str | None = None
        self._faults = LineTail(folder.faults, FaultLine)
        self._in_force: dict[int, str] = {}
        self._lag_us = 0

    def poll(self) -> LiveFigures:
        """Return the figures of now."""
        time = now()
        phase = self._schedule.phase_at(time)
        self._follow()
        loads = {load.name: self._load(load, time) for load in self._schedule.loads}
        fsync_p99_s = self._fsync(time)
        known = dict.fromkeys(loads, time - SETTLED) | dict.fromkeys(AVAILABILITY, time - WRITTEN)
        return LiveFigures(
            time=time,
            phase=phase.name if phase else None,
            phase_left_s=(phase.end - time) / SECOND if phase else 0.0,
            loads=loads,
            reads=self._availability("read", time),
            writes=self._availability("write", time),
            members=dict(self._members),
            leader=self._leader,
            rss=self._rss,
            fsync_p99_s=fsync_p99_s,
            not_ready=self._not_ready,
            objects=dict(self._objects),
            upto={**self._upto, **known},
            faults=tuple(self._in_force.values()),
            lag_s=self._lag_us / 1e6,
        )

    def _fsync(self, time: int) -> float | None:
        if self._fsyncs is None:
            return None
        found = self._fsyncs.p99(time - WINDOW)
        if self._fsyncs.upto is not None:
            self._upto[FSYNC] = self._fsyncs.upto
        return found

    def _load(self, load: ScheduledLoad, time: int) -> LiveLoad:
        begin, end = self._window(time - SETTLED)
        arrived = self._loads[load.name].within(begin, end)
        seconds = max((end - begin) / SECOND, 1.0)
        ordered = arrived.latencies
        p99 = percentile(ordered, "p99") if len(ordered) else None
        return LiveLoad(arrived.due / seconds, arrived.answered / seconds, p99, arrived.error_rate)

    def _availability(self, verb: str, time: int) -> float | None:
        """Return the share of a verb's probes that were answered; None when none was due.

        One that is not there although its deadline has passed was not answered in time, for all that
        is known: whether the prober itself was late is for the verdict to say.
        """
        begin, end = self._window(time - max(SETTLED, self._deadline + WRITTEN))
        path = self._folder.samples / "probe.json"
        lanes = read_whole(path, ProbeSidecar).series if path.exists() else ()
        scored = [
            number
            for number, lane in enumerate(lanes)
            if (lane.path, lane.connection, lane.verb, lane.level)
            == ("balancer", "fresh", verb, "prober")
        ]
        records = self._probe.since(begin)
        records = records[(records["intended"] < end) & np.isin(records["series"], scored)]
        # One more or less may fall into the window.
        due = math.floor(self._schedule.probing.rates.fresh * (end - begin) / SECOND) - 1
        asked = max(len(records), due)
        return float(succeeded(records).sum()) / asked if asked > 0 else None

    def _window(self, settled: int) -> tuple[int, int]:
        """Return the five seconds before `settled`, within the schedule."""
        start, end = self._schedule.start, self._schedule.end
        return max(settled - WINDOW, start), min(settled, end)

    def _follow(self) -> None:
        for line in self._health.read():
            self._members, self._leader = line.etcd, line.leader
            self._upto[HEALTHY] = line.time + line.took_us * 1000
        for look in self._resources.read():
            self._rss = _largest(look)
            self._upto |= dict.fromkeys(RSS, look.time)
        for seen in self._nodes.read():
            self._not_ready = None if seen.error else float(len(seen.not_ready))
            self._upto[NOT_READY] = seen.time + seen.took_us * 1000
        for count in self._counted.read():
            self._objects = {kind: float(number) for kind, number in count.counts.items()}
            answered = (name for name, kind in OBJECTS.items() if kind in count.counts)
            self._upto |= dict.fromkeys(answered, count.time + count.took_us * 1000)
        for told in self._faults.read():
            if told.event == "injected":
                self._in_force[told.index] = f"{told.fault} on {told.target}"
            elif told.event == self._schedule.faults[told.index].ends_with:
                self._in_force.pop(told.index, None)
        lags = [line.lag_max_us for tail in self._vitals for line in tail.read()]
        if lags:
            self._lag_us = max(lags)


def _largest(look: ResourceLook) -> dict[str, float]:
    """Return the memory of the largest component of each kind, in bytes."""
    found: dict[str, float] = {}
    for name, usage in look.processes.items():
        for kind in RSS.values():
            if name == kind or name.startswith(f"{kind}-"):
                found[kind] = max(found.get(kind, 0.0), float(usage.rss_bytes))
    return found


def _kinds_of_vitals(schedule: Schedule) -> Iterator[tuple[str, type[Vitals]]]:
    yield "probe", ProberVitals
    for load in schedule.loads:
        for name in load.sample_names:
            yield name, GeneratorVitals
