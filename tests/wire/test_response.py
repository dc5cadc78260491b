"""Bodies in chunks: whatever their sizes, and wherever they are cut, they are what was sent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubedrill.wire.errors import WireError
from kubedrill.wire.response import ENDS, Answer
from kubedrill.wire.stream import Pieces

HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
SIZES = st.lists(st.integers(1, 40) | st.sampled_from([4096, 65536]), max_size=12)
CUTS = st.lists(st.integers(0, 300_000), max_size=12)


def chunks_of(sizes: list[int]) -> list[bytes]:
    """Bodies in which every byte says where it is from."""
    return [bytes((number + at) % 251 for at in range(size)) for number, size in enumerate(sizes)]


def in_chunks(parts: list[bytes], extension: bytes = b"") -> bytes:
    framed = [b"%x%s\r\n%s\r\n" % (len(part), extension, part) for part in parts]
    return HEAD + b"".join(framed) + b"0\r\n\r\n"


class Taken(Pieces):
    """Is taken from after every so many times that something has come."""

    def __init__(self, every: int) -> None:
        super().__init__()
        self.taken = b""
        self.every, self.fed = every, 0

    def feed(self, data: bytearray, end: int) -> None:
        super().feed(data, end)
        self.fed += 1
        if self.fed % self.every == 0:
            self.taken += self.take()


def fed(data: bytes, cuts: list[int], answer: Answer) -> Answer:
    # What arrives lies at the beginning of a larger buffer, as it does on a connection.
    buffer = bytearray(b"5\r\nxxxxx\r\n" * 40_000)
    ends = sorted({*(cut for cut in cuts if cut < len(data)), len(data)})
    for start, end in zip([0, *ends], ends, strict=False):
        if start < end:
            buffer[: end - start] = data[start:end]
            answer.feed(buffer, end - start)
    return answer


@given(SIZES, CUTS, st.sampled_from([b"", b";of=nothing", b"  "]), st.sampled_from([0, ENDS, 100]))
def test_whatever_the_sizes_and_the_cuts(sizes, cuts, extension, keep_head):
    parts = chunks_of(sizes)
    body = b"".join(parts)
    answer = fed(in_chunks(parts, extension), cuts, Answer(keep_head=keep_head))
    assert answer.done
    assert answer.size == len(body)
    assert answer.head == body[:keep_head]
    assert answer.tail == body[-ENDS:]


@given(SIZES, CUTS)
def test_a_body_that_is_given_away_piece_by_piece(sizes, cuts):
    parts, pieces = chunks_of(sizes), []
    answer = fed(in_chunks(parts), cuts, Answer(keep_head=0, each=pieces.append))
    assert b"".join(pieces) == b"".join(parts)
    assert (answer.head, answer.response().body) == (b"", b"")


def test_the_body_of_a_failure_is_not_given_away():
    pieces = []
    data = b"HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\nno"
    assert fed(data, [], Answer(each=pieces.append)).done
    assert pieces == []


@pytest.mark.parametrize(
    ("status", "seconds"), [(429, 7), (500, 7), (503, 7), (504, 7), (404, None)]
)
def test_who_may_say_when_to_come_back(status, seconds):
    data = b"HTTP/1.1 %d No\r\nContent-Length: 2\r\nRetry-After: 7\r\n\r\nno" % status
    assert fed(data, [], Answer()).retry_after == seconds


@given(SIZES, CUTS)
def test_a_body_that_is_kept(sizes, cuts):
    parts = chunks_of(sizes)
    answer = fed(in_chunks(parts), cuts, Answer(keep_body=True))
    assert answer.response().body == b"".join(parts)


@given(SIZES, CUTS, st.integers(1, 5), st.sampled_from([b"", b";of=nothing"]))
def test_a_body_that_is_taken_in_pieces(sizes, cuts, every, extension):
    parts = chunks_of(sizes)
    answer = Taken(every)
    fed(in_chunks(parts, extension), cuts, answer)
    assert answer.done
    assert answer.taken + answer.take() == b"".join(parts)
    assert answer.take() == b""
    assert answer.size == sum(sizes)


@given(st.integers(0, 200_000), CUTS, st.integers(1, 5))
def test_a_body_of_known_length_that_is_taken_in_pieces(size, cuts, every):
    (body,) = chunks_of([size])
    answer = Taken(every)
    fed(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + body, cuts, answer)
    assert answer.done
    assert answer.taken + answer.take() == body


@pytest.mark.parametrize("wrong", [b"\r\r", b"\n\n", b"xx", b"\r\n\r\n"])
def test_a_chunk_that_does_not_end_where_it_should(wrong):
    good = b"40\r\n" + b"x" * 64
    data = HEAD + (good + b"\r\n") * 3 + good + wrong + good + b"\r\n0\r\n\r\n"
    with pytest.raises(WireError, match="chunk"):
        fed(data, [], Answer())
