"""A machine whose power is cut tells nobody; when it is back, it knows nothing of its connections."""

import gevent
import pytest
from frame_server import frame, head

from kubedrill.clock import SECOND, now
from kubedrill.record.sample import Outcome
from kubedrill.wire.errors import WireError
from kubedrill.wire.http2.frames import DATA
from kubedrill.wire.tls_connection import reset

from .conftest import get, request, together, wait_until


def test_nobody_is_told_until_it_is_back(connection, behaviours, server) -> None:
    behaviours["/watch"] = lambda talk, request: talk.head(request.stream, head())
    stream = connection.stream(request("/watch"), now() + 10 * SECOND)

    def waits() -> None:
        stream.receive(now() + 10 * SECOND)

    def falls_silent() -> None:
        kept.append(connection.fall_silent())

    kept: list = []
    failed, _ = together(waits, falls_silent)
    assert isinstance(failed, WireError)
    assert failed.outcome == Outcome.RESET
    with pytest.raises(WireError):
        get(connection)
    [talk] = server.talks
    connection.close()
    [watch] = server.requests
    talk.send(frame(DATA, 0, watch.stream, b"for nobody"))
    gevent.sleep(0.3)
    assert talk.ended is None
    reset(kept[0])
    wait_until(lambda: talk.ended)
    assert isinstance(talk.ended, ConnectionResetError)
