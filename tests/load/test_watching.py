"""Watch profiles against a real control plane: every write is seen, by everybody, once."""

from pathlib import Path

import numpy as np
import pytest
from load_stage import stage_on

from kubedrill.clock import SECOND
from kubedrill.record.sample import Outcome

pytestmark = pytest.mark.cluster


@pytest.fixture
def stage(cluster, tmp_path: Path):
    return stage_on(cluster, tmp_path / "reports")


def seen(played, name="write.seen"):
    """Staleness in s of what was written in the load."""
    return played.records(name)["total_us"] / 1e6


@pytest.mark.parametrize("encoding", ["json", "protobuf"])
def test_every_informer_sees_every_write(stage, encoding):
    played = stage.of("informer").play(rate=20, seconds=3, clients=12, objects=5, encoding=encoding)
    assert played.outcomes("write") == {200: 60}, played.log
    assert played.outcomes("write.list") == {200: 12}
    assert played.outcomes("write.watch") == {200: 12}
    assert len(seen(played)) == 60 * 12
    assert (
        0 < seen(played).min() < 1.0
    )  # the least: what many see at once comes late on a slow machine
    by_write = np.unique(played.records("write.seen")["intended"], return_counts=True)[1]
    assert set(by_write.tolist()) == {12}


def test_informers_resume_after_the_server_ends_their_watch(stage):
    played = stage.of("informer").play(rate=10, seconds=12, clients=3, objects=5, watch_s=5)
    assert played.outcomes("write") == {200: 120}, played.log
    assert played.outcomes("write.list") == {200: 3}  # resumed from the last event, not LISTed anew
    assert played.outcomes("write.watch")[200] >= 6
    assert len(seen(played)) == 120 * 3


def test_pollers_see_what_is_there_at_their_interval(stage):
    given = {"mode": "poll", "clients": 4, "objects": 3, "interval_s": 1.0}
    played = stage.of("poll_vs_watch").play(rate=10, seconds=4, **given)
    assert played.outcomes("write") == {200: 40}, played.log
    lists = played.outcomes("write.list")
    # A poll of each may be on its way as the load ends.
    assert lists.pop(Outcome.CUT, 0) <= 4
    assert set(lists) == {200}
    assert 12 <= lists[200] <= 24
    shown = played.records("write.seen")
    missed = (
        shown["outcome"] == Outcome.CUT
    )  # by the end of the load, before their pollers asked again
    # Of three objects that are written ten times a second, a poll shows the last version each.
    assert 4 * 3 * 2 <= (~missed).sum() <= 3 * lists[200]
    # Written just before or while the last answer was given, and shown by the next.
    slowest = (
        sum(played.records(series)["total_us"].max() for series in ("write", "write.list")) / 1e6
    )
    assert seen(played).max() < 1.2 + slowest


def test_synchronised_pollers_ask_at_once(stage):
    given = {"mode": "poll", "clients": 6, "interval_s": 1.0, "timing": "synchronised"}
    played = stage.of("poll_vs_watch").play(rate=1, seconds=3, **given)
    times = np.unique(played.records("write.list")["intended"])
    assert (times % SECOND == 0).all()


def test_pollers_may_watch(stage):
    played = stage.of("poll_vs_watch").play(rate=10, seconds=2, mode="watch", clients=4)
    assert len(seen(played)) == 20 * 4, played.log


@pytest.mark.parametrize("encoding", ["json", "protobuf"])
def test_streaming_lists_end_at_their_bookmark(stage, encoding):
    given = {"resource": "configmaps", "encoding": encoding}
    played = stage.of("watch_list").play(rate=10, seconds=2, **given)
    assert played.outcomes("list") == {200: 20}, played.log
    assert played.records("list")["bytes"].min() > 1000


def test_a_storm_of_watches(stage):
    given = {"resource": "configmaps", "initial_events": True, "hold_s": 1.0}
    played = stage.of("watch_storm").play(rate=10, seconds=4, **given)
    assert played.outcomes("open") == {200: 40}, played.log
    held = played.records("open.held")
    assert len(held) == 40
    assert set(held["outcome"].tolist()) <= {200, Outcome.RESTING}
    early = held["intended"] < played.start + 2.5 * SECOND  # the end cuts later ones
    assert early.any()
    assert (held["outcome"][early] == 200).all()
    initial = max(line["counts"].get("initial events", 0) for line in played.vitals())
    assert initial >= 40  # kube-root-ca.crt of the namespace kubedrill, at least


def test_a_watch_that_is_refused(stage):
    played = stage.of("watch_storm").play(
        rate=5, seconds=1, resource="gadgets", api="example.com/v1"
    )
    assert played.outcomes("open") == {404: 5}, played.log
    assert played.outcomes("open.held") == {}
