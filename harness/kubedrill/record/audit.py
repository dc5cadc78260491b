"""What the auditor writes, a line for each thing that it did or was told: `audit.jsonl`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, cast

from pydantic import Field

from kubedrill.record.lines import BadEvidence, Count, Time, TimedLine, ascending, read_lines
from kubedrill.record.sample import Outcome

CONSISTENCY = "consistency"
"""The series that is judged by this file."""

_NEVER_SENT = frozenset(
    {Outcome.REFUSED, Outcome.NO_DESCRIPTOR, Outcome.NO_PORT, Outcome.NO_MEMORY}
)


class AuditLine(TimedLine):
    """A line; its `time` is when it was written: what it tells of was known by then."""

    number: Count
    """From 0 on, without a gap: what is missing is found out."""
    client: str
    """The path: balancer | apiserver-ZONE. A client's calls of one kind follow each other."""


class Wrote(AuditLine):
    """One write of a key, on the condition that it is still as the writer knows it."""

    what: Literal["wrote"] = "wrote"
    key: str
    value: str
    """No other write has it."""
    base: Count
    """The version that it replaces, and no other."""
    began: Time
    outcome: Count
    """HTTP status or record.sample.Outcome."""
    version: Count
    """That the key has since; 0 if it was not acknowledged."""

    @property
    def happened(self) -> bool | None:
        """Whether it was done; None if nobody knows: it may have been, or may yet be."""
        if 200 <= self.outcome < 300:
            return True
        refused = 400 <= self.outcome < 500 or self.outcome in _NEVER_SENT
        return False if refused else None


class Looked(AuditLine):
    """One read of a key."""

    what: Literal["looked"] = "looked"
    key: str
    cached: bool
    """From the apiserver's watch cache, which may be behind; else a quorum read."""
    began: Time
    outcome: Count
    version: Count
    """0 if nothing came."""
    value: str


class Listed(AuditLine):
    """A quorum read of all keys, from which a watch begins."""

    what: Literal["listed"] = "listed"
    began: Time
    version: Count
    keys: dict[str, tuple[Count, str]]
    """Version and value of each."""


class Watching(AuditLine):
    """A watch was opened."""

    what: Literal["watching"] = "watching"
    since: Count
    """It tells of all that was written behind this version."""


class Told(AuditLine):
    """An event of the client's watch."""

    what: Literal["told"] = "told"
    kind: Literal["ADDED", "MODIFIED", "DELETED", "BOOKMARK"]
    key: str
    """"" of a bookmark."""
    version: Count
    value: str


class WatchEnded(AuditLine):
    """The client's watch ended."""

    what: Literal["unwatched"] = "unwatched"
    why: str


class Closed(AuditLine):
    """The last line: the auditor came to its end."""

    what: Literal["closed"] = "closed"


AnyAuditLine = Wrote | Looked | Listed | Watching | Told | WatchEnded | Closed
AUDIT_LINE = cast("type[AnyAuditLine]", Annotated[AnyAuditLine, Field(discriminator="what")])
"""A line of `audit.jsonl`."""


def read_audit(path: Path, *, may_be_cut: bool) -> Iterator[AnyAuditLine]:
    """Yield the lines of `audit.jsonl`; BadEvidence where one is missing, or the last is."""
    last = None
    lines = ascending(path, read_lines(path, AUDIT_LINE, may_be_cut=may_be_cut))
    for number, line in enumerate(lines):
        if line.number != number:
            raise BadEvidence(path, number + 1, f"is line {line.number} of the auditor's")
        last = line
        yield line
    if not may_be_cut and not isinstance(last, Closed):
        raise BadEvidence(path, None, "the auditor did not come to its end")
