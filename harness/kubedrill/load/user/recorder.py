"""Load: every arrival's one record, in the samples and in Locust's statistics.

A request costs one `pack` and one `append`; samples and statistics are made of all of a flush at once.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from kubedrill.client.targets import Targets
from kubedrill.clock import now
from kubedrill.load.user.result import Arrival, Result
from kubedrill.record.sample import (
    LOAD_DTYPE,
    LOAD_RECORD,
    Outcome,
    Records,
    SampleWriter,
    packing,
)
from kubedrill.record.sidecar import LoadSidecar

_MEASURED = np.dtype(
    [
        ("due", "<i8"),  # monotonic ns, as the next three
        ("started", "<i8"),
        ("first_byte", "<i8"),  # 0 if none came
        ("end", "<i8"),
        ("size", "<i8"),
        ("outcome", "<u2"),
        ("series", "u1"),
        ("target", "u1"),
    ]
)
ENDED = packing(_MEASURED)
_pack = ENDED.pack

EndedRequests = npt.NDArray[np.void]
"""Requests that have ended, as they were measured, until the next flush."""
_LARGEST = 2**32 - 1


class Statistics(Protocol):
    """What is told of all requests beside the samples: load.user.statistics."""

    def add(self, ended: EndedRequests) -> None:
        """Take requests."""
        ...


class Samples(Protocol):
    """Where records go: record.sample.SampleWriter, or what takes them to another machine."""

    def name_targets(self, names: Sequence[str]) -> None:
        """Say what the targets' numbers in the records mean, now that there are more."""
        ...

    def write(self, records: Records) -> None:
        """Take records."""
        ...

    def close(self) -> None:
        """No more come."""
        ...


class Recording(Protocol):
    """Where users record: a Recorder, or a part of one."""

    counts: Counter[str]
    """What the profile counts besides its requests."""

    def add(self, series: int, due: int, started: int, result: Result) -> None:
        """Record one request of the series of that index."""
        ...


class Recorder:
    """Keeps the arrivals in flight, and records each exactly once, when it ends or is cut."""

    def __init__(self, statistics: Statistics, samples: Samples | None, targets: Targets) -> None:
        self._statistics = statistics
        self._samples = samples
        self._targets = targets
        self._described = len(targets.names)
        self._in_flight: set[Arrival] = set()
        self._packed: list[bytes] = []
        self._keep = self._packed.append
        self.counts: Counter[str] = Counter()
        """What the profile counts besides its requests."""
        self.due = self.dropped = 0
        """Arrivals so far: that were due, and those of them that were never begun."""
        self.held_back = 0
        """How many so far have waited too long for one of their user's connections."""

    @property
    def in_flight(self) -> int:
        """How many arrivals have begun and not ended."""
        return len(self._in_flight)

    @property
    def sent(self) -> int:
        """How many arrivals were not dropped."""
        return self.due - self.dropped

    def begin(self, due: int) -> Arrival:
        """Return a new arrival, which is in flight from now on."""
        self.due += 1
        arrival = Arrival(due)
        self._in_flight.add(arrival)
        return arrival

    def drop(self, due: int) -> None:
        """Record an arrival that cannot be sent."""
        self.due += 1
        self.dropped += 1
        at = now()
        self.add(0, due, at, Result(Outcome.DROPPED, 0, at, 0))

    def end(self, arrival: Arrival, result: Result) -> None:
        """Record how an arrival ended, unless it has been cut."""
        try:
            self._in_flight.remove(arrival)
        except KeyError:
            return
        outcome, first_byte, end, size, target = result
        self._keep(_pack(arrival.due, arrival.started, first_byte, end, size, outcome, 0, target))

    def cut(self, arrivals: Iterable[Arrival] | None = None) -> None:
        """Record those in flight of the arrivals (default: all) as cut by the end of the load."""
        at = now()
        cut = self._in_flight if arrivals is None else self._in_flight.intersection(arrivals)
        self._in_flight = self._in_flight - cut
        for arrival in cut:
            outcome = Outcome.RESTING if arrival.resting else Outcome.CUT
            self.add(0, arrival.due, arrival.started or at, Result(outcome, 0, at, 0))

    def miss(self, dues: Iterable[int]) -> None:
        """Record arrivals that were due, but not begun when the load was ended."""
        self.cut([self.begin(due) for due in dues])

    def add(self, series: int, due: int, started: int, result: Result) -> None:
        """Record one request of the series of that index; series 0 are the arrivals themselves."""
        outcome, first_byte, end, size, target = result
        self._keep(_pack(due, started, first_byte, end, size, outcome, series, target))

    def flush(self) -> None:
        """Hand what was recorded to the statistics and to the kernel; OSError when the disk is full."""
        if not self._packed:
            return
        ended = unpack(self._packed)
        self._packed.clear()
        self._statistics.add(ended)
        if self._samples is not None:
            if len(self._targets.names) > self._described:
                self._described = len(self._targets.names)
                self._samples.name_targets(self._targets.names)
            self._samples.write(as_records(ended))

    def close(self) -> None:
        """Close the samples."""
        if self._samples is not None:
            self._samples.close()


def open_samples(folder: Path, name: str, sidecar: LoadSidecar) -> SampleWriter:
    """Return the writer of one process's samples."""
    return SampleWriter(folder, name, sidecar, LOAD_RECORD)


def unpack(packed: list[bytes]) -> EndedRequests:
    """Return the requests that were packed by ENDED."""
    return np.frombuffer(b"".join(packed), _MEASURED)


def as_records(ended: EndedRequests) -> Records:
    """Return the samples' records of the requests."""
    due = ended["due"]
    records = np.zeros(len(ended), LOAD_DTYPE)
    records["intended"] = due
    records["wait_us"] = (ended["started"] - due) // 1000
    came = ended["first_byte"] > 0
    records["first_byte_us"][came] = (ended["first_byte"] - due)[came] // 1000
    records["total_us"] = (ended["end"] - due) // 1000
    records["bytes"] = np.minimum(ended["size"], _LARGEST)
    records["outcome"] = ended["outcome"]
    records["series"] = ended["series"]
    records["target"] = ended["target"]
    return records
