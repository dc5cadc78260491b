"""What goes wrong, each in its own error class, and what it does to others on the same connection."""

import socket
import ssl
import threading
import time
from functools import partial

import gevent
import pytest
from behaving_server import BAD_RECORD
from frame_server import BODY, goaway_after, head, literal, until

from kubedrill.clock import SECOND, now
from kubedrill.record.sample import Outcome
from kubedrill.wire.errors import NotSent, WireError
from kubedrill.wire.http2 import frames
from kubedrill.wire.http2.frames import frame

from .conftest import PATIENT_S, get, request, together, wait_until


def said(server, kind: int) -> list[tuple[int, int, int, bytes]]:
    return [frame for frame in server.talks[0].frames if frame[0] == kind]


def begin(talk, request) -> None:
    """Answer a part."""
    talk.head(request.stream, head(length=len(BODY)))
    talk.body(request.stream, BODY[:60], ends=False)


def failure(connection, path: str, within: float = PATIENT_S) -> WireError:
    with pytest.raises(WireError) as caught:
        get(connection, path, within)
    return caught.value


@pytest.mark.parametrize(("path", "first_byte"), [("/stall", False), ("/begin", True)])
def test_what_is_late_is_reset_and_the_connection_lives_on(
    connection, behaviours, server, path, first_byte
):
    behaviours |= {"/stall": lambda talk, request: None, "/begin": begin}
    started = now()
    late, other = together(partial(get, connection, path, 0.3), partial(get, connection, "/"))
    assert (late.outcome, bool(late.first_byte)) == (Outcome.TIMEOUT, first_byte)
    assert 0.3 <= (now() - started) / SECOND < PATIENT_S
    assert (other.status, get(connection).status) == (200, 200)
    assert [told[2:] for told in said(server, frames.RST_STREAM)] == [(1, b"\0\0\0\x08")]
    assert connection.streams == 0


def test_each_has_its_own_deadline(connection, behaviours):
    behaviours["/stall"] = lambda talk, request: None
    times = []

    def stall(seconds: float) -> None:
        started = now()
        assert failure(connection, "/stall", seconds).outcome == Outcome.TIMEOUT
        times.append(((now() - started) / SECOND, seconds))

    together(*(partial(stall, number / 5) for number in (9, 1, 5, 3, 7)))
    assert [asked for _, asked in times] == [number / 5 for number in (1, 3, 5, 7, 9)]
    assert all(asked <= took for took, asked in times)
    assert times[0][0] < times[-1][1], "the first did not wait for the last"


def test_what_comes_after_a_reset_is_ignored(connection, behaviours, server):
    def late(talk, request):
        until(lambda: request.stream in talk.reset)
        talk.head(request.stream, head(length=len(BODY)))
        talk.send(frame(frames.DATA, frames.END_STREAM, request.stream, BODY))
        talk.send(frame(frames.RST_STREAM, 0, request.stream, b"\0\0\0\x08"))

    behaviours["/late"] = late
    assert failure(connection, "/late", 0.1).outcome == Outcome.TIMEOUT
    gevent.sleep(0.1)
    assert get(connection).status == 200


def test_who_is_killed_leaves_nothing_behind(connection, behaviours, server):
    behaviours["/stall"] = lambda talk, request: None
    waiting = gevent.spawn(get, connection, "/stall")
    wait_until(lambda: server.requests)
    waiting.kill()
    assert connection.streams == 0
    assert get(connection).status == 200
    assert said(server, frames.RST_STREAM)


@pytest.mark.parametrize("begun", [False, True])
@pytest.mark.parametrize("code", [frames.REFUSED_STREAM, 2])
def test_a_stream_that_the_server_resets(connection, behaviours, begun, code):
    def reset(talk, request):
        if begun:
            begin(talk, request)
        talk.send(frames.reset(request.stream, code))

    behaviours["/reset"] = reset
    failed, other = together(partial(get, connection, "/reset"), partial(get, connection))
    assert (failed.outcome, bool(failed.first_byte)) == (Outcome.STREAM_RESET, begun)
    assert frames.error_name(code) in str(failed)
    assert other.status == 200


