"""What an informer asks for, and when, after what a server does to it: as client-go 0.37."""

import time
from collections.abc import Iterator
from itertools import pairwise

import pytest
from behaving_server import CHUNKED, Certificate, head
from load_stage import Played, Stage
from watch_server import WatchServer, chunk, error_event

from kubedrill.clock import SECOND


@pytest.fixture
def server(certificate: Certificate) -> Iterator[WatchServer]:
    server = WatchServer(certificate)
    yield server
    server.close()


def play(stage: Stage, seconds: float, meanwhile=None) -> Played:
    """Play one informer; `meanwhile` happens half a second after the first arrival."""

    def then(_, start: int) -> None:
        time.sleep(max(start / SECOND + 0.5 - time.monotonic(), 0))
        if meanwhile:
            meanwhile()

    played = stage.of("informer").play(10, seconds, then, **GIVEN)
    assert played.status == 0, played.log
    assert "Traceback" not in played.log
    return played


def refused(status: str, *lines: str, said: bytes = b"no") -> bytes:
    return head(f"Content-Length: {len(said)}", *lines, status=status) + said


GIVEN = {"clients": 1, "objects": 2, "encoding": "json"}
LEAST_PAUSE_S = 0.8
"""Of client-go's back-off. What comes sooner has come at once, on a machine however slow."""
EMPTY = CHUNKED + b"0\r\n\r\n"
AHEAD = b'{"details":{"causes":[{"reason":"ResourceVersionTooLarge"}]},"code":504}'


def asked(server: WatchServer) -> tuple[list[str], list[float]]:
    """Return what an informer has asked for, and after how many seconds each time."""
    found = [(at, query) for at, verb, _, query in server.asked if verb == "GET"]
    times = [at / SECOND for at, _ in found]
    kinds = ["watch" if "watch" in query else "list" for _, query in found]
    kinds = [
        "stream" if "sendInitialEvents" in query else kind
        for kind, (_, query) in zip(kinds, found, strict=True)
    ]
    return kinds, [after - before for before, after in pairwise(times)]


def test_what_is_asked_for_again_as_it_was(stage, server):
    """The connection ends; the server says when; the version is not there; it is too much."""
    again = refused("503 Service Unavailable", "Retry-After: 2")
    gone, ahead = refused("410 Gone"), refused("504 Gateway Timeout", said=AHEAD)
    ends = CHUNKED + chunk(b'{"type":"ADDED","object":{}}\n') + b"0\r\n\r\n"
    server.next = [b"", again, gone, ahead, ends, refused("429 Too Many Requests")]
    play(stage, 1)
    kinds, waits = asked(server)
    assert kinds == ["stream"] * 7
    least = [1, 2, 0, 0, 0, 0.8]
    assert all(
        low <= wait < low + LEAST_PAUSE_S for low, wait in zip(least[:5], waits[:5], strict=True)
    )
    assert 0.8 <= waits[5] < 2.1


def test_a_list_where_a_stream_does_not_serve(stage, server):
    """At once; then a watch. What that ends with has everything taken anew, by a stream."""
    no = refused("500 Internal Server Error")
    server.next = [
        no,
        no,
        CHUNKED + chunk(error_event(500)),
        no,
        refused("504 Gateway Timeout"),
        no,
        EMPTY,
    ]
    played = play(stage, 1)
    kinds, waits = asked(server)
    assert kinds == ["stream", "list", "watch"] * 3 + ["stream", "list", "watch"]
    assert max(waits[0::3]) < LEAST_PAUSE_S  # the LIST comes at once
    assert max(waits[1::3]) < LEAST_PAUSE_S
    assert min(waits[2::3]) >= LEAST_PAUSE_S
    assert played.outcomes("write.list")[200] == 4
    assert [query.get("resourceVersion") for query in server.queries("GET", False)] == [
        "0",
        "100",
        "100",
        "100",
    ]


def test_a_watch_that_cannot_be_opened_is_not_begun_anew(stage, server):
    def cut() -> None:
        server.next = [b""] * 2
        server.cut(abruptly=True)

    play(stage, 4, cut)
    kinds, waits = asked(server)
    assert kinds == ["stream", "watch", "watch", "watch"]
    assert 1 <= min(waits[1:]) <= max(waits[1:]) < 1.5
