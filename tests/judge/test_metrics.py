"""Metrics of a run: gauges at every scrape, counters over restarts, histograms, elections."""

from typing import Any

import pytest
from judged_drill import JudgedDrill
from judged_scrapes import at

from kubedrill.record.verdict import Verdict

DB = "etcd_mvcc_db_total_size_in_bytes"
SENT = "etcd_network_client_grpc_sent_bytes_total"
CHANGES = "etcd_server_leader_changes_seen_total"


def value(drill: JudgedDrill, tmp_path, phase: str, text: str) -> float | None:
    found = drill.asked(tmp_path, phase, text)
    assert found.verdict is not Verdict.INVALID, found.reason
    return found.value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("etcd.db_bytes < 1GB", 8e6),
        ("etcd.db_bytes > 1B", 5e6),
        ("etcd.db_bytes.max < 1GB", 8e6),
        ("etcd.db_bytes.min < 1GB", 5e6),
        ("etcd.rss < 1GB", 100_000_002.0),  # the largest of three: 2 bytes more than the first
        ("etcd.healthy_members == 2", 3.0),  # at the phase's first second it was not down yet
        ("etcd.healthy_members.min < 3", 2.0),
        ("apiserver.inflight <= 9", 3.0),
        ("objects.secrets == 12", 12.0),
    ],
)
def test_a_gauge_is_its_worst_at_any_scrape(
    drill: JudgedDrill, tmp_path, text: str, expected: float
) -> None:
    [page] = drill.scrapes.of("etcd-a", 14, 15)
    page.values[DB] = 8e6
    [before] = drill.scrapes.of("etcd-a", 9, 10)
    before.values[DB] = 9e6  # another phase's
    assert value(drill, tmp_path, "fault", text) == expected


def test_there_is_one_leader_at_every_scrape(drill: JudgedDrill, tmp_path) -> None:
    assert drill.asked(tmp_path, "baseline", "etcd.leaders == 1").verdict is Verdict.PASS
    # The killed leader does not answer, and until another leads there is none.
    assert value(drill, tmp_path, "fault", "etcd.leaders >= 1") == 0.0
    assert value(drill, tmp_path, "fault", "etcd.leaders <= 1") == 1.0


def test_two_leaders_are_found_out(drill: JudgedDrill, tmp_path) -> None:
    [page] = drill.scrapes.of("etcd-c", 7, 8)
    page.values["etcd_server_is_leader"] = 1.0
    found = drill.asked(tmp_path, "baseline", "etcd.leaders == 1")
    assert (found.verdict, found.value) == (Verdict.FAIL, 2.0)


@pytest.mark.parametrize(
    ("within", "verdict", "value"),
    [("2s", Verdict.PASS, 3.0), ("500ms", Verdict.FAIL, 2.0), ("9s", Verdict.INVALID, None)],
)
def test_eventually_counts_from_the_proof_of_the_undo(
    drill: JudgedDrill, tmp_path, within: str, verdict: Verdict, value: float | None
) -> None:
    # Proven at 21.5 s, and healthy again at 23 s; the phase ends at 30 s.
    drill.scrapes.health[22]["etcd"]["b"] = "unhealthy"
    text = f"eventually(etcd.healthy_members == 3) within {within}"
    found = drill.asked(tmp_path, "recovery", text)
    assert (found.verdict, found.value) == (verdict, value)
    if verdict is Verdict.INVALID:
        assert found.reason.startswith("the phase ends 0.5 s before this must hold, ")


@pytest.mark.parametrize(("within", "value"), [("1s", 2.0), ("500ms", 3.0)])
def test_eventually_counts_from_the_phases_start_without_an_undo(
    drill: JudgedDrill, tmp_path, within: str, value: float
) -> None:
    drill.scrapes.health[10]["etcd"]["b"] = "healthy"
    text = f"eventually(etcd.healthy_members == 2) within {within}"
    drill.scrapes.health[11]["etcd"]["b"] = "healthy" if value == 3.0 else "refused"
    assert drill.asked(tmp_path, "fault", text).value == value


def test_eventually_must_hold_to_the_end_of_the_phase(drill: JudgedDrill, tmp_path) -> None:
    drill.scrapes.health[29]["etcd"]["a"] = "timeout"
    text = "eventually(etcd.healthy_members == 3) within 5s"
    assert drill.asked(tmp_path, "recovery", text).verdict is Verdict.FAIL


def test_a_counter_is_the_difference_of_the_phases_edges(drill: JudgedDrill, tmp_path) -> None:
    # 1000 B/s of each of three members; etcd-b was last seen at 9.05 s.
    assert value(drill, tmp_path, "baseline", "etcd.sent_bytes < 1B") == pytest.approx(14_000)
    assert value(drill, tmp_path, "baseline", "etcd.sent_bytes.rate < 1B/s") == pytest.approx(2800)
    assert value(drill, tmp_path, "baseline", "apiserver.requests > 1") == pytest.approx(900)
    assert value(drill, tmp_path, "baseline", "apiserver.requests.rate > 1/s") == pytest.approx(180)
    assert value(drill, tmp_path, "baseline", "etcd.cpu < 1s") == pytest.approx(7.5)
    assert value(drill, tmp_path, "baseline", "etcd.cpu.rate < 1cpu") == pytest.approx(1.5)


@pytest.mark.parametrize("offset_s", [0.0, 0.3, 0.7])
def test_the_scrape_of_an_edge_may_be_due_a_little_after_it(
    drill: JudgedDrill, tmp_path, offset_s: float
) -> None:
    for page in drill.scrapes.pages:
        times = 0 if page.second < 5 else 2 if page.second > 11 else 1  # outside of the baseline
        page.values = {key: times * was for key, was in page.values.items()}
        page.second += offset_s
    found = value(drill, tmp_path, "baseline", "apiserver.requests > 1")
    assert found == pytest.approx(3 * 5 * 60)