@pytest.mark.parametrize(("abruptly", "outcome"), [(False, Outcome.EOF), (True, Outcome.RESET)])
def test_a_connection_that_ends_fails_all_that_is_on_it(
    connection, behaviours, server, abruptly, outcome
):
    def end(talk, request):
        until(lambda: len(server.requests) == 3)
        begin(talk, request)
        time.sleep(0.1)  # what is unread at a reset is lost with it
        talk.close(abruptly)

    behaviours |= {"/end": end, "/stall": lambda talk, request: None}
    paths = ["/end", "/stall", "/stall"]
    failed = together(*(partial(get, connection, path) for path in paths))
    assert [error.outcome for error in failed] == [outcome] * 3
    assert [bool(error.first_byte) for error in failed] == [True, False, False]
    assert connection.closed
    with pytest.raises(NotSent):
        get(connection)


def say_goodbye(talk) -> bytes:
    try:
        talk._tls.unwrap()
    except ssl.SSLWantReadError:
        pass
    return talk._outgoing.read()


@pytest.mark.parametrize(
    ("last", "outcome"), [(lambda _: BAD_RECORD, Outcome.TLS), (say_goodbye, Outcome.EOF)]
)
def test_what_comes_with_the_end_of_an_answer_does_not_undo_it(
    connection, behaviours, server, last, outcome
):
    def answer(talk, request):
        until(lambda: len(server.requests) == 2)
        with talk._lock:
            block = frame(frames.HEADERS, frames.END_HEADERS, request.stream, head())
            body = frame(frames.DATA, frames.END_STREAM, request.stream, BODY)
            talk._tls.write(block + body)
            talk._plain.sendall(talk._outgoing.read() + last(talk))

    behaviours |= {"/answer": answer, "/stall": lambda talk, request: None}
    paths = ["/answer", "/stall"]
    answered, failed = together(*(partial(get, connection, path) for path in paths))
    assert (answered.status, answered.body) == (200, BODY)
    assert failed.outcome == outcome
    assert connection.closed


def test_goaway(connection, behaviours, server):
    """What the server has taken ends well, what it has not fails at once, what waits is told so."""

    def goaway(talk, request):
        until(lambda: len(server.requests) == 4)
        talk.send(goaway_after(3))
        time.sleep(0.2)
        for stream in (1, 3):
            talk.answer(stream)

    behaviours |= {"/goaway": goaway, "/stall": lambda talk, request: None}
    answers = [gevent.spawn(get, connection, path) for path in ("/goaway", "/stall")]
    failed = [gevent.spawn(failure, connection, "/stall") for _ in range(2)]
    gevent.joinall(failed)
    assert {error.value.outcome for error in failed} == {Outcome.GOAWAY}
    assert not connection.takes_more
    assert not connection.closed
    with pytest.raises(NotSent):
        get(connection)
    gevent.joinall(answers)
    assert [answer.value.body for answer in answers] == [BODY, BODY]
    wait_until(lambda: connection.closed)


def test_goaway_while_others_wait_for_a_stream(connect, behaviours, server):
    def goaway(talk, request):
        time.sleep(0.1)
        talk.send(goaway_after(1))
        talk.answer(request.stream)

    behaviours["/goaway"] = goaway
    server.settings = {frames.MAX_CONCURRENT_STREAMS: 1}
    connection = connect()
    answered, waited = together(
        partial(get, connection, "/goaway"), partial(get, connection, "/stall")
    )
    assert answered.status == 200
    assert isinstance(waited, NotSent)
    assert len(server.requests) == 1


def test_a_body_of_another_length_fails_alone(connection, behaviours):
    def short(talk, request):
        talk.head(request.stream, head(length=len(BODY) + 1))
        talk.body(request.stream, BODY)

    behaviours["/short"] = short
    failed, other = together(partial(get, connection, "/short"), partial(get, connection))
    assert failed.outcome == Outcome.MALFORMED
    assert other.status == 200


