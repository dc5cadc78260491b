"""Whether the machine kept a quarter of its CPU free, and what that decides; shares as they are judged."""

from dataclasses import replace

import pytest
from judged_drill import LENGTHS, JudgedDrill

from kubedrill.judge import judge
from kubedrill.judge.headroom import needs_headroom
from kubedrill.record.manifest import seal
from kubedrill.record.objective import parse
from kubedrill.record.schedule import Schedule
from kubedrill.record.verdict import Verdict


def busy(drill: JudgedDrill, share: float, stolen: float = 0.0) -> None:
    """Let both cores be so busy, all the drill long."""
    for line in drill.scrapes.machine:
        line.update(busy_s=2 * share, steal_s=2 * stolen)


@pytest.mark.parametrize(
    ("text", "needs"),
    [
        ("list.p99 < 1s", True),
        ("list.error_rate < 1%", True),
        ("probe.failed == 0", True),
        ("availability >= 99%", True),
        ("unavailable.longest < 3s", True),
        ("etcd.fsync.p99 < 100ms", True),
        ("list.rate >= 99% of offered", False),
        ("etcd.elections == 0", False),
        ("apiserver.cpu.rate < 2cpu", False),
        ("etcd.healthy_members == 3", False),
    ],
)
def test_what_a_full_machine_would_decide(text: str, needs: bool) -> None:
    assert needs_headroom(parse(text)) is needs


@pytest.mark.parametrize(
    ("share", "stolen", "lacking"), [(0.75, 0.0, False), (0.76, 0.0, True), (0.7, 0.06, True)]
)
def test_a_quarter_must_be_free_where_latency_is_judged(
    drill: JudgedDrill, tmp_path, share: float, stolen: float, lacking: bool
) -> None:
    drill.objectives = [("baseline", "list.p99 < 1s"), ("baseline", "etcd.elections == 0")]
    busy(drill, share, stolen)
    report = drill.judged(tmp_path)
    verdicts = [objective.verdict for objective in report.objectives]
    assert verdicts == [Verdict.INVALID if lacking else Verdict.PASS, Verdict.PASS]
    if lacking:
        [reason] = report.reasons
        assert reason.startswith(
            "baseline: machine: no headroom: 24% of the CPU was free, 25% must"
        )
        assert "--scale 0.85 would fit" in reason


@pytest.mark.parametrize(
    ("own_s", "shared_s", "busy_s", "free"),
    [
        (0.75, None, 0.8, 0.25),
        (0.76, None, 0.8, 0.24),  # of two cores more than half is free, of one a quarter is not
        (0.3, 0.76, 0.8, 0.24),  # somebody else in the same container
        (0.76, 0.3, 0.8, 0.70),  # the cluster is elsewhere: a quota is what its group used
        (0.3, None, 1.74, 0.26),  # others' cores are full, and ours not yet
        (0.3, None, 1.76, 0.24),
    ],
)
def test_under_a_quota_the_quota_is_the_machine(  # noqa: PLR0917 - what was used, by whom
    drill: JudgedDrill, tmp_path, own_s: float, shared_s: float | None, busy_s: float, free: float
) -> None:
    drill.objectives = [("baseline", "list.p99 < 1s")]
    drill.scrapes.calibration["shared"] = False
    for line in drill.scrapes.machine:
        line.update(cpus=1.0, drill_s=0.1, cluster_s=own_s - 0.1, limit_used_s=shared_s)
        line.update(busy_s=busy_s, others_s=0.0)
    report = drill.judged(tmp_path)
    found = next(row for row in report.headroom if row.phase == "baseline")
    assert found.free_share == pytest.approx(free)
    lacking = [reason for reason in report.reasons if "no headroom" in reason]
    assert [f"{free:.0%} of the quota of 1 cores was free" in reason for reason in lacking] == (
        [True] if free < 0.25 else []
    )


def test_a_fault_may_fill_the_machine(drill: JudgedDrill, tmp_path) -> None:
    drill.objectives = [("fault", "list.p99 < 1s")]
    busy(drill, 0.99)
    report = drill.judged(tmp_path)
    assert (report.verdict, report.reasons) == (Verdict.PASS, [])
    assert {row.phase: row.required for row in report.headroom}["fault"] is False


def test_a_machine_that_is_shared_on_purpose_needs_none(drill: JudgedDrill, tmp_path) -> None:
    drill.objectives = [("baseline", "list.p99 < 1s")]
    drill.scrapes.calibration["shared"] = True
    busy(drill, 0.99)
    assert drill.judged(tmp_path).verdict is Verdict.PASS


def test_a_drill_that_looks_for_the_limit_needs_none(drill: JudgedDrill, tmp_path) -> None:
    drill.objectives = [("baseline", "list.p99 < 1s")]
    busy(drill, 0.99)
    folder = drill.write(tmp_path)
    replace(Schedule.read(folder.schedule), headroom="none").write(folder.schedule)
    seal(folder)
    report = judge(folder)
    assert report.verdict is Verdict.PASS
    baseline = next(row for row in report.headroom if row.phase == "baseline")
    assert (baseline.free_share, baseline.required) == (pytest.approx(0.01), False)


@pytest.mark.parametrize(
    ("share", "lost", "verdict"),
    [(99, 0, Verdict.PASS), (99, 2, Verdict.FAIL), (90, 2, Verdict.PASS)],
)
def test_a_rate_as_a_share_of_what_was_due(
    drill: JudgedDrill, tmp_path, share: int, lost: int, verdict: Verdict
) -> None:
    start = 0.0
    for name, length in LENGTHS.items():
        if name == "baseline":
            break
        start += length
    due = drill.lists(start, start + LENGTHS["baseline"]).nonzero()[0]
    drill.load["outcome"][due[: len(due) * lost // 100]] = 500
    asked = drill.asked(tmp_path, "baseline", f"list.rate >= {share}% of offered")
    assert asked.verdict is verdict
    assert asked.unit == "1/s"
    assert asked.threshold == pytest.approx(share / 100 * len(due) / LENGTHS["baseline"])
