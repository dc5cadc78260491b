"""Where the machine under the drill, not the cluster, was the limit: INVALID."""

from pathlib import Path
from typing import Any

import pytest
from judged_drill import JudgedDrill
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


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"others_s": 0.2}, ""),
        ({"steal_s": 0.16}, ""),
        ({"steal_s": 0.2}, "12% of its CPU: the hypervisor 10%, bash 2%"),
        (
            {"others_s": 0.98, "others": [taker("stress-ng", 0.9), taker("tar", 0.05)]},
            "49% of its CPU: stress-ng 45%, tar 2%, processes too short to be named 2%",
        ),
        ({"others_s": 0.5, "others": []}, "25% of its CPU: processes too short to be named 25%"),
        # Of two cores we may use one: the other is free for others.
        ({"others_s": 0.98, "cpus": 1.0}, ""),
        ({"others_s": 1.2, "cpus": 1.0, "others": [taker("x", 1.2)]}, "20% of its CPU: x 120%"),
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
    assert [one.startswith(words) for one in report.reasons] == ([True] if share else [])


@pytest.mark.parametrize(
    ("took_ms", "before_ms", "wrote", "limit_ms"),
    [
        (20, 2, 900_000, None),
        (21, 2, 900_000, 20),
        (21, 18, 900_000, 20),  # it was as slow before: the same who wrote then
        (100, 2, 0, None),  # the drill itself writes, and uses the cores: so slow it may be
        (101, 2, 0, 100),
        (101, 40, 0, None),
        (121, 40, 0, 120),
        (90, 2, 200_000, None),  # the drill wrote more
    ],
)
def test_a_disk_that_others_keep_busy(  # noqa: PLR0917 - what is measured, before and during
    drill: JudgedDrill, tmp_path, took_ms: int, before_ms: int, wrote: int, limit_ms: int | None
) -> None:
    before = {"samples": 130, "p50_s": 0.001, "p99_s": before_ms / 1000}
    drill.scrapes.calibration["fsync"] = {"reports": before}
    took = {"reports": [0.001, took_ms / 1000]}
    during_the_fault(drill, fsync_s=took, others=[taker("dd", 0.02, wrote)])
    report = drill.judged(tmp_path)
    assert report.verdict is (Verdict.INVALID if limit_ms else Verdict.PASS)
    if limit_ms:
        [reason] = report.reasons
        assert (
            f"fault: machine: it took {took_ms} ms (p99) to keep 4 KiB on the disk of reports/, and "
            f"{before_ms} ms before the load; {limit_ms} ms may be"
        ) in reason
        assert ("who else wrote: dd 0.9 MB/s" in reason) == (wrote > 0)


def test_a_write_that_is_still_under_way_counts(drill: JudgedDrill, tmp_path) -> None:
    during_the_fault(drill, fsync_s={"reports": []}, fsync_pending_s=2.5)
    [reason] = drill.judged(tmp_path).reasons
    assert "fault: machine: it took 2500 ms (p99) to keep 4 KiB" in reason


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
    assert any("others took 50% of its CPU: stress-ng 50%" in one for one in report.reasons)


def busy(drill: JudgedDrill, seconds: int, lag_us: int) -> None:
    """Let all cores be busy in so many of the fault phase's seconds, and the load's loop lag."""
    for second, line in enumerate(drill.scrapes.resources, start=-1):
        line["host"]["cpu_busy_s"] += min(max(second - 10, 0), seconds)
    for line in drill.workers:
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
    drill.scraping = Scraping(apiserver_s=5.0, resources_s=interval_s)
    drill.scrapes.resources = drill.scrapes.resources[1::5]  # the baseline of 5 s has but two
    drill.objectives = [("baseline", "balancer.cpu < 100s"), ("fault", "apiserver.rss < 1GB")]
    report = drill.judged(tmp_path)
    assert report.verdict is verdict
    assert {one.verdict for one in report.objectives} == {verdict}
