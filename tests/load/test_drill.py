"""A load as part of a drill: open-loop, every arrival recorded once, ended by its lifeline."""

import os
import signal
import threading
import time

import numpy as np
import pytest
from list_server import ListServer
from load_stage import Played, until

from kubedrill.clock import MILLISECOND, SECOND, now
from kubedrill.record.sample import Outcome


def test_every_arrival_is_recorded_once(stage, server):
    played = stage.play(rate=50, seconds=2)
    records = np.sort(played.records(), order="intended")
    assert played.status == 0
    assert played.outcomes() == {200: 100}
    expected = played.start + np.arange(100) * (SECOND // 50)
    assert np.array_equal(records["intended"], expected.astype(np.uint64))
    assert (records["wait_us"] <= records["first_byte_us"]).all()
    assert (records["first_byte_us"] <= records["total_us"]).all()
    assert (records["bytes"] > 2_000).all()


def test_requests_are_spread_over_identities_and_none_comes_before_it_is_due(stage, server):
    played = stage.play(rate=40, seconds=2)
    tokens = [headers["Authorization"] for _, _, headers in server.served]
    assert {tokens.count(f"Bearer token-{index}") for index in range(8)} == {10}
    assert {headers["User-Agent"] for _, _, headers in server.served} == {"kubedrill-mass-list"}
    assert lags_of(played, server).min() >= 0  # a bunch of them would be sooner, but for its last


def lags_of(played: Played, server: ListServer) -> np.ndarray:
    """Return how much later the server had each of 80 requests than it was due, at 40/s, ns."""
    dues = played.start + np.arange(80) * (SECOND // 40)
    return np.array(sorted(at for at, _, _ in server.served)) - dues


@pytest.mark.alone
def test_requests_are_sent_on_time_and_arrive_evenly(stage, server):
    played = stage.play(rate=40, seconds=2)
    assert np.median(played.records()["wait_us"]) < 250_000  # what counts as late
    assert np.median(lags_of(played, server)) < 250 * MILLISECOND


def test_connections_are_kept(stage, server):
    played = stage.play(rate=8, seconds=4)
    assert played.outcomes() == {200: 32}
    assert server.accepted <= 16  # 8 users; a second one each, if the machine stood still


def test_a_stall_is_seen_by_all_who_should_have_asked_in_it(stage, server):
    server.latencies = [0.01]

    stalls = []

    def meanwhile(child, start):
        until(start + SECOND)
        stalls.append((now() - start) / SECOND)
        server.stall(3.0)

    played = stage.play(rate=50, seconds=5, meanwhile=meanwhile)
    records = played.records()
    assert played.outcomes() == {200: 250}
    since = (records["intended"].astype(np.int64) - played.start) / SECOND
    latency = records["total_us"] / 1e6
    (stall,) = stalls
    within = (since > stall + 0.1) & (since < stall + 2.9)
    assert within.sum() >= 139
    # They waited for its end, and not for each other.
    after = latency[within] + since[within] - (stall + 3.0)
    assert after.min() > -0.05
    assert np.median(after) < 1.0
    # A closed loop would have sent 8 requests in those 3 s, and its p90 would be 10 ms.
    stalled = np.where(since > stall, np.maximum(stall + 3.0 - since, 0), 0)
    assert np.percentile(latency, 50) > 0.3
    assert -0.05 < np.percentile(latency, 90) - np.percentile(stalled, 90) < 1.0


@pytest.mark.alone
def test_percentiles_of_a_known_distribution(stage, server):
    server.latencies = [0.010] * 90 + [0.100] * 9 + [0.500]
    latency = stage.play(rate=200, seconds=5).records()["total_us"] / 1e6
    assert len(latency) == 1000
    assert np.percentile(latency, 50) == pytest.approx(0.010, abs=0.008)
    assert np.percentile(latency, 95) == pytest.approx(0.100, rel=0.1)
    assert np.percentile(latency, 99.7) == pytest.approx(0.500, rel=0.05)


def test_beyond_the_bound_arrivals_are_dropped_and_counted(stage, server):
    server.latencies = [10.0]
    played = stage.play(rate=20, seconds=1, max_in_flight=5, timeout_s=0.3)
    outcomes = played.outcomes()
    assert played.status == 0
    assert sum(outcomes.values()) == 20
    assert set(outcomes) == {Outcome.DROPPED, Outcome.TIMEOUT}
    assert outcomes[Outcome.TIMEOUT] >= 10  # 5 at once, for 0.3 s each
    last = played.vitals()[-1]
    assert last["due"] == 20
    assert last["dropped"] == outcomes[Outcome.DROPPED]
    assert last["sent"] == 20 - last["dropped"]


def test_what_is_in_flight_at_the_end_is_cut(stage, server):
    server.latencies = [30.0]

    def meanwhile(child, start):
        until(start + SECOND)
        child.end()

    played = stage.play(rate=10, seconds=20, meanwhile=meanwhile)
    assert played.status == 0
    assert set(played.outcomes()) == {Outcome.CUT}
    assert 10 <= played.count(Outcome.CUT) < 10 * 20 / 2


def test_it_quits_at_the_end_of_stdin(stage, server):
    def meanwhile(child, start):
        until(start + SECOND // 2)
        ended = time.monotonic()
        child.end()
        assert child.wait(20) == 0
        assert time.monotonic() - ended < 15  # of the 29 s that were left

    played = stage.play(rate=20, seconds=30, meanwhile=meanwhile)
    assert set(played.outcomes()) <= {200, Outcome.CUT}
    assert 10 <= len(played.records()) < 20 * 20


def test_it_quits_when_stdin_ends_before_go(stage, server):
    child = stage.start({})
    child.end()
    assert child.wait(60) == 0
    child.process.stdout.close()
    assert server.served == []


def test_a_stopped_process_shows_late_arrivals(stage, server):
    def meanwhile(child, start):
        until(start + SECOND)
        os.kill(child.pid, signal.SIGSTOP)
        time.sleep(2)
        os.kill(child.pid, signal.SIGCONT)

    played = stage.play(rate=50, seconds=4, meanwhile=meanwhile)
    records = played.records()
    assert played.outcomes() == {200: 200}
    late = records[records["wait_us"] > 250_000]
    assert len(late) >= 80  # those due in the first 1.75 s of the 2 s
    assert late["wait_us"].max() > 1_900_000
    assert (late["total_us"] >= late["wait_us"]).all()
    assert max(line["lag_max_us"] for line in played.vitals()) > 1_900_000


def test_ctrl_c_and_hang_up_are_the_runners_business(stage, server):
    def meanwhile(child, start):
        until(start + SECOND // 2)
        os.kill(child.pid, signal.SIGINT)
        os.kill(child.pid, signal.SIGHUP)

    played = stage.play(rate=20, seconds=2, meanwhile=meanwhile)
    assert played.status == 0
    assert played.outcomes() == {200: 40}


@pytest.mark.parametrize(
    ("behaviour", "outcome"),
    [
        ("/reset-mid-body", Outcome.RESET),
        ("/eof-mid-body", Outcome.EOF),
        ("/bad-chunk", Outcome.MALFORMED),
        ("/stall", Outcome.TIMEOUT),
        ("/too-many", 429),
    ],
)
def test_failures_are_results(stage, server, behaviour, outcome):
    server.behaviour = behaviour
    limit_s = 0.4 if outcome is Outcome.TIMEOUT else 20.0
    played = stage.play(rate=10, seconds=1, timeout_s=limit_s)
    assert played.status == 0
    assert played.outcomes() == {outcome: 10}


def test_a_server_that_is_gone_and_comes_back(stage, server):
    def meanwhile(child, start):
        until(start + SECOND // 2)
        server.close()

    played = stage.play(rate=20, seconds=1, meanwhile=meanwhile)
    assert played.status == 0
    assert played.count(200) >= 5
    assert sum(played.outcomes().values()) == 20


def test_vitals_a_line_a_second(stage, server):
    played = stage.play(rate=20, seconds=3)
    lines = played.vitals()
    times = [line["time"] for line in lines]
    within = [at for at in times if at >= played.start]
    assert len(within) >= 3
    assert np.median(np.diff(times)) / SECOND == pytest.approx(1.0, abs=0.2)
    last = lines[-1]
    assert (last["due"], last["sent"], last["dropped"], last["in_flight"]) == (60, 60, 0, 0)
    assert last["bytes_in"] >= 60 * 2_000
    assert last["cpu_s"] > 0
    assert last["rss_bytes"] > 10_000_000


def test_samples_are_flushed_while_it_runs(stage, server):
    """They are there before the load ends, more and more of them, and none before it was due."""
    seen = []

    def meanwhile(child, start):
        for step in range(1, 9):
            until(start + step * SECOND // 2)
            written = (stage.folder.samples / "load-list.bin").stat().st_size // 28
            seen.append((written, 100 * (now() - start) / SECOND))

    stage.play(rate=100, seconds=4.5, meanwhile=meanwhile)
    assert all(written <= due + 1 for written, due in seen)
    assert len({written for written, _ in seen}) > 4
    assert seen[-1][0] > 200  # of the 400 that were due


def test_users_and_samples_are_there_before_go(stage, server):
    child = stage.start({"limit": 5})
    sidecar = (stage.folder.samples / "load-list.json").read_text()
    child.end()
    child.wait(60)
    child.process.stdout.close()
    assert '"role": "transaction"' in sidecar
    assert '"limit": 5' in sidecar


def test_nothing_is_printed_but_ready(stage, server):
    child = stage.start({})
    start = stage.go(child, 10, 0.5, {})
    threading.Thread(target=child.wait, args=(10,)).start()
    assert child.process.stdout.read() == b""
    assert child.wait(60) == 0
    assert now() > start
    child.process.stdout.close()
