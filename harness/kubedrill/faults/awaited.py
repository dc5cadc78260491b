"""Faults: the state in which a fault is to begin, as the drill's runner tells when it has come."""

from kubedrill.clock import SECOND, now
from kubedrill.faults.progress import ENDED
from kubedrill.process.tail import LineTail
from kubedrill.record.folder import RunFolder
from kubedrill.record.schedule import Schedule, ScheduledFault
from kubedrill.record.state import latest
from kubedrill.record.timeline import EVENT, Event, StateTold

POLL_S = 0.05

PATIENCE = 5 * SECOND
"""For so long after its last moment the runner may not have told yet that a state was missed."""


def wait_for_state(folder: RunFolder, index: int) -> StateTold | None:
    """Wait until the state came or was missed, and return what was told; None if the drill ends before."""
    until = latest(_scheduled(folder, index)) + PATIENCE
    timeline = _timeline(folder)
    while now() < until and not ENDED.is_set():
        if told := _told(timeline, index):
            return told
        ENDED.wait(POLL_S)
    return None


def not_come(folder: RunFolder, index: int) -> str:
    """Return why a fault must not begin, in words; "" if it waits for no state, or that has come."""
    if not folder.schedule.exists() or (when := _scheduled(folder, index).when) is None:
        return ""
    told = _told(_timeline(folder), index)
    if told is None:
        return f"not injected: nobody told in time whether {when}"
    return "" if told.event == "came" else f"not injected: {told.words}"


def _timeline(folder: RunFolder) -> LineTail[Event]:
    return LineTail(folder.timeline, EVENT)


def _told(timeline: LineTail[Event], index: int) -> StateTold | None:
    """Return what was told of a fault's state in the lines that were not read yet."""
    found = (event for event in timeline.read() if isinstance(event, StateTold))
    of_this = (told for told in found if told.index == index and told.event != "awaited")
    return next(of_this, None)


def _scheduled(folder: RunFolder, index: int) -> ScheduledFault:
    return Schedule.read(folder.schedule).faults[index]
