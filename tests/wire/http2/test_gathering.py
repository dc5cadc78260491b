"""Long bodies, of which the event loop is woken for much at once: neither they nor others wait in vain."""

import socket
import threading
import time
from functools import partial

import gevent
import pytest
from frame_server import goaway_after, head

from kubedrill.clock import SECOND, now
from kubedrill.record.sample import Outcome
from kubedrill.wire.errors import NotSent, WireError
from kubedrill.wire.http2 import frames
from kubedrill.wire.http2.frames import FRAME, frame
from kubedrill.wire.http2.streams import WINDOW
from kubedrill.wire.tls_connection import GATHER, RECORD

from .conftest import PATIENT_S, get, together, wait_until

LONG = 2 * GATHER + 4 * RECORD
SIZES = [
    *(edge + near for edge in (GATHER, GATHER + 2 * RECORD) for near in (-1, 0, 1, 2)),
    *(WINDOW - 1, WINDOW + 1, 2 * WINDOW + GATHER + 2 * RECORD + 1),
]


@pytest.fixture
def send(behaviours):
    """Let the server send this at a path: a body by the sizes of its frames."""

    def put(path: str, size: int, *, length: int, frame_size: int = FRAME) -> None:
        def behaviour(talk, request):
            talk.head(request.stream, head(length=length))
            talk.body(request.stream, b"x" * size, ends=size == length, size=frame_size)

        behaviours[path] = behaviour

    return put


@pytest.mark.parametrize("frame_size", [FRAME, 9_001])
def test_bodies_of_all_sizes_come_whole_one_after_the_other(connection, send, frame_size):
    for size in SIZES:
        send("/long", size, length=size, frame_size=frame_size)
        assert get(connection, "/long").size == size
        assert len(get(connection).body) == 100


def gathers(connection) -> bool:
    """Whether the event loop is woken for much only."""
    return connection._socket.getsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT) > 1


def test_no_other_answer_waits_for_a_body_that_has_stopped(connection, send):
    send("/stalled", GATHER, length=3 * GATHER)

    def meanwhile() -> float:
        wait_until(lambda: gathers(connection))
        began = now()
        get(connection)
        took = (now() - began) / SECOND
        wait_until(lambda: gathers(connection))  # again, as the other has gone
        return took

    late, took_s = together(partial(get, connection, "/stalled", within=4), meanwhile)
    assert isinstance(late, WireError)
    assert took_s < 3
    assert not gathers(connection)
    assert get(connection).status == 200


def test_a_ping_is_answered_at_the_next_look(connection, behaviours, server):
    def ask_and_stall(talk, request):
        talk.head(request.stream, head(length=LONG))
        talk.body(request.stream, b"x" * RECORD, ends=False)
        stalled.wait(PATIENT_S)
        talk.send(frame(frames.PING, 0, 0, b"in there"))
        asked.set()

    def answered() -> list[bytes]:
        sent = server.talks[0].frames
        return [payload for kind, flags, _, payload in sent if (kind, flags) == (frames.PING, 1)]

    def look() -> list[list[bytes]]:
        wait_until(lambda: gathers(connection))
        stalled.set()
        wait_until(asked.is_set)
        gevent.sleep(0.1)
        before = answered()
        connection.look(now())
        wait_until(answered)
        return [before, answered()]

    stalled, asked = threading.Event(), threading.Event()
    behaviours["/stalled"] = ask_and_stall
    _, seen = together(partial(get, connection, "/stalled", within=3), look)
    assert seen == [[], [b"in there"]]


def begun(then, sent: threading.Event | None = None):
    """Answer with less than is waited for, and later with this; say when it is sent."""

    def behaviour(talk, request):
        talk.head(request.stream, head(length=LONG))
        talk.body(request.stream, b"x" * GATHER, ends=False)
        time.sleep(0.1)
        talk.send(then(request.stream))
        if sent:
            sent.set()

    return behaviour


@pytest.mark.parametrize(
    ("then", "outcome"),
    [
        (frames.reset, Outcome.STREAM_RESET),
        (lambda stream: frame(frames.DATA, frames.END_STREAM, stream), Outcome.MALFORMED),
        (lambda stream: frame(frames.DATA, 0, stream, b"x" * (FRAME + 1)), Outcome.MALFORMED),
    ],
)
def test_a_body_that_ends_early_says_so_at_the_deadline(connection, behaviours, then, outcome):
    behaviours["/begun"] = begun(then)
    with pytest.raises(WireError) as caught:
        get(connection, "/begun", within=2)
    assert caught.value.outcome == outcome


def test_who_comes_after_a_goaway_is_told_so(connection, behaviours):
    sent = threading.Event()
    behaviours["/begun"] = begun(goaway_after, sent)

    def later() -> object:
        wait_until(sent.is_set)
        gevent.sleep(0.1)
        return get(connection)

    stalled, refused = together(partial(get, connection, "/begun", within=2), later)
    assert isinstance(refused, NotSent)
    assert stalled.outcome == Outcome.TIMEOUT


def test_who_waits_for_a_stream_is_told_at_once_that_there_is_none(connect, behaviours, server):
    behaviours["/begun"] = begun(goaway_after)
    server.settings = {frames.MAX_CONCURRENT_STREAMS: 1}
    connection = connect()
    began = now()

    def told() -> float:
        wait_until(lambda: gathers(connection))
        with pytest.raises(NotSent):
            get(connection)
        return (now() - began) / SECOND

    stalled, told_s = together(partial(get, connection, "/begun", within=4), told)
    assert stalled.outcome == Outcome.TIMEOUT
    assert told_s < 3


def test_who_asks_again_as_soon_as_it_is_woken(connection, behaviours):
    def stop_after_much(talk, request):
        talk.head(request.stream, head(length=LONG))
        talk.body(request.stream, b"x" * RECORD, ends=False)
        stalled.wait(PATIENT_S)
        much = frame(frames.DATA, 0, request.stream, b"x" * FRAME) * 8
        talk.send(much, frames.reset(request.stream))

    def ask_again() -> list[int]:
        with pytest.raises(WireError):
            get(connection, "/much")
        return [get(connection).status for _ in range(3)]  # the first one in the middle of a flush

    def look() -> None:
        wait_until(lambda: gathers(connection))
        stalled.set()

    stalled = threading.Event()
    behaviours["/much"] = stop_after_much
    assert together(ask_again, look)[0] == [200, 200, 200]


def test_no_body_is_awaited_where_none_can_be(connection, behaviours):
    def ended_later(talk, request):
        talk.head(request.stream, head(304, length=LONG))
        time.sleep(0.1)
        talk.send(frame(frames.DATA, frames.END_STREAM, request.stream))

    behaviours["/unchanged"] = ended_later
    began = now()
    assert get(connection, "/unchanged").status == 304
    assert (now() - began) / SECOND < PATIENT_S / 2
