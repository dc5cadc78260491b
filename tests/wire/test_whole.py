"""The short way takes an answer only if the long one would take it, and as the same."""

import pytest

from kubedrill.wire.errors import WireError
from kubedrill.wire.response import Answer, Response
from kubedrill.wire.whole import whole

BODY = bytes(range(65, 105))
LENGTH = b"Content-Length: 40\r\n"


def taken_apart(data: bytes) -> Response | None:
    answer = Answer(keep_body=True)
    try:
        answer.feed(bytearray(data), len(data))
    except WireError:
        return None
    return answer.response() if answer.done else None


@pytest.mark.parametrize("status", [200, 201, 400, 404, 409, 499])
@pytest.mark.parametrize("length", [LENGTH, LENGTH.lower(), LENGTH.upper(), b"A: b\r\n" + LENGTH])
@pytest.mark.parametrize(
    "more", [b"", b"Date: now\r\n", b"X: content-length: 7\r\n", b"Connection: keep-alive\r\n"]
)
def test_plain_answers_take_the_short_way(status, length, more):
    data = b"HTTP/1.1 %d It is\r\n" % status + length + more + b"\r\n" + BODY
    short, long = whole(data, 7, keep_body=True), taken_apart(data)
    assert short is not None
    assert short.first_byte == short.end > 0
    assert short.peer == 7
    assert short._replace(first_byte=0, end=0, peer=0) == long._replace(first_byte=0, end=0)


@pytest.mark.parametrize("size", [0, 1, 15, 16, 17, 40])
def test_the_ends_are_those_of_the_long_way(size):
    data = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + BODY[:size]
    short, long = whole(data), taken_apart(data)
    assert (short.size, short.head, short.tail) == (long.size, long.head, long.tail)
    assert short.body == b""
    assert whole(data, keep_head=20).head == BODY[: min(size, 20)]


@pytest.mark.parametrize(
    ("line", "headers", "body"),
    [
        (b"HTTP/1.1 204 No Content", b"", b""),
        (b"HTTP/1.1 304 Not Modified", LENGTH, b""),
        (b"HTTP/1.1 100 Continue", LENGTH, BODY),
        (b"HTTP/1.1 429 Too Many Requests", LENGTH + b"Retry-After: 1\r\n", BODY),
        (b"HTTP/1.1 500 Internal Server Error", LENGTH, BODY),
        (b"HTTP/1.1 503 Service Unavailable", LENGTH, BODY),
        (b"HTTP/1.0 200 OK", LENGTH, BODY),
        (b"HTTP/2.0 200 OK", LENGTH, BODY),
        (b"http/1.1 200 OK", LENGTH, BODY),
        (b"HTTP/1.1 200 OK", LENGTH + b"Connection: close\r\n", BODY),
        (b"HTTP/1.1 200 OK", b"connection: close\r\n" + LENGTH, BODY),
        (b"HTTP/1.1 200 OK", b"Connection: keep-alive, close\r\n" + LENGTH, BODY),
        (b"HTTP/1.1 200 OK", LENGTH + LENGTH, BODY),
        (b"HTTP/1.1 200 OK", b"Content-Length:7\r\n" + LENGTH, BODY),
        (b"HTTP/1.1 200 OK", b"Content-Length: +40\r\n", BODY),
        (b"HTTP/1.1 200 OK", b"Content-Length: 4_0\r\n", BODY),
        (b"HTTP/1.1 200 OK", b"Content-Length: 40, 40\r\n", BODY),
        (b"HTTP/1.1 200 OK", b"X-Content-Length: 40\r\n", BODY),
        (
            b"HTTP/1.1 200 OK",
            b"Transfer-Encoding: chunked\r\n",
            b"28\r\n" + BODY + b"\r\n0\r\n\r\n",
        ),
        (b"HTTP/1.1 200 OK", LENGTH, BODY[:-1]),
        (b"HTTP/1.1 200 OK", LENGTH, BODY + b"!"),
        (b"HTTP/1.1 200 OK", b"", BODY + b"\r\nContent-Length: 0\r\n"),
    ],
)
def test_all_else_takes_the_long_way(line, headers, body):
    assert whole(line + b"\r\n" + headers + b"\r\n" + body) is None


@pytest.mark.parametrize("cut", [0, 5, 12, 20, 35, 37])
def test_half_a_head(cut):
    assert whole((b"HTTP/1.1 200 OK\r\n" + LENGTH + b"\r\n")[:cut]) is None
