"""Failures, again and again: no descriptor, no object and no memory of them is kept."""

import gc
import time
from pathlib import Path

import pytest
from frame_server import BODY, goaway_after, head, until

from kubedrill.clock import SECOND, now
from kubedrill.record.sample import Outcome
from kubedrill.wire.http2 import frames
from kubedrill.wire.http2.connection import Http2Connection
from kubedrill.wire.http2.session import Http2Session
from kubedrill.wire.http2.streams import Incoming

from .conftest import GreenletDriving, get, together

MANY = 50
MEGABYTE = 2**20


def begin(talk, request) -> None:
    talk.head(request.stream, head(length=len(BODY)))
    talk.body(request.stream, BODY[:60], ends=False)


def reset(talk, request) -> None:
    begin(talk, request)
    talk.send(frames.reset(request.stream))


def end(talk, request) -> None:
    begin(talk, request)
    time.sleep(0.05)  # what is unread at a reset is lost with it
    talk.close(request.path == "/abruptly")


def goaway(talk, request) -> None:
    talk.send(goaway_after(0))


def malformed(talk, request) -> None:
    begin(talk, request)
    talk.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")


FAILURES = {
    "/stall": (lambda talk, request: None, Outcome.TIMEOUT),
    "/begin": (begin, Outcome.TIMEOUT),
    "/reset": (reset, Outcome.STREAM_RESET),
    "/end": (end, Outcome.EOF),
    "/abruptly": (end, Outcome.RESET),
    "/goaway": (goaway, Outcome.GOAWAY),
    "/malformed": (malformed, Outcome.MALFORMED),
}


def open_descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def resident() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS"))


def kept_objects() -> int:
    gc.collect()
    kinds = (Http2Connection, Http2Session, Incoming)
    return sum(isinstance(found, kinds) for found in gc.get_objects())


@pytest.fixture
def fail(target, server):
    """Fail on so many connections at once, and close what is left of them."""

    def fail_on_many(path: str) -> list[Outcome]:
        def fail_once() -> None:
            connection = Http2Connection.open(target, now() + 10 * SECOND, GreenletDriving)
            try:
                get(connection, path, 0.5)
            finally:
                connection.close()

        outcomes = [error.outcome for error in together(*[fail_once] * MANY)]
        server.talks.clear()
        server.requests.clear()
        return outcomes

    return fail_on_many


@pytest.mark.parametrize("path", FAILURES)
def test_many_failures_leave_nothing_behind(fail, behaviours, path):
    behaviours[path], outcome = FAILURES[path]
    fail(path)  # what so many threads and connections take at once has been taken once
    objects, descriptors, memory = kept_objects(), open_descriptors(), resident()
    assert fail(path) == [outcome] * MANY
    assert kept_objects() <= objects
    until(lambda: open_descriptors() <= descriptors)
    assert resident() - memory < 8 * MEGABYTE
