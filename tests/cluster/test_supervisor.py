"""The supervisor with small programs: no control plane needed."""

import os
import selectors
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from json_lines import read_lines
from small_disk import fill, mounted
from supervised import supervised

from kubedrill.clock import SECOND, now
from kubedrill.cluster.asking import ask
from kubedrill.cluster.files import Components, Files
from kubedrill.cluster.handle import LONGEST_HOLD, HandleError
from kubedrill.cluster.holds import EVERYBODY, with_an_end
from kubedrill.cluster.local.handle import LocalHandle
from kubedrill.cluster.local.programs import Program
from kubedrill.cluster.local.supervisor import Supervisor
from kubedrill.process.identity import start_of

SLEEP = ("setpriv", "--pdeathsig", "KILL", "sleep", "1000")
STUBBORN = """trap '' TERM; echo deaf; while true; do sleep 0.1; done"""
PROGRAMS = [
    Program("one", SLEEP),
    Program("two", SLEEP),
    Program("deaf", ("setpriv", "--pdeathsig", "KILL", "sh", "-c", STUBBORN)),
    Program("crash", ("sh", "-c", "echo no good; exit 7")),
]

Until = Callable[..., object]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    # Longer than a Unix socket's path may be.
    folder = tmp_path / ("long" * 30)
    (folder / "logs").mkdir(parents=True)
    with supervised(folder, PROGRAMS):
        yield folder


@pytest.fixture
def handle(folder: Path) -> LocalHandle:
    return LocalHandle(folder)


def is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def exits(folder: Path, component: str) -> list[dict]:
    lines = read_lines(folder / "exits.jsonl")
    return [line for line in lines if line["component"] == component]


def test_nothing_runs_until_it_is_released(handle: LocalHandle, folder: Path, until: Until):
    assert {component.state for component in handle.components().values()} == {"stopped"}
    pid = handle.holding.release("one")
    until(lambda: psutil.Process(pid).cmdline() == ["sleep", "1000"])
    state = handle.components()["one"]
    assert (state.state, state.pid, state.restarts) == ("running", pid, 0)
    assert state.started == start_of(pid)
    assert handle.holding.release("one") == pid
    assert [line["event"] for line in exits(folder, "one")] == ["started"]


def test_what_exits_unasked_is_started_again(handle: LocalHandle, folder: Path, until: Until):
    pid = handle.holding.release("one")
    os.kill(pid, signal.SIGKILL)
    until(lambda: handle.components()["one"].pid not in {pid, None})
    assert handle.components()["one"].restarts == 1
    _, exited, started = exits(folder, "one")
    assert (exited["event"], exited["status"], exited["asked"]) == ("exited", -9, False)
    assert exited["pid"] == pid
    assert (started["event"], started["by"]) == ("started", "restart")
    assert started["time"] - exited["time"] < 1_000_000_000


def test_what_is_killed_stays_down_until_released(handle: LocalHandle, folder: Path, until: Until):
    pid = handle.holding.release("one")
    assert handle.holding.hold("one", expect_pid=pid) == pid
    assert not psutil.pid_exists(pid)
    until(lambda: handle.components()["one"].state == "held")
    with pytest.raises(subprocess.TimeoutExpired):
        subprocess.run(["sleep", "5"], timeout=0.5, check=False)
    assert handle.components()["one"].state == "held"
    again = handle.holding.release("one")
    assert psutil.pid_exists(again)
    _, exited, started = exits(folder, "one")
    assert (exited["asked"], exited["by"], exited["status"]) == (True, "fault", -9)
    assert started["by"] == "release"
    assert handle.components()["one"].restarts == 0


def test_a_process_that_was_replaced_is_not_killed(handle: LocalHandle):
    pid = handle.holding.release("one")
    with pytest.raises(HandleError, match=f"one has pid {pid}, not {pid + 1}"):
        handle.holding.hold("one", expect_pid=pid + 1)
    assert handle.components()["one"].pid == pid


def test_kill_of_what_is_not_running_is_refused(handle: LocalHandle):
    with pytest.raises(HandleError, match="one is not running, it is stopped"):
        handle.holding.hold("one")
    with pytest.raises(HandleError, match="there is no component three; there are one, two, deaf"):
        handle.holding.hold("three")


def test_signals_stop_and_continue(handle: LocalHandle, until: Until):
    pid = handle.pausing.pause("one") if handle.holding.release("one") else 0
    until(lambda: psutil.Process(pid).status() == psutil.STATUS_STOPPED)
    handle.pausing.proceed("one")
    until(lambda: psutil.Process(pid).status() == psutil.STATUS_SLEEPING)
    handle.pausing.pause("one")
    assert handle.holding.hold("one") == pid  # a stopped process can still be killed


def heard(folder: Path, component: str) -> bool:
    return "deaf" in (folder / "logs" / f"{component}.log").read_text()


