"""Control groups: which version a machine has, where ours are, and what is written into which file."""

import os
from pathlib import Path

import pytest

from kubedrill.cluster.handle import LIMITED, Quota
from kubedrill.cluster.local import delegation, groups, groups_v1
from kubedrill.cluster.local.cgroupfs import NO_DISK, Hierarchy, hierarchies
from kubedrill.cluster.local.groups_v1 import Separate
from kubedrill.cluster.local.groups_v2 import Unified

HYBRID = (
    """\
31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct
35 31 0:32 /box /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
38 31 0:35 / /sys/fs/cgroup/blkio rw,relatime - cgroup cgroup rw,blkio
40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
""",
    "9:name=systemd:/\n5:cpu,cpuacct:/\n4:memory:/box/shell\n3:blkio:/a\n0::/\n",
)
HOST = (
    "35 24 0:30 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n",
    "0::/user.slice/run-r1.scope\n",
)
MOVED = (HOST[0], "0::/user.slice/run-r1.scope/kubedrill\n")
CONTAINER = ("700 690 0:30 / /sys/fs/cgroup rw - cgroup2 cgroup rw\n", "0::/\n")
SEEN_FROM_OUTSIDE = ("35 24 0:30 /../.. /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n", "0::/\n")
NOTHING = ("1 0 8:1 / / rw - ext4 /dev/sda1 rw\n", "")


@pytest.mark.parametrize(
    ("machine", "version", "own"),
    [
        (HYBRID, 1, ["cpu,cpuacct", "memory/shell", "blkio/a", "systemd", "unified"]),
        (HOST, 2, ["user.slice/run-r1.scope"]),
        (MOVED, 2, ["user.slice/run-r1.scope/kubedrill"]),
        (CONTAINER, 2, ["."]),
        (NOTHING, 2, []),
    ],
)
def test_what_a_machine_has(machine: tuple[str, str], version: int, own: list[str]):
    found = hierarchies(*machine)
    assert groups.version(found) == version
    assert [known.own for known in found] == [Path("/sys/fs/cgroup") / path for path in own]


@pytest.mark.parametrize(
    ("machine", "base", "delegated"),
    [
        (HOST, "/sys/fs/cgroup/user.slice/run-r1.scope", False),
        (MOVED, "/sys/fs/cgroup/user.slice/run-r1.scope", False),
        (CONTAINER, "/sys/fs/cgroup", True),
    ],
)
def test_which_group_is_ours(machine: tuple[str, str], base: str, delegated: bool):
    assert delegation.ours(hierarchies(*machine)) == delegation.Ours(Path(base), delegated)


def test_the_top_of_what_others_see_is_not_ours():
    group = delegation.ours(hierarchies(*SEEN_FROM_OUTSIDE))
    assert group is not None
    assert not group.delegated


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A plain folder with the files of a group that has all controllers, and a cluster's in it."""
    cluster = tmp_path / "base" / "kd-few"
    for group in (cluster.parent, cluster, cluster / "etcd-a", cluster / "etcd-b"):
        group.mkdir()
        for name in ("subtree_control", "procs", "type"):
            (group / f"cgroup.{name}").touch()
    (cluster.parent / "cgroup.controllers").write_text("cpuset cpu io memory pids\n")
    for member in (cluster / "etcd-a", cluster / "etcd-b"):
        (member / "cpu.max").write_text("max 100000\n")
        for name in ("memory.max", "memory.swap.max", "io.max"):
            (member / name).touch()
    return cluster.parent


def within(base: Path) -> tuple[Hierarchy, ...]:
    return (Hierarchy(2, base.parent, base, False, frozenset()),)


def test_a_group_that_is_not_delegated_is_left_alone_and_it_is_said_what_works(base: Path):
    why = delegation.obstacle(within(base))
    assert why == (
        f"the control group {base} is not delegated to what runs in it; what works: "
        "`systemd-run --scope -p Delegate=yes kubedrill cluster up ...`, with --user if not root"
    )
    os.setxattr(base, "user.delegate", b"0")
    assert delegation.obstacle(within(base)) == why


def test_a_group_that_systemd_has_marked_is_ours(base: Path):
    os.setxattr(base, "user.delegate", b"1")
    assert delegation.obstacle(within(base)) == ""
    assert delegation.obstacle(within(base / "kubedrill")) == ""


