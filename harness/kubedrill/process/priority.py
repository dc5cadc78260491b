"""A process's priority: who watches must not starve, and must not starve others either."""

import os
import resource
import signal
from pathlib import Path
from types import FrameType

REAL_TIME_US = 200_000
"""For so long an observer may compute without a pause, at a real-time priority. It pauses every few ms:
one that does not is broken, goes back to ordinary priority, and is ended after a second."""

_ENDED_US = 1_200_000
_POLICY = ~os.SCHED_RESET_ON_FORK
_THROTTLING = Path("/proc/sys/kernel/sched_rt_runtime_us")


def prefer() -> bool:
    """Give the calling thread, and none that it starts, the lowest real-time priority; whether it has it.

    Not where the kernel would let real-time threads take a core for ever; not where we may not. An
    ordinary better priority (nice) would not do: where the kernel groups by session, it counts within
    the process's own session only.
    """
    if not throttled():
        return False
    try:
        _guard()
        os.sched_setscheduler(
            0,
            os.SCHED_FIFO | os.SCHED_RESET_ON_FORK,
            os.sched_param(os.sched_get_priority_min(os.SCHED_FIFO)),
        )
    except (PermissionError, ValueError, OSError):
        return False
    return True


def is_real_time(thread: int | None) -> bool:
    """Whether the thread of that id has a real-time priority now; False for one that is not there."""
    try:
        return thread is not None and os.sched_getscheduler(thread) & _POLICY == os.SCHED_FIFO
    except ProcessLookupError:
        return False


def throttled(setting: Path = _THROTTLING) -> bool:
    """Whether the kernel keeps some time of every core for ordinary processes."""
    try:
        return int(setting.read_text()) >= 0
    except (OSError, ValueError):
        return False


def demote_when_busy() -> None:
    """Go back to ordinary priority when the kernel says that a thread computes without a pause.

    Once for a process, in its main thread, before any thread calls `prefer`.
    """
    signal.signal(signal.SIGXCPU, _demote)


def _guard() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_RTTIME)
    ended = _ENDED_US if hard == resource.RLIM_INFINITY else min(hard, _ENDED_US)
    resource.setrlimit(resource.RLIMIT_RTTIME, (min(REAL_TIME_US, ended), ended))


def _demote(_number: int, _frame: FrameType | None) -> None:
    for task in Path("/proc/self/task").iterdir():
        try:
            os.sched_setscheduler(int(task.name), os.SCHED_OTHER, os.sched_param(0))
        except ProcessLookupError:
            continue
