"""Judge: what each load offered, and what came of it, phase by phase."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from kubedrill.figures.traces import left_out, of_arrivals, succeeded
from kubedrill.judge.once import count_in
from kubedrill.judge.requests import (
    asked_in,
    bounds_of_latencies,
    errors,
    late_share,
    percentile,
    shown,
)
from kubedrill.judge.vitals import cpu_s, edges, received
from kubedrill.reading.arrivals import Times
from kubedrill.record.remote import Account
from kubedrill.record.sample import Records
from kubedrill.record.schedule import Phase, ScheduledLoad
from kubedrill.record.series import load_series
from kubedrill.record.sidecar import LoadSeries
from kubedrill.record.verdict import LoadResult
from kubedrill.record.vitals import GeneratorVitals


@dataclass(frozen=True, slots=True)
class Load:
    """One load's samples: a series of whole transactions, and others beside it (pages of lists)."""

    scheduled: ScheduledLoad
    series: tuple[LoadSeries, ...]
    records: Records
    vitals: Mapping[str, Sequence[GeneratorVitals]]
    """The lines of each of its processes, by the name of its samples."""
    dues: Times
    """When its arrivals were due, monotonic ns."""
    unrecorded: Mapping[str, Times]
    """Those up to the drill's ending that have no record, by the file where it would be."""
    targets: tuple[str, ...] = ("unknown",)
    """The servers that answered, as its records number them; the first is for those that are not known."""
    accounts: tuple[Account, ...] = ()
    """What became of its workers on other machines."""
    doubts: tuple[str, ...] = ()
    """What is wrong with its files."""

    def due_in(self, phase: Phase) -> int:
        """Return how many arrivals were due in a phase."""
        return count_in(self.dues, phase)

    def transactions(self) -> Records:
        """Return the arrivals themselves; objectives on the load's name mean these."""
        return self.records[of_arrivals(self.records, self.series)]

    @property
    def names(self) -> list[str]:
        """Return what its series are called in this experiment."""
        return load_series(self.scheduled.name, [series.name for series in self.series])

    def of(self, name: str) -> Records:
        """Return the records of the series of that name; none if it has no such series."""
        if name == self.scheduled.name:
            return self.transactions()
        number = self.names.index(name) if name in self.names else -1
        chosen: Records = self.records[self.records["series"] == number]
        return chosen

    def lag_p99_s(self, phase: Phase) -> float | None:
        """Return the 99th percentile of each second's largest event-loop lag; None if nobody has said."""
        said = [
            [line.lag_max_us / 1e6 for line in lines if phase.holds(line.time)]
            for lines in self.vitals.values()
        ]
        if not all(said) or not said:
            return None
        return percentile(np.sort(np.array([*chain.from_iterable(said)])), "p99")

    def counts(self, phase: Phase) -> dict[str, int]:
        """Return what its processes counted in a phase; their lines are a second apart."""
        found: Counter[str] = Counter()
        for start, end in edges(self.vitals, phase):
            found += Counter(end.counts) - Counter(start.counts if start else {})
        return dict(found)

    def answers(self, phase: Phase) -> list[int]:
        """Return how many arrivals of a phase each of its targets gave a whole, valid answer to."""
        records = asked_in(self.transactions(), phase)
        answered = records["target"][succeeded(records)]
        given: list[int] = np.bincount(answered, minlength=len(self.targets)).tolist()
        return given

    def received(self, phase: Phase) -> int:
        """Return the bytes that its processes received in a phase, TLS included."""
        return received(self.vitals, phase)

    def held_back(self, phase: Phase) -> int:
        """Return how many arrivals that ended in a phase had waited too long for a connection."""
        return sum(
            after.held_back - (before.held_back if before else 0)
            for before, after in edges(self.vitals, phase)
        )

    def cpu_s(self, phase: Phase) -> float | None:
        """Return the CPU-seconds that its processes used in a phase; None if one did not say."""
        return cpu_s(self.vitals, phase)


def load_results(load: Load, phase: Phase) -> Iterator[LoadResult]:
    """Yield the transactions, and whatever else the load measured, in a phase in which it presses."""
    if not load.scheduled.presses(phase.name):
        return
    for name, series in zip(load.names, load.series, strict=True):
        records = asked_in(load.of(name), phase)
        if len(records) or series.role == "transaction":
            yield _result(load, name, records, phase)


def _due(load: Load, name: str, records: Records, phase: Phase) -> int:
    """Return how many requests were due: by the schedule, where it says so."""
    scheduled = name == load.scheduled.name and not load.scheduled.arrivals.clients
    return load.due_in(phase) if scheduled else len(records)


def _result(load: Load, name: str, records: Records, phase: Phase) -> LoadResult:
    whole = name == load.scheduled.name
    least, most = map(shown, bounds_of_latencies(records))
    return LoadResult(
        profile=load.scheduled.profile,
        name=name,
        phase=phase.name,
        loop="closed" if load.scheduled.arrivals.clients else "open",
        offered=_due(load, name, records, phase) / phase.seconds,
        achieved=float(succeeded(records).sum()) / phase.seconds,
        requests=len(records),
        cut=int(left_out(records).sum()),
        errors=errors(records),
        counts=load.counts(phase) if whole else {},
        latency_s=least,
        at_least=[name for name in least if least[name] < most[name]],
        bytes=int(records["bytes"].sum(dtype=np.int64)),
        late_share=late_share(records),
        lag_p99_s=load.lag_p99_s(phase),
        cpu_s=load.cpu_s(phase) if whole else None,
    )
