"""What components are limited to, with small programs: the kernel's own counts, and who is limited."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from supervised import supervised

from kubedrill.clock import now
from kubedrill.cluster.files import Files
from kubedrill.cluster.handle import LIMITED, Absent, HandleError, Quota
from kubedrill.cluster.local import groups, groups_v1
from kubedrill.cluster.local.cgroupfs import NO_DISK, disk_of
from kubedrill.cluster.local.delegation import CONTROLLERS
from kubedrill.cluster.local.handle import LocalHandle
from kubedrill.cluster.local.programs import Program
from kubedrill.cluster.local.quotas import Limited, Unlimitable, _Limit
from kubedrill.cluster.local.zones import namespace_prefix

pytestmark = pytest.mark.skipif(bool(groups.obstacle()), reason=groups.obstacle())

Until = Callable[..., object]

GROWS = "import time; found = []\nwhile True: found.append(b'x' * 2**20); time.sleep(0.01)"
HOLDS = "import time; found = b'x' * 2**28; time.sleep(1000)"
WRITES = (
    "import os, sys, time; file = os.open(sys.argv[1], os.O_CREAT | os.O_WRONLY)\n"
    "while True: begun = time.monotonic(); os.pwrite(file, os.urandom(4096), 0); os.fdatasync(file);"
    " print(time.monotonic() - begun, flush=True)"
)
V1 = groups.version(groups.found()) == 1
LASTING = {"memory"} if V1 else {"memory", "disk"}
"""What a component's group keeps for it while it is not limited."""
QUARTER, SMALL, SLOW = Quota(cpus=0.25), Quota(memory_bytes=2**26), Quota(disk_writes_per_s=10)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "logs").mkdir()
    mine = groups.groups(namespace_prefix(tmp_path), tmp_path)
    mine.write(Files(tmp_path).groups)
    mine.make()
    programs = [
        Program("busy", ("sh", "-c", "while true; do :; done")),
        Program("grows", (sys.executable, "-c", GROWS)),
        Program("writes", (sys.executable, "-c", WRITES, str(tmp_path / "written"))),
        Program("holds", (sys.executable, "-c", HOLDS)),
        Program("sleeps", ("sleep", "1000")),
    ]
    with supervised(tmp_path, programs):
        yield tmp_path
    mine.remove()
    assert not any(folder.exists() for folder in mine.folders)


@pytest.fixture
def handle(folder: Path) -> LocalHandle:
    return LocalHandle(folder)


def is_in(pid: int, folder: Path, resource: str) -> bool:
    """Whether a group of the cluster's keeps a resource for a process."""
    name = f"{namespace_prefix(folder)}/"
    lines = Path(f"/proc/{pid}/cgroup").read_text().splitlines()
    names = groups_v1.CONTROLLERS[resource] if V1 else ""
    [path] = [line.split(":", 2)[2] for line in lines if line.split(":")[1] == names]
    if V1 or name not in path:
        return name in path
    [place] = groups.read(Files(folder).groups).folders
    kept = (place / Path(path).name / "cgroup.controllers").read_text().split()
    return CONTROLLERS[resource] in kept


def took_s(folder: Path) -> list[float]:
    return [float(line) for line in (folder / "logs" / "writes.log").read_text().split("\n")[:-1]]


def test_it_gets_no_more_cpu_than_it_may_and_all_it_can_afterwards(
    handle: LocalHandle, folder: Path, until: Until
):
    pid = handle.holding.release("busy")
    handle.limiting.limit("busy", QUARTER)
    used, begun = psutil.Process(pid).cpu_times().user, time.monotonic()
    until(lambda: handle.limiting.strain("busy").cpu_throttled >= 10)
    took = time.monotonic() - begun
    assert psutil.Process(pid).cpu_times().user - used < 0.25 * took + 0.1
    assert is_in(pid, folder, "cpu")
    handle.limiting.lift("busy", QUARTER)
    assert not is_in(pid, folder, "cpu")


def test_what_has_more_memory_than_it_may_is_killed_and_its_next_too(
    handle: LocalHandle, until: Until
):
    handle.holding.release("grows")
    handle.limiting.limit("grows", SMALL)
    until(lambda: handle.limiting.strain("grows").out_of_memory >= 2)
    handle.limiting.lift("grows", SMALL)
    until(lambda: any(usage.rss_bytes > 2**27 for usage in handle.usage().values()))


def test_what_has_more_than_it_is_to_have_is_killed_though_it_asks_for_no_more(
    handle: LocalHandle, until: Until
):
    pid = handle.holding.release("holds")
    until(lambda: psutil.Process(pid).memory_info().rss > 2**27)
    handle.limiting.limit("holds", SMALL)
    until(lambda: handle.limiting.strain("holds").out_of_memory >= 2)
    assert handle.components()["holds"].pid != pid


