"""A scraper that saw nothing: INVALID for the objectives that need it, and for no other."""

import pytest
from judged_drill import JudgedDrill

from kubedrill.record.verdict import ObjectiveResult, Verdict

ALIVE = ("baseline", "list.p99 < 1s")


def silence(drill: JudgedDrill, component: str, begin: float, end: float) -> None:
    for one in drill.scrapes.of(component, begin, end):
        one.error, one.values = "timeout", {}


def with_others(drill: JudgedDrill, tmp_path, phase: str, text: str) -> ObjectiveResult:
    """Return what became of an objective; one that needs no scrape must pass beside it."""
    drill.objectives = [ALIVE, (phase, text)]
    report = drill.judged(tmp_path)
    alive, found = report.objectives
    assert alive.verdict is Verdict.PASS
    if found.verdict is Verdict.INVALID:
        assert report.verdict is Verdict.INVALID
        assert report.reasons == [f"{phase}: {text}: {found.reason}"]
    return found


@pytest.mark.parametrize(
    "text",
    [
        "etcd.fsync.p99 < 1s",
        "etcd.elections == 0",
        "etcd.leaders >= 0",
        "etcd.db_bytes < 1GB",
        "etcd.sent_bytes < 1GB",
    ],
)
def test_a_silent_component_is_named(drill: JudgedDrill, tmp_path, text: str) -> None:
    silence(drill, "etcd-c", 7, 9)
    found = with_others(drill, tmp_path, "baseline", text)
    assert (found.value, found.verdict) == (None, Verdict.INVALID)
    words = "etcd-c did not answer 2 of 5 scrapes; the first 2 s into the phase: timeout"
    assert found.reason == words


@pytest.mark.parametrize(
    "text",
    [
        "apiserver.requests > 0",
        "etcd.healthy_members == 3",
        "etcd.cpu < 100s",
        "etcd.rss < 1GB",
        "etcd.restarts == 0",
        "list.p99 < 1s",
    ],
)
def test_what_does_not_need_it_is_not_affected(drill: JudgedDrill, tmp_path, text: str) -> None:
    silence(drill, "etcd-c", 5, 10)
    assert with_others(drill, tmp_path, "baseline", text).verdict is Verdict.PASS


def test_another_phases_silence_does_not_matter(drill: JudgedDrill, tmp_path) -> None:
    silence(drill, "etcd-c", 12, 13)
    found = with_others(drill, tmp_path, "baseline", "etcd.elections == 0")
    assert found.verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("component", "begin", "end", "verdict"),
    [
        ("etcd-b", 21.5, 23.5, Verdict.PASS),  # undone at 21.5 s, and 2 s to answer again
        ("etcd-b", 21.5, 25, Verdict.INVALID),
        ("etcd-c", 21.5, 22.5, Verdict.INVALID),  # no fault held it
    ],
)
def test_a_component_that_a_fault_holds_may_be_silent(
    drill: JudgedDrill, tmp_path, *, component: str, begin: float, end: float, verdict: Verdict
) -> None:
    silence(drill, component, begin, end)
    found = with_others(drill, tmp_path, "recovery", "etcd.elections == 0")
    assert found.verdict is verdict


def test_a_component_may_not_be_silent_before_the_fault_holds_it(
    drill: JudgedDrill, tmp_path
) -> None:
    silence(drill, "etcd-b", 9, 10)
    found = with_others(drill, tmp_path, "baseline", "etcd.elections == 0")
    assert found.reason.startswith("etcd-b did not answer 1 of 5 scrapes")


def test_a_component_that_was_not_scraped_at_all(drill: JudgedDrill, tmp_path) -> None:
    scraped = drill.scrapes.of("etcd-a", 5, 10)
    drill.scrapes.pages = [one for one in drill.scrapes.pages if one not in scraped]
    found = with_others(drill, tmp_path, "baseline", "etcd.elections == 0")
    assert (found.verdict, found.reason) == (
        Verdict.INVALID,
        "etcd-a was not scraped in this phase",
    )


@pytest.mark.parametrize(("missing", "verdict"), [(2, Verdict.PASS), (3, Verdict.INVALID)])
@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("health", "etcd.healthy_members >= 2"),
        ("resources", "apiserver.rss < 1GB"),
        ("resources", "balancer.cpu < 100s"),
    ],
)
def test_a_hole_of_more_than_3_s(
    drill: JudgedDrill, tmp_path, *, file: str, text: str, missing: int, verdict: Verdict
) -> None:
    lines = getattr(drill.scrapes, file)
    lines[:] = [line for line in lines if not 13 <= _second(line) < 13 + missing]
    found = with_others(drill, tmp_path, "fault", text)
    assert found.verdict is verdict
    if verdict is Verdict.INVALID:
        assert found.reason == f"{file}.jsonl has a hole of 4.0 s; the scraper was not watching"


@pytest.mark.parametrize("edge", [5, 6.9])
def test_a_hole_at_an_edge_of_the_phase_is_one_as_well(
    drill: JudgedDrill, tmp_path, edge: float
) -> None:
    lines = drill.scrapes.health
    lines[:] = [line for line in lines if not edge <= _second(line) < edge + 3.1]
    found = with_others(drill, tmp_path, "baseline", "etcd.healthy_members == 3")
    assert found.verdict is Verdict.INVALID


def test_without_health_nothing_is_healthy(drill: JudgedDrill, tmp_path) -> None:
    drill.scrapes.health.clear()
    found = with_others(drill, tmp_path, "baseline", "etcd.healthy_members >= 0")
    assert (found.value, found.verdict) == (None, Verdict.INVALID)


def _second(line: dict[str, int]) -> int:
    return line["time"] // 1_000_000_000 - 1_000
