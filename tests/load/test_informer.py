"""Informers against a server of known behaviour: what they do after each failure, as client-go does."""

import os
import subprocess
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from behaving_server import Certificate
from load_stage import PROFILES, Played, Stage
from watch_server import FIRST, WatchServer, error_event

from kubedrill.clock import SECOND, now
from kubedrill.load import launch
from kubedrill.reading.arrivals import Arrivals
from kubedrill.record.sample import Outcome
from kubedrill.record.schedule import ScheduledLoad

GIVEN = {"clients": 4, "objects": 2, "encoding": "json"}


@pytest.fixture
def server(certificate: Certificate) -> Iterator[WatchServer]:
    watched = WatchServer(certificate)
    yield watched
    watched.close()


def play(stage: Stage, seconds: float = 2, after: float = 0.5, meanwhile=None, **given) -> Played:
    """Play; `meanwhile` happens so many seconds after the first arrival."""

    def then(_, start: int) -> None:
        time.sleep(max(start / SECOND + after - time.monotonic(), 0))
        if meanwhile:
            meanwhile()

    played = stage.of("informer").play(10, seconds, then, **{**GIVEN, **given})
    assert played.status == 0, played.log
    assert "Traceback" not in played.log
    return played


def once_told(server: WatchServer, act: Callable[[], None]) -> Callable[[], None]:
    """Return what acts when the four informers have been told of a few writes: a slow load begins late."""

    def wait_and_act() -> None:
        latest = now() + 60 * SECOND
        while server.sent < 4 * 4:
            assert now() < latest
            time.sleep(0.01)
        act()

    return wait_and_act


def begun_anew(server: WatchServer) -> list[dict[str, str]]:
    return [query for query in server.queries("GET", True) if "sendInitialEvents" in query]


def resumed(server: WatchServer) -> list[dict[str, str]]:
    return [query for query in server.queries("GET", True) if "sendInitialEvents" not in query]


@pytest.mark.parametrize("encoding", ["json", "protobuf"])
@pytest.mark.parametrize("begin", ["stream", "list"])
def test_every_write_is_seen_by_every_informer(stage, server, begin, encoding):
    played = play(stage, begin=begin, encoding=encoding)
    assert played.outcomes("write") == {200: 20}
    assert played.outcomes("write.list") == {200: 4}
    assert played.outcomes("write.watch") == {200: 4}
    assert len(played.records("write.lost")) == 0
    seen = played.records("write.seen")
    assert len(seen) == 4 * 20
    assert np.median(seen["total_us"]) < SECOND // 1000
    if begin == "list":
        assert server.queries("GET", False) == [{"resourceVersion": "0"}] * 4
        assert {query["resourceVersion"] for query in resumed(server)} == {str(FIRST)}
    else:
        assert server.queries("GET", False) == []
        assert len(begun_anew(server)) == 4


@pytest.mark.parametrize("abruptly", [False, True])
def test_a_lost_watch_is_resumed_at_once_from_the_last_event(stage, server, abruptly):
    played = play(stage, 3, meanwhile=once_told(server, lambda: server.cut(abruptly)))
    (outcome,) = played.outcomes("write.lost")
    assert outcome in ({Outcome.EOF, Outcome.RESET} if abruptly else {200})
    assert len(begun_anew(server)) == 4
    again = resumed(server)
    assert len(again) == 4
    assert all(FIRST < int(query["resourceVersion"]) <= FIRST + 30 for query in again)
    assert len(played.records("write.seen")) == 4 * 30  # none is missed, none comes twice
    lost = np.sort(played.records("write.lost")["intended"])
    resumptions = np.sort(played.records("write.watch")["intended"])[-4:]
    assert (resumptions - lost).max() < SECOND * 8 // 10  # the least pause after a failure


def test_all_watches_are_dropped_at_one_moment_and_resumed(stage, server):
    played = play(stage, 3.5, drop_every_s=2.0)
    lost = played.outcomes("write.lost")
    assert lost in ({200: 4}, {200: 8}, {200: 12})  # informers are up half a second before
    dropped = played.records("write.lost")["intended"] % (2 * SECOND)
    assert np.median(dropped) < SECOND // 2
    assert len(resumed(server)) in {lost[200], lost[200] - 4}  # the end may come between
    assert all(int(query["resourceVersion"]) >= FIRST for query in resumed(server))
    assert len(begun_anew(server)) == 4
    seen = played.outcomes("write.seen")
    assert seen[200] + seen.get(Outcome.CUT, 0) == 4 * 35  # none is missed, none comes twice
    assert seen[200] >= 4 * 30
    assert played.vitals()[-1]["counts"]["watches dropped"] == lost[200]


@pytest.mark.parametrize("begin", ["stream", "list"])
def test_dropped_watches_may_take_everything_anew(stage, server, begin):
    played = play(stage, 5.5, drop_every_s=3.0, after_drop="relist", begin=begin)
    dropped = played.outcomes("write.lost")
    assert set(dropped) == {200}
    assert dropped[200] >= 4
    taken = played.outcomes("write.list")
    assert dropped[200] <= taken[200] <= 4 + dropped[200]  # the end may come between
    if begin == "list":
        assert len(server.queries("GET", False)) == taken[200]
    # While they are away objects are written several times: only the last write is seen, and once.
    seen = played.outcomes("write.seen")
    assert set(seen) <= {200, Outcome.CUT}
    assert 4 * 10 <= seen[200] <= sum(seen.values()) <= 4 * 55


