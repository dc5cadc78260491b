"""watch-storm and watch-list against a server of known behaviour."""

import time
from collections.abc import Iterator

import numpy as np
import pytest
from behaving_server import Certificate
from load_stage import PROFILES, Stage, check
from watch_server import WatchServer, error_event

from kubedrill.clock import SECOND
from kubedrill.errors import NotStarted
from kubedrill.record.sample import Outcome

WATCHES = {"resource": "configmaps"}
GARBAGE = b"<html>no watch</html>\n"


@pytest.fixture
def server(certificate: Certificate) -> Iterator[WatchServer]:
    watched = WatchServer(certificate)
    yield watched
    watched.close()


def play(stage: Stage, profile: str, *, seconds=2.0, at=None, then=None, **given):
    def meanwhile(_, start: int) -> None:
        if then:
            time.sleep(max(start / SECOND + at - time.monotonic(), 0))
            then()

    played = stage.of(profile).play(10, seconds, meanwhile, **WATCHES, **given)
    assert played.status == 0, played.log
    assert "Traceback" not in played.log
    return played


@pytest.mark.parametrize("encoding", ["json", "protobuf"])
def test_a_streamed_list_ends_at_its_bookmark(stage, server, encoding):
    played = play(stage, "watch_list", encoding=encoding)
    assert played.outcomes() == {200: 20}
    (query,) = {tuple(sorted(query.items())) for query in server.queries("GET", True)}
    assert dict(query) == {
        "watch": "1",
        "sendInitialEvents": "true",
        "resourceVersionMatch": "NotOlderThan",
        "allowWatchBookmarks": "true",
    }
    assert played.records()["bytes"].min() > server.items * 50
    assert server.watching == 0


def test_a_streamed_list_without_its_bookmark_has_failed(stage, server):
    server.mark_end = False
    played = play(stage, "watch_list", timeout_s=0.5)
    assert played.outcomes() == {Outcome.TIMEOUT: 20}
    assert played.records()["total_us"].min() >= 500_000


@pytest.mark.parametrize(
    ("data", "outcome"), [(error_event(410), 410), (GARBAGE, Outcome.MALFORMED)]
)
@pytest.mark.parametrize("profile", ["watch_list", "watch_storm"])
def test_what_comes_instead_of_the_bookmark(stage, server, profile, data, outcome):
    server.mark_end, server.first = False, data
    given = {"initial_events": True} if profile == "watch_storm" else {}
    played = play(stage, profile, **given)
    assert played.outcomes("list" if profile == "watch_list" else "open") == {outcome: 20}


def test_watches_are_held_and_let_go(stage, server):
    most = []
    then = {"at": 2.8, "then": lambda: most.append(server.watching)}
    played = play(stage, "watch_storm", seconds=4, hold_s=1.0, **then)
    assert played.outcomes("open") == {200: 40}
    assert 0 < most[0] < 28  # of those that were due, some have been let go
    held = played.records("open.held")
    assert (held["outcome"] == 200).sum() >= 20
    lasted = held["total_us"][held["outcome"] == 200]
    assert 950_000 < np.median(lasted) < 2_000_000
    assert server.watching == 0


def test_initial_events_are_counted(stage, server):
    played = play(stage, "watch_storm", initial_events=True, hold_s=0.1)
    assert played.outcomes("open") == {200: 20}
    counted = played.vitals()[-1]["counts"]["initial events"]
    assert counted == 20 * server.items


def test_all_are_dropped_at_one_moment_and_opened_again(stage, server):
    played = play(stage, "watch_storm", seconds=5, hold_s=60, drop_every_s=2.0)
    again = played.records("open.again")
    moments = np.unique(again["intended"])
    assert set(again["outcome"][again["intended"] == moments[0]].tolist()) == {200}
    assert set(again["outcome"].tolist()) <= {200, Outcome.CUT}  # by the end of the load
    assert 2 <= len(moments) <= 3
    assert (np.diff(moments) == 2 * SECOND).all()
    assert again["wait_us"].max() < 2_000_000  # not spread over the time until the next one
    # Whoever is there takes part; each time there are more.
    counts = [int((again["intended"] == moment).sum()) for moment in moments]
    assert counts == sorted(counts)
    assert counts[-1] >= 20


def test_a_watch_that_the_server_breaks_is_not_held(stage, server):
    cut = {"at": 1.0, "then": lambda: server.cut(abruptly=True)}
    played = play(stage, "watch_storm", seconds=2, hold_s=60, **cut)
    held = played.outcomes("open.held")
    broken = held.get(Outcome.EOF, 0) + held.get(Outcome.RESET, 0)
    assert 0 < broken < 20  # those that were there
    assert broken + held[Outcome.RESTING] == 20


@pytest.mark.parametrize(
    ("profile", "parameters", "message"),
    [
        ("watch_storm", {"hold_s": 5.0, "drop_every_s": 5.0}, "must be less than hold_s"),
        ("watch_storm", {"resource": "widgets"}, 'api: "example.com/v1"'),
        ("watch_storm", {"resource": "nodes", "namespace": "x"}, "in no namespace"),
        ("watch_list", {"api": "example.com/v1", "encoding": "protobuf"}, 'encoding: "json"'),
        ("informer", {"watch_s": 1}, "watch_s: input should be greater than or equal to 5"),
        ("informer", {"after_drop": "relist"}, "needs drop_every_s"),
        ("poll_vs_watch", {"mode": "push"}, "mode: "),
        ("poll_vs_watch", {"mode": "poll", "drop_every_s": 5.0}, "mode: watch has"),
    ],
)
def test_what_cannot_be_asked_for(profile, parameters, message):
    with pytest.raises(NotStarted, match=message):
        check(PROFILES / f"{profile}.py", parameters)


def test_what_is_opened_again_when_the_load_ends_is_on_record(stage, server):
    def mute() -> None:
        while server.watching < 3:
            time.sleep(0.02)
        server.mute = True

    given = {"hold_s": 60, "drop_every_s": 2.0, "timeout_s": 4.0}
    played = play(stage, "watch_storm", seconds=4.5, at=0, then=mute, **given)
    again = played.outcomes("open.again")
    assert again.get(Outcome.CUT, 0) + again.get(Outcome.TIMEOUT, 0) >= 3