def test_what_is_stopped_ends_by_itself_and_stays_down(
    handle: LocalHandle, folder: Path, until: Until
):
    pid = handle.holding.release("one")
    until(lambda: psutil.Process(pid).cmdline() == ["sleep", "1000"])
    assert handle.holding.stop("one", expect_pid=pid) == pid
    until(lambda: handle.components()["one"].state == "held")
    _, exited = exits(folder, "one")
    assert (exited["asked"], exited["by"], exited["status"]) == (True, "fault", -15)
    with pytest.raises(HandleError, match="one is not running, it is held"):
        handle.holding.stop("one")
    assert handle.holding.release("one") != pid


def test_what_takes_its_time_to_end_is_stopping_and_is_killed_to_be_released(
    handle: LocalHandle, folder: Path, until: Until
):
    pid = handle.holding.release("deaf")
    until(lambda: heard(folder, "deaf"))
    handle.holding.stop("deaf")
    state = handle.components()["deaf"]
    assert (state.state, state.pid) == ("stopping", pid)
    with pytest.raises(HandleError, match="deaf is not running, it is stopping"):
        handle.holding.stop("deaf")
    again = handle.holding.release("deaf")
    assert handle.components()["deaf"].pid == again != pid
    assert [line.get("status") for line in exits(folder, "deaf")] == [None, -9, None]


def test_what_is_restarted_ends_by_itself_and_runs_anew(
    handle: LocalHandle, folder: Path, until: Until
):
    pid = handle.holding.release("one")
    until(lambda: psutil.Process(pid).cmdline() == ["sleep", "1000"])
    assert handle.holding.restart("one", expect_pid=pid) == pid
    until(lambda: handle.components()["one"].pid not in {pid, None})
    assert handle.components()["one"].state == "running"
    _, exited, started = exits(folder, "one")
    assert (exited["status"], exited["asked"], started["by"]) == (-15, True, "fault")


@pytest.mark.parametrize("verb", ["stop", "restart"])
def test_what_does_not_end_until_its_lease_does_is_killed_and_runs_anew(
    handle: LocalHandle, folder: Path, until: Until, verb: str
):
    pid = handle.holding.release("deaf")
    until(lambda: heard(folder, "deaf"))
    end = now() + SECOND
    getattr(handle.holding, verb)("deaf", until=end)
    until(lambda: handle.components()["deaf"].pid not in {pid, None})
    assert now() >= end
    assert [line.get("status") for line in exits(folder, "deaf")] == [None, -9, None]


def test_a_pause_that_somebody_else_ends_is_found_out(handle: LocalHandle, until: Until):
    pid = handle.holding.release("one")
    handle.pausing.pause("one", expect_pid=pid)
    until(lambda: psutil.Process(pid).status() == psutil.STATUS_STOPPED)
    since = handle.components()["one"].since
    assert handle.components()["one"].since == since
    os.kill(pid, signal.SIGCONT)
    os.kill(pid, signal.SIGSTOP)
    until(lambda: psutil.Process(pid).status() == psutil.STATUS_STOPPED)
    until(lambda: handle.components()["one"].since > since)
    assert handle.components()["one"].state == "paused"
    os.kill(pid, signal.SIGCONT)
    until(lambda: handle.components()["one"].state == "running")
    handle.pausing.pause("one")
    until(lambda: psutil.Process(pid).status() == psutil.STATUS_STOPPED)
    assert handle.components()["one"].state == "paused"  # what was seen before is over


def test_what_does_not_run_cannot_go_on(handle: LocalHandle):
    assert handle.pausing.proceed("one") is None


