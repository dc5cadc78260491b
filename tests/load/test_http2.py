"""A load over HTTP/2: its connections, and what becomes of requests when the server ends one."""

import json
import threading
import time
from collections import defaultdict
from collections.abc import Iterator

import pytest
from behaving_server import Certificate
from frame_server import FrameServer, Request, Talk, head
from list_server import json_list
from load_stage import PROFILE, check, until
from watch_server import FIRST, json_event, json_object

from kubedrill.clock import SECOND
from kubedrill.errors import NotStarted
from kubedrill.record.sample import Outcome
from kubedrill.wire.http2 import frames

USERS = 8
PODS = json_list("PodList", "", 10)


class Lists:
    """Answers LISTs of pods, as it is told to."""

    def __init__(self) -> None:
        self.latency_s = 0.0
        self.goaway_every = 0
        self.resets = False
        self.now_open = self.most_open = self.served = 0
        self._lock = threading.Lock()

    def __call__(self, talk: Talk, request: Request) -> None:
        with self._lock:
            self.served += 1
            leaves = self.goaway_every and self.served % self.goaway_every == 0
            self.now_open += 1
            self.most_open = max(self.most_open, self.now_open)
        time.sleep(self.latency_s)
        if leaves:
            talk.leave()
        if not talk.takes(request):
            pass
        elif self.resets:
            talk.send(frames.reset(request.stream, frames.REFUSED_STREAM))
        else:
            talk.head(request.stream, head(length=len(PODS)))
            talk.body(request.stream, PODS)
        with self._lock:
            self.now_open -= 1


@pytest.fixture
def lists() -> Lists:
    return Lists()


@pytest.fixture
def server(certificate: Certificate, lists: Lists) -> Iterator[FrameServer]:
    paths = ("/api/v1/pods", "/behind/a/gateway/api/v1/pods")
    frame_server = FrameServer(certificate, dict.fromkeys(paths, lists))
    yield frame_server
    frame_server.close()


def play(stage, rate=80, **parameters):
    return stage.play(rate=rate, seconds=1, http="2", **parameters)


def used(server: FrameServer) -> list[Talk]:
    """Return the connections that were asked something; not those that a slow machine had begun to open
    ahead of the load, and given up when it began."""
    return [talk for talk in server.talks if talk.requests]


def test_every_user_has_one_connection(stage, server, lists):
    lists.latency_s = 0.2
    played = play(stage)
    assert played.outcomes() == {200: 80}, played.log
    assert len(used(server)) == USERS
    assert lists.most_open > USERS  # several at the same time on one of them
    assert played.records()["total_us"].min() >= 200_000
    assert set(played.records()["bytes"].tolist()) == {len(PODS)}
    assert set(played.records()["target"].tolist()) == {1}
    assert played.vitals()[-1]["bytes_in"] > 80 * len(PODS)
    agents = {request.headers["user-agent"] for request in server.requests}
    assert agents == {"kubedrill-mass-list"}


def test_as_many_connections_as_asked_for(stage, server):
    played = play(stage, connections=3)
    assert played.outcomes() == {200: 80}, played.log
    assert len(used(server)) == 3 * USERS
    assert max(len(talk.requests) for talk in used(server)) <= 5


def test_another_connection_when_the_server_takes_no_more_on_one(stage, server, lists):
    server.settings = {frames.MAX_CONCURRENT_STREAMS: 2}
    lists.latency_s = 0.5
    played = play(stage)
    assert played.outcomes() == {200: 80}, played.log
    assert USERS < len(used(server)) <= 5 * USERS  # if all ten requests of each are there at once
    assert lists.most_open > 2 * USERS  # none waits for the two streams of the first


def test_no_more_connections_than_asked_for(stage, server, lists):
    server.settings = {frames.MAX_CONCURRENT_STREAMS: 2}
    lists.latency_s = 0.2
    played = play(stage, rate=160, connections=1)
    assert played.outcomes() == {200: 160}, played.log
    assert len(used(server)) == USERS
    # Sixteen streams serve 80 a second; the others have waited, and that counts against us.
    records = played.records()
    assert records["total_us"].max() > 700_000
    held_back = played.vitals()[-1]["held_back"]
    # Whoever was held back is late; so may be others, on a machine that is slow.
    assert 40 < held_back <= (records["wait_us"] > 250_000).sum()


def test_a_connection_for_each_request(stage, server):
    played = play(stage, rate=20, keep_alive=False)
    assert played.outcomes() == {200: 20}, played.log
    assert len(used(server)) == 20


