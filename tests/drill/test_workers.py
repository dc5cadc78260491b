"""Drills whose load comes from workers that are started by hand, as on other machines."""

import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from drills import SHORT, Drills, reasons
from ports import free_port

from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.remote import read_accounts

pytestmark = [pytest.mark.cluster, pytest.mark.breaks]

Worker = Callable[[], "subprocess.Popen[str]"]


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def worker(port: int) -> Iterator[Worker]:
    started = []

    def start() -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "kubedrill", "worker", "--master", f"127.0.0.1:{port}"]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        started.append(subprocess.Popen(command, **pipes))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def shared(port: int, expect: int, max_wait: str = "30s") -> dict[str, object]:
    workers = {"expect": expect, "bind": f"127.0.0.1:{port}", "max_wait": max_wait}
    phases = {"warmup": "2s", "baseline": "4s"}
    return {"load": [{**SHORT["load"][0], "workers": workers}], "phases": phases}


@pytest.mark.alone
@pytest.mark.again("what others take of the machine makes a drill INVALID, rightly")
def test_two_workers(cluster: ClusterRecord, drill: Drills, port: int, worker: Worker) -> None:
    workers = [worker(), worker()]
    running = drill("shared", shared(port, 2))
    code, verdict = running.finish()
    assert (code, verdict["verdict"]) == (0, "PASS"), reasons(verdict)
    (baseline,) = [
        row for row in verdict["load"] if row["phase"] == "baseline" and row["name"] == "list"
    ]
    assert (baseline["requests"], baseline["errors"]) == (20, {})
    accounts = read_accounts(running.folder.workers("list"))
    assert [account.whole for account in accounts] == [True, True]
    assert [worker.wait(60) for worker in workers] == [0, 0]


def test_a_lost_worker(cluster: ClusterRecord, drill: Drills, port: int, worker: Worker) -> None:
    worker()
    lost = worker()
    running = drill("lost", shared(port, 2))
    running.wait_for_phase("baseline")
    lost.kill()
    code, verdict = running.finish()
    assert (code, verdict["verdict"]) == (2, "INVALID"), reasons(verdict)
    assert f"(pid {lost.pid}), was lost: it was never heard of again" in reasons(verdict)


def test_too_few_workers_start_nothing(
    cluster: ClusterRecord, drill: Drills, port: int, worker: Worker
) -> None:
    worker()
    running = drill("too-few", shared(port, 2, "10s"))
    assert running.process.wait(60) == 3
    assert "load list: 1 of 2 workers came to" in running.output()
    assert not list((running.reports / "too-few").glob("2*"))
