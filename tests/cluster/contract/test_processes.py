"""The contract: what is ended, kept down and paused, and runs again."""

import os
import signal
from collections.abc import Callable

import psutil
import pytest
from every_provider import came_back, of_kind

from kubedrill.clock import SECOND, now
from kubedrill.cluster.handle import Absent, Handle, HandleError
from kubedrill.record.cluster import ClusterRecord

pytestmark = [pytest.mark.cluster, pytest.mark.breaks]

Until = Callable[..., object]


def has_ended(pid: int) -> bool:
    """Whether a process has ended, whether or not who started it has taken note of that."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_what_is_held_stays_down_until_it_is_released(
    record: ClusterRecord, handle: Handle, until: Until
):
    holding = handle.holding
    if isinstance(holding, Absent):
        return  # said why, above
    target, exits = of_kind(record, holding.of), handle.exits()
    pid = handle.components()[target].pid
    with pytest.raises(HandleError):
        holding.hold(target, expect_pid=pid + 1)
    assert handle.components()[target].pid == pid
    try:
        assert holding.hold(target, expect_pid=pid) == pid
        state = handle.components()[target]
        assert (state.state, state.pid) == ("held", None)
        assert has_ended(pid)
        assert target not in handle.usage()
        with pytest.raises(HandleError):
            holding.hold(target)
    finally:
        again = holding.release(target)
    again = came_back(handle, until, target, again)
    assert holding.release(target) == again != pid
    assert handle.components()[target].state == "running"
    told = [(line.event, line.pid) for line in exits.read() if line.component == target]
    assert told == [("exited", pid), ("started", again)]


def test_what_is_stopped_ends_by_itself_and_stays_down_until_it_is_released(
    record: ClusterRecord, handle: Handle, until: Until
):
    holding = handle.holding
    if isinstance(holding, Absent):
        return
    target, exits = of_kind(record, holding.of), handle.exits()
    pid = handle.components()[target].pid
    with pytest.raises(HandleError):
        holding.stop(target, expect_pid=pid + 1)
    assert handle.components()[target].state == "running"
    try:
        assert holding.stop(target, expect_pid=pid) == pid
        assert handle.components()[target].state in {"stopping", "held"}
        until(lambda: handle.components()[target].state == "held")
        assert has_ended(pid)
    finally:
        again = holding.release(target)
    again = came_back(handle, until, target, again)
    told = [line for line in exits.read() if line.component == target]
    assert [(line.event, line.pid) for line in told] == [("exited", pid), ("started", again)]
    assert (told[0].asked, told[0].status != -signal.SIGKILL) == (True, True)


def test_what_is_restarted_ends_by_itself_and_runs_anew(
    record: ClusterRecord, handle: Handle, until: Until
):
    holding = handle.holding
    if isinstance(holding, Absent):
        return
    target, exits = of_kind(record, holding.of), handle.exits()
    pid = handle.components()[target].pid
    assert holding.restart(target, expect_pid=pid) == pid
    until(lambda: handle.components()[target].pid not in {pid, None})
    exited, started = [line for line in exits.read() if line.component == target]
    assert (exited.asked, exited.status != -signal.SIGKILL) == (True, True)
    assert handle.components()[target].state == "running"
    assert started.pid == handle.components()[target].pid


def test_a_pause_that_somebody_else_ends_is_one_no_more(
    record: ClusterRecord, handle: Handle, until: Until
):
    pausing = handle.pausing
    if isinstance(pausing, Absent):
        return
    target = of_kind(record, pausing.of)
    pid = pausing.pause(target)
    try:
        until(lambda: psutil.Process(pid).status() == psutil.STATUS_STOPPED)
        since = handle.components()[target].since
        os.kill(pid, signal.SIGCONT)
        os.kill(pid, signal.SIGSTOP)
        until(lambda: psutil.Process(pid).status() == psutil.STATUS_STOPPED)
        until(lambda: handle.components()[target].since > since)
        os.kill(pid, signal.SIGCONT)
        until(lambda: handle.components()[target].state == "running")
    finally:
        pausing.proceed(target)


def test_a_hold_and_a_pause_end_by_themselves(record: ClusterRecord, handle: Handle, until: Until):
    for operation, do in (("holding", "hold"), ("pausing", "pause")):
        found = getattr(handle, operation)
        if isinstance(found, Absent):
            continue
        target = of_kind(record, found.of)
        end = now() + 2 * SECOND
        getattr(found, do)(target, until=end)
        assert handle.components()[target].state in {"held", "paused"}
        until(lambda target=target: handle.components()[target].state == "running", 60)
        assert now() >= end


def test_what_is_paused_stands_still_until_it_may_go_on(
    record: ClusterRecord, handle: Handle, until: Until
):
    pausing = handle.pausing
    if isinstance(pausing, Absent):
        return
    target = of_kind(record, pausing.of)
    before = handle.components()[target]
    try:
        assert pausing.pause(target) == before.pid
        assert handle.components()[target].state == "paused"
        stopped = (psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP)
        until(lambda: psutil.Process(before.pid).status() in stopped)
    finally:
        pausing.proceed(target)
    until(lambda: psutil.Process(before.pid).status() not in stopped)
    assert pausing.proceed(target) == before.pid
    after = handle.components()[target]
    assert (after.state, after.pid, after.restarts) == ("running", before.pid, before.restarts)
