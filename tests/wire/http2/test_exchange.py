"""Requests and their answers over HTTP/2, on real sockets."""

import ssl
from functools import partial

import pytest
from behaving_server import SERVER_NAME
from frame_server import BODY, head, literal, until

from kubedrill.clock import now
from kubedrill.record.sample import Outcome
from kubedrill.wire.errors import WireError
from kubedrill.wire.http2 import frames
from kubedrill.wire.http2.connection import Http2Connection
from kubedrill.wire.http2.frames import frame

from .conftest import GreenletDriving, get, request, together

MANY = 5_000_000
"""Bytes of a body: more than a stream's window."""


def test_an_answer(connection):
    started = now()
    response = get(connection)
    assert (response.status, response.size, response.body) == (200, len(BODY), BODY)
    assert (response.head, response.tail) == (BODY[:16], BODY[-16:])
    assert started < response.first_byte <= response.end <= now()
    assert connection.bytes_in > len(BODY)
    assert connection.bytes_out > 0


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_2])
def test_the_newest_tls_that_the_server_has_and_a_client_certificate(
    target, server, certificate, newest
):
    server.tls.maximum_version = newest
    server.tls.load_verify_locations(certificate.certificate)
    server.tls.verify_mode = ssl.CERT_REQUIRED
    target.tls.load_cert_chain(certificate.certificate, certificate.key)
    connection = Http2Connection.open(target, now() + 10**10, GreenletDriving)
    assert get(connection).status == 200
    connection.close()
    der = ssl.PEM_cert_to_DER_cert(certificate.certificate.read_text())
    assert server.talks[0].met == (newest.name.replace("_", "."), der)


def test_a_request_as_it_was_prepared(connection, server, behaviours):
    path = "/" + "a" * 300 + "?limit=10"
    behaviours[path.partition("?")[0]] = behaviours["/"]
    body = b"{}" * 100
    more = {"headers": {"Accept-Encoding": "gzip", "X-Other": "1"}, "content_type": "text/x"}
    get(connection, path, method="PATCH", token="t" * 1100, user_agent="me", body=body, **more)
    (asked,) = server.requests
    assert asked.whole.wait(10)
    assert asked.body == body
    assert asked.headers == {
        ":method": "PATCH",
        ":scheme": "https",
        ":path": path,
        ":authority": SERVER_NAME,
        "accept": "application/json",
        "user-agent": "me",
        "authorization": "Bearer " + "t" * 1100,
        "content-type": "text/x",
        "content-length": "200",
        "accept-encoding": "gzip",
        "x-other": "1",
    }


def test_text_in_a_request_may_be_replaced_by_text_of_the_same_length(connection, server):
    for name in ("one", "two"):
        prepared = request("/?name=~~~", "POST", body=b'{"name":"~~~"}')
        connection.exchange(prepared.replace(b"~~~", name.encode()), now() + 10**10)
    assert [request.headers[":path"] for request in server.requests] == ["/?name=one", "/?name=two"]
    until(server.requests[1].whole.is_set)
    assert server.requests[1].body == b'{"name":"two"}'


@pytest.mark.parametrize("status", [201, 204, 304, 404, 410, 418, 500])
def test_statuses(connection, behaviours, status):
    behaviours["/status"] = lambda talk, request: talk.head(
        request.stream, head(status), frames.END_STREAM
    )
    assert get(connection, "/status").status == status


def test_retry_after(connection, behaviours):
    block = head(429, 0, **{"retry-after": "3"})
    behaviours["/"] = lambda talk, request: talk.head(request.stream, block, frames.END_STREAM)
    response = get(connection)
    assert (response.status, response.retry_after) == (429, 3.0)


def test_an_answer_to_head_has_no_body(connection, behaviours):
    behaviours["/"] = lambda talk, request: talk.head(
        request.stream, head(length=1000), frames.END_STREAM
    )
    assert get(connection, method="HEAD").size == 0
    with pytest.raises(WireError):
        get(connection)


def oddly(talk, request):
    """Answer with all that is allowed and rare."""
    stream, block = request.stream, head(length=len(BODY))
    talk.head(stream, literal(":status", "103"))
    talk.send(frame(0x42, 0xFF, stream, b"what nobody knows"))
    talk.send(frame(frames.PRIORITY, 0, stream, b"12345"))
    padded = bytes([3]) + b"12345" + block[:4] + b"pad"
    talk.send(frame(frames.HEADERS, frames.PADDED | frames.PRIORITISED, stream, padded))
    talk.send(frame(frames.CONTINUATION, 0, stream, block[4:9]))
    talk.send(frame(frames.CONTINUATION, frames.END_HEADERS, stream, block[9:]))
    talk.send(frame(frames.DATA, frames.PADDED, stream, bytes([200]) + BODY[:50] + b"0" * 200))
    talk.body(stream, BODY[50:], ends=False, size=7)
    talk.head(stream, literal("x-trailer", "1"), frames.END_STREAM)


def test_what_is_allowed_and_rare(connection, behaviours):
    behaviours["/oddly"] = oddly
    assert get(connection, "/oddly").body == BODY
    assert get(connection).status == 200


