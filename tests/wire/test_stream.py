"""Answers taken as they come, on real sockets: whole, idle, broken, without end."""

import resource
import socket
from itertools import islice

import pytest
from behaving_server import BODY, SERVER_NAME

from kubedrill.clock import MILLISECOND, SECOND, now
from kubedrill.record.cluster import Endpoint
from kubedrill.record.sample import Outcome
from kubedrill.wire.connection import Connection
from kubedrill.wire.errors import WireError
from kubedrill.wire.request import prepare
from kubedrill.wire.stream import Stream
from kubedrill.wire.target import Target, client_tls


@pytest.fixture
def open_stream(server, certificate):
    target = Target(
        Endpoint("127.0.0.1", server.port), SERVER_NAME, client_tls(str(certificate.certificate))
    )
    opened: list[Connection] = []

    def open_one(path: str) -> Stream:
        connection = Connection.open(target, now() + SECOND)
        opened.append(connection)
        return Stream(connection, prepare("GET", path, SERVER_NAME), now() + SECOND)

    yield open_one
    for connection in opened:
        connection.close()


def pieces(stream, within=SECOND):
    """Yield what comes, to the orderly end."""
    while data := stream.receive(now() + within):
        yield data


@pytest.mark.parametrize("path", ["/whole", "/in-chunks", "/until-close"])
def test_everything_comes_once_and_in_order(open_stream, path):
    stream = open_stream(path)
    assert b"".join(pieces(stream)) == BODY
    assert (stream.status, stream.size) == (200, len(BODY))
    assert 0 < stream.first_byte <= now()
    assert stream.receive(now() + SECOND) == b""


def test_a_piece_comes_when_it_is_there(open_stream):
    stream = open_stream("/byte-by-byte")
    found = list(pieces(stream))
    assert b"".join(found) == b"helloyou"
    assert len(found) >= 4


def test_an_idle_one_stays_usable(open_stream):
    stream = open_stream("/stall-mid-body")
    assert stream.receive(now() + SECOND) == BODY[:100]
    for _ in range(2):
        with pytest.raises(WireError) as idle:
            stream.receive(now() + 50 * MILLISECOND)
        assert idle.value.outcome == Outcome.TIMEOUT
    assert not stream.connection.closed


@pytest.mark.parametrize(
    ("path", "outcome"),
    [("/bad-record-mid-body", Outcome.TLS), ("/goodbye-mid-body", Outcome.EOF)],
)
def test_what_comes_with_the_end_is_given_before_the_error(open_stream, path, outcome):
    stream = open_stream(path)
    assert stream.status == 200
    assert stream.receive(now() + SECOND) == BODY[:100]
    for _ in range(2):
        with pytest.raises(WireError) as broken:
            stream.receive(now() + SECOND)
        assert broken.value.outcome == outcome


@pytest.mark.parametrize(
    ("path", "outcome"),
    [
        ("/reset-mid-body", Outcome.RESET),
        ("/eof-mid-body", Outcome.EOF),
        ("/eof-mid-chunk", Outcome.EOF),
        ("/chunk-too-long", Outcome.MALFORMED),
    ],
)
def test_a_broken_one_is_closed(open_stream, path, outcome):
    stream = open_stream(path)
    with pytest.raises(WireError) as broken:
        list(pieces(stream))
    assert broken.value.outcome == outcome
    assert stream.connection.closed


@pytest.mark.parametrize(
    ("path", "outcome"),
    [
        ("/eof-before", Outcome.EOF),
        ("/not-http", Outcome.MALFORMED),
        ("/stall", Outcome.TIMEOUT),
    ],
)
def test_one_that_never_begins(open_stream, path, outcome):
    with pytest.raises(WireError) as failed:
        open_stream(path)
    assert failed.value.outcome == outcome


def test_a_refusal_has_its_status_and_its_body(open_stream):
    stream = open_stream("/too-many")
    assert (stream.status, b"".join(pieces(stream))) == (429, b"no")


def test_one_without_end_takes_no_endless_memory(open_stream):
    stream = open_stream("/never-ending")
    sizes = [len(data) for data in islice(pieces(stream), 2000)]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    sizes += [len(data) for data in islice(pieces(stream), 4000)]
    assert sum(sizes) > 20_000_000
    assert max(sizes) <= 64 * 1024
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 4 * 1024
    stream.close()
    assert stream.connection.closed


def test_the_kernel_asks_whether_a_silent_peer_is_there(open_stream):
    sock = open_stream("/stall-mid-body").connection._socket
    assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
    asked = [socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT, socket.TCP_USER_TIMEOUT]
    assert [sock.getsockopt(socket.IPPROTO_TCP, option) for option in asked] == [30, 5, 3, 45_000]
