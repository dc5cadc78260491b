"""Where the machine under the drill, not the cluster, was the limit: INVALID."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from judged_drill import KILL, JudgedDrill
from judged_scrapes import at

from kubedrill.judge import judge
from kubedrill.record.schedule import Scraping
from kubedrill.record.timeline import DrillAborted
from kubedrill.record.verdict import Verdict


def during_the_fault(drill: JudgedDrill, **said: Any) -> None:
    """Let every look at the machine in the fault phase (10 s to 20 s) say something else."""
    for line in drill.scrapes.machine[11:21]:
        line.update(said)


def taker(name: str, cpu_s: float, written: int = 0) -> dict[str, Any]:
    return {"name": name, "cpu_s": cpu_s, "written_bytes": written}


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize(("stepped_s", "words"), [(0.4, ""), (2.0, "2.0"), (-3600.0, "-3600.0")])
def test_a_wall_clock_that_is_stepped_is_told(
    drill: JudgedDrill, tmp_path: Path, stepped_s: float, words: str, shared: bool
) -> None:
    drill.scrapes.calibration["shared"] = shared
    drill.scrapes.machine[15]["stepped_s"] = stepped_s
    said = f"fault: machine: its wall clock was stepped by {words} s, 5 s into the phase: "
    told = [f"{said}certificates and Leases go by it"] if words else []
    assert [*drill.judged(tmp_path).reasons] == told


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"others_s": 0.2}, ""),
        ({"steal_s": 0.16}, ""),
        ({"steal_s": 0.2}, "12% of its CPU: the hypervisor 10%, bash 2%"),
        (
            {"others_s": 0.98, "others": [taker("stress-ng", 0.9), taker("tar", 0.05)]},
            "49% of its CPU: stress-ng 45%, tar 2%, processes too short to be named, or hidden 2%",
        ),
        (
            {"others_s": 0.5, "others": []},
            "25% of its CPU: processes too short to be named, or hidden 25%",
        ),
        # Of two cores we may use one: the other is free for others.
        ({"others_s": 0.98, "cpus": 1.0}, ""),
        ({"others_s": 1.2, "cpus": 1.0, "others": [taker("x", 1.2)]}, "20% of its CPU: x 120%"),
        # ... unless they share our quota: what they take is ours.
        ({"cpus": 1.0, "limit_used_s": 1.08, "others_s": 0.1}, ""),
        (
            {"cpus": 1.0, "limit_used_s": 1.2, "others_s": 0.2, "others": [taker("x", 0.2)]},
            "20% of its CPU: x 20%",
        ),
    ],
)
def test_others_may_take_a_tenth_and_are_named(
    drill: JudgedDrill, tmp_path, said: dict[str, Any], words: str
) -> None:
    during_the_fault(drill, **said)
    report = drill.judged(tmp_path)
    assert report.verdict is (Verdict.INVALID if words else Verdict.PASS)
    told = [f"fault: machine: others took {words}; 10% may be"] if words else []
    assert report.reasons == told


@pytest.mark.parametrize(("throttled", "share"), [(1, ""), (4, "40%")])
def test_a_limit_that_holds_everything_back(
    drill: JudgedDrill, tmp_path, throttled: int, share: str
) -> None:
    during_the_fault(drill, cpus=1.2, limit_periods=10, limit_throttled=throttled)
    report = drill.judged(tmp_path)
    words = f"fault: machine: its limit of 1.2 cores held everything back in {share} of its periods"
    assert [reason.startswith(words) for reason in report.reasons] == ([True] if share else [])


def writes(took_ms: float, slow: int) -> list[float]:
    """Twenty writes of a look, so many of them slow."""
    return [0.001] * (20 - slow) + [took_ms / 1000] * slow


@pytest.mark.parametrize(
    ("took_ms", "slow", "before_ms", "limit_ms"),
    [
        (10, 20, 1, None),  # ten times slower, and still as quick as etcd asks
        (11, 3, 1, 10),
        (11, 1, 1, None),  # one in twenty
        (30, 20, 10, None),  # a slow disk is as slow as it was
        (31, 3, 10, 30),
        (600, 1, 1, 10),  # while it waited, three were not made
    ],
)
def test_a_disk_that_is_three_times_slower_than_before(  # noqa: PLR0917 - before, and during
    drill: JudgedDrill, tmp_path, took_ms: int, slow: int, before_ms: int, limit_ms: int | None
) -> None:
    before = {"samples": 130, "p50_s": 0.0005, "p90_s": before_ms / 1000, "p99_s": 1.0}
    drill.scrapes.calibration["fsync"] = {"reports": before}
    during_the_fault(drill, fsync_s={"reports": writes(took_ms, slow)})
    report = drill.judged(tmp_path)
    assert report.verdict is (Verdict.INVALID if limit_ms else Verdict.PASS)
    if limit_ms:
        [reason] = report.reasons
        assert (
            f"of the writes to the disk of reports/ took more than {limit_ms} ms until they were kept, "
            f"10% may (p90 before the load: {before_ms} ms); nobody else was seen to write"
        ) in reason


def test_who_writes_is_named_with_a_slow_disk(drill: JudgedDrill, tmp_path) -> None:
    others = [taker("dd", 0.02, 93_000_000), taker("rsync", 0.01, 1_000)]
    during_the_fault(drill, fsync_s={"reports": writes(40, 10)}, others=others)
    [reason] = drill.judged(tmp_path).reasons
    assert reason.startswith("fault: machine: 54% of the writes to the disk of reports/ took more")
    assert reason.endswith("who else wrote: dd 93 MB/s, rsync 0.001 MB/s")


@pytest.mark.parametrize("slows_disks", [False, True])
def test_a_fault_that_makes_the_disk_slow_is_not_held_against_the_machine(
    drill: JudgedDrill, tmp_path, slows_disks: bool
) -> None:
    drill.scheduled_faults = [replace(KILL, slows_disks=slows_disks)]
    for line in drill.scrapes.machine:
        if KILL.inject <= line["time"] <= KILL.undo:
            line["fsync_s"] = {"reports": writes(40, 10)}
    report = drill.judged(tmp_path)
    assert report.verdict is (Verdict.PASS if slows_disks else Verdict.INVALID)


@pytest.mark.parametrize(("busy_s", "blamed"), [(1.89, True), (1.9, False), (2.0, False)])
def test_a_write_that_waits_for_a_core_blames_no_disk(
    drill: JudgedDrill, tmp_path, busy_s: float, blamed: bool
) -> None:
    took = {"reports": writes(120, 20)}
    during_the_fault(drill, fsync_s=took, busy_s=busy_s, cluster_s=busy_s - 0.26)
    assert (drill.judged(tmp_path).verdict is Verdict.INVALID) == blamed


@pytest.mark.parametrize(
    ("theirs", "written", "limit_ms"),
    [(0, 4_000_000, 90), (900_000, 4_000_000, 90), (1_000_000, 4_000_000, 10), (1, None, 10)],
)
def test_a_calibration_in_which_others_wrote_excuses_nothing(
    drill: JudgedDrill, tmp_path, theirs: int, written: int | None, limit_ms: int
) -> None:
    before = {"samples": 130, "p50_s": 0.02, "p90_s": 0.03, "p99_s": 0.05}
    drill.scrapes.calibration |= {
        "fsync": {"reports": before},
        "others": [taker("dd", 0.02, theirs)],
        "disk_written_bytes": written,
    }
    during_the_fault(drill, fsync_s={"reports": writes(91, 20)})
    [reason] = drill.judged(tmp_path).reasons
    assert f"took more than {limit_ms} ms until they were kept" in reason


@pytest.mark.parametrize(
    ("busy_s", "theirs", "blamed"),
    [
        (0.41, 300_000, True),
        (0.41, 200_000, False),  # the drill wrote more
        (0.4, 300_000, False),
        (None, 300_000, False),
    ],
)
def test_others_who_keep_the_disk_busy(
    drill: JudgedDrill, tmp_path, busy_s: float | None, theirs: int, blamed: bool
) -> None:
    during_the_fault(drill, disk_busy_s=busy_s, others=[taker("dd", 0.02, theirs)])
    report = drill.judged(tmp_path)
    assert report.verdict is (Verdict.INVALID if blamed else Verdict.PASS)
    words = (
        "fault: machine: its disk was at work for 41% of the time, 40% may be while others write a "
        "quarter of all; who else wrote: dd 0.3 MB/s"
    )
    assert report.reasons == ([words] if blamed else [])


def test_a_write_that_is_still_under_way_counts(drill: JudgedDrill, tmp_path) -> None:
    for second, line in enumerate(drill.scrapes.machine[11:21], start=1):
        line.update(fsync_s={"reports": []}, fsync_pending_s=float(second))
    [reason] = drill.judged(tmp_path).reasons
    assert reason.startswith("fault: machine: 100% of the writes to the disk of reports/ took more")


def test_a_machine_that_is_shared_on_purpose_is_not_judged_and_the_verdict_says_so(
    drill: JudgedDrill, tmp_path
) -> None:
    drill.scrapes.calibration["shared"] = True
    during_the_fault(drill, others_s=1.5, fsync_s={"reports": [1.0]})
    report = drill.judged(tmp_path)
    assert (report.verdict, report.reasons) == (Verdict.PASS, [])
    [note] = report.notes
    assert "shared on purpose (KUBEDRILL_SHARED_MACHINE)" in note


@pytest.mark.parametrize("what", ["machine", "machine_looks"])
def test_without_a_record_of_it_nothing_is_said(drill: JudgedDrill, tmp_path, what: str) -> None:
    folder = drill.write(tmp_path)
    path: Path = getattr(folder, what)
    path.unlink()
    report = judge(folder)
    assert report.verdict is Verdict.INVALID
    assert f"fault: machine: {path.name}: is missing" in report.reasons


def test_an_abort_while_others_took_the_machine_refutes_nothing(
    drill: JudgedDrill, tmp_path
) -> None:
    drill.events[-1] = DrillAborted(time=at(15), condition="availability < 50% for 30s")
    during_the_fault(drill, others_s=1.0, others=[taker("stress-ng", 1.0)])
    report = drill.judged(tmp_path)
    assert report.verdict is Verdict.INVALID
    assert any("others took 50% of its CPU: stress-ng 50%" in reason for reason in report.reasons)


def busy(drill: JudgedDrill, seconds: int, lag_us: int) -> None:
    """Let all cores be busy in so many of the fault phase's seconds, and the load's loop lag."""
    for line in drill.scrapes.machine[11 : 11 + seconds]:
        line["busy_s"] = 2.0
    for line in drill.vitals:
        line["lag_max_us"] = lag_us


@pytest.mark.parametrize(
    ("seconds", "lag_us", "verdict"),
    [
        (9, 100_000, Verdict.PASS),  # busy, and the generator kept up
        (9, 101_000, Verdict.INVALID),
        (5, 900_000, Verdict.PASS),  # of 10: not most of the time
        (6, 900_000, Verdict.INVALID),
    ],
)
def test_busy_cores_are_a_doubt_only_when_the_generator_had_to_wait(
    drill: JudgedDrill, tmp_path, seconds: int, lag_us: int, verdict: Verdict
) -> None:
    busy(drill, seconds, lag_us)
    report = drill.judged(tmp_path)
    assert report.verdict is verdict
    if verdict is Verdict.INVALID:
        [reason] = report.reasons
        share, late = f"{seconds / 10:.0%}", f"{lag_us // 1000} ms late"
        assert f"fault: machine: all its cores were busy in {share} of the seconds" in reason
        assert f"the load's event loop was {late} (p99)" in reason


@pytest.mark.parametrize(
    ("available", "verdict"), [(1_200_000_000, Verdict.PASS), (1_000_000_000, Verdict.INVALID)]
)
def test_a_twentieth_of_the_memory_must_be_left(
    drill: JudgedDrill, tmp_path, available: int, verdict: Verdict
) -> None:
    drill.scrapes.resources[18]["host"]["memory_available_bytes"] = available
    report = drill.judged(tmp_path)
    assert report.verdict is verdict
    words = "fault: machine: only 4.2% of its memory was left; 5% must be"
    assert report.reasons == ([words] if verdict is Verdict.INVALID else [])


def test_a_machine_that_nobody_watched(drill: JudgedDrill, tmp_path) -> None:
    del drill.scrapes.resources[11:]
    report = drill.judged(tmp_path)
    assert report.verdict is Verdict.INVALID
    assert report.reasons == [
        f"{phase}: machine: its CPU and memory were not recorded" for phase in ("fault", "recovery")
    ]


@pytest.mark.parametrize(("missing", "verdict"), [(2, Verdict.PASS), (3, Verdict.INVALID)])
def test_a_machine_that_nobody_watched_for_a_while(
    drill: JudgedDrill, tmp_path, missing: int, verdict: Verdict
) -> None:
    del drill.scrapes.resources[14 : 14 + missing]  # from 13 s on
    report = drill.judged(tmp_path)
    assert report.verdict is verdict
    words = "fault: machine: resources.jsonl has a hole of 4.0 s; the scraper was not watching"
    assert report.reasons == ([words] if verdict is Verdict.INVALID else [])


@pytest.mark.parametrize(("interval_s", "verdict"), [(1.0, Verdict.INVALID), (5.0, Verdict.PASS)])
def test_it_is_watched_as_often_as_the_schedule_says(
    drill: JudgedDrill, tmp_path, interval_s: float, verdict: Verdict
) -> None:
    drill.scraping = Scraping(apiserver=5.0, resources=interval_s)
    drill.scrapes.resources = drill.scrapes.resources[1::5]  # the baseline of 5 s has but two
    drill.objectives = [("baseline", "balancer.cpu < 100s"), ("fault", "apiserver.rss < 1GB")]
    report = drill.judged(tmp_path)
    assert report.verdict is verdict
    assert {objective.verdict for objective in report.objectives} == {verdict}
