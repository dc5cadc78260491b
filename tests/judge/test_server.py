"""What stands beside the objectives: the server's own view, resources, and what watching costs."""

import pytest
from judged_drill import JudgedDrill


def test_the_servers_view_of_a_phase(drill: JudgedDrill, tmp_path) -> None:
    rows = [row for row in drill.judged(tmp_path).server_latency if row.phase == "baseline"]
    seen = {(row.verb, row.resource, row.scope): row.requests for row in rows}
    # Three apiservers at 40 LISTs/s for 5 s; etcd-b was last seen at 9.05 s of 10; no watches.
    assert seen == {
        ("LIST", "pods", "cluster"): 600,
        ("fsync", "etcd", ""): 1400,
        ("commit", "etcd", ""): 140,
    }
    for row in rows:
        assert (row.p50_s, row.p99_s) == (pytest.approx(0.000556, abs=1e-6), pytest.approx(0.01))


def test_a_run_that_nobody_scraped_has_no_servers_view(drill: JudgedDrill, tmp_path) -> None:
    drill.scrapes.pages.clear()
    report = drill.judged(tmp_path)
    assert report.server_latency == []
    assert {row.requests_share for row in report.harness} == {None}


def test_resources_of_every_component_and_of_the_harness(drill: JudgedDrill, tmp_path) -> None:
    drill.scrapes.resources[16]["processes"]["etcd-c"]["rss_bytes"] = 300_000_000  # at 15 s
    rows = {(row.phase, row.component): row for row in drill.judged(tmp_path).resources}
    assert len(rows) == 4 * (7 + 2 + 1)
    host = rows["baseline", "host"]
    assert (host.cpu_s, host.rss_peak_bytes, host.zone) == (5.0, 4_000_000_000, None)
    assert rows["baseline", "etcd-a"].cpu_s == pytest.approx(2.5)
    assert rows["baseline", "prober"].cpu_s == pytest.approx(0.5)
    assert rows["fault", "etcd-c"].rss_peak_bytes == 300_000_000
    assert rows["recovery", "etcd-c"].rss_peak_bytes == 100_000_002
    assert (rows["fault", "haproxy"].zone, rows["fault", "etcd-c"].zone) == (None, "c")


def test_what_watching_costs(drill: JudgedDrill, tmp_path) -> None:
    cost = {row.phase: row for row in drill.judged(tmp_path).harness}["baseline"]
    # 2 x 0.1 cores beside 7 x 0.5.
    assert cost.cpu_share == pytest.approx(0.2 / 3.5)
    # What the prober's connections took, not its answers' bodies; 18 scrapes; 500 LISTs of 5,000 B.
    ours = 5 * 30_000 + 18 * 100
    assert cost.bytes_share == pytest.approx(ours / (ours + 500 * 5000))
    # 240 probes and 3 scrapes of apiservers, of 3 x 60 requests a second.
    assert cost.requests_share == pytest.approx(243 / 900)


def test_a_process_that_was_not_there_has_no_figures(drill: JudgedDrill, tmp_path) -> None:
    for line in drill.scrapes.resources:
        del line["processes"]["haproxy"], line["harness"]["scraper"]
    report = drill.judged(tmp_path)
    rows = {(row.phase, row.component): row for row in report.resources}
    assert (rows["fault", "haproxy"].cpu_s, rows["fault", "haproxy"].rss_peak_bytes) == (None, None)
    assert {row.cpu_share for row in report.harness} == {None}, (
        "half of the harness is not its cost"
    )


def test_loads_and_their_pages_stand_apart(drill: JudgedDrill, tmp_path) -> None:
    drill.load["outcome"][drill.lists(5, 6)] = 429
    drill.load["wait_us"][drill.lists(9.9, 10)] = 300_000
    for line in drill.vitals[5:10]:
        line["lag_max_us"] = 7_000
    for line in drill.vitals[8:]:
        line["counts"] = {"http 429, Retry-After 1 s": 90}
    for line in drill.vitals[12:]:
        line["counts"] = {"http 429, Retry-After 1 s": 100}
    rows = {(row.phase, row.name): row for row in drill.judged(tmp_path).load}
    row, pages = rows["baseline", "list"], rows["baseline", "list.page"]
    assert (row.offered, row.achieved, row.requests) == (100.0, 80.0, 500)
    assert (row.errors, row.bytes, row.late_share) == ({"http 429": 100}, 2_500_000, 0.02)
    assert row.counts == {"http 429, Retry-After 1 s": 90}
    assert rows["fault", "list"].counts == {"http 429, Retry-After 1 s": 10}
    assert row.latency_s["p50"] == pytest.approx(0.02)
    assert row.cpu_s == pytest.approx(0.5)
    assert (pages.cpu_s, pages.requests) == (None, 500)
    assert (pages.achieved, pages.errors) == (100.0, {})
    assert row.lag_p99_s == pytest.approx(0.007)
    assert rows["fault", "list"].lag_p99_s == pytest.approx(0.001)
