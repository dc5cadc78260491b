"""Client: what a list's metadata says, its version and the `continue` token of a page, from its first bytes.

Both encodings put the list's metadata before its items, so no page is ever decoded. Only lists of
custom resources have it behind them.
"""

import re

from kubedrill.client.protobuf import enveloped, field

HEAD = 4096
"""Enough for any list's metadata."""

_JSON = re.compile(rb'"continue":"([^"\\]+)"')
_ITEMS = re.compile(rb'"items":|"columnDefinitions":')
LAST = 8192
"""Tokens are shorter than this; a custom resource's metadata stands at the end of its list."""
_VERSION = re.compile(rb'"resourceVersion":"(\d+)"')


def token_json(head: bytes) -> str:
    """Return the token in a JSON list's first bytes, "" on the last page."""
    metadata = _ITEMS.split(head, maxsplit=1)[0]
    found = _JSON.search(metadata)
    return found[1].decode("ascii") if found else ""


def token_unstructured(last: bytes) -> str:
    """Return the token in the last LAST bytes of a custom resource's JSON list, "" on the last page."""
    _, _, metadata = last.rpartition(b'"metadata":')
    found = _JSON.search(metadata)
    return found[1].decode("ascii") if found else ""


def token_protobuf(head: bytes) -> str:
    """Return the token in a protobuf list's first bytes, "" on the last page; ValueError if broken."""
    return field(_list_metadata(head), 3).decode("ascii")


def version_protobuf(head: bytes) -> str:
    """Return the resourceVersion in a protobuf list's first bytes; ValueError if there is none."""
    version = field(_list_metadata(head), 2).decode("ascii")
    if not version:
        raise ValueError("a list without a resourceVersion")
    return version


def version_json(head: bytes) -> str:
    """Return the resourceVersion in a JSON list's first bytes; ValueError if there is none."""
    found = _VERSION.search(head)
    if found is None:
        raise ValueError("a list without a resourceVersion")
    return found[1].decode("ascii")


def _list_metadata(head: bytes) -> bytes:
    # ListMeta is field 1 of every list.
    return field(enveloped(head), 1)
