"""A scraper that saw nothing: INVALID for the objectives that need it, and for no other."""

import pytest
from judged_drill import JudgedDrill
from judged_scrapes import at

from kubedrill.record.verdict import ObjectiveResult, Verdict

ALIVE = ("baseline", "list.p99 < 1s")


def silence(drill: JudgedDrill, component: str, begin: float, end: float) -> None:
    for page in drill.scrapes.of(component, begin, end):
        page.error, page.values = "timeout", {}


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


@pytest.mark.parametrize(
    ("component", "verdict"), [("etcd-b", Verdict.PASS), ("etcd-c", Verdict.INVALID)]
)
def test_what_runs_in_a_zone_that_a_fault_took_may_be_silent(
    drill: JudgedDrill, tmp_path, component: str, verdict: Verdict
) -> None:
    drill.faults = [{**line, "target": "zone-b"} for line in drill.faults]
    silence(drill, component, 21.5, 23.5)
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
    drill.scrapes.pages = [page for page in drill.scrapes.pages if page not in scraped]
    found = with_others(drill, tmp_path, "baseline", "etcd.elections == 0")
    assert (found.verdict, found.reason) == (
        Verdict.INVALID,
        "etcd-a was not scraped in this phase",
    )


COUNTED = ["etcd.fsync.p99 < 1s", "etcd.elections == 0", "etcd.sent_bytes < 1GB"]


@pytest.mark.parametrize("text", COUNTED)
@pytest.mark.parametrize(("begin", "edge"), [(5, "start"), (10, "end")])
def test_what_is_counted_needs_the_scrapes_at_both_edges(
    drill: JudgedDrill, tmp_path, *, text: str, begin: float, edge: str
) -> None:
    gone = drill.scrapes.of("etcd-c", begin, begin + 2)
    drill.scrapes.pages = [page for page in drill.scrapes.pages if page not in gone]
    found = with_others(drill, tmp_path, "baseline", text)
    assert (found.verdict, found.value) == (Verdict.INVALID, None)
    assert found.reason == f"etcd-c was not scraped at the {edge} of this phase"


@pytest.mark.parametrize("text", [*COUNTED, "apiserver.requests > 1"])
def test_a_closing_scrape_that_failed(drill: JudgedDrill, tmp_path, text: str) -> None:
    component = "kube-apiserver-c" if text.startswith("apiserver") else "etcd-c"
    silence(drill, component, 30, 31)
    found = with_others(drill, tmp_path, "recovery", text)
    assert found.verdict is Verdict.INVALID
    assert (
        found.reason == f"{component} did not answer the scrape at the end of this phase: timeout"
    )


def test_a_gauge_needs_no_closing_scrape(drill: JudgedDrill, tmp_path) -> None:
    silence(drill, "etcd-c", 10, 11)
    found = with_others(drill, tmp_path, "baseline", "etcd.leaders == 1")
    assert found.verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("injecting", "verdict"), [(10.055, Verdict.PASS), (10.07, Verdict.INVALID)]
)
def test_a_fault_may_hit_the_closing_scrape_while_it_is_under_way(
    drill: JudgedDrill, tmp_path, injecting: float, verdict: Verdict
) -> None:
    # It is due at 10.05 s and through at 10.06 s.
    for line in drill.faults[:2]:
        line["time"] = at(injecting)
    found = with_others(drill, tmp_path, "baseline", "etcd.sent_bytes < 1GB")
    assert found.verdict is verdict


@pytest.mark.parametrize("text", ["etcd.cpu < 100s", "etcd.rss < 1GB"])
@pytest.mark.parametrize(("end", "verdict"), [(15, Verdict.PASS), (16, Verdict.INVALID)])
def test_a_process_that_nobody_measured_is_named(
    drill: JudgedDrill, tmp_path, *, text: str, end: float, verdict: Verdict
) -> None:
    for line in drill.scrapes.resources:
        if 13 <= _second(line) < end:
            del line["processes"]["etcd-c"]
    found = with_others(drill, tmp_path, "fault", text)
    assert found.verdict is verdict
    if verdict is Verdict.INVALID:
        assert found.reason == "etcd-c was not measured for 4.0 s of this phase"


@pytest.mark.parametrize("text", ["balancer.cpu < 1s", "balancer.rss < 1GB"])
def test_processes_that_nobody_ever_measured_are_not_0(
    drill: JudgedDrill, tmp_path, text: str
) -> None:
    for line in drill.scrapes.resources:
        del line["processes"]["haproxy"]
    found = with_others(drill, tmp_path, "baseline", text)
    assert (found.verdict, found.value) == (Verdict.INVALID, None)
    assert found.reason == "haproxy was not measured for 5.0 s of this phase"


@pytest.mark.parametrize("text", ["etcd.cpu < 1s", "etcd.rss < 1GB", "etcd.leaders >= 0"])
def test_if_a_fault_holds_every_one_down_there_is_nothing_to_measure(
    drill: JudgedDrill, tmp_path, text: str
) -> None:
    for line in drill.faults:
        line["target"] = "etcd-a, etcd-b, etcd-c"
    for line in drill.scrapes.resources:
        if _second(line) >= 9:
            line["processes"] = {}
    for zone in "abc":
        silence(drill, f"etcd-{zone}", 10, 21)
    found = with_others(drill, tmp_path, "fault", text)
    assert (found.verdict, found.value) == (Verdict.INVALID, None)


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
    found = drill.asked(tmp_path, "fault", text)
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
