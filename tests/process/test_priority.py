"""An observer's priority: granted where it may be, to its own thread, and lost when it never pauses."""

import os
import subprocess
import sys

import pytest

from kubedrill.process.priority import throttled

SHOW = """
import os, threading
from kubedrill.process.priority import demote_when_busy, is_real_time, prefer
demote_when_busy()
before = os.sched_getscheduler(0)
granted = prefer()
child = []
thread = threading.Thread(target=lambda: child.append(is_real_time(threading.get_native_id())))
thread.start(); thread.join()
print(granted, is_real_time(threading.get_native_id()), child[0])
"""
BUSY = """
import threading, time
from kubedrill.process.priority import demote_when_busy, is_real_time, prefer
demote_when_busy()
prefer()
end = time.monotonic() + 60
while is_real_time(threading.get_native_id()) and time.monotonic() < end: pass
print(is_real_time(threading.get_native_id()))
"""


def said(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def permitted() -> bool:
    """Whether this very process might have it; it gives it back at once."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(1))
    except PermissionError:
        return False
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    return throttled()


def test_it_is_the_threads_own_where_it_may_be_had() -> None:
    expected = "True True False" if permitted() else "False False False"
    assert said(SHOW) == expected


def test_who_computes_without_a_pause_loses_it() -> None:
    assert said(BUSY) == "False"


@pytest.mark.parametrize(
    ("setting", "granted"), [("950000", True), ("0", True), ("-1", False), ("?", False)]
)
def test_not_where_real_time_might_take_a_core_for_ever(
    tmp_path, setting: str, granted: bool
) -> None:
    path = tmp_path / "sched_rt_runtime_us"
    path.write_text(setting)
    assert throttled(path) is granted
    assert throttled(tmp_path / "none") is False
