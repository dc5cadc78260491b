"""Load: requests that differ in a name only, made at the cost of joining a few bytes."""

import json
from typing import Any

from kubedrill.client.identity import ClientIdentity

Object = dict[str, Any]


class Template:
    """Bytes in which a name is left open; all its names have one length."""

    __slots__ = ("_parts",)

    def __init__(self, content: bytes, length: int) -> None:
        self._parts = content.split(placeholder(length).encode("ascii"))

    def named(self, name: bytes) -> bytes:
        """Return the bytes with that name."""
        return name.join(self._parts)


def placeholder(length: int) -> str:
    """Return what stands for a name of that length: nothing that an object would hold by chance."""
    return ("~name" * (length // 5 + 1))[:length]


def compact(value: Object) -> bytes:
    """Return the object as JSON without blanks."""
    return json.dumps(value, separators=(",", ":")).encode()


def head(
    identity: ClientIdentity,
    method: str,
    path: str,
    body: bytes,
    *,
    content_type: str = "application/json",
) -> bytes:
    """Return what comes before `body` in a request: many heads may share one body."""
    request = identity.request(method, path, body=body, content_type=content_type)
    return request[: len(request) - len(body)]
