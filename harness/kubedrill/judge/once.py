"""Judge: each arrival and each probe that was due has one record, and no other record is there."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kubedrill.clock import SECOND
from kubedrill.figures.traces import Flags, completed
from kubedrill.judge.ending import Ending
from kubedrill.reading.arrivals import Times
from kubedrill.record.lines import BadEvidence
from kubedrill.record.sample import Records
from kubedrill.record.schedule import Phase
from kubedrill.record.vitals import GeneratorVitals


@dataclass(frozen=True, slots=True)
class Chosen:
    """Some records of a file: the arrivals of a load's process, the probes of one lane."""

    path: Path
    records: Records
    rows: Times
    """The numbers that they have in the file."""
    due: Times
    """When they were due, monotonic ns, in the order of the file."""
    start: int
    """When the drill began."""

    @classmethod
    def of(cls, path: Path, records: Records, chosen: Flags, start: int) -> "Chosen":
        """Return those that are marked."""
        mine = records[chosen]
        return cls(path, mine, np.flatnonzero(chosen), mine["intended"].astype(np.int64), start)

    def refuse(self, places: Times, what: str) -> None:
        """Raise BadEvidence if these, by their places here, should not be."""
        if len(places):
            more = f"; {len(places):,} records are too many" if len(places) > 1 else ""
            raise BadEvidence(self.path, None, f"record {self.rows[places.min()]}: {what}{more}")

    def second(self, time: int) -> str:
        """Return a time in words."""
        return f"{(int(time) - self.start) / SECOND:.9f} s of the drill"


def unrecorded(chosen: Chosen, dues: Times, ending: Ending) -> Times:
    """Return the `dues` up to the drill's ending that have no record.

    They ascend, monotonic ns, several at one time where arrivals come in bursts. BadEvidence for a
    record that has no due of its own. Where a drill was killed, nobody could record all to its end.
    """
    ordered = np.sort(chosen.due)
    # As it nearly always is, up to where the drill ended.
    if np.array_equal(ordered, dues[: len(ordered)]):
        left = dues[len(ordered) :]
    else:
        _check_surplus(chosen, dues)
        left = dues[_beyond(dues, ordered)]
    return left[:0] if ending.killed else left[left < ending.time]


def count_in(times: Times, phase: Phase) -> int:
    """Return how many of these ascending times lie in a phase."""
    first, end = np.searchsorted(times, (phase.start, phase.end))
    return int(end - first)


def check_closed(chosen: Chosen, clients: int, windows: Sequence[tuple[int, int]]) -> None:
    """Raise BadEvidence for a record of a closed loop that none of so many clients can have made.

    Each asks when it was answered, one after the other, within `windows` of monotonic ns.
    """
    due = chosen.due
    pressed = np.zeros(len(due), bool)
    for start, end in windows:
        pressed |= (due >= start) & (due < end)
    chosen.refuse(np.flatnonzero(~pressed), "its load did not press then")
    # One process reads the clock once for each: no two of its requests begin in the same ns.
    order = np.argsort(due, kind="stable")
    again = order[1:][np.diff(due[order]) == 0]
    chosen.refuse(again, "another one began in the same ns")
    ended = np.searchsorted(np.sort(completed(chosen.records)), due[order], side="right")
    crowded = order[np.arange(1, len(due) + 1) - ended > clients]
    chosen.refuse(crowded, f"{clients} others were under way, and there are no more clients")


def uncounted(chosen: Chosen, vitals: Sequence[GeneratorVitals], ending: Ending) -> str:
    """Return that requests which a closed loop's process had begun have no record, in words; or "".

    It counts them itself, in `vitals`, as it begins them. BadEvidence if there are more than it began.
    """
    times = np.array([line.time for line in vitals], np.int64)
    counted = np.array([line.due for line in vitals], np.int64)
    there = np.searchsorted(np.sort(chosen.due), times, side="right")
    surplus = np.flatnonzero(there > counted)
    if len(surplus):
        first = surplus[0]
        what = f"{there[first]:,} requests began by {chosen.second(times[first])} in it"
        raise BadEvidence(chosen.path, None, f"{what}; its process had begun {counted[first]:,}")
    lacking = int((counted - there)[times < ending.time].max(initial=0))
    if not lacking or ending.killed:
        return ""
    return f"{lacking:,} of {counted[-1]:,} requests that its process had begun are not in it"


def _check_surplus(chosen: Chosen, dues: Times) -> None:
    """Raise BadEvidence if some are there more often than they were due."""
    order = np.argsort(chosen.due, kind="stable")
    surplus = order[_beyond(chosen.due[order], dues)]
    if len(surplus):
        first = chosen.due[surplus.min()]
        what = "has a record already" if first in dues else "is nothing"
        chosen.refuse(surplus, f"what was due at {chosen.second(first)} {what}")


def _beyond(these: Times, those: Times) -> Flags:
    """Mark which of `these` are there more often than in `those`; both ascend."""
    rank = np.arange(len(these)) - np.searchsorted(these, these, side="left")
    there = np.searchsorted(those, these, side="right")
    there -= np.searchsorted(those, these, side="left")
    beyond: Flags = rank >= there
    return beyond
