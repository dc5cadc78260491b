"""What is looked for in large bodies is found piece by piece; the bodies are not kept."""

import gzip
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st
from list_server import unstructured_list

from kubedrill.client.list_metadata import LAST, token_unstructured
from kubedrill.client.watching import Stamps
from kubedrill.load.lists import BodyTail
from kubedrill.wire.response import Answer

TIMES = [10**15 + number for number in range(50)]
NEVER = b'"kubedrill.io/written-at":"99999999999999999999"'
JSON = b",".join(
    [NEVER, *(b'"kubedrill.io/written-at":"%020d","x":"%s"' % (time, b"y" * 30) for time in TIMES)]
)
PROTOBUF = b"".join(b"\x0akubedrill.io/written-at\x12\x14%020d\x12\x03abc" % time for time in TIMES)
MEGABYTE = 10**6


def fed(take, data: bytes, size: int) -> None:
    for start in range(0, len(data), size):
        take(data[start : start + size])


@given(st.integers(1, 300), st.sampled_from([JSON, PROTOBUF]))
def test_stamps_are_found_wherever_the_body_is_cut(size, body):
    stamps = Stamps()
    fed(stamps.take, body, size)
    assert stamps.found == set(TIMES)


@pytest.mark.parametrize("size", [1, 1000, 65536])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_the_end_of_a_list_of_custom_resources(size, pack):
    ending, body = BodyTail(), unstructured_list("token", 200)
    fed(ending.take, pack(body), size)
    assert ending.last == body[-LAST:]
    assert token_unstructured(ending.last) == "token"


def test_what_is_broken_has_no_token():
    ending = BodyTail()
    fed(ending.take, gzip.compress(b"x" * 1000)[:10] + b"\xff" * 50, 16)
    assert token_unstructured(ending.last) == ""


@pytest.mark.parametrize("kind", [Stamps, BodyTail])
def test_fifty_megabytes_take_no_memory(kind):
    answer = Answer(each=kind().take)
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (50 * MEGABYTE)
    answer.feed(bytearray(head), len(head))
    piece = bytearray(b"{" * MEGABYTE)
    tracemalloc.start()
    try:
        for _ in range(50):
            answer.feed(piece, MEGABYTE)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert answer.done
    assert most < 5 * MEGABYTE
