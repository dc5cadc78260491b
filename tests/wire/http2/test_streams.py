"""Watches over HTTP/2: pieces as they come, back pressure, and others on the same connection."""

import gc
import threading
import time
from functools import partial

import gevent
import pytest
from frame_server import goaway_after, head

from kubedrill.clock import MILLISECOND, SECOND, now
from kubedrill.record.sample import Outcome
from kubedrill.wire.errors import WireError
from kubedrill.wire.http2 import frames
from kubedrill.wire.http2.connection import NotSent
from kubedrill.wire.http2.streams import WINDOW, Http2Stream

from .conftest import PATIENT_S, get, request, together, wait_until

PATIENT = round(PATIENT_S * SECOND)


@pytest.fixture
def watch(connection):
    return partial(open_watch, connection)


def open_watch(connection, path: str) -> Http2Stream:
    return connection.stream(request(path), now() + PATIENT)


def pieces(stream: Http2Stream):
    while data := stream.receive(now() + PATIENT):
        yield data


def test_pieces_come_as_they_are_sent(watch, behaviours):
    """The head before any of them, and each before the next one is there."""
    read = threading.Semaphore(0)

    def events(talk, request):
        talk.head(request.stream, head())
        for number in range(5):
            assert read.acquire(timeout=PATIENT_S)
            talk.body(request.stream, b"event %d" % number, ends=number == 4)

    behaviours["/events"] = events
    started = now()
    stream = watch("/events")
    assert stream.status == 200
    for number in range(5):
        read.release()
        assert stream.receive(now() + PATIENT) == b"event %d" % number
    assert stream.size == 35
    assert started < stream.first_byte < now()
    assert stream.receive(now() + PATIENT) == b""


def test_an_idle_one_stays_usable(watch, behaviours):
    waited = threading.Event()

    def later(talk, request):
        talk.head(request.stream, head())
        assert waited.wait(PATIENT_S)
        talk.body(request.stream, b"late")

    behaviours["/later"] = later
    stream = watch("/later")
    for _ in range(2):
        with pytest.raises(WireError) as idle:
            stream.receive(now() + 50 * MILLISECOND)
        assert idle.value.outcome == Outcome.TIMEOUT
    waited.set()
    assert list(pieces(stream)) == [b"late"]


def test_nobody_waits_for_what_is_called_when_it_comes(watch, behaviours):
    go_on = threading.Event()

    def later(talk, request):
        talk.head(request.stream, head())
        assert go_on.wait(PATIENT_S)
        talk.body(request.stream, b"late", ends=False)

    behaviours["/later"] = later
    stream = watch("/later")
    called = []
    assert stream.calls(now() + PATIENT, partial(called.append, "come"))
    gevent.sleep(0.05)
    assert not called
    go_on.set()
    wait_until(lambda: called)
    assert not stream.calls(now() + PATIENT, partial(called.append, "twice")), "it is there already"
    assert stream.receive(now() + PATIENT) == b"late"
    assert stream.calls(now() + 50 * MILLISECOND, partial(called.append, "over"))
    wait_until(lambda: called == ["come", "over"])
    with pytest.raises(WireError) as over:
        stream.receive(now())
    assert over.value.outcome == Outcome.TIMEOUT


def test_many_watches_and_requests_on_one_connection(connection, behaviours, server):
    def events(talk, request):
        talk.head(request.stream, head())
        for number in range(10):
            talk.body(request.stream, b"%d;" % number, ends=number == 9)
            time.sleep(0.001)

    behaviours["/events"] = events

    def follow() -> bytes:
        return b"".join(pieces(open_watch(connection, "/events")))

    found = together(*[follow] * 50, *[partial(get, connection)] * 50)
    assert found[:50] == [b"0;1;2;3;4;5;6;7;8;9;"] * 50
    assert [answer.status for answer in found[50:]] == [200] * 50
    assert len(server.talks) == 1


