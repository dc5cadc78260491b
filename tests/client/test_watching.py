"""A watch's events, cut at any place, told apart without decoding."""

import json
import time

import pytest

from kubedrill.client.watching import EventKind, Events

AT = 12_345_678_901
STAMP = f"{AT:020}"


def configmap(version="77", stamp=True):
    annotations = {"kubedrill.io/written-at": STAMP} if stamp else {"a": "b"}
    metadata = {"name": "one", "resourceVersion": version, "annotations": annotations}
    return {"kind": "ConfigMap", "apiVersion": "v1", "metadata": metadata}


def line(kind, value):
    return json.dumps({"type": kind, "object": value}, separators=(",", ":")).encode() + b"\n"


WRITTEN = (b"kubedrill.io/written-at", STAMP.encode())


def length_delimited(number, content):
    size, encoded = len(content), b""
    while size >= 0x80:
        encoded += bytes([size & 0x7F | 0x80])
        size >>= 7
    return bytes([number << 3 | 2]) + encoded + bytes([size]) + content


def frame(kind, metadata):
    inside = length_delimited(1, metadata)
    envelope = (
        b"k8s\x00" + length_delimited(1, length_delimited(1, b"v1")) + length_delimited(2, inside)
    )
    event = length_delimited(1, kind) + length_delimited(2, length_delimited(1, envelope))
    return len(event).to_bytes(4, "big") + event


def metadata(version=b"77", annotation=WRITTEN):
    key, value = annotation
    entry = length_delimited(1, key) + length_delimited(2, value)
    parts = ((1, b"one"), (3, b"space"), (5, b"uid" * 12), (6, version), (12, entry))
    return b"".join(length_delimited(number, content) for number, content in parts)


JSON = line("ADDED", configmap("5", stamp=False)) + line("MODIFIED", configmap("77"))
PROTOBUF = frame(b"ADDED", metadata(b"5", (b"a", b"b"))) + frame(b"MODIFIED", metadata())


@pytest.mark.parametrize(("encoding", "stream"), [("json", JSON), ("protobuf", PROTOBUF)])
@pytest.mark.parametrize("size", [1, 3, 7, 64, 10_000])
def test_events_cut_anywhere(encoding, stream, size):
    events = Events(encoding)
    found = [
        event
        for start in range(0, len(stream), size)
        for event in events.feed(stream[start : start + size])
    ]
    assert [event.kind for event in found] == [EventKind.ADDED, EventKind.MODIFIED]
    assert [event.version for event in found] == ["5", "77"]
    assert [event.written_at for event in found] == [None, AT]
    assert not any(event.ends_initial for event in found)


END = (b"k8s.io/initial-events-end", b"true")


@pytest.mark.parametrize(
    ("encoding", "stream"),
    [
        (
            "json",
            line("BOOKMARK", {"metadata": {"annotations": {END[0].decode(): "true"}}})
            + line("BOOKMARK", {"metadata": {"resourceVersion": "9"}}),
        ),
        ("protobuf", frame(b"BOOKMARK", metadata(b"9", END)) + frame(b"BOOKMARK", metadata(b"9"))),
    ],
)
def test_which_bookmark_ends_a_list(encoding, stream):
    assert [event.ends_initial for event in Events(encoding).feed(stream)] == [True, False]


def test_the_status_of_an_error():
    gone = {"kind": "Status", "status": "Failure", "reason": "Expired", "code": 410}
    (event,) = Events("json").feed(line("ERROR", gone))
    assert (event.kind, event.code) == (EventKind.ERROR, 410)
    status = b"".join(
        (length_delimited(2, b"Failure"), length_delimited(4, b"Expired"), b"\x30\x9a\x03")
    )
    envelope = b"k8s\x00" + length_delimited(2, status)
    raw = length_delimited(1, b"ERROR") + length_delimited(2, length_delimited(1, envelope))
    (event,) = Events("protobuf").feed(len(raw).to_bytes(4, "big") + raw)
    assert (event.kind, event.code) == (EventKind.ERROR, 410)


@pytest.mark.parametrize(
    ("encoding", "data"),
    [
        ("json", b'{"kind":"Status","code":500}\n'),
        ("json", b'{"type":"NEW","object":{}}\n'),
        ("protobuf", b"\x00\x00\x00\x05hello"),
        ("protobuf", b"\x00\x00\x00\x00"),
    ],
)
def test_what_is_no_event(encoding, data):
    with pytest.raises(ValueError, match=r"event of a watch|wire type|ends within"):
        list(Events(encoding).feed(data))


def test_an_event_without_a_version():
    (event,) = Events("json").feed(line("ADDED", {"metadata": {"name": "one"}}))
    with pytest.raises(ValueError, match="without a resourceVersion"):
        _ = event.version


@pytest.mark.parametrize("encoding", ["json", "protobuf"])
def test_a_large_event_costs_time_in_proportion_to_its_size(encoding):
    """16 MiB in pieces of 8 KiB: to copy what came before with each of them is 16 GiB.

    It would take 64 times as long as one of 2 MiB, where 8 times are right.
    """

    def took_s(size: int) -> float:
        note = "x" * size
        if encoding == "json":
            content = {"metadata": {"resourceVersion": "7", "annotations": {"n": note}}}
            stream = line("ADDED", content)
        else:
            stream = frame(b"ADDED", metadata(b"7", (b"n", note.encode())))
        events, found, begun = Events(encoding), [], time.process_time()
        for start in range(0, len(stream), 1 << 13):
            found += events.feed(stream[start : start + (1 << 13)])
        assert [event.version for event in found] == ["7"]
        return time.process_time() - begun

    assert took_s(16 << 20) < 24 * took_s(2 << 20) + 0.1


def test_a_length_that_no_event_has_is_refused_at_once():
    with pytest.raises(ValueError, match="bytes"):
        list(Events("protobuf").feed(b"<html>no watch</html>"))


def test_a_line_without_end_is_refused(monkeypatch):
    monkeypatch.setattr("kubedrill.client.watching.LARGEST", 1000)
    events = Events("json")
    with pytest.raises(ValueError, match="1200 bytes"):
        [list(events.feed(b"x" * 400)) for _ in range(4)]


@pytest.mark.parametrize("message", ["0" * 48, "0éé", "300"])
def test_a_message_that_looks_like_a_code_is_none(message):
    """0x30, the tag of the code, is also the digit 0 and the length 48."""
    text = length_delimited(3, message.encode())
    status = length_delimited(2, b"Failure") + text + b"\x30\x9a\x03"
    envelope = b"k8s\x00" + length_delimited(2, status)
    raw = length_delimited(1, b"ERROR") + length_delimited(2, length_delimited(1, envelope))
    (event,) = Events("protobuf").feed(len(raw).to_bytes(4, "big") + raw)
    assert event.code == 410
