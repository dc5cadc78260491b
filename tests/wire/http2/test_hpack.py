"""Header blocks, as others write them and as none may look; frames, however they are cut."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from frame_server import head, headers_of, literal
from hypothesis import given
from hypothesis import strategies as st

from kubedrill.record.sample import Outcome
from kubedrill.wire.errors import WireError
from kubedrill.wire.http2 import frames
from kubedrill.wire.http2.frames import Cutter, frame
from kubedrill.wire.http2.hpack import read
from kubedrill.wire.http2.request import prepare_http2
from kubedrill.wire.http2.session import Http2Session
from kubedrill.wire.http2.streams import Whole

# RFC 7541, C.6.1: compressed, with names from the static table.
RFC = (
    "488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff"
    "6e919d29ad171863c78f0b97c8e9ae82ae43d3"
)
# By Go's encoder (golang.org/x/net/http2/hpack) with a table of size 0: status 429, audit-id, content-type,
# retry-after 17, content-length 1024, a header of 300 bytes, date.
GO = (
    "200e0334323900861db2192b1a4f9a72509191ba059b940559a904f2cfcacbeb11c1bd2b52808eca1f0f108b1d75d0620d26"
    "3d4c7441ea0f260231370f0d830804d70085f2b507aa6fff8801"
    + "f7efdfbf7efdfb" * 37
    + "f7efdfbf0f12034d6f6e"
)


@pytest.mark.parametrize(
    ("block", "fields"),
    [
        (RFC, (302, -1, None)),
        (GO, (429, 1024, 17.0)),
        ("88", (200, -1, None)),
        ("880f0d880044cb4db8ebcfff", (200, 123456789, None)),
        ("89008a21ea496a4ad416a9933f81ff", None),
        ("880f0d83610102", None),
        ("89008a21ea496a4ad416a9933f85740000000f", (204, 7000000, None)),
        ("880088b0a9b3d2c39525b3820bbf", (200, -1, 17.0)),
        ("0085b8848d36a303353033", (503, -1, None)),
    ],
)
def test_blocks_of_others(block, fields):
    if fields is None:
        with pytest.raises(WireError):
            read(bytes.fromhex(block))
    else:
        assert read(bytes.fromhex(block)) == fields


def test_a_date_to_retry_after_is_no_number_of_seconds():
    assert read(head(503, **{"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"})).retry_after is None


@given(st.integers(0, 10**18), st.integers(100, 599), st.text("abcxyz-:/ ", max_size=126))
def test_values(length, status, other):
    block = literal("x-other", other) + head(status, length) + literal("content-type", other)
    if status == 200:
        block = block.replace(b"\x88", literal(":status", "200"))
    assert read(block) == (status, length, None)


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=3000))
def test_requests_of_any_length(value):
    prepared = prepare_http2("DELETE", "/" + value, "h", headers={"x": value})
    headers = headers_of(prepared[9:])
    assert (headers[":path"], headers["x"]) == ("/" + value, value)
    assert headers[":method"] == "DELETE"


@pytest.mark.parametrize(
    "wrong",
    [
        {"path": "/a b"},
        {"path": ""},
        {"headers": {"Connection": "close"}},
        {"token": "a\nb"},
        {"path": "/" + "a" * 17_000},
    ],
)
def test_what_cannot_be_a_request(wrong):
    with pytest.raises(ValueError, match=r"cannot be|has no header|bytes of headers"):
        prepare_http2(**{"method": "GET", "path": "/", "host": "h"} | wrong)


@contextmanager
def malformed_or_fine() -> Iterator[None]:
    """Whatever else is raised is a failure."""
    try:
        yield
    except WireError as error:
        if error.outcome != Outcome.MALFORMED:
            raise


@given(st.binary(max_size=60))
def test_no_block_does_more_harm_than_to_be_malformed(block):
    with malformed_or_fine():
        read(block)


def session() -> Http2Session:
    begun = Http2Session()
    for _ in range(3):
        begun.begin(Whole(True, 16), prepare_http2("GET", "/", "h"))
    return begun


ANSWER = b"".join(
    [
        frames.settings({}),
        frame(frames.HEADERS, frames.END_HEADERS, 1, head(length=6)),
        frame(frames.DATA, 0, 1, b"abc"),
        frame(frames.PING, 0, 0, b"12345678"),
        frame(frames.DATA, 0, 1, b""),
        frame(frames.DATA, frames.PADDED | frames.END_STREAM, 1, b"\x02defpp"),
    ]
)


@given(st.lists(st.integers(0, len(ANSWER)), max_size=8))
def test_frames_may_be_cut_anywhere(cuts):
    talk = session()
    answer, cutter = talk.streams[1], Cutter(talk)
    places = sorted({0, *cuts, len(ANSWER)})
    for start, stop in itertools.pairwise(places):
        cutter.feed(bytearray(ANSWER[start:stop] + b"of before"), stop - start)
    assert isinstance(answer, Whole)
    assert (answer.status, bytes(answer.body), bool(answer.end)) == (200, b"abcdef", True)
    assert list(talk.streams) == [3, 5]


KINDS = st.tuples(
    st.integers(0, 10), st.integers(0, 255), st.integers(0, 8), st.binary(max_size=20)
)


@given(st.lists(KINDS, max_size=12), st.booleans())
def test_no_frames_do_more_harm_than_to_be_malformed(sent, greeted):
    talk = session()
    cutter = Cutter(talk)
    data = frames.settings({}) if greeted else b""
    data += b"".join(frame(*each) for each in sent)
    with malformed_or_fine():
        cutter.feed(data, len(data))
    assert len(talk.streams) <= 3
