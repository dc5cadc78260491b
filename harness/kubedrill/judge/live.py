"""Judge: the figures of a running drill, from the files as they grow: live view and abort conditions."""

from collections import deque
from pathlib import Path

import numpy as np

from kubedrill.judge.requests import latencies, percentile
from kubedrill.process.tail import LineTail
from kubedrill.record.clock import SECOND, now
from kubedrill.record.folder import RunFolder
from kubedrill.record.live import LiveFigures, LiveLoad
from kubedrill.record.objective import AbortCondition, holds, parse_abort
from kubedrill.record.sample import (
    LOAD_DTYPE,
    PROBE_DTYPE,
    Outcome,
    Records,
    read_bin,
    read_sidecar,
)
from kubedrill.record.schedule import Schedule, ScheduledLoad
from kubedrill.record.traces import succeeded

WINDOW = 5 * SECOND
"""The figures are over the last five seconds: 50 probes a verb."""

SETTLED = SECOND
"""What was due within the last second may still be answered in time."""


class _Growing:
    """The latest records of one file of samples."""

    def __init__(self, path: Path, dtype: np.dtype[np.void]) -> None:
        self._path = path
        self._dtype = dtype
        self._read = 0
        self._pieces: deque[Records] = deque()

    def since(self, time: int) -> Records:
        """Return the records due since `time`, reading what was appended."""
        if self._path.exists():
            piece = read_bin(self._path, self._dtype, self._read)
            self._read += len(piece)
            if len(piece):
                self._pieces.append(piece)
        while self._pieces and int(self._pieces[0]["intended"].max()) < time:
            self._pieces.popleft()
        if not self._pieces:
            return np.empty(0, self._dtype)
        records = np.concatenate(self._pieces)
        return records[records["intended"] >= time]


class Tail:
    """Follows the samples of a drill; each `poll` reads only what is new."""

    def __init__(self, folder: RunFolder, schedule: Schedule) -> None:
        self._schedule = schedule
        self._folder = folder
        self._loads = {
            load.name: [
                _Growing(folder.samples / f"{name}.bin", LOAD_DTYPE) for name in load.sample_names
            ]
            for load in schedule.loads
        }
        self._probe = _Growing(folder.samples / "probe.bin", PROBE_DTYPE)
        self._health = LineTail(folder.health)
        self._workers = [LineTail(path) for path in _worker_files(folder, schedule)]
        self._members: dict[str, str] = {}
        self._leader: str | None = None
        self._faults = LineTail(folder.faults)
        self._in_force: dict[int, str] = {}
        self._lag_us = 0

    def poll(self) -> LiveFigures:
        """Return the figures of now."""
        time = now()
        phase = self._schedule.phase_at(time)
        self._follow()
        reads, writes = self._availability(time)
        return LiveFigures(
            time=time,
            phase=phase.name if phase else None,
            phase_left_s=(phase.end - time) / SECOND if phase else 0.0,
            loads={load.name: self._load(load, time) for load in self._schedule.loads},
            reads=reads,
            writes=writes,
            members=dict(self._members),
            leader=self._leader,
            faults=tuple(self._in_force.values()),
            lag_s=self._lag_us / 1e6,
        )

    def _load(self, load: ScheduledLoad, time: int) -> LiveLoad:
        begin, end = self._window(time)
        came = [growing.since(begin) for growing in self._loads[load.name]]
        records = self._transactions(load.sample_names[0], np.concatenate(came))
        within = records[(records["intended"] < end) & (records["outcome"] != Outcome.CUT)]
        good = within[succeeded(within)]
        seconds = max((end - begin) / SECOND, 1.0)
        p99 = percentile(latencies(within), "p99") if len(within) else None
        return LiveLoad(len(within) / seconds, len(good) / seconds, p99)

    def _transactions(self, name: str, records: Records) -> Records:
        sidecar = self._folder.samples / f"{name}.json"
        series = read_sidecar(sidecar)["series"] if sidecar.exists() else []
        numbers = [number for number, one in enumerate(series) if one["role"] == "transaction"]
        return records[np.isin(records["series"], numbers)]

    def _availability(self, time: int) -> tuple[float | None, float | None]:
        sidecar = self._folder.samples / "probe.json"
        if not sidecar.exists():
            return None, None
        begin, end = self._window(time)
        records = self._probe.since(begin)
        records = records[records["intended"] < end]
        good = succeeded(records)
        shares = []
        for verb in ("read", "write"):
            scored = [
                number
                for number, one in enumerate(read_sidecar(sidecar)["series"])
                if (one["path"], one["connection"], one["verb"], one["level"])
                == ("balancer", "fresh", verb, "prober")
            ]
            chosen = good[np.isin(records["series"], scored)]
            shares.append(float(chosen.mean()) if len(chosen) else None)
        return shares[0], shares[1]

    def _window(self, time: int) -> tuple[int, int]:
        end = time - SETTLED
        return max(end - WINDOW, self._schedule.start), end

    def _follow(self) -> None:
        for line in self._health.read():
            self._members, self._leader = line["etcd"], line["leader"]
        for line in self._faults.read():
            if line["event"] == "injected":
                self._in_force[line["index"]] = f"{line['fault']} on {line['target']}"
            elif line["event"] == "undone":
                self._in_force.pop(line["index"], None)
        lags = [line["lag_max_us"] for tail in self._workers for line in tail.read()]
        if lags:
            self._lag_us = max(lags)


class AbortWatch:
    """Tells when an abort condition has held for as long as it says."""

    def __init__(self, schedule: Schedule) -> None:
        self._conditions = [parse_abort(text) for text in schedule.abort]
        self._since: dict[str, int] = {}

    def check(self, figures: LiveFigures) -> str | None:
        """Return the text of a condition that has held long enough, else None."""
        for condition in self._conditions:
            value = _value(condition, figures)
            if value is None or not holds(condition.objective, value):
                self._since.pop(condition.text, None)
                continue
            begun = self._since.setdefault(condition.text, figures.time)
            if figures.time - begun >= condition.for_s * SECOND:
                return condition.text
        return None


def _value(condition: AbortCondition, figures: LiveFigures) -> float | None:
    series = condition.objective.series
    if series == "availability":
        known = [share for share in (figures.reads, figures.writes) if share is not None]
        return min(known, default=None)
    return {"availability.reads": figures.reads, "availability.writes": figures.writes}.get(series)


def _worker_files(folder: RunFolder, schedule: Schedule) -> list[Path]:
    names = ["probe", *(name for load in schedule.loads for name in load.sample_names)]
    return [folder.samples / f"{name}.workers.jsonl" for name in names]
