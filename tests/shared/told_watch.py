"""Watches whose events have all come: for tests of who takes them."""

import json
from typing import Any

from kubedrill.record.sample import Outcome
from kubedrill.wire.errors import WireError


class Played(Exception):  # noqa: N818 - the end of a test's script
    """Nothing more is told."""


class Notes:
    """Notes what it is told of a collection."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def begin(self) -> None:
        self.told.append("begin")

    def put(self, found: dict[str, Any]) -> None:
        self.told.append(f"put {found['metadata']['name']}")

    def gone(self, found: dict[str, Any]) -> None:
        self.told.append(f"gone {found['metadata']['name']}")

    def all_found(self) -> None:
        self.told.append("all")


class Told:
    """A stream that has already come, and then ends."""

    retry_after, first_byte, size, peer = None, 1, 0, 0

    def __init__(self, *lines: bytes, status: int = 200, failure: Outcome | None = None) -> None:
        self.status = status
        self._lines, self._failure = list(lines), failure

    def receive(self, deadline: int) -> bytes:
        """Return the next line, or how it ends."""
        if self._lines:
            return self._lines.pop(0)
        if self._failure is not None:
            raise WireError(self._failure, "as told")
        return b""


def event(kind: str, version: int, name: str = "a", **annotations: str) -> bytes:
    """Return a line of a watch."""
    metadata = {"name": name, "resourceVersion": str(version), "annotations": annotations}
    told = {"type": kind, "object": {"kind": "ConfigMap", "metadata": metadata}}
    return json.dumps(told, separators=(",", ":")).encode() + b"\n"


def end_of_initial(version: int) -> bytes:
    """Return the bookmark behind all that there is."""
    return event("BOOKMARK", version, **{"k8s.io/initial-events-end": "true"})
