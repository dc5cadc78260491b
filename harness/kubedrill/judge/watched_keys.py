"""Judge: the auditor's watches: from which version on each told, what it told, and how far it came."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from kubedrill.record.audit import AnyAuditLine, Told, WatchEnded, Watching

Point = Watching | Told
"""Where a watch stood: at its opening, or with what it told."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One watch of a client, from its opening to its end."""

    opened: Watching
    lines: tuple[Told, ...]
    """What it told, bookmarks among it, in the order in which it came."""
    newest: tuple[Point, ...]
    """Of each of them, with what it had come to the newest version before."""
    last: int
    """The newest version that it came to."""

    @classmethod
    def of(cls, opened: Watching, lines: Sequence[Told]) -> "Segment":
        """Return the watch that was opened so and told this."""
        newest: list[Point] = []
        point: Point = opened
        for line in lines:
            newest.append(point)
            point = line if line.version >= reached(point) else point
        return cls(opened, tuple(lines), tuple(newest), reached(point))

    @property
    def client(self) -> str:
        """Whose it is."""
        return self.opened.client

    @property
    def events(self) -> Iterator[tuple[Told, Point]]:
        """What it told of keys, each with what it had come to the newest version before."""
        told = zip(self.lines, self.newest, strict=True)
        return ((line, point) for line, point in told if line.kind != "BOOKMARK")

    def passed(self, version: int) -> bool:
        """Whether it had to tell of that version: it began before, and came beyond it."""
        return self.opened.since < version < self.last

    def passing(self, version: int) -> Told:
        """Return the first line with which it came beyond a version."""
        return next(line for line in self.lines if line.version > version)


def reached(point: Point) -> int:
    """Return the version that a watch had come to."""
    return point.since if isinstance(point, Watching) else point.version


def is_behind(event: Told, point: Point) -> bool:
    """Whether an event should have come before: an opening and a bookmark close all up to their versions."""
    closes = isinstance(point, Watching) or point.kind == "BOOKMARK"
    return event.version < reached(point) or (closes and event.version == reached(point))


def segments(lines: Iterable[AnyAuditLine]) -> list[Segment]:
    """Return the watches in the order in which they were opened."""
    found: list[tuple[Watching, list[Told]]] = []
    now_open: dict[str, list[Told]] = {}
    for line in lines:
        match line:
            case Watching(client=client):
                now_open[client] = []
                found.append((line, now_open[client]))
            case Told(client=client) if client in now_open:
                now_open[client].append(line)
            case WatchEnded(client=client):
                now_open.pop(client, None)
    return [Segment.of(opened, told) for opened, told in found]
