"""Judge: the files of one load: samples, sidecars, vitals, accounts; what is wrong with them is told."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TypeVar

import numpy as np

from kubedrill.judge.contradictions import check_records
from kubedrill.judge.ending import Ending
from kubedrill.judge.found import found
from kubedrill.judge.loads import Load
from kubedrill.judge.vitals import read_vitals
from kubedrill.record.folder import RunFolder
from kubedrill.record.lines import BadEvidence
from kubedrill.record.remote import read_accounts
from kubedrill.record.sample import LOAD_DTYPE, Records
from kubedrill.record.schedule import Schedule, ScheduledLoad
from kubedrill.record.sidecar import LoadSidecar
from kubedrill.record.traces import of_arrivals, read_load, samples_file, tell_unanswered
from kubedrill.record.vitals import GeneratorVitals

Kind = TypeVar("Kind")
Part = tuple[Records, LoadSidecar]
"""The samples of one process."""


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
        self._doubts: list[str] = []

    def read(self) -> Load:
        """Return what they say."""
        names = self._load.sample_names
        parts = [part for name in names for part in self._found(partial(self._part, name))]
        series = parts[0][1].series if parts else ()
        vitals = {name: self._found(partial(self._vitals, name)) for name in names}
        accounts = self._found(partial(read_accounts, self._folder.workers(self._load.name)))
        return Load(
            scheduled=self._load,
            series=series,
            records=np.concatenate([np.empty(0, LOAD_DTYPE), *(records for records, _ in parts)]),
            workers=vitals,
            dues=np.concatenate([np.empty(0, np.int64), *self._schedule.dues(self._load)]),
            accounts=tuple(accounts),
            doubts=tuple(self._doubts),
        )

    def _found(self, read: Callable[[], Iterable[Kind]]) -> Sequence[Kind]:
        one = found(self._folder, read)
        if one.doubt:
            self._doubts.append(one.doubt)
        return one.lines

    def _part(self, name: str) -> list[Part]:
        records, sidecar = read_load(self._folder, name, may_be_cut=self._ending.killed)
        path = samples_file(self._folder, name)
        self._check(name, sidecar)
        arrivals = of_arrivals(records, sidecar.series)
        check_records(path, records, sidecar, arrivals, self._schedule)
        return [(records, sidecar)]

    def _check(self, name: str, sidecar: LoadSidecar) -> None:
        """Raise BadEvidence for a sidecar that is of another load, or of another process of it."""
        names = self._load.sample_names
        series = sidecar.series
        wanted = (self._load.name, self._load.profile, names.index(name), len(names))
        if (sidecar.load, sidecar.profile, sidecar.worker, sidecar.workers) != wanted:
            raise self._bad(name, "is not of this load, or not of this process of it")
        if not series or [one.role for one in series].count("transaction") < 1:
            raise self._bad(name, "names no series of arrivals")

    def _bad(self, name: str, what: str) -> BadEvidence:
        return BadEvidence(self._folder.samples / f"{name}.json", None, what)

    def _vitals(self, name: str) -> list[GeneratorVitals]:
        return read_vitals(self._folder, name, GeneratorVitals, self._ending.killed)