OK_HEAD = frame(frames.HEADERS, frames.END_HEADERS, 1, head())
MALFORMED = {
    "http/1": b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "a frame too long": frame(frames.DATA, 0, 1, b"x" * 16385),
    "a body before its head": frame(frames.DATA, 0, 1, b"x"),
    "an answer to nothing": frame(frames.HEADERS, frames.END_HEADERS, 77, head()),
    "a body for nothing": frame(frames.DATA, 0, 2, b"x"),
    "no status": frame(frames.HEADERS, frames.END_HEADERS, 1, literal("x", "y")),
    "a bad status": frame(frames.HEADERS, frames.END_HEADERS, 1, literal(":status", "abc")),
    "a block cut off": frame(frames.HEADERS, frames.END_HEADERS, 1, head(length=123)[:-2]),
    "a reference to no table": frame(frames.HEADERS, frames.END_HEADERS, 1, b"\x88\xbe"),
    "a larger table": frame(frames.HEADERS, frames.END_HEADERS, 1, b"\x3f\xe1\x1f\x88"),
    "a block interrupted": frame(frames.HEADERS, 0, 1, head()) + frame(frames.PING, 0, 0, b"8" * 8),
    "continues nothing": frame(frames.CONTINUATION, frames.END_HEADERS, 1, head()),
    "headers in a body": OK_HEAD * 2,
    "a block without end": frame(frames.HEADERS, 0, 1, b"")
    + frame(frames.CONTINUATION, 0, 1, b"x" * 16384) * 5,
    "too much padding": frame(frames.DATA, frames.PADDED, 1, b"\x09x"),
    "a push": frame(frames.PUSH_PROMISE, frames.END_HEADERS, 1, b"\0\0\0\2"),
    "settings of a wrong length": frame(frames.SETTINGS, 0, 0, b"12345"),
    "ping of a wrong length": frame(frames.PING, 0, 0, b"1"),
    "a window opened by nothing": frames.window_update(0, 0),
    "a window too wide": frames.window_update(0, 2**31 - 1),
    "goaway cut off": frame(frames.GOAWAY, 0, 0, b"1234567"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed(connection, behaviours, server, name):
    behaviours |= {
        "/malformed": lambda talk, request: talk.send(MALFORMED[name]),
        "/stall": lambda talk, request: None,
    }
    paths = ["/malformed", "/stall"]
    failed = together(*(partial(get, connection, path) for path in paths))
    assert [error.outcome for error in failed] == [Outcome.MALFORMED] * 2
    assert connection.closed
    until(lambda: bool(said(server, frames.GOAWAY)))


def test_no_http_2_is_spoken(connect, server, target):
    server.tls.set_alpn_protocols([])
    with pytest.raises(WireError) as refused:
        connect()
    assert refused.value.outcome == Outcome.TLS


def test_no_settings(connect, server):
    server.greets = False
    with pytest.raises(WireError) as late:
        connect(0.3)
    assert late.value.outcome == Outcome.TIMEOUT


def test_something_else_than_settings(connect, server):
    server.greeting = lambda: [frame(frames.PING, 0, 0, b"12345678")]
    with pytest.raises(WireError) as wrong:
        connect()
    assert wrong.value.outcome == Outcome.MALFORMED


def test_a_server_that_does_not_read(connection, behaviours, server):
    """What cannot be sent has a deadline, too, and does not keep answers from coming."""
    read = threading.Event()
    server.behaviours["/hold"] = lambda talk, request: None
    server.talks[0]._take = lambda *_: read.wait(PATIENT_S)
    big = request("/hold?" + "x" * 15_000)

    def send() -> None:
        connection.exchange(big, now() + SECOND // 2)

    failed = together(*[send] * 800)
    assert {error.outcome for error in failed} == {Outcome.TIMEOUT}
    assert connection.streams == 0
    assert connection._unsent  # the kernel has taken all that it takes
    assert len(connection._unsent) < 800 * 16_000
    read.set()


def test_refused(connect, server):
    server.close()
    with socket.create_server(("127.0.0.1", 0)), pytest.raises(WireError) as refused:
        connect()
    assert refused.value.outcome == Outcome.REFUSED
