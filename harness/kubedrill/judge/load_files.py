"""Judge: the files of one load: samples, sidecars, vitals, accounts; what is wrong with them is told."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np

from kubedrill.figures.traces import of_arrivals, read_load, samples_file, tell_unanswered
from kubedrill.judge.contradictions import check_records
from kubedrill.judge.ending import Ending
from kubedrill.judge.found import found
from kubedrill.judge.loads import Load
from kubedrill.judge.once import Chosen, check_closed, uncounted, unrecorded
from kubedrill.judge.vitals import read_vitals
from kubedrill.reading.arrivals import Times
from kubedrill.record.folder import RunFolder
from kubedrill.record.lines import BadEvidence
from kubedrill.record.remote import read_accounts
from kubedrill.record.sample import LOAD_DTYPE, Records
from kubedrill.record.schedule import Schedule, ScheduledLoad
from kubedrill.record.share import Share
from kubedrill.record.sidecar import LoadSeries, LoadSidecar
from kubedrill.record.vitals import GeneratorVitals

Kind = TypeVar("Kind")


@dataclass(frozen=True, slots=True)
class _Own:
    """One process's part of its load."""

    dues: Times
    """Its arrivals; none in a closed loop."""
    clients: int
    """Of a closed loop."""


@dataclass(frozen=True, slots=True)
class _ProcessSamples:
    """The samples of one process."""

    file: str
    records: Records
    series: tuple[LoadSeries, ...]
    targets: tuple[str, ...]
    unrecorded: Times


def read_loads(folder: RunFolder, schedule: Schedule, ending: Ending) -> list[Load]:
    """Read the files of every scheduled load; what one of them does not say is a doubt of its load."""
    loads = [_Files(folder, schedule, ending, load).read() for load in schedule.loads]
    if ending.how == "ended":
        for load in loads:
            tell_unanswered(load.records, load.series)
    return loads


class _Files:
    """The files of one load, and what is wrong with them."""

    def __init__(
        self, folder: RunFolder, schedule: Schedule, ending: Ending, load: ScheduledLoad
    ) -> None:
        self._folder = folder
        self._schedule = schedule
        self._ending = ending
        self._load = load
        self._dues = np.concatenate([np.empty(0, np.int64), *schedule.dues(load)])
        self._doubts: list[str] = []

    def read(self) -> Load:
        """Return what they say."""
        names = self._load.sample_names
        vitals = {name: self._found(partial(self._vitals, name)) for name in names}
        parts = [
            part
            for number, name in enumerate(names)
            for part in self._found(partial(self._part, name, self._own(number), vitals[name]))
        ]
        accounts = self._found(partial(read_accounts, self._folder.workers(self._load.name)))
        targets = _renumbered(parts)
        return Load(
            scheduled=self._load,
            series=parts[0].series if parts else (),
            records=np.concatenate([np.empty(0, LOAD_DTYPE), *(part.records for part in parts)]),
            vitals=vitals,
            dues=self._dues,
            unrecorded={part.file: part.unrecorded for part in parts},
            targets=targets,
            accounts=tuple(accounts),
            doubts=tuple(self._doubts),
        )

    def _own(self, number: int) -> "_Own":
        share = Share(number, len(self._load.sample_names))
        [dues] = share.of([self._dues])
        return _Own(dues, share.part(self._load.arrivals.clients))

    def _found(self, read: Callable[[], Iterable[Kind]]) -> Sequence[Kind]:
        said = found(self._folder, read)
        if said.doubt:
            self._doubts.append(said.doubt)
        return said.lines

    def _part(
        self, name: str, own: "_Own", vitals: Sequence[GeneratorVitals]
    ) -> list["_ProcessSamples"]:
        records, sidecar = read_load(self._folder, name, may_be_cut=self._ending.killed)
        path = samples_file(self._folder, name)
        self._check(name, sidecar)
        arrivals = of_arrivals(records, sidecar.series)
        check_records(path, records, sidecar, arrivals, self._schedule)
        chosen = Chosen.of(path, records, arrivals, self._schedule.start)
        file = str(path.relative_to(self._folder.path))
        if self._load.arrivals.clients:
            check_closed(chosen, own.clients, self._schedule.windows(self._load))
            if lacking := uncounted(chosen, vitals, self._ending):
                self._doubts.append(f"{file}: {lacking}")
            return [_ProcessSamples(file, records, sidecar.series, sidecar.targets, own.dues)]
        left = unrecorded(chosen, own.dues, self._ending)
        return [_ProcessSamples(file, records, sidecar.series, sidecar.targets, left)]

    def _check(self, name: str, sidecar: LoadSidecar) -> None:
        """Raise BadEvidence for a sidecar that is of another load, or of another process of it."""
        names = self._load.sample_names
        series = sidecar.series
        wanted = (self._load.name, self._load.profile, names.index(name), len(names))
        if (sidecar.load, sidecar.profile, sidecar.worker, sidecar.workers) != wanted:
            raise self._bad(name, "is not of this load, or not of this process of it")
        if not series or [measured.role for measured in series].count("transaction") < 1:
            raise self._bad(name, "names no series of arrivals")

    def _bad(self, name: str, what: str) -> BadEvidence:
        return BadEvidence(self._folder.samples / f"{name}.json", None, what)

    def _vitals(self, name: str) -> list[GeneratorVitals]:
        return read_vitals(self._folder, name, GeneratorVitals, self._ending.killed)


def _renumbered(parts: Sequence[_ProcessSamples]) -> tuple[str, ...]:
    """Return the servers that answered any process, and let all records number them so."""
    names = dict.fromkeys(name for part in parts for name in part.targets)
    numbers = {name: number for number, name in enumerate(names)}
    for part in parts:
        ours = np.array([numbers[name] for name in part.targets], np.uint8)
        part.records["target"] = ours[part.records["target"]]
    return tuple(names)
