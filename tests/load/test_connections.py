"""How many connections, kept or not; and what is done about Retry-After."""

import numpy as np
import pytest

from kubedrill.record.sample import Outcome


def test_no_more_connections_than_asked_for(stage, server):
    server.latencies = [0.2]
    played = stage.play(rate=80, seconds=2, connections=1)
    assert played.outcomes() == {200: 160}, played.log
    assert server.accepted <= 8 + 8  # as many may have been given up, ahead of the load
    # Eight connections serve 40 a second; the others have waited, and that counts against us.
    records = played.records()
    assert records["total_us"].max() > 1_500_000
    served = (records["total_us"] - records["wait_us"]).astype(np.int64)
    assert served.min() >= 200_000
    assert np.median(served) < records["total_us"].max() / 2
    held_back = played.vitals()[-1]["held_back"]
    # Whoever was held back is late; so may be others, on a machine that is slow.
    assert 80 < held_back <= (records["wait_us"] > 250_000).sum()


def test_who_waits_too_long_has_failed(stage, server):
    server.latencies = [0.5]
    played = stage.play(rate=64, seconds=1, connections=1, timeout_s=1)
    assert set(played.outcomes()) <= {200, Outcome.TIMEOUT, Outcome.NO_CONNECTION}, played.log
    records = played.records()
    assert len(records) == 64
    lost = records[records["outcome"] != 200]
    assert len(lost) >= 30
    assert (lost["wait_us"] > 250_000).all()  # had they been sent, they would have been served


def test_as_many_as_it_takes(stage, server):
    server.latencies = [0.5]
    played = stage.play(rate=80, seconds=1)
    assert played.outcomes() == {200: 80}, played.log
    assert server.accepted > 16


def test_a_new_connection_for_each_request(stage, server):
    played = stage.play(rate=20, seconds=1, keep_alive=False)
    assert played.outcomes() == {200: 20}, played.log
    # Those that were opened before the first arrival are used, too.
    assert 20 <= server.accepted <= 28


@pytest.mark.parametrize(("retry_after", "obeyed"), [("ignore", False), ("obey", True)])
def test_retry_after(stage, server, retry_after, obeyed):
    server.behaviour = "/too-many"
    played = stage.play(rate=4, seconds=1, retry_after=retry_after, timeout_s=5.5)
    assert played.outcomes() == {429: 4}, played.log
    counted = played.vitals()[-1]["counts"]
    if obeyed:
        # The server says 3 s: once more within the timeout, then the answer is given as it is.
        assert counted == {"http 429, Retry-After 3 s": 8, "sent again after Retry-After": 4}
        assert played.records()["total_us"].min() > 3_000_000
        # The first tries are in the samples, too.
        assert played.outcomes("list.refused") == {429: 4}
        assert played.records("list.refused")["total_us"].max() < 3_000_000
    else:
        assert counted == {"http 429, Retry-After 3 s": 4}
        assert len(played.records("list.refused")) == 0
        assert played.records()["total_us"].max() < 3_000_000


def test_a_retry_after_of_nothing_lets_others_run(stage, server):
    server.behaviour = "/too-many-at-once"
    played = stage.play(rate=20, seconds=1, retry_after="obey", timeout_s=1)
    assert played.status == 0, played.log
    assert set(played.outcomes()) <= {429, Outcome.TIMEOUT}
    # Had each kept the process for itself until its timeout, they would have waited for ten seconds.
    assert np.median(played.records()["wait_us"]) < 1_000_000
    tries = len(played.records("list.refused"))
    assert 20 * 2 < tries <= len(server.served) <= tries + 20