def test_controllers_that_are_missing_are_named(base: Path):
    os.setxattr(base, "user.delegate", b"1")
    (base / "cgroup.controllers").write_text("memory pids\n")
    assert delegation.obstacle(within(base)) == ""
    assert delegation.resources(base) == ("memory",)
    lacks = Unified(base, "kd-few", ("memory",), "8:0").lacks
    assert set(lacks) == {"cpu", "disk"}
    assert f"the cgroup.controllers of the control group {base} lack io:" in lacks["disk"]
    (base / "cgroup.controllers").write_text("pids\n")
    names = ", ".join(delegation.CONTROLLERS[resource] for resource in LIMITED)
    assert f"lack {names}:" in delegation.obstacle(within(base))


def test_a_group_whose_files_are_not_there_to_be_written_is_no_use(base: Path):
    os.setxattr(base, "user.delegate", b"1")
    (base / "cgroup.subtree_control").unlink()
    assert f"control groups cannot be made in {base}" in delegation.obstacle(within(base))


def test_a_machine_without_any_says_so():
    assert delegation.obstacle(hierarchies(*NOTHING)) == (
        "this machine has no control groups mounted, and limits are made of those"
    )


def test_a_machine_with_some_of_version_1_names_what_it_lacks(tmp_path: Path):
    found = tuple(
        Hierarchy(1, tmp_path, tmp_path, True, frozenset({name})) for name in ("cpu", "memory")
    )
    assert groups.version(found) == 1
    assert groups_v1.obstacle(found) == (
        "this machine has no control groups of version 1 for blkio, though it has some: "
        "cpu, memory, blkio must be of one version"
    )


def test_where_data_are_on_no_disk_that_is_what_cannot_be_limited(base: Path):
    assert Unified(base, "kd-few", LIMITED, "").lacks == {"disk": NO_DISK}
    assert Unified(base, "kd-few", LIMITED, "8:0").lacks == {}
    assert Separate({}, "").lacks == {"disk": NO_DISK}


V1 = {
    "cpu": {"cpu.cfs_period_us": "100000", "cpu.cfs_quota_us": "25000"},
    "memory": {"memory.limit_in_bytes": "4096", "memory.memsw.limit_in_bytes": "4096"},
    "disk": {
        "blkio.throttle.write_iops_device": "8:0 5",
        "blkio.throttle.write_bps_device": "8:0 0",
    },
}
V2 = {
    "cpu": {"cpu.max": "25000 100000"},
    "memory": {"memory.max": "4096", "memory.swap.max": "0"},
    "disk": {"io.max": "8:0 wiops=5 wbps=max"},
}
V1_LIFTED = {"memory.limit_in_bytes": "-1", "memory.memsw.limit_in_bytes": "-1"}
V2_LIFTED = {
    "cpu": {"cpu.max": "max 100000"},
    "memory": {"memory.max": "max", "memory.swap.max": "max"},
    "disk": {"io.max": "8:0 wiops=max wbps=max"},
}
QUOTA = Quota(cpus=0.25, memory_bytes=4096, disk_writes_per_s=5)


def texts(group: Path, names: dict[str, str]) -> dict[str, str]:
    return {name: (group / name).read_text() for name in names}


@pytest.mark.parametrize("resource", LIMITED)
def test_what_a_quota_writes_in_version_1(tmp_path: Path, resource: str):
    group = tmp_path / "etcd-a"
    group.mkdir()
    for name in V1[resource]:
        (group / name).touch()
    made = Separate({resource: tmp_path}, "8:0")
    made.limit("etcd-a", resource, QUOTA, None)
    assert texts(group, V1[resource]) == V1[resource]
    if resource == "memory":  # a folder with files in it is not removed
        made.lift("etcd-a", resource, None)
        assert texts(group, V1_LIFTED) == V1_LIFTED


@pytest.mark.parametrize("resource", LIMITED)
def test_what_a_quota_writes_in_version_2(base: Path, resource: str):
    made = Unified(base, "kd-few", LIMITED, "8:0")
    made.limit("etcd-a", resource, QUOTA, os.getpid())
    assert texts(base / "kd-few" / "etcd-a", V2[resource]) == V2[resource]
    made.lift("etcd-a", resource, os.getpid())
    assert texts(base / "kd-few" / "etcd-a", V2_LIFTED[resource]) == V2_LIFTED[resource]


def test_without_swap_in_the_kernel_memory_alone_is_limited(base: Path):
    (base / "kd-few" / "etcd-a" / "memory.swap.max").unlink()
    Unified(base, "kd-few", LIMITED, "8:0").limit("etcd-a", "memory", QUOTA, None)
    assert (base / "kd-few" / "etcd-a" / "memory.max").read_text() == "4096"


