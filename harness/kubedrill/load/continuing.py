"""Load: the `continue` token of a page of a LIST, read from the first bytes of its body.

Both encodings put the list's metadata before its items, so no page is ever decoded. Only lists of
custom resources have it behind them.
"""

import re

HEAD = 4096
"""Enough for any list's metadata."""

_JSON = re.compile(rb'"continue":"([^"\\]+)"')
_ITEMS = re.compile(rb'"items":|"columnDefinitions":')
_LAST = 8192
"""Tokens are shorter than this; a custom resource's metadata stands at the end of its list."""
_MAGIC = b"k8s\x00"


def token_json(head: bytes) -> str:
    """Return the token in a JSON list's first bytes, "" on the last page."""
    metadata = _ITEMS.split(head, maxsplit=1)[0]
    found = _JSON.search(metadata)
    return found[1].decode("ascii") if found else ""


def token_unstructured(body: bytes) -> str:
    """Return the token in the whole JSON list of a custom resource, "" on the last page."""
    _, _, metadata = body[-_LAST:].rpartition(b'"metadata":')
    found = _JSON.search(metadata)
    return found[1].decode("ascii") if found else ""


def token_protobuf(head: bytes) -> str:
    """Return the token in a protobuf list's first bytes, "" on the last page; ValueError if broken.

    The envelope (runtime.Unknown) holds the list in its field 2; ListMeta is field 1 of every list, and the
    token field 3 of it.
    """
    if not head.startswith(_MAGIC):
        raise ValueError("no protobuf of Kubernetes")
    items = _field(head[len(_MAGIC) :], 2)
    return _field(_field(items, 1), 3).decode("ascii")


def _field(message: bytes, wanted: int) -> bytes:
    """Return a length-delimited field of a message, as much of it as is there; b"" if absent."""
    position = 0
    while position < len(message):
        key, position = _varint(message, position)
        if key & 7 == 0:
            _, position = _varint(message, position)
            continue
        if key & 7 != 2:
            raise ValueError(f"wire type {key & 7} is not used by lists")
        length, position = _varint(message, position)
        if key >> 3 == wanted:
            return message[position : position + length]
        position += length
    return b""


def _varint(message: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while position < len(message):
        byte = message[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
    raise ValueError("the message ends within a number")
