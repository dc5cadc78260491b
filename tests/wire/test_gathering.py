"""Long bodies, of which a reader is woken for much at once: nothing is waited for that does not come."""

import socket
import ssl
import struct
import time

import pytest
from behaving_server import BAD_RECORD, SERVER_NAME, BehavingServer, head

from kubedrill.record.clock import SECOND, now
from kubedrill.record.cluster import Endpoint
from kubedrill.record.sample import Outcome
from kubedrill.wire.connection import Connection
from kubedrill.wire.errors import WireError
from kubedrill.wire.link import GATHER, RECORD
from kubedrill.wire.request import prepare
from kubedrill.wire.target import Target, client_tls
from kubedrill.wire.waiting import Polling

EDGES = [
    edge + near
    for edge in (GATHER, GATHER + RECORD, GATHER + 2 * RECORD, 2 * GATHER + 2 * RECORD, 4 * GATHER)
    for near in (-1, 0, 1, 2)
]
"""Sizes at which it could be waited for a byte too many."""
LONG = 16 * GATHER


class LongBodies(BehavingServer):
    """Answers `/length/1000` and `/chunks/1000` in records of odd sizes, `/{how it ends}/1000` by half."""

    def answer(self, connection: ssl.SSLSocket, request: bytes) -> bool:
        _, how, digits = request.split()[1].decode().split("/")
        size = int(digits)
        if how == "chunks":
            connection.sendall(head("Transfer-Encoding: chunked"))
            for count in (1, size - 2, 1):
                connection.sendall(b"%x\r\n" % count)
                in_odd_records(connection, count)
                connection.sendall(b"\r\n")
            connection.sendall(b"0\r\n\r\n")
            return True
        connection.sendall(head(f"Content-Length: {size}"))
        in_odd_records(connection, size if how == "length" else size // 2)
        if how == "bad-record":
            socket.socket.sendall(connection, BAD_RECORD)
        if how == "reset":
            time.sleep(0.1)  # what is unread at the reset is lost with it
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if how in {"stall", "bad-record"}:
            time.sleep(1)
        return how == "length"


def in_odd_records(connection: ssl.SSLSocket, size: int) -> None:
    body = b"x" * size
    for start in range(0, size, 11_003):
        connection.sendall(body[start : start + 11_003])


class Counting(Polling):
    """Counts the waits of all."""

    waits = 0

    def readable(self, deadline: int) -> bool:
        Counting.waits += 1
        return super().readable(deadline)


@pytest.fixture
def connection(certificate):
    server = LongBodies(certificate)
    target = Target(
        Endpoint("127.0.0.1", server.port), SERVER_NAME, client_tls(str(certificate.certificate))
    )
    one = Connection.open(target, now() + SECOND, Counting)
    yield one
    one.close()
    server.close()


def get(connection: Connection, path: str, within: float = 3):
    return connection.exchange(
        prepare("GET", path, SERVER_NAME), now() + round(within * SECOND), keep_body=True
    )


@pytest.mark.parametrize("how", ["length", "chunks"])
def test_bodies_of_all_sizes_come_whole_one_after_the_other(connection, how):
    for size in EDGES:
        for asked in (size, 10):  # a small one, too, that a long one has gone before
            answer = get(connection, f"/{how}/{asked}")
            assert answer.body == b"x" * asked


@pytest.mark.parametrize("how", ["length", "chunks"])
def test_a_reader_is_woken_seldom(connection, how):
    before = Counting.waits
    assert get(connection, f"/{how}/{LONG}").size == LONG
    # Of records of 11 KB, there are 380.
    assert Counting.waits - before < 50


@pytest.mark.parametrize(
    ("how", "outcome"),
    [
        ("stall", Outcome.TIMEOUT),
        ("cut", Outcome.EOF),
        ("reset", Outcome.RESET),
        ("bad-record", Outcome.TLS),
    ],
)
def test_long_bodies_that_do_not_come_whole(connection, how, outcome):
    # By half, so that less is there than the reader waits for.
    started = now()
    with pytest.raises(WireError) as caught:
        get(connection, f"/{how}/{2 * GATHER + 3 * RECORD}", within=0.5)
    assert caught.value.outcome == outcome
    assert connection.closed
    assert (now() - started) / SECOND < 0.8