def test_what_the_kernel_cannot_limit_is_not_passed_over(base: Path):
    (base / "kd-few" / "etcd-a" / "io.max").unlink()
    with pytest.raises(FileNotFoundError):
        Unified(base, "kd-few", LIMITED, "8:0").limit("etcd-a", "disk", QUOTA, None)


def test_what_is_not_there_need_not_be_lifted(base: Path):
    (base / "kd-few" / "etcd-a" / "cpu.max").unlink()
    Unified(base, "kd-few", LIMITED, "8:0").lift("etcd-a", "cpu", None)
    assert not (base / "kd-few" / "etcd-a" / "cpu.max").exists()


def kept(base: Path) -> list[str]:
    return [(group / "cgroup.subtree_control").read_text() for group in (base, base / "kd-few")]


def test_groups_have_cpus_only_while_one_of_them_is_limited_in_them(base: Path):
    made = Unified(base, "kd-few", LIMITED, "8:0")
    made.make()
    assert kept(base) == ["+memory +io", "+memory +io"]
    assert (base / "kubedrill").is_dir()
    for member in ("etcd-a", "etcd-b"):
        made.limit(member, "cpu", QUOTA, None)
        assert kept(base) == ["+cpu", "+cpu"]
    made.lift("etcd-a", "cpu", None)
    assert kept(base) == ["+cpu", "+cpu"]
    made.lift("etcd-b", "cpu", None)
    assert kept(base) == ["-cpu", "-cpu"]


def test_what_others_groups_have_is_not_taken_from_them(base: Path):
    made = Unified(base, "kd-few", LIMITED, "8:0")
    (base / "theirs").mkdir()
    made.limit("etcd-a", "cpu", QUOTA, None)
    made.lift("etcd-a", "cpu", None)
    assert kept(base) == ["+cpu", "-cpu"]


def test_only_what_there_is_a_controller_for_is_kept(base: Path):
    Unified(base, "kd-few", ("cpu", "memory"), "8:0").make()
    assert kept(base) == ["+memory", "+memory"]


def test_a_component_begins_in_its_only_group_of_version_2(base: Path):
    made = Unified(base, "kd-few", LIMITED, "8:0")
    begun = made.begin("scheduler-a", ("cpu",), QUOTA)
    assert begun == [base / "kd-few" / "scheduler-a" / "cgroup.procs"]
    assert begun[0].parent.is_dir()


def test_a_component_begins_in_each_of_its_groups_of_version_1(tmp_path: Path):
    made = Separate({"cpu": tmp_path / "cpu", "memory": tmp_path / "memory"}, "8:0")
    made.make()
    assert made.begin("etcd-a", ("cpu",), None) == [
        tmp_path / "memory" / "etcd-a" / "cgroup.procs",
        tmp_path / "cpu" / "etcd-a" / "cgroup.procs",
    ]


def test_counts_are_read_where_they_stand_in_version_2(base: Path):
    made = Unified(base, "kd-few", LIMITED, "8:0")
    nothing = {"cpu_periods": 0, "cpu_throttled": 0, "out_of_memory": 0}
    assert made.counts("etcd-a") == nothing
    group = base / "kd-few" / "etcd-a"
    (group / "cpu.stat").write_text("usage_usec 5\nnr_periods 7\nnr_throttled 3\n")
    (group / "memory.events").write_text("low 0\noom 4\noom_kill 2\noom_group_kill 0\n")
    assert made.counts("etcd-a") == {"cpu_periods": 7, "cpu_throttled": 3, "out_of_memory": 2}


def test_what_is_written_down_is_read_again(tmp_path: Path):
    made = [
        Separate({"cpu": Path("/cpu/kd"), "memory": Path("/memory/kd")}, "8:0"),
        Unified(Path("/base"), "kd-few", ["cpu", "memory"], "8:16"),
    ]
    for known in made:
        known.write(tmp_path / "groups.json")
        assert groups.read(tmp_path / "groups.json") == known


def test_a_cluster_of_before_has_groups_of_version_1(tmp_path: Path):
    (tmp_path / "groups.json").write_text('{"parents": {"cpu": "/cpu/kd"}, "device": "8:0"}')
    assert groups.read(tmp_path / "groups.json") == Separate({"cpu": Path("/cpu/kd")}, "8:0")


def test_groups_that_are_gone_need_not_be_removed(tmp_path: Path):
    Unified(tmp_path / "gone", "kd-few", LIMITED, "8:0").remove()
    Separate({"cpu": tmp_path / "gone"}, "8:0").remove()
