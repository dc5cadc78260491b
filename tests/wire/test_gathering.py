"""Long bodies, of which a reader is woken for much at once: nothing is waited for that does not come."""

import os
import socket
import ssl
import time

import pytest
from behaving_server import BAD_RECORD, SERVER_NAME, BehavingServer, head, reset_at_close

from kubedrill.clock import SECOND, now
from kubedrill.record.cluster import Endpoint
from kubedrill.record.sample import Outcome
from kubedrill.wire.connection import Connection
from kubedrill.wire.errors import WireError
from kubedrill.wire.request import prepare
from kubedrill.wire.target import Target, client_tls
from kubedrill.wire.tls_connection import GATHER, RECORD
from kubedrill.wire.waiting import Polling

EDGES = [
    edge + near
    for edge in (GATHER, GATHER + RECORD, GATHER + 2 * RECORD, 2 * GATHER + 2 * RECORD, 4 * GATHER)
    for near in (-1, 0, 1, 2)
]
"""Sizes at which it could be waited for a byte too many."""
LONG = 16 * GATHER


class LongBodies(BehavingServer):
    """Answers `/length/1000`, `/chunks/1000`, `/small-records/1000`; `/{how it ends}/1000` by half."""

    def answer(self, connection: ssl.SSLSocket, request: bytes) -> bool:
        _, how, digits = request.split()[1].decode().split("/")
        size = int(digits)
        if how == "chunks":
            connection.sendall(head("Transfer-Encoding: chunked"))
            for count in (1, size - 2, 1):
                connection.sendall(b"%x\r\n" % count)
                in_records(connection, count)
                connection.sendall(b"\r\n")
            connection.sendall(b"0\r\n\r\n")
            return True
        connection.sendall(head(f"Content-Length: {size}"))
        if how == "small-records":
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            in_records(connection, size, 4096)
        else:
            in_records(connection, size if how == "length" else size // 2)
        if how == "bad-record":
            socket.socket.sendall(connection, BAD_RECORD)
        if how == "reset":
            time.sleep(0.1)  # what is unread at the reset is lost with it
            reset_at_close(connection)
        if how in {"stall", "bad-record"}:
            time.sleep(5)
        return how in {"length", "small-records"}


def in_records(connection: ssl.SSLSocket, size: int, step: int = 11_003) -> None:
    body = b"x" * size
    for start in range(0, size, step):
        connection.sendall(body[start : start + step])


class Watching(Polling):
    """Keeps for how many bytes it was to be woken, and the longest wait, s."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor)
        self._socket = socket.socket(fileno=os.dup(descriptor))
        self.least: list[int] = []
        self.longest = 0.0

    def readable(self, deadline: int) -> bool:
        self.least.append(self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT))
        began = now()
        try:
            return super().readable(deadline)
        finally:
            self.longest = max(self.longest, (now() - began) / SECOND)

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def connect(certificate):
    server, opened = LongBodies(certificate), []
    tls = client_tls(str(certificate.certificate))
    target = Target(Endpoint("127.0.0.1", server.port), SERVER_NAME, tls)

    def open_one() -> Connection:
        opened.append(Connection.open(target, now() + 10 * SECOND, Watching))
        return opened[-1]

    yield open_one
    for connection in opened:
        connection.close()
    server.close()


@pytest.fixture
def connection(connect):
    return connect()


def get(connection: Connection, path: str, within: float = 10):
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
def test_a_reader_is_woken_for_much_until_little_is_left(connection, how):
    assert get(connection, f"/{how}/{LONG}").size == LONG
    least = connection._waiting.least
    assert least[0] == least[-1] == 1
    assert max(least) > 1


def test_no_sender_waits_for_a_reader_that_waits_for_it(connect):
    # It did so, for 200 ms, in first bodies, while the buffers of their connections were small.
    connections = [connect() for _ in range(20)]
    for connection in connections:
        assert get(connection, f"/small-records/{LONG // 4}").size == LONG // 4
    waited = [connection for connection in connections if connection._waiting.longest > 0.15]
    assert len(waited) < len(connections) / 2  # the machine may be busy


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
        get(connection, f"/{how}/{4 * GATHER}", within=0.5)
    assert caught.value.outcome == outcome
    assert connection.closed
    assert connection._waiting.least[-1] > 1
    assert (now() - started) / SECOND < 4  # not when the server's patience ends