def test_what_it_writes_is_kept_later(handle: LocalHandle, folder: Path, until: Until):
    handle.holding.release("writes")
    until(lambda: len(took_s(folder)) > 20)
    free = sorted(took_s(folder))[10]
    handle.limiting.limit("writes", SLOW)
    begun = len(took_s(folder))
    until(lambda: len(took_s(folder)) > begun + 10)
    assert sorted(took_s(folder)[begun + 1 :])[4] > max(0.05, 2 * free)
    handle.limiting.lift("writes", SLOW)
    ended = len(took_s(folder))
    until(lambda: any(took < 0.05 for took in took_s(folder)[ended + 1 :]))


def sleeps(pid: int) -> bool:
    """Whether a process has become `sleep`; in the middle of an exec it has no name."""
    return psutil.Process(pid).cmdline()[:1] == ["sleep"]


@pytest.mark.parametrize("resource", LIMITED)
def test_it_is_limited_from_its_beginning_when_it_is_started_anew(
    handle: LocalHandle, folder: Path, resource: str, until: Until
):
    quota = Quota(cpus=0.5, memory_bytes=2**30, disk_writes_per_s=1000)
    handle.limiting.limit("sleeps", quota)
    first = handle.holding.release("sleeps")
    until(lambda: sleeps(first))
    os.kill(first, 9)
    until(lambda: handle.components()["sleeps"].pid not in {first, None})
    again = handle.components()["sleeps"].pid
    until(lambda: sleeps(again))
    assert is_in(again, folder, resource)
    handle.limiting.lift("sleeps", quota)
    assert is_in(again, folder, resource) is (resource in LASTING)


def test_of_two_limits_each_ends_by_itself(handle: LocalHandle):
    handle.holding.release("sleeps")
    handle.limiting.limit("sleeps", QUARTER)
    handle.limiting.limit("sleeps", SLOW)
    handle.limiting.lift("sleeps", QUARTER)
    assert set(handle.limiting.strain("sleeps").limited) == {"disk"}
    with pytest.raises(HandleError, match="sleeps's disk is limited already"):
        handle.limiting.limit("sleeps", Quota(cpus=1, disk_writes_per_s=1))
    assert set(handle.limiting.strain("sleeps").limited) == {"disk"}


def test_a_limit_that_the_kernel_will_not_have_is_refused_and_nothing_is_limited(
    handle: LocalHandle,
):
    handle.holding.release("sleeps")
    with pytest.raises(HandleError, match="sleeps's cpu: Invalid argument"):
        handle.limiting.limit("sleeps", Quota(cpus=0.0001))
    assert handle.limiting.strain("sleeps").limited == {}


def test_what_is_not_limited_is_not_touched_when_it_is_lifted():
    nowhere = groups_v1.Separate(dict.fromkeys(LIMITED, Path("/nowhere")), "")
    Limited(nowhere).lift("sleeps", os.getpid(), Quota(1, 1, 1, 1))


def test_a_limit_that_cannot_be_lifted_stays_known_and_is_tried_again(
    capfd: pytest.CaptureFixture[str],
):
    nowhere = groups_v1.Separate(dict.fromkeys(LIMITED, Path("/nowhere")), "")
    limited = Limited(nowhere)
    limited._now["sleeps", "cpu", ""] = _Limit(QUARTER, since=1, until=1)
    before = now()
    limited.lift_due({"sleeps": None})
    assert "not lifted, and tried again: sleeps's cpu: No such file" in capfd.readouterr().err
    (again,) = limited.due()
    assert again > before
    with pytest.raises(Unlimitable, match="No such file"):
        limited.lift("sleeps", None, QUARTER)
    assert list(limited.in_force("")) == ["the cpu of sleeps is limited"]


@pytest.mark.parametrize(
    ("quota", "resources"),
    [
        (Quota(), ()),
        (Quota(cpus=0.5), ("cpu",)),
        (Quota(disk_writes_per_s=5), ("disk",)),
        (Quota(disk_bytes_per_s=5, memory_bytes=5), ("memory", "disk")),
    ],
)
def test_what_a_quota_limits(quota: Quota, resources: tuple[str, ...]):
    assert quota.resources() == resources


def test_where_there_are_no_groups_nothing_is_limited(folder: Path, tmp_path: Path):
    assert groups.read(tmp_path / "groups") is None
    assert groups.groups("", Path("/proc")).lacks == {"disk": NO_DISK}
    assert groups.groups("", folder).lacks == {}
    assert disk_of(folder / "not" / "yet") == disk_of(folder) != ""


def test_a_cluster_that_was_brought_up_without_groups_says_so(folder: Path):
    Files(folder).groups.rename(folder / "other.json")
    try:
        limiting = LocalHandle(folder).limiting
        assert limiting == Absent("this cluster was brought up without control groups")
    finally:
        (folder / "other.json").rename(Files(folder).groups)