@pytest.mark.parametrize("begin", ["stream", "list"])
def test_gone_begins_anew_after_a_pause(stage, server, begin):
    gone = once_told(server, lambda: server.to_all(error_event(410)))
    played = play(stage, 6, meanwhile=gone, begin=begin)
    assert played.outcomes("write.lost") == {410: 4}
    assert played.outcomes("write.list") == {200: 8}
    lost = np.sort(played.records("write.lost")["intended"])
    pauses = (np.sort(played.records("write.watch")["intended"])[-4:] - lost) / SECOND
    assert pauses.min() > 0.7
    assert np.median(pauses) < 2.5
    asked = begun_anew(server)[4:] if begin == "stream" else server.queries("GET", False)[4:]
    assert all(int(query["resourceVersion"]) > FIRST for query in asked)  # that one, or a later


@pytest.mark.parametrize("begin", ["stream", "list"])
def test_a_version_that_is_gone_for_a_list_too(stage, server, begin):
    def forget() -> None:
        server.forgotten = True
        server.to_all(error_event(410))

    # Two pauses of up to 1.6 s and 3.2 s.
    played = play(stage, 8, meanwhile=forget, begin=begin)
    assert played.outcomes("write") == {200: 80}
    recent = begun_anew(server) if begin == "stream" else server.queries("GET", False)
    assert sum("resourceVersion" not in query for query in recent) == (
        8 if begin == "stream" else 4
    )
    refused = played.outcomes("write.watch" if begin == "stream" else "write.list")
    assert refused[410] == 4


def test_what_is_no_event_counts_as_malformed_and_does_not_end_the_load(stage, server):
    played = play(stage, 4, meanwhile=lambda: server.to_all(b'{"some":"thing"}\n'))
    assert played.outcomes("write.lost") == {Outcome.MALFORMED: 4}
    assert played.outcomes("write") == {200: 40}
    assert len(begun_anew(server)) == 8


@pytest.mark.parametrize("begin", ["stream", "list"])
def test_what_is_not_seen_has_failed(stage, server, begin):
    muted = []

    def mute() -> None:
        server.mute = True
        muted.append(now())

    played = play(stage, 5, meanwhile=once_told(server, mute), begin=begin, timeout_s=2.0)
    seen = played.records("write.seen")
    assert len(seen) == 4 * 50
    outcomes = played.outcomes("write.seen")
    assert outcomes[200] == server.sent > 0
    assert not (seen["outcome"][seen["intended"] > muted[0]] == 200).any()
    late = seen[seen["outcome"] == Outcome.TIMEOUT]  # for longer than two seconds
    assert late["total_us"].min() > 2_000_000
    cut = seen[seen["outcome"] == Outcome.CUT]
    assert cut["total_us"].max() <= 2_000_000
    assert outcomes[200] + len(late) + len(cut) == len(seen)


def test_what_the_end_interrupts_is_on_record(stage, server):
    def mute() -> None:
        server.mute = True
        muted.append(now())
        server.cut(abruptly=True)

    muted: list[int] = []
    played = play(stage, 4, meanwhile=once_told(server, mute), timeout_s=10.0)
    assert played.outcomes("write.watch") == {200: 4, Outcome.CUT: 4}
    outcomes = played.outcomes("write.seen")
    assert outcomes[200] + outcomes[Outcome.CUT] == 4 * 40
    seen = played.records("write.seen")
    assert (seen["outcome"][seen["intended"] > muted[0]] == Outcome.CUT).all()
    assert 0 < outcomes[200] <= server.sent  # what is unread at a reset is lost with it


def test_a_refused_watch_waits_longer_and_longer(stage, server):
    def overload() -> None:
        server.watch_status = "429 Too Many Requests"
        server.cut(abruptly=True)

    played = play(stage, 5, meanwhile=overload)
    watches = played.outcomes("write.watch")
    assert watches[200] == 4
    assert 4 * 2 <= watches[429] <= 4 * 4  # after 0.8-1.6 s, then twice that
    assert len(begun_anew(server)) == 4


def test_an_initial_list_without_its_end_is_not_up(stage, server):
    server.mark_end = False
    given = {**GIVEN, "timeout_s": 1.0}
    load = ScheduledLoad("list", "informer", Arrivals.constant(1), given)
    command, environment = launch.command(PROFILES / "informer.py", load, stage.folder)
    log = stage.folder.logs / "load.log"
    with log.open("wb") as file:
        status = subprocess.run(
            command,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            timeout=90,
            check=False,
        ).returncode
    assert status == 1
    assert "clients are not up after 1 s" in log.read_text()


def test_connections_end_with_the_load(stage, server):
    play(stage, 2)
    deadline = time.monotonic() + 60
    while server.watching:
        assert time.monotonic() < deadline
        time.sleep(0.02)