@pytest.mark.parametrize("connections", [0, 2])
def test_goaway_is_obeyed_and_nothing_is_lost(stage, server, lists, connections):
    lists.latency_s, lists.goaway_every = 0.05, 10
    played = play(stage, rate=200, connections=connections)
    # The slower the machine, the more requests cross a GOAWAY: these, and no others, were not taken.
    left = [talk for talk in server.talks if talk.last is not None]
    crossed = sum(not talk.takes(request) for talk in left for request in talk.requests.values())
    assert len(left) > 5
    assert played.count(Outcome.GOAWAY) == crossed, played.log
    assert played.count(200) == 200 - crossed > 100, played.log
    for talk in left:
        assert frames.HEADERS not in [kind for kind, _, _, _ in after_ping(talk)]
    assert len(used(server)) > USERS + 5


def after_ping(talk: Talk) -> list[tuple[int, int, int, bytes]]:
    """Return what a client has sent since it read the server's GOAWAY."""
    answered = next(
        n for n, (kind, flags, _, _) in enumerate(talk.frames) if kind == frames.PING and flags
    )
    return talk.frames[answered:]


def test_streams_that_are_reset(stage, lists):
    lists.resets = True
    assert play(stage, rate=20).outcomes() == {Outcome.STREAM_RESET: 20}


def test_a_server_that_is_gone(stage, server):
    def end(child, start):
        server.close()
        for talk in server.talks:
            talk.close()

    played = stage.play(20, 1, end, http="2")
    assert played.outcomes() == {Outcome.REFUSED: 20}, played.log


def test_stand_alone(locust, server):
    done = locust(
        *("--headless", "--users", "2", "--spawn-rate", "2", "--rate", "20", "--http", "2"),
        served=20,
    )
    assert done.returncode == 0, done.stderr
    assert len(used(server)) == 2


def test_what_cannot_be_combined():
    with pytest.raises(NotStarted, match="leave connections out"):
        check(PROFILE, {"http": "2", "connections": 2, "keep_alive": False})


class Watches:
    """Answers PUTs, and watches with what is PUT; once it is to leave, each ends on a GOAWAY."""

    def __init__(self) -> None:
        self.leave = threading.Event()
        self.asked: list[tuple[Talk, str]] = []
        """The watches: their connection, and path."""
        self._log: list[tuple[int, dict[str, str]]] = []
        self._lock = threading.Lock()

    def __call__(self, talk: Talk, request: Request) -> None:
        path = request.headers[":path"]
        if "watch=1" in path:
            self.asked.append((talk, path))
            self._watch(talk, request, path)
            return
        request.whole.wait(3)
        if not talk.takes(request):
            return
        if request.headers[":method"] == "PUT":
            with self._lock:
                written = json.loads(request.body)["metadata"]["annotations"]
                version = FIRST + len(self._log) + 1
                self._log.append((version, written))
            talk.answer(request.stream, json_object(version, written))
        else:
            talk.answer(request.stream, b"{}")

    def _watch(self, talk: Talk, request: Request, path: str) -> None:
        talk.head(request.stream, head())
        version, leaves = FIRST, not self.leave.is_set()
        if "sendInitialEvents" in path:
            end = {"k8s.io/initial-events-end": "true"}
            talk.body(request.stream, json_event("BOOKMARK", version, end), ends=False)
        else:
            version = int(path.partition("resourceVersion=")[2])
        version = self._follow(talk, request, version, lambda: leaves and self.leave.is_set())
        talk.leave()
        ending = time.monotonic() + 0.5
        self._follow(talk, request, version, lambda: time.monotonic() > ending)
        talk.body(request.stream, b"")

    def _follow(self, talk: Talk, request: Request, version: int, done) -> int:
        while not done():
            for number, written in [entry for entry in self._log if entry[0] > version]:
                talk.body(request.stream, json_event("MODIFIED", number, written), ends=False)
                version = number
            time.sleep(0.01)
        return version


def test_an_informer_goes_on_through_a_goaway(stage, certificate, server):
    watches = Watches()
    server.behaviours = defaultdict(lambda: watches)
    given = {"clients": 4, "objects": 2, "encoding": "json", "http": "2"}

    def leave(_, start: int) -> None:
        until(start + SECOND)
        watches.leave.set()

    played = stage.of("informer").play(10, 3, leave, **given)
    written = played.outcomes("write")
    assert written[200] >= 26, played.log
    assert set(written) <= {200, Outcome.GOAWAY}
    assert played.outcomes("write.lost") == {200: 4}
    assert played.outcomes("write.watch") == {200: 8}
    assert len(played.records("write.seen")) == 4 * written[200]  # none is missed, none comes twice
    first, again = watches.asked[:4], watches.asked[4:]
    assert all(f"resourceVersion={FIRST + 1}" <= path.rpartition("&")[2] for _, path in again)
    assert not {id(talk) for talk, _ in first} & {id(talk) for talk, _ in again}