def test_who_does_not_read_stops_the_server_and_nobody_else(connection, behaviours, server):
    data = bytes(range(256)) * (3 * WINDOW // 256)

    def flood(talk, request):
        talk.head(request.stream, head())
        talk.body(request.stream, data)

    behaviours["/flood"] = flood
    stream = open_watch(connection, "/flood")
    wait_until(lambda: stream.size >= WINDOW)
    gevent.sleep(0.1)
    assert stream.held == stream.size == WINDOW  # the rest of it is not sent
    assert get(connection).status == 200
    taken = b""
    for piece in pieces(stream):
        assert len(piece) <= WINDOW
        taken += piece
    assert taken == data


def test_a_server_that_sends_more_than_it_may(watch, behaviours):
    def flood(talk, request):
        talk.windows = {0: 2**31, request.stream: 2**31}
        talk.head(request.stream, head())
        talk.body(request.stream, b"x" * (WINDOW + 100_000))

    behaviours["/flood"] = flood
    stream = watch("/flood")
    wait_until(lambda: stream.failure)
    with pytest.raises(WireError) as flooded:
        list(pieces(stream))
    assert flooded.value.outcome == Outcome.MALFORMED


def test_to_close_one_leaves_the_others(connection, behaviours, server):
    behaviours["/open"] = lambda talk, request: talk.head(request.stream, head())
    first, second = open_watch(connection, "/open"), open_watch(connection, "/open")
    first.close()
    first.close()
    assert get(connection).status == 200  # the server has read what was sent before
    resets = [frame for frame in server.talks[0].frames if frame[0] == frames.RST_STREAM]
    assert [reset[2:] for reset in resets] == [(1, b"\0\0\0\x08")]
    server.talks[0].body(second.number, b"more")
    assert list(pieces(second)) == [b"more"]
    second.close()
    assert get(connection).status == 200


@pytest.mark.parametrize(
    ("end", "outcome"),
    [
        (lambda talk, stream: talk.send(frames.reset(stream, 2)), Outcome.STREAM_RESET),
        (lambda talk, stream: talk.close(), Outcome.EOF),
        (lambda talk, stream: talk.send(b"HTTP/1.1 200 OK\r\n"), Outcome.MALFORMED),
    ],
)
def test_what_has_come_is_given_before_the_error(watch, behaviours, end, outcome):
    def broken(talk, request):
        talk.head(request.stream, head())
        talk.body(request.stream, b"something", ends=False)
        end(talk, request.stream)

    behaviours["/broken"] = broken
    stream = watch("/broken")
    wait_until(lambda: stream.failure)
    assert stream.receive(now() + PATIENT) == b"something"
    with pytest.raises(WireError) as failed:
        stream.receive(now() + PATIENT)
    assert (failed.value.outcome, failed.value.first_byte) == (outcome, stream.first_byte)


def test_a_watch_goes_on_after_goaway_until_the_server_ends_it(connection, connect, behaviours):
    leave = threading.Event()

    def events(talk, request):
        talk.head(request.stream, head())
        talk.body(request.stream, b"before", ends=False)
        talk.send(goaway_after(request.stream))
        assert leave.wait(PATIENT_S)
        talk.body(request.stream, b"after", ends=False)
        time.sleep(0.05)
        talk.body(request.stream, b"")

    behaviours["/events"] = events
    stream = open_watch(connection, "/events")
    assert stream.receive(now() + PATIENT) == b"before"
    wait_until(lambda: not connection.takes_more)
    with pytest.raises(NotSent):
        get(connection)
    assert get(connect()).status == 200
    assert not connection.closed
    leave.set()
    assert list(pieces(stream)) == [b"after"]
    wait_until(lambda: connection.closed)


def test_one_that_never_begins(connection, behaviours, server):
    behaviours["/stall"] = lambda talk, request: None
    with pytest.raises(WireError) as late:
        connection.stream(request("/stall"), now() + 50 * MILLISECOND)
    assert late.value.outcome == Outcome.TIMEOUT
    assert connection.streams == 0
    wait_until(lambda: server.talks[0].reset == {1})


def test_nothing_is_held_once_all_is_closed(connect, behaviours):
    behaviours["/open"] = lambda talk, request: talk.head(request.stream, head())
    connection = connect()
    streams = [open_watch(connection, "/open") for _ in range(50)]
    together(*[partial(get, connection)] * 50)
    for stream in streams:
        stream.close()
    del streams, stream
    connection.close()
    gevent.sleep(0.01)
    gc.collect()
    kept = [found for found in gc.get_objects() if isinstance(found, Http2Stream)]
    assert not [stream for stream in kept if stream.connection is connection]
