"""A server that speaks HTTP/2 frame by frame, and connections to it, driven by gevent's loop."""

from collections.abc import Callable, Iterator

import gevent
import pytest
from behaving_server import SERVER_NAME, Certificate
from frame_server import Behaviour, FrameServer

from kubedrill.client.greenlets.driving import GreenletDriving
from kubedrill.client.greenlets.http2_pool import Http2Pool
from kubedrill.client.greenlets.pool import HeldTimes
from kubedrill.client.targets import Targets
from kubedrill.clock import SECOND, now
from kubedrill.record.cluster import Endpoint
from kubedrill.wire.http2.connection import Http2Connection
from kubedrill.wire.http2.request import prepare_http2
from kubedrill.wire.response import Response
from kubedrill.wire.target import Target, client_tls

__all__ = ["GreenletDriving", "HeldTimes", "Http2Pool", "Targets"]

PATIENT_S = 10.0
"""For what is no test of a time limit: however slow the machine, an answer comes sooner."""


@pytest.fixture
def behaviours() -> dict[str, Behaviour]:
    """What the server does, by path; tests add to it."""
    return {"/": lambda talk, request: talk.answer(request.stream)}


@pytest.fixture
def server(certificate: Certificate, behaviours: dict[str, Behaviour]) -> Iterator[FrameServer]:
    server = FrameServer(certificate, behaviours)
    yield server
    server.close()


@pytest.fixture
def target(server: FrameServer, certificate: Certificate) -> Target:
    tls = client_tls(str(certificate.certificate), http="2")
    return Target(Endpoint("127.0.0.1", server.port), SERVER_NAME, tls)


@pytest.fixture
def connect(target: Target) -> Iterator[Callable[..., Http2Connection]]:
    opened: list[Http2Connection] = []

    def open_one(within: float = PATIENT_S) -> Http2Connection:
        deadline = now() + round(within * SECOND)
        opened.append(Http2Connection.open(target, deadline, GreenletDriving))
        return opened[-1]

    yield open_one
    for connection in opened:
        connection.close()


@pytest.fixture
def connection(connect) -> Http2Connection:
    return connect()


def request(path: str = "/", method: str = "GET", **more) -> bytes:
    return prepare_http2(method, path, SERVER_NAME, **more)


def get(
    connection: Http2Connection, path: str = "/", within: float = PATIENT_S, **more
) -> Response:
    """Return the answer, with its body."""
    return connection.exchange(request(path, **more), now() + round(within * SECOND), True)


def together(*works: Callable[[], object]) -> list[object]:
    """Return what each returned, or raised."""
    greenlets = [gevent.spawn(_caught, work) for work in works]
    gevent.joinall(greenlets)
    return [greenlet.value for greenlet in greenlets]


def wait_until(condition: Callable[[], object]) -> None:
    """Wait with the event loop; Timeout if it does not come true."""
    with gevent.Timeout(PATIENT_S):
        while not condition():
            gevent.sleep(0.01)


def _caught(work: Callable[[], object]) -> object:
    try:
        return work()
    except Exception as error:  # noqa: BLE001
        return error
