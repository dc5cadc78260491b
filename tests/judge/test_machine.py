"""Where the machine under the drill, not the cluster, was the limit: INVALID."""

import pytest
from judged_drill import JudgedDrill

from kubedrill.record.schedule import Scraping
from kubedrill.record.verdict import Verdict


def host(drill: JudgedDrill, **per_second: float) -> None:
    """Let counters of the host grow by so much in each second of the fault phase, of 2 s CPU each."""
    for key, step in per_second.items():
        for second, line in enumerate(drill.scrapes.resources, start=-1):
            line["host"][key] += step * min(max(second - 10, 0), 10)


@pytest.mark.parametrize(("steal_s", "verdict"), [(0.2, Verdict.PASS), (0.22, Verdict.INVALID)])
def test_the_hypervisor_may_take_a_tenth(
    drill: JudgedDrill, tmp_path, steal_s: float, verdict: Verdict
) -> None:
    host(drill, steal_s=steal_s)
    report = drill.judged(tmp_path)
    assert report.verdict is verdict
    words = "fault: machine: the hypervisor took 11% of its CPU time; 10% may be"
    assert report.reasons == ([words] if verdict is Verdict.INVALID else [])


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
