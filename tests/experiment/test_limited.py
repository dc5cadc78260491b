"""An experiment, its --set and its --scale cannot go beyond what the cluster's file allows."""

from pathlib import Path

import pytest

from kubedrill.catalogue import read_experiment
from kubedrill.errors import BadFile, NotStarted

TOP = Path(__file__).resolve().parents[2]

EXPERIMENT = """\
title: t
why: w
cluster: careful
seed: {secrets: 100}
load:
  - profile: secret-flood
    as: flood
    rate: 10/s
    with: {size: 1000}
  - profile: mass-list
    as: list
    rate: 5/s
    phases: [recovery]
    with: {resource: pods}
phases: {baseline: 10s, fault: 20s, recovery: 10s}
faults:
  - etcd.kill: {member: a}
  - kube-apiserver.kill: {zone: b}
    at: 5s
slos:
  fault: [flood.p99 < 1s]
"""
"""503 objects: 100 secrets of 1,400 bytes, 400 of 1,800, a namespace and two in it of 1,000; 15/s at last."""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in ("clusters", "experiments"):
        (tmp_path / name).mkdir()
    (tmp_path / "loadprofiles").symlink_to(TOP / "loadprofiles")
    (tmp_path / "experiments" / "x.yaml").write_text(EXPERIMENT)
    return tmp_path


def read(project: Path, limits: str, *overrides: str, scale: float = 1.0) -> None:
    (project / "clusters" / "careful.yaml").write_text(
        f"provider: local\nzones: [a, b, c]\nlimits:\n{limits}\n"
    )
    read_experiment(project / "experiments" / "x.yaml", overrides, scale=scale)


@pytest.mark.parametrize(
    "limits",
    [
        "  rate: 15/s",
        "  objects: 503",
        "  bytes: 903000",
        "  members: 1",
        "  percent: 34",
        "  forbidden: [etcd.pause, 'zone.*']",
        "  clients: 0",
        "  windows: [{days: [mon], from: '09:00', to: '09:01'}]",  # a file is right at any time
    ],
)
def test_what_is_allowed_is_read(project: Path, limits: str) -> None:
    read(project, limits)


@pytest.mark.parametrize(
    ("limits", "line", "words"),
    [
        ("  rate: 14/s", 8, "15/s together in phase recovery, and"),
        ("  objects: 502", 8, "about 503 objects are made"),
        ("  bytes: 902999", 8, "about 903,000 bytes are made"),
        ("  members: 0", 17, "etcd.kill takes 1 member at once"),
        ("  percent: 33", 17, "etcd.kill takes 1 of 3 members at once"),
        ("  apiservers: 0", 18, "kube-apiserver.kill takes 1 apiserver at once"),
        ("  forbidden: ['etcd.*']", 17, "etcd.kill is forbidden"),
    ],
)
def test_what_is_beyond_names_both_lines(project: Path, limits: str, line: int, words: str) -> None:
    with pytest.raises(BadFile) as refused:
        read(project, limits)
    assert refused.value.line == line
    assert words in str(refused.value)
    assert f"{project}/clusters/careful.yaml:4" in str(refused.value)


def test_an_option_raises_nothing(project: Path) -> None:
    with pytest.raises(
        NotStarted, match=r"--set load\[0\].rate: .*careful.yaml:4 allows rate: 15/s"
    ):
        read(project, "  rate: 15/s", "load[0].rate=11/s")
    with pytest.raises(NotStarted, match=r"22\.5/s together"):
        read(project, "  rate: 15/s", scale=1.5)
    with pytest.raises(NotStarted, match="allows members: 1"):
        read(
            project,
            "  members: 1",
            "faults[0].etcd.kill={member: [a, b], allow_quorum_loss: true}",
        )
    with pytest.raises(NotStarted, match="unknown key"):
        read(project, "  rate: 15/s", "limits.rate=100/s")


def test_faults_that_overlap_are_counted_together(project: Path) -> None:
    both = "faults=[{etcd.kill: {member: a}}, {etcd.pause: {member: b, allow_quorum_loss: true}, at: 5s}]"
    with pytest.raises(NotStarted, match=r"etcd\.pause with other faults takes 2 members at once"):
        read(project, "  members: 1", both)
    one_after_the_other = both.replace("at: 5s", "phase: recovery")
    read(project, "  members: 1", one_after_the_other)


def test_an_activity_may_be_forbidden(project: Path) -> None:
    activity = (
        "faults=[{activity: {type: action, name: wait, provider: {type: process, path: 'true'}}, "
        "rollback: null, rights: []}]"
    )
    read(project, "  forbidden: ['etcd.*']", activity)
    with pytest.raises(NotStarted, match="activity is forbidden"):
        read(project, "  forbidden: [activity]", activity)


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ("  zone: 1", 'did you mean "zones"'),
        ("  zones: -1", "at least 0"),
        ("  percent: 101", "at most 100"),
        ("  rate: 10", "10"),
        ("  windows: [{zone: Mars/Base}]", 'no time zone "Mars/Base"'),
        ("  bytes: 5s", "no number of bytes"),
    ],
)
def test_what_is_wrong_with_limits_is_told_at_its_line(
    project: Path, limits: str, words: str
) -> None:
    with pytest.raises(BadFile) as wrong:
        read(project, limits)
    assert (wrong.value.path.name, wrong.value.line) == ("careful.yaml", 4)
    assert words in str(wrong.value)


@pytest.mark.parametrize(
    ("load", "objects"),
    [
        ("{profile: mass-list, with: {resource: pods}}", 0),
        ("{profile: secret-flood, with: {count: 10, namespaces: 4}}", 3 * 4 + 10),
        ("{profile: namespace-flood, with: {secrets: 5, configmaps: 2, quota: true}}", 40 * 11),
        ("{profile: pod-churn}", 3 + 40),
        ("{profile: pod-churn, with: {workload: jobs, replicas: 4}}", 3 + 40 * (5 + 4)),
        ("{profile: pod-churn, with: {workload: deployments, replicas: 2}}", 3 + 40 * (7 + 9)),
        ("{profile: event-storm, with: {distinct: 7}}", 3 + 7),
        ("{profile: lease-heartbeat, with: {nodes: 50}}", 3 + 50),
        ("{profile: informer, with: {objects: 20}}", 3 + 20),
        ("{profile: poll-vs-watch, with: {objects: 20}}", 3 + 20),
        ("{profile: mixed, with: {preset: argo-workflow}}", 3 * 3 + 12 + 12 + 8),
    ],
)
def test_a_load_counts_as_what_its_profile_makes(project: Path, load: str, objects: int) -> None:
    of_a_load = load.removesuffix("}") + ", as: press, rate: 1/s}"
    changes = "seed={}", f"load=[{of_a_load}]", "slos={fault: [probe.failed == 0]}"
    read(project, f"  objects: {objects}", *changes)
    if objects:
        with pytest.raises(NotStarted, match=f"about {objects} objects are made"):
            read(project, f"  objects: {objects - 1}", *changes)