def test_a_crash_loop_slows_down(handle: LocalHandle, folder: Path, until: Until):
    handle.holding.release("crash")
    until(lambda: len(exits(folder, "crash")) >= 10)
    ended = [line["time"] for line in exits(folder, "crash") if line["event"] == "exited"]
    first, last = ended[1] - ended[0], ended[-1] - ended[-2]
    assert last > 3 * first
    assert "no good" in (folder / "logs" / "crash.log").read_text()
    assert handle.components()["crash"].restarts >= 4


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder of a supervisor on a disk of 256 KiB of its own."""
    with mounted(tmp_path / "small", "256k") as folder:
        (folder / "logs").mkdir()
        with supervised(folder, PROGRAMS):
            yield folder


def written(folder: Path) -> Components:
    return Components.model_validate_json(Files(folder).components.read_bytes())


def test_a_full_disk_ends_nothing_and_what_it_would_not_take_is_written_later(
    small_disk: Path, until: Until
):
    handle = LocalHandle(small_disk)
    first = handle.holding.release("one")
    until(lambda: written(small_disk).components["one"].pid == first)  # it answers before it writes
    filler = fill(small_disk)
    for _ in range(20):  # more lines than fit where the last one ends
        killed = handle.components()["one"].pid
        handle.holding.hold("one", expect_pid=killed, until=now() + 600 * SECOND)
        assert handle.holding.release("one") not in {killed, None}
    assert written(small_disk).components["one"].pid == first
    filler.unlink()
    until(lambda: len(exits(small_disk, "one")) == 1 + 20 * 2)
    assert [line["event"] for line in exits(small_disk, "one")] == [
        "started",
        *["exited", "started"] * 20,
    ]
    last = handle.components()["one"].pid
    until(lambda: written(small_disk).components["one"].pid == last)


def test_a_program_has_its_own_environment_too(tmp_path: Path, until: Until):
    (tmp_path / "logs").mkdir()
    program = Program("tells", ("sh", "-c", "env; exec sleep 1000"), (), {"GOGC": "400"})
    expected = {"GOGC=400", f"PATH={os.environ['PATH']}"}
    with supervised(tmp_path, [program]):
        LocalHandle(tmp_path).holding.release("tells")
        log = tmp_path / "logs" / "tells.log"
        until(lambda: expected <= {*log.read_text().splitlines()})


def test_what_is_killed_before_its_flags_are_restored_stays_down(tmp_path: Path):
    (tmp_path / "logs").mkdir()
    program = Program("flagged", ("sh", "-c", "exec sleep 1000"), ("--level=1",))
    told: list[dict] = []
    with selectors.DefaultSelector() as selector:
        supervisor = Supervisor(tmp_path, [program], selector)

        def ask_it(do: str, **given: object) -> None:
            supervisor.answer(
                {"do": do, "by": "test", "expect_pid": None, "until": None, **given}, told.append
            )

        def wait_for(exited: int) -> None:
            while (
                len([line for line in exits(tmp_path, "flagged") if line["event"] == "exited"])
                < exited
            ):
                for key, _ in selector.select(60):
                    key.data(key.fd)

        ask_it("release", components=["flagged"])
        try:
            ask_it("change", component="flagged", flags={"level": "2"})
            wait_for(1)
            ask_it("hold", component="flagged")
            ask_it("restore", component="flagged")  # before anybody has seen that it was killed
            wait_for(2)
            ask_it("components")
            assert told[-1]["components"]["flagged"]["state"] == "held"
            ask_it("flags", component="flagged")
            assert told[-1] == {"own": {"level": "1"}, "changed": {}}
        finally:
            ask_it("release", components=["flagged"])
            ask_it("hold", component="flagged")
            wait_for(3)
            supervisor._notes._exits.close()


def test_what_is_done_for_an_owner_has_an_end():
    begun = now()
    given = {"do": "hold", "component": "one", "owner": "a-fault", "until": None}
    assert begun < with_an_end(given)["until"] - LONGEST_HOLD <= now()
    for other in (given | {"owner": EVERYBODY}, given | {"until": 5}, {"do": "flags"}):
        assert with_an_end(other) == other


def test_no_process_outlives_the_supervisor(folder: Path, handle: LocalHandle, until: Until):
    pids = [handle.holding.release("one"), handle.holding.release("two")]
    # Before its exec, setpriv has not yet bound the process to its parent's life.
    until(lambda: all(psutil.Process(pid).cmdline() == ["sleep", "1000"] for pid in pids))
    supervisor = psutil.Process(pids[0]).parent()
    supervisor.kill()
    until(lambda: not any(is_alive(pid) for pid in pids))
    with pytest.raises(HandleError, match="no answer from the supervisor"):
        handle.components()


def test_the_supervisor_leaves_its_caller_behind(handle: LocalHandle):
    supervisor = psutil.Process(handle.holding.release("one")).parent()
    assert supervisor.pid not in {child.pid for child in psutil.Process().children(recursive=True)}
    assert os.getsid(supervisor.pid) != os.getsid(0)
    supervisor.send_signal(signal.SIGINT)
    supervisor.send_signal(signal.SIGHUP)
    assert handle.components()["one"].state == "running"


@pytest.mark.parametrize("request_line", [{"do": "dance"}, {"do": "kill"}, {}, []])
def test_nonsense_is_answered_and_survived(folder: Path, request_line: object):
    with pytest.raises(HandleError):
        ask(folder / "supervisor.sock", request_line)
    assert "components" in ask(folder / "supervisor.sock", {"do": "components"})


def test_a_caller_that_hangs_blocks_nobody(folder: Path, handle: LocalHandle):
    import socket

    with socket.socket(socket.AF_UNIX) as idle:
        descriptor = os.open(folder, os.O_PATH)
        idle.connect(f"/proc/self/fd/{descriptor}/supervisor.sock")
        os.close(descriptor)
        idle.sendall(b'{"do":')
        assert handle.components()