def test_a_counter_survives_a_restart(drill: JudgedDrill, tmp_path) -> None:
    # etcd-c starts again at 16 s and counts from 0: what was seen of both lives is added.
    for page in drill.scrapes.of("etcd-c", 16, 31):
        page.values[SENT] = 1000 * (page.second - 16.1)
    # a: 10 s; c: 10.1 -> 15.1, then 16.1 -> 20.1; b: nothing after its last scrape at 9.05 s.
    assert value(drill, tmp_path, "fault", "etcd.sent_bytes < 1B") == pytest.approx(10_000 + 9_000)


def test_the_cpu_of_a_restarted_process_is_added(drill: JudgedDrill, tmp_path) -> None:
    # a and c: 0.5 cores for 10 s; b, of pid 8, since 21.5 s as of the last line, at 29 s.
    expected = 5 + 5 + 0.5 * (29 - 21.5)
    assert value(drill, tmp_path, "recovery", "etcd.cpu < 1s") == pytest.approx(expected)


@pytest.mark.parametrize(("text", "expected"), [("p99", 0.01), ("p90", 0.001), ("p50", 0.000556)])
def test_percentiles_of_a_histogram(
    drill: JudgedDrill, tmp_path, text: str, expected: float
) -> None:
    found = value(drill, tmp_path, "baseline", f"etcd.fsync.{text} < 1s")
    assert found == pytest.approx(expected, abs=1e-6)


def test_only_what_was_observed_in_the_phase_counts(drill: JudgedDrill, tmp_path) -> None:
    slow = 'etcd_disk_wal_fsync_duration_seconds_bucket{le="0.01"}'
    for page in drill.scrapes.of("etcd-a", 10.5, 31):  # after the baseline everything is slow
        page.values[slow] = drill.scrapes.of("etcd-a", 10, 10.5)[0].values[slow]
    assert value(drill, tmp_path, "baseline", "etcd.fsync.p99 < 1s") == pytest.approx(0.01)


def test_watches_are_no_part_of_the_sli(drill: JudgedDrill, tmp_path) -> None:
    assert value(drill, tmp_path, "fault", "apiserver.sli.p50 < 1s") == pytest.approx(
        0.000556, abs=1e-6
    )


def test_a_histogram_without_observations_is_invalid(drill: JudgedDrill, tmp_path) -> None:
    for page in drill.scrapes.pages:
        page.values = dict.fromkeys(page.values, 5.0)
    found = drill.asked(tmp_path, "baseline", "etcd.fsync.p99 < 1s")
    assert (found.verdict, found.reason) == (
        Verdict.INVALID,
        "etcd.fsync: nothing was observed in it",
    )


def test_elections_are_those_of_the_member_that_saw_most(drill: JudgedDrill, tmp_path) -> None:
    assert value(drill, tmp_path, "baseline", "etcd.elections == 0") == 0
    assert value(drill, tmp_path, "fault", "etcd.elections == 1") == 1


def test_a_member_that_starts_counts_the_leader_it_finds_and_that_is_no_election(
    drill: JudgedDrill, tmp_path
) -> None:
    pages = drill.scrapes.of("etcd-b", 21.5, 31)
    for page, changes in zip(pages, (0.0, *[1.0] * 20), strict=False):
        page.values[CHANGES] = changes
    assert value(drill, tmp_path, "recovery", "etcd.elections == 0") == 0
    drill.exits = []  # nobody says that it was started
    assert value(drill, tmp_path, "recovery", "etcd.elections == 0") == 1


@pytest.mark.parametrize(("second", "unplanned"), [(14, 0), (18, 1)])
def test_elections_that_no_fault_explains(
    drill: JudgedDrill, tmp_path, second: int, unplanned: int
) -> None:
    # The fault took effect at 11.4 s: up to 16.4 s leader changes are its own.
    for page in drill.scrapes.of("etcd-a", second, 31):
        page.values[CHANGES] += 1
    found = {row.phase: row for row in drill.judged(tmp_path).elections}
    assert (found["fault"].leader_changes, found["fault"].unplanned) == (2, unplanned)


def test_elections_that_nobody_looked_for_are_not_0(drill: JudgedDrill, tmp_path) -> None:
    for page in drill.scrapes.pages:
        if page.second >= 5:
            page.error, page.values = "timeout", {}
    found = {row.phase: row for row in drill.judged(tmp_path).elections}
    assert (found["warmup"].leader_changes, found["warmup"].unplanned) == (0, 0)
    assert (found["fault"].leader_changes, found["fault"].unplanned) == (None, None)


def test_restarts_are_exits_that_nobody_asked_for(drill: JudgedDrill, tmp_path) -> None:
    exit_: dict[str, Any] = {"event": "exited", "pid": 7, "status": -11, "by": "restart"}
    exit_ |= {"time": at(12), "component": "kube-apiserver-c", "asked": False}
    drill.exits.append(exit_)
    assert value(drill, tmp_path, "fault", "apiserver.restarts == 0") == 1
    assert value(drill, tmp_path, "baseline", "apiserver.restarts == 0") == 0
    assert value(drill, tmp_path, "fault", "etcd.restarts == 0") == 0, "the fault asked for it"
    rows = drill.judged(tmp_path).resources
    hit = {(row.phase, row.component): row.restarts for row in rows if row.restarts}
    assert hit == {("fault", "kube-apiserver-c"): 1}
