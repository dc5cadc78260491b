"""Whose CPU time it was: of the drill, of its cluster, of the kernel, of others. Real processes."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from quotas import quota_of

from kubedrill.observe.fsync import FsyncWatch
from kubedrill.observe.machine import MachineMeter
from kubedrill.observe.processes import Process, ended_children, parse, spent
from kubedrill.observe.resources import Resources
from kubedrill.process import kernel
from kubedrill.process.identity import start_of
from kubedrill.process.usage import ProcessUsage
from kubedrill.record.folder import RunFolder
from kubedrill.record.lines import read_lines
from kubedrill.record.machine import MachineLook
from kubedrill.record.watched import ResourceLook

BURN = "import time\nend = time.process_time() + {}\nwhile time.process_time() < end: pass\n"
BURST = """
import subprocess, sys
input()
for _ in range(4): subprocess.run([sys.executable, "-c", {!r}])
sys.stdin.read()
"""
WRITING = """
import sys
input()
with open({!r}, "wb") as file: file.write(bytes(30_000_000))
sys.stdin.read()
"""
FAMILY = """
import subprocess, sys
open("/proc/self/comm", "w").write("grandparent")
subprocess.run([sys.executable, "-c", {!r}])
sys.stdin.read()
"""
CHILD = "import subprocess, sys\nsubprocess.run([sys.executable, '-c', {!r}])\n"
Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def start() -> Iterator[Start]:
    running: list[subprocess.Popen[bytes]] = []

    def begin(code: str) -> "subprocess.Popen[bytes]":
        """Run Python in a session of its own; its stdin stays open."""
        running.append(
            subprocess.Popen(
                [sys.executable, "-c", code], stdin=subprocess.PIPE, start_new_session=True
            )
        )
        return running[-1]

    yield begin
    for child in running:
        child.kill()
        child.communicate()


def machine(tmp_path: Path, runner: int, components: list[int]) -> MachineMeter:
    return MachineMeter(
        tmp_path, runner, lambda: dict(enumerate(components)), FsyncWatch({"reports": tmp_path})
    )


def looked_until(found: MachineMeter, child: "subprocess.Popen[bytes]") -> MachineLook:
    """Look when a process has ended, and been waited for."""
    child.wait(60)
    return found.look()


def test_what_the_runner_starts_is_the_drills_and_nobody_elses(tmp_path, start: Start) -> None:
    found = machine(tmp_path, os.getpid(), [])
    # A name of its own: other tests' processes are called python too.
    named = 'open("/proc/self/comm", "w").write("of-the-runner")\n'
    look = looked_until(found, start(named + BURN.format(0.5)))
    assert look.drill_s >= 0.5  # waited for by this process, which is the runner
    assert look.seconds > 0
    assert "of-the-runner" not in {other.name for other in look.others}


def test_children_that_came_and_went_are_their_parents(tmp_path, start: Start) -> None:
    # A burst of short processes between two looks, below a component of the cluster.
    parent = start(BURST.format(BURN.format(0.15)))
    found = machine(tmp_path, start("input()").pid, [parent.pid])
    go(parent)
    total = 0.0
    deadline = time.monotonic() + 60
    while total < 0.6 and time.monotonic() < deadline:
        time.sleep(0.1)
        total += found.look().cluster_s
    assert total >= 0.6
    assert parent.poll() is None


def test_others_are_named_with_what_they_took(tmp_path, start: Start) -> None:
    found = machine(tmp_path, start("input()").pid, [])
    hog = start("while True: pass")
    named: dict[str, float] = {}
    deadline = time.monotonic() + 60
    while named.get(_name(hog.pid), 0) < 0.5 and time.monotonic() < deadline:
        time.sleep(0.5)
        look = found.look()
        for other in look.others:
            named[other.name] = named.get(other.name, 0) + other.cpu_s
        assert len(look.others) <= 6
    assert named[_name(hog.pid)] >= 0.5


def test_what_a_grandchild_took_before_is_not_its_grandparents_when_it_ends(
    tmp_path, start: Start
) -> None:
    grandparent = start(FAMILY.format(CHILD.format(BURN.format(2) + "input()\n")))
    wait_until(lambda: sum(map(used, descendants(grandparent))) >= 2, grandparent)
    found = machine(tmp_path, start("input()").pid, [])
    go(grandparent)
    wait_until(lambda: not descendants(grandparent), grandparent)
    took = {taker.name: taker.cpu_s for taker in found.look().others}
    assert took.get("grandparent", 0) < 1  # what its ending took, of 2 s that went over with it
    assert used(psutil.Process(grandparent.pid), children=True) >= 2


def used(process: psutil.Process, children: bool = False) -> float:
    times = process.cpu_times()
    waited_for = times.children_user + times.children_system
    return float(times.user + times.system + (waited_for if children else 0))


def descendants(process: "subprocess.Popen[bytes]") -> list[psutil.Process]:
    # Looked at anew each time: by the wall clock, which may be slewed, a child must not seem to be older.
    return psutil.Process(process.pid).children(recursive=True)


def wait_until(true: Callable[[], bool], process: "subprocess.Popen[bytes]") -> None:
    """Wait until something is true of the descendants of a process."""
    deadline = time.monotonic() + 60
    while not true():
        those = [(descendant.status(), used(descendant)) for descendant in descendants(process)]
        assert time.monotonic() < deadline, those
        time.sleep(0.05)


def test_others_that_write_are_named_with_what_they_wrote(tmp_path, start: Start) -> None:
    hog = start(WRITING.format(str(tmp_path / "hog")))
    found = machine(tmp_path, start("input()").pid, [])
    go(hog)
    wrote = 0
    deadline = time.monotonic() + 60
    while wrote < 30_000_000 and time.monotonic() < deadline:
        time.sleep(0.1)
        wrote += sum(other.written_bytes for other in found.look().others)
    assert wrote >= 30_000_000


def test_each_write_to_the_disk_is_timed(tmp_path) -> None:
    watch = FsyncWatch({"reports": tmp_path})
    watch.start()
    took: list[float] = []
    deadline = time.monotonic() + 60
    while len(took) < 3 and time.monotonic() < deadline:
        time.sleep(0.1)
        took += watch.take()[0]["reports"]
    assert len(took) >= 3
    assert all(fsync_s > 0 for fsync_s in took)
    assert [*tmp_path.iterdir()] == []  # the file has no name


def go(child: "subprocess.Popen[bytes]") -> None:
    assert child.stdin
    child.stdin.write(b"\n")
    child.stdin.flush()


def _name(pid: int) -> str:
    return parse(Path(f"/proc/{pid}/stat").read_text()).name


def process(pid: int, parent: int, own: int, children: int = 0) -> Process:
    return Process((pid, 1), "x", parent, pid, False, own, children, False)


@pytest.mark.parametrize(
    ("before", "after", "ticks"),
    [
        ([process(1, 0, 5)], [process(1, 0, 8)], {1: 3}),
        ([], [process(2, 1, 4)], {2: 4}),  # new: all that it has used
        # A child of 6 ticks, of which 4 were seen, has been waited for.
        ([process(1, 0, 5), process(2, 1, 4)], [process(1, 0, 5, 6)], {1: 2}),
        # ... has ended, and nobody waited for it yet: nothing is taken away.
        ([process(1, 0, 5), process(2, 1, 4)], [process(1, 0, 5)], {1: 0}),
        ([process(1, 0, 5)], [process(1, 0, 5, 7)], {1: 7}),  # came and went unseen
        # A child and its own child have ended, of 500 ticks: 498 of them were seen.
        (
            [process(1, 0, 5), process(2, 1, 4), process(3, 2, 400, 94)],
            [process(1, 0, 5, 500)],
            {1: 2},
        ),
    ],
)
def test_nothing_is_lost_or_counted_twice(before, after, ticks) -> None:
    by_pid = [{entry.pid: entry for entry in state} for state in (before, after)]
    found = {key[0]: round(seconds / kernel.TICK_S) for key, seconds in spent(*by_pid).items()}
    assert found == ticks


def test_what_an_ended_child_wrote_is_not_counted_again_of_its_parent() -> None:
    parent, child = process(1, 0, 5), process(2, 1, 4)
    wrote = {parent.key: 10, child.key: 200}
    for after, counted in (({1: parent}, 200), ({1: parent, 2: child}, 0), ({2: child}, 0)):
        found = ended_children([parent, child], after, lambda ended: wrote[ended.key])
        assert found.get(parent.key, 0) == counted


def test_a_name_may_hold_anything() -> None:
    fields = "S 7 8 9 0 -1 4194304 1 2 3 4 10 20 30 40 20 0 1 0 12345 1 2" + " 0" * 16 + " 1 1 0"
    found = parse(f"42 (a) b (c)) {fields}")
    assert (found.key, found.name, found.parent, found.session) == ((42, 12345), "a) b (c)", 7, 9)
    assert (found.own, found.of_children) == (30, 70)


STAT = (
    "cpu  9 9 9 9 9 9 9 9 0 0\ncpu0 100 10 50 700 30 4 6 20 5 0\ncpu1 1 1 1 1 1 1 1 1 0 0\nintr 5\n"
)


QUOTA, BURNT_S = 0.4, 0.8
UNDER_QUOTA = """
import os, sys, time
from pathlib import Path
from kubedrill.observe.fsync import FsyncWatch
from kubedrill.observe.machine import MachineMeter
Path(sys.argv[1], "cgroup.procs").write_text(str(os.getpid()))
machine = MachineMeter(Path(sys.argv[2]), os.getpid(), lambda: {}, FsyncWatch({}))
machine.look()
time.sleep(1)
print(machine.look().model_dump_json())
end = time.process_time() + float(sys.argv[3])
while time.process_time() < end: pass
print(machine.look().model_dump_json())
"""


@pytest.fixture
def quota() -> Iterator[Path]:
    """A cgroup of its own with a CPU quota."""
    with quota_of(QUOTA) as group:
        yield group


def test_a_real_quota_is_the_machine(tmp_path, quota: Path) -> None:
    command = [sys.executable, "-c", UNDER_QUOTA, str(quota), str(tmp_path), str(BURNT_S)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    idle, burnt = map(MachineLook.model_validate_json, said.splitlines())
    assert (idle.cpus, burnt.cpus) == (QUOTA, QUOTA)
    assert idle.cores == len(os.sched_getaffinity(0))
    assert idle.within_s < 0.25 * idle.had_s
    assert burnt.within_s == pytest.approx(BURNT_S, rel=0.15)
    # It wanted a core and had the quota: nothing of it was left, whatever was free beside it. On a machine
    # that is so busy that it had less, something was.
    assert burnt.used_s > 0.9 * min(burnt.had_s, BURNT_S)
    assert 0 <= burnt.limit_throttled <= burnt.limit_periods
    assert burnt.limit_throttled > 0 or burnt.had_s > 1.5 * BURNT_S


def test_a_component_with_a_quota_of_its_own_is_seen_to_be_held_back(tmp_path, quota: Path) -> None:
    spin = [sys.executable, "-c", "while True: pass"]
    folder, usage = RunFolder.create(tmp_path, "quota"), ProcessUsage()
    named: dict[str, tuple[int, str]] = {}
    resources = Resources(folder, lambda: usage.measure(named))
    with subprocess.Popen(spin) as held, subprocess.Popen(spin) as free:
        try:
            (quota / "cgroup.procs").write_text(f"{held.pid}")
            named |= {
                "held": (held.pid, start_of(held.pid)),
                "free": (free.pid, start_of(free.pid)),
            }
            deadline = time.monotonic() + 60
            counts: list[int | None] = []
            while len({*counts}) < 3:
                assert time.monotonic() < deadline, counts
                time.sleep(0.2)
                resources.once()
                look = [*read_lines(folder.resources, ResourceLook)][-1]
                assert look.processes["free"].throttled is None, "what holds us all is the machine"
                counts.append(look.processes["held"].throttled)
        finally:
            held.kill()
            free.kill()
            resources._lines.close()
    assert counts == sorted(counts)


def test_only_the_cores_that_we_may_run_on_count() -> None:
    found = kernel.cores(STAT, {0})
    ticks = [
        round(seconds / kernel.TICK_S)
        for seconds in (found.busy_s, found.interrupts_s, found.steal_s)
    ]
    assert ticks == [170, 10, 20]


def group(top: Path, inside: str, **files: str) -> None:
    (top / inside).mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (top / inside / name.replace("__", ".")).write_text(text)


def test_the_tightest_quota_on_the_way_up_counts(tmp_path) -> None:
    own = tmp_path / "cgroup"
    own.write_text("0::/a/b\n")
    top = tmp_path / "fs"
    counts = "usage_usec 8500000\nnr_periods 50\nnr_throttled 7\n"
    group(top, "a", cpu__max="120000 100000", cpu__stat=counts)
    group(top, "a/b", cpu__max="max 100000")
    found = kernel.cpu_quota(own, top)
    assert found is not None
    assert (found.cores, found.counted(), found.used_s()) == (1.2, (50, 7), 8.5)


def test_a_quota_of_the_older_kind_counts_too(tmp_path) -> None:
    own = tmp_path / "cgroup"
    own.write_text("4:memory:/x\n1:cpu,cpuacct:/\n0::/\n")
    top = tmp_path / "fs"
    files = {"cpu__cfs_quota_us": "50000\n", "cpu__cfs_period_us": "100000\n"}
    group(top, "cpu,cpuacct", **files, cpu__stat="nr_periods 3\nnr_throttled 1\nthrottled_time 5\n")
    found = kernel.cpu_quota(own, top)
    assert found is not None
    assert (found.cores, found.counted(), found.used_s()) == (0.5, (3, 1), None)
    (top / "cpu,cpuacct" / "cpuacct.usage").write_text("2500000000\n")
    assert found.used_s() == 2.5
    (top / "cpu,cpuacct" / "cpu.cfs_quota_us").write_text("-1\n")
    assert kernel.cpu_quota(own, top) is None
