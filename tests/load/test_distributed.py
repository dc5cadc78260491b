"""A load whose workers are other processes, with a clock of its own if need be: as on other machines."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from load_stage import PROFILE, PROFILES, Stage, baseline, until
from ports import free_port
from watch_server import WatchServer

from kubedrill.clock import SECOND, now
from kubedrill.errors import NotStarted
from kubedrill.judge.ending import Ending
from kubedrill.judge.load_files import read_loads
from kubedrill.judge.loads import Load
from kubedrill.judge.validity import of_load
from kubedrill.load import launch
from kubedrill.process.child import Child
from kubedrill.reading.arrivals import Arrivals
from kubedrill.record.cluster import ClusterRecord, Endpoint
from kubedrill.record.remote import RemoteWorkers
from kubedrill.record.schedule import Schedule, ScheduledLoad

LEAD = SECOND
Worker = subprocess.Popen[str]


class Distributed:
    """Plays a load with workers that are processes of their own."""

    def __init__(self, stage: Stage, stack: ExitStack) -> None:
        self.folder = stage.folder
        self.port = free_port()
        self.workers: list[Worker] = []
        self._stack = stack

    def load(
        self, rate: float, expect: int = 2, max_wait_s: float = 60, **given: Any
    ) -> ScheduledLoad:
        workers = RemoteWorkers(expect, f"127.0.0.1:{self.port}", max_wait_s)
        due = Arrivals.constant(rate)
        return ScheduledLoad("list", "mass-list", due, {"timeout_s": 5.0, **given}, workers=workers)

    def master(self, load: ScheduledLoad, profile: Path = PROFILE) -> Child:
        command, environment = launch.command(profile, load, self.folder)
        child = Child.start("load-list", command, self.folder.logs / "load.log", environment)
        self._stack.callback(child.process.stdout.close)
        self._stack.callback(child.kill)
        return child

    def worker(self, *before: str) -> Worker:
        command = [*before, sys.executable, "-m", "kubedrill", "worker"]
        process = subprocess.Popen(
            [*command, "--master", f"127.0.0.1:{self.port}"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._stack.callback(process.communicate)
        self._stack.callback(process.kill)
        self.workers.append(process)
        return process

    def play(
        self,
        rate: float,
        seconds: float,
        meanwhile: Callable[[Child, int], None] | None = None,
        profile: Path = PROFILE,
        **given: Any,
    ) -> Load:
        """Play it with the workers that were started; return what the judge reads of it."""
        load = self.load(rate, len(self.workers), **given)
        master = self.master(load, profile)
        master.wait_ready(90)
        start = now() + LEAD
        schedule = baseline(self.folder.run, start, seconds, load)
        schedule.write(self.folder.schedule)
        master.go({"schedule": schedule.as_dict()})
        if meanwhile:
            meanwhile(master, start)
        assert master.wait(seconds + 60) is not None
        (read,) = read_loads(
            self.folder, Schedule.read(self.folder.schedule), Ending(0, "ended", "")
        )
        return read


@pytest.fixture
def distributed(stage: Stage) -> Iterator[Distributed]:
    with ExitStack() as stack:
        yield Distributed(stage, stack)


def reasons(load: Load) -> list[str]:
    return list(of_load(load))


def test_two_workers_do_what_one_would(distributed, server):
    distributed.worker()
    distributed.worker()
    load = distributed.play(rate=100, seconds=3)
    records = np.sort(load.transactions(), order="intended")
    assert reasons(load) == []
    assert np.array_equal(records["intended"], load.dues.astype(np.uint64))
    assert set(records["outcome"].tolist()) == {200}
    assert all(account.whole for account in load.accounts)
    assert set(load.vitals) == {"load-list@0", "load-list@1"}
    # Each has all of the load's identities.
    assert len({headers["Authorization"] for _, _, headers in server.served}) == 8
    assert [worker.wait(60) for worker in distributed.workers] == [0, 0]


@pytest.mark.skipif(os.geteuid() != 0, reason="a clock of its own needs root")
def test_a_worker_with_another_clock(distributed, server):
    distributed.worker("unshare", "--time", "--monotonic", "5000", "--fork", "--kill-child")
    load = distributed.play(rate=50, seconds=2)
    assert reasons(load) == []
    (account,) = load.accounts
    assert account.offset == pytest.approx(5000 * SECOND, abs=account.uncertainty)
    assert account.uncertainty < SECOND
    records = np.sort(load.transactions(), order="intended")
    assert np.array_equal(records["intended"], load.dues.astype(np.uint64))
    assert set(records["outcome"].tolist()) == {200}
    assert np.median(records["wait_us"]) < 5_000_000  # of the 5000 s between the clocks
    begin = load.dues[0] - 2 * LEAD
    lines = [line for vitals in load.vitals.values() for line in vitals]
    assert lines
    assert all(begin < line.time < load.dues[-1] + 10 * SECOND for line in lines)


@pytest.mark.skipif(os.geteuid() != 0, reason="a clock of its own needs root")
def test_informers_see_what_was_written_by_another_clock(distributed, certificate):
    server = WatchServer(certificate)
    record = ClusterRecord.read(distributed.folder.cluster)
    replace(record, balancer=Endpoint("127.0.0.1", server.port)).write(distributed.folder.cluster)
    distributed.worker("unshare", "--time", "--monotonic", "5000", "--fork", "--kill-child")
    distributed.worker()
    informer = PROFILES / "informer.py"
    load = distributed.play(10, 2, profile=informer, clients=4, objects=2)
    server.close()
    assert reasons(load) == []
    seen = load.of("list.seen")
    assert set(seen["outcome"].tolist()) == {200}
    assert len(seen) == 4 * 20
    assert np.median(seen["total_us"]) < SECOND // 1000
    assert load.dues[0] <= seen["intended"].min()
    assert seen["intended"].max() < load.dues[-1] + 10 * SECOND


def test_a_worker_that_is_killed(distributed, server):
    distributed.worker()
    lost = distributed.worker()

    def meanwhile(_: Child, start: int) -> None:
        until(start + SECOND)
        lost.kill()
        killed.append(now())

    killed: list[int] = []
    load = distributed.play(rate=50, seconds=2, meanwhile=meanwhile)
    (said,) = reasons(load)
    assert f"(pid {lost.pid}), was lost: it was never heard of again" in said
    found = load.transactions()
    # The other's are all there, and of the lost one some of those up to its end.
    assert 50 < len(found) <= 50 + (load.dues <= killed[0]).sum() // 2 + 1


def test_a_worker_that_is_interrupted_says_so(distributed, server):
    distributed.worker()
    leaving = distributed.worker()

    def meanwhile(_: Child, start: int) -> None:
        until(start + SECOND)
        leaving.send_signal(signal.SIGINT)

    (said,) = reasons(distributed.play(rate=50, seconds=2, meanwhile=meanwhile))
    assert f"(pid {leaving.pid}), was lost: it ended early" in said


def test_a_worker_that_stands_still_is_late(distributed, server):
    late = distributed.worker()

    def meanwhile(_: Child, start: int) -> None:
        until(start + SECOND)
        late.send_signal(signal.SIGSTOP)
        time.sleep(1)
        late.send_signal(signal.SIGCONT)

    load = distributed.play(rate=50, seconds=3, meanwhile=meanwhile)
    assert reasons(load) == []
    records = load.transactions()
    assert len(records) == 150
    assert (records["wait_us"] > 250_000).sum() >= 25


def test_too_few_workers(distributed, server):
    distributed.worker()
    master = distributed.master(distributed.load(rate=10, expect=2, max_wait_s=20))
    with pytest.raises(
        NotStarted, match=r"load list: 1 of 2 workers came .* within 20 s; start each"
    ):
        master.wait_ready(60)
    assert distributed.workers[0].wait(60) is not None


def test_a_port_in_use_is_found_out_before_anything_starts(distributed):
    load = distributed.load(rate=1)
    launch.check([load])
    with socket.socket() as other:
        other.bind(("127.0.0.1", distributed.port))
        other.listen()
        said = (
            rf"load list: workers.bind 127.0.0.1:{distributed.port}: Address already in use; choose"
        )
        with pytest.raises(NotStarted, match=said):
            launch.check([load])


@pytest.mark.parametrize("how", ["lifeline", "kill"])
def test_workers_end_with_their_master(distributed, server, how):
    distributed.worker()

    def meanwhile(master: Child, start: int) -> None:
        until(start + SECOND)
        if how == "kill":
            os.kill(master.pid, signal.SIGKILL)
        else:
            master.end()

    load = distributed.play(rate=50, seconds=30, meanwhile=meanwhile)
    began = time.monotonic()
    assert distributed.workers[0].wait(60) is not None
    assert time.monotonic() - began < 25  # of the 29 s that were left
    if how == "lifeline":
        # Samples up to then are kept, what was due and in flight among them.
        assert 45 <= len(load.transactions()) < 50 * 30 / 2


def test_a_master_of_another_version(distributed, server, tmp_path: Path):
    other = tmp_path / "mass_list.py"
    other.write_text(PROFILE.read_text() + "# changed\n")
    distributed.master(distributed.load(rate=10, expect=1), other)
    worker = distributed.worker()
    said, _ = worker.communicate(timeout=60)
    assert worker.returncode == 3
    assert "mass_list.py is not what the master's is: bring both machines to one version" in said
