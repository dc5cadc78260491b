"""Long bodies, of which the event loop is woken for much at once: neither they nor others wait in vain."""

import socket
import time
from functools import partial

import gevent
import pytest
from frame_server import head

from kubedrill.record.clock import SECOND, now
from kubedrill.wire.errors import WireError
from kubedrill.wire.http2 import frames
from kubedrill.wire.http2.frames import FRAME, frame
from kubedrill.wire.http2.streams import WINDOW
from kubedrill.wire.link import GATHER, RECORD

from .conftest import get, together

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


def least(connection) -> int:
    """Return for how many bytes the event loop is woken."""
    return connection._socket.getsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT)


def test_no_other_answer_waits_for_a_body_that_has_stopped(connection, send):
    send("/stalled", GATHER, length=3 * GATHER)
    seen = []

    def meanwhile() -> float:
        gevent.sleep(0.2)
        seen.append(least(connection))
        began = now()
        get(connection)
        took = (now() - began) / SECOND
        gevent.sleep(0.01)
        seen.append(least(connection))
        return took

    late, took_s = together(partial(get, connection, "/stalled", within=0.6), meanwhile)
    assert isinstance(late, WireError)
    assert took_s < 0.1
    assert seen == [GATHER, GATHER]  # again, once the other has gone
    assert least(connection) == 1
    assert get(connection).status == 200


def test_a_ping_is_answered_at_the_next_look(connection, behaviours, server):
    def ask_and_stall(talk, request):
        talk.head(request.stream, head(length=LONG))
        talk.body(request.stream, b"x" * RECORD, ends=False)
        time.sleep(0.1)
        talk.send(frame(frames.PING, 0, 0, b"in there"))

    def answered() -> list[bytes]:
        sent = server.talks[0].frames
        return [payload for kind, flags, _, payload in sent if (kind, flags) == (frames.PING, 1)]

    def look() -> list[list[bytes]]:
        gevent.sleep(0.3)
        before = answered()
        connection.look(now())
        gevent.sleep(0.1)
        return [before, answered()]

    behaviours["/stalled"] = ask_and_stall
    _, seen = together(partial(get, connection, "/stalled", within=0.6), look)
    assert seen == [[], [b"in there"]]
