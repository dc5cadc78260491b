"""Judge: what has become so far of the arrivals of a load, while its drill runs: those that hang as well."""

from collections import deque
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kubedrill.clock import SECOND
from kubedrill.figures.traces import Floats, completed, failed, left_out, of_arrivals, succeeded
from kubedrill.judge.requests import latencies
from kubedrill.reading.arrivals import Times
from kubedrill.record.lines import read_whole
from kubedrill.record.sample import LOAD_DTYPE, Records, read_bin
from kubedrill.record.schedule import TIMEOUT_S, Schedule, ScheduledLoad
from kubedrill.record.sidecar import LoadSidecar

SETTLED = SECOND
"""What was due within the last second may still be answered in time, and be written; what was due before,
and has no record, hangs."""


class Growing:
    """One file of samples, read as it grows."""

    def __init__(self, path: Path, dtype: np.dtype[np.void]) -> None:
        self._path = path
        self._dtype = dtype
        self._read = 0

    def fresh(self) -> Records:
        """Return the records that were appended since the last look."""
        if not self._path.exists():
            return np.empty(0, self._dtype)
        piece = read_bin(self._path, self._dtype, self._read)
        self._read += len(piece)
        return piece


@dataclass(frozen=True, slots=True)
class Arrived:
    """The arrivals of a load that tell how it is now."""

    due: int
    """How many were due in the window."""
    answered: int
    """How many of them had a whole, valid answer."""
    ended: Records
    """Those of them that have ended, and those of before that hung into the window."""
    hanging: Floats
    """For how many seconds each has been without an answer that has none yet, at the window's end."""
    lost: int
    """How many of these have waited for longer than their client does."""

    @property
    def latencies(self) -> Floats:
        """How long each has lasted, or lasts so far, in seconds, sorted; failures as in judge.requests."""
        return np.sort(np.concatenate([latencies(self.ended), self.hanging]))

    @property
    def error_rate(self) -> float | None:
        """The share of failures among those of which it is known what became; None of none."""
        known = len(self.ended) + self.lost
        return (int(failed(self.ended).sum()) + self.lost) / known if known else None


class Arriving:
    """Follows one load: what is due by the schedule, and what was recorded."""

    def __init__(self, samples: Path, schedule: Schedule, load: ScheduledLoad) -> None:
        names = load.sample_names
        self._files = [Growing(samples / f"{name}.bin", LOAD_DTYPE) for name in names]
        self._sidecar = samples / f"{names[0]}.json"
        self._dues = schedule.dues(load)
        self._closed = bool(load.arrivals.clients)
        timeout_s = load.parameters.get("timeout_s")
        self._timeout_s = float(timeout_s) if isinstance(timeout_s, int | float) else TIMEOUT_S
        self._ahead: Times = np.empty(0, np.int64)
        self._recent: Times = np.empty(0, np.int64)
        """When arrivals were due since the last window's begin."""
        self._pending: Times = np.empty(0, np.int64)
        """When those were due that have no record."""
        self._ended: deque[Records] = deque()

    def within(self, begin: int, end: int) -> Arrived:
        """Return those that tell of [begin, end), monotonic ns, a window that ends SETTLED ago."""
        self._read()
        self._pass(end)
        while self._ended and int(completed(self._ended[0]).max()) < begin:
            self._ended.popleft()
        ended = np.concatenate([np.empty(0, LOAD_DTYPE), *self._ended])
        due = ended["intended"].astype(np.int64)
        in_window = due >= begin
        hung = (completed(ended) >= begin) & (completed(ended) - due > SETTLED)
        settled = (due < end) & ~left_out(ended)
        offered = np.searchsorted(self._recent, [begin, end])
        self._recent = self._recent[offered[0] :]
        hanging = (end - self._pending[self._pending < end]) / SECOND
        answered = int(succeeded(ended[settled & in_window]).sum())
        # Of a closed loop the schedule does not know; it offers no more than what was answered.
        asked = int((settled & in_window).sum()) if self._closed else int(np.diff(offered)[0])
        return Arrived(
            asked,
            answered,
            ended[settled & (in_window | hung)],
            hanging,
            int((hanging > self._timeout_s + SETTLED / SECOND).sum()),
        )

    def _read(self) -> None:
        """Take what was recorded since the last look; of that nothing is pending."""
        series = read_whole(self._sidecar, LoadSidecar).series if self._sidecar.exists() else ()
        for file in self._files:
            records = file.fresh()
            arrivals = records[of_arrivals(records, series)]
            if not len(arrivals):
                continue
            self._ended.append(arrivals)
            due = np.sort(arrivals["intended"].astype(np.int64))
            if not self._closed:
                self._pass(int(due[-1]) + 1)
                self._pending = without(self._pending, due)

    def _pass(self, until: int) -> None:
        """Let time go on: what is due before then is pending."""
        while not len(self._ahead) or self._ahead[-1] < until:
            block = next(self._dues, None)
            if block is None:
                break
            self._ahead = np.concatenate([self._ahead, block])
        passed = int(np.searchsorted(self._ahead, until))
        new, self._ahead = self._ahead[:passed], self._ahead[passed:]
        self._pending = np.concatenate([self._pending, new])
        self._recent = np.concatenate([self._recent, new])


def without(these: Times, those: Times) -> Times:
    """Return `these` without as many of each as there are in `those`; both ascend."""
    rank = np.arange(len(those)) - np.searchsorted(those, those, side="left")
    places = np.searchsorted(these, those, side="left") + rank
    there = places < len(these)
    places, those = places[there], those[there]
    left: Times = np.delete(these, places[these[places] == those])
    return left