def test_answers_byte_by_byte(connection, behaviours, server):
    def slowly(talk, request):
        block = head(length=5)
        data = frame(frames.HEADERS, frames.END_HEADERS, request.stream, block)
        data += frame(frames.DATA, 0, request.stream, b"hell")
        data += frame(frames.DATA, frames.END_STREAM, request.stream, b"o")
        for byte in data:
            talk.send(bytes([byte]))

    behaviours["/slowly"] = slowly
    assert get(connection, "/slowly").body == b"hello"


def test_ping_is_answered(connection, behaviours, server):
    def ping(talk, request):
        talk.send(frame(frames.PING, 0, 0, b"12345678"))
        until(lambda: (frames.PING, frames.ACK, 0, b"12345678") in talk.frames)
        talk.answer(request.stream)

    behaviours["/ping"] = ping
    assert get(connection, "/ping").status == 200


def test_a_large_body_within_the_windows(connection, behaviours, server):
    data = bytes(range(256)) * (MANY // 256)
    behaviours["/large"] = lambda talk, request: talk.answer(request.stream, data)
    response = connection.exchange(request("/large"), now() + 10**10, True)
    assert response.body == data
    updates = [frame for frame in server.talks[0].frames if frame[0] == frames.WINDOW_UPDATE]
    assert 2 <= len(updates) <= 4  # one for the connection, and few for the stream


@pytest.mark.parametrize("size", [1, 100_000, 2_000_000])
def test_bodies_of_requests_stay_within_the_servers_windows(connect, behaviours, server, size):
    data = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    exceeded = []

    def take(talk, request):
        given, step = 70, 300_000
        while not request.whole.wait(0.02):
            if len(request.body) > given:
                exceeded.append(len(request.body))
            given += step
            talk.credit(request.stream, step)
            talk.credit(0, step)
        talk.answer(request.stream, request.body[-3:])

    behaviours["/take"] = take
    server.settings = {frames.INITIAL_WINDOW_SIZE: 70}
    assert get(connect(), "/take", method="PUT", body=data).body == data[-3:]
    assert server.requests[0].body == data
    assert not exceeded


def test_a_window_that_is_widened_for_all_streams(connect, behaviours, server):
    def take(talk, request):
        until(lambda: len(request.body) == 10)
        talk.send(frames.settings({frames.INITIAL_WINDOW_SIZE: 30_000}))
        assert request.whole.wait(10)
        talk.answer(request.stream)

    behaviours["/take"] = take
    server.settings = {frames.INITIAL_WINDOW_SIZE: 10}
    assert get(connect(), "/take", method="PUT", body=b"x" * 30_000).status == 200


def test_an_answer_before_the_request_is_whole(connect, behaviours, server):
    server.settings = {frames.INITIAL_WINDOW_SIZE: 10}
    behaviours["/refuse"] = lambda talk, request: talk.head(
        request.stream, head(413), frames.END_STREAM
    )
    connection = connect()
    assert get(connection, "/refuse", method="PUT", body=b"x" * 1000).status == 413
    assert get(connection).status == 200
    assert 1 in server.talks[0].reset


def test_a_server_without_a_header_table_is_told_that_there_is_none(connect, server):
    server.settings = {frames.HEADER_TABLE_SIZE: 0}
    connection = connect()
    for _ in range(2):
        assert get(connection, method="POST", body=b"{}").status == 200
    assert ["table" in request.headers for request in server.requests] == [True, False]


def test_a_hundred_at_once(connection, behaviours, server):
    def each(talk, request):
        until(lambda: len(server.requests) == 100)
        talk.answer(request.stream, request.headers[":path"].encode() * 1000)

    behaviours["/each"] = each
    paths = [f"/each?{number}" for number in range(100)]
    answers = together(*(partial(get, connection, path) for path in paths))
    assert [answer.body for answer in answers] == [path.encode() * 1000 for path in paths]
    assert len(server.talks) == 1
    assert connection.streams == 0


def test_no_more_streams_than_the_server_takes(connect, behaviours, server):
    server.settings = {frames.MAX_CONCURRENT_STREAMS: 3}
    now_open, most = [0], [0]

    def count(talk, request):
        now_open[0] += 1
        most[0] = max(most[0], now_open[0])
        until(lambda: most[0] >= 3)
        now_open[0] -= 1
        talk.answer(request.stream)

    behaviours["/count"] = count
    connection = connect()
    answers = together(*[partial(get, connection, "/count")] * 20)
    assert [answer.status for answer in answers] == [200] * 20
    assert most[0] == 3


def test_waiting_for_a_stream_has_an_end(connect, behaviours, server):
    server.settings = {frames.MAX_CONCURRENT_STREAMS: 1}
    behaviours["/stall"] = lambda talk, request: None
    connection = connect()
    late, waited, served = together(
        partial(get, connection, "/stall", 0.4),
        partial(get, connection, "/", 0.2),
        partial(get, connection, "/"),
    )
    assert (late.outcome, waited.outcome) == (Outcome.TIMEOUT, Outcome.NO_CONNECTION)
    assert served.status == 200
    assert len(server.requests) == 2
    assert connection.has_room
