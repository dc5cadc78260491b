"""What a cluster file allows at most, whatever an experiment asks for: `limits:`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, WithJsonSchema, with_config

from kubedrill.reading.types import AnyRate, Part, matching
from kubedrill.reading.units import UnitError, parse_quantity
from kubedrill.record.lines import STRICT, Count
from kubedrill.words import shown

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

KINDS: Mapping[str, str] = {
    "member": "members",
    "apiserver": "apiservers",
    "zone": "zones",
    "node": "nodes",
}
"""Of what faults take away, by its kind, the key that limits it."""


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        raise ValueError(f'no time zone "{shown(name)}"; such as Europe/Berlin, UTC') from None
    return name


def _bytes(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        found = parse_quantity(value)
    except UnitError as error:
        raise ValueError(str(error)) from None
    if found.unit != "bytes" or found.value != int(found.value):
        raise ValueError(f'"{shown(value)}" is no number of bytes, such as 50MB')
    return int(found.value)


Clock = Annotated[
    str, matching(r"([01][0-9]|2[0-3]):[0-5][0-9]|24:00", "is no time of day, such as 09:00")
]
Bytes = Annotated[
    int,
    BeforeValidator(_bytes),
    Field(ge=0),
    WithJsonSchema({"type": ["integer", "string"], "examples": ["50MB"]}),
]
Glob = Annotated[
    str, matching(r"[a-z0-9.*?-]{1,80}", "is no name of a fault, nor a pattern: etcd.*")
]


class Window(Part):
    """When faults may be injected; one that ends before it begins goes past midnight."""

    model_config = ConfigDict(serialize_by_alias=True)

    days: tuple[Day, ...] = Field(DAYS, min_length=1)
    """On which it begins."""
    begin: Clock = Field("00:00", alias="from")
    end: Clock = Field("24:00", alias="to")
    """`to`: not in it any more."""
    zone: Annotated[str, AfterValidator(_zone)] = "UTC"
    """The time zone of both, as of the IANA database."""

    def ends(self, at: datetime) -> datetime | None:
        """Return when the window in which a moment lies ends; None if it lies in none."""
        here = at.astimezone(ZoneInfo(self.zone))
        for back in (0, 1):
            day = here.date() - timedelta(days=back)
            if DAYS[day.weekday()] not in self.days:
                continue
            begin, end = _moment(self.begin), _moment(self.end)
            over = end if end > begin else end + timedelta(days=1)
            start = datetime.combine(day, time(), here.tzinfo)
            if start + begin <= here < start + over:
                return start + over
        return None

    def in_words(self) -> str:
        """Return it as `mon, tue 09:00-17:00 UTC`."""
        days = "every day" if self.days == DAYS else ", ".join(self.days)
        return f"{days} {self.begin}-{self.end} {self.zone}"


def _moment(clock: str) -> timedelta:
    hours, minutes = clock.split(":")
    return timedelta(hours=int(hours), minutes=int(minutes))


class LimitsPart(Part):
    """The key `limits` of a cluster file. What is not given is not limited."""

    zones: Count | None = None
    """Zones that faults may take away at once."""
    members: Count | None = None
    """Members of etcd."""
    apiservers: Count | None = None
    nodes: Count | None = None
    percent: Annotated[float, Field(ge=0, le=100)] | None = None
    """Of the zones, members, apiservers or nodes that there are, at once."""
    forbidden: tuple[Glob, ...] = ()
    """Faults that are refused, by name or pattern: `etcd.kill`, `zone.*`, `activity`."""
    windows: tuple[Window, ...] = ()
    """When faults may be injected; at any time if there is none."""
    rate: AnyRate | None = None
    """Arrivals of all loads together, at any time."""
    clients: Count | None = None
    """Of closed loops, together."""
    objects: Count | None = None
    """That are seeded, or that loads make."""
    bytes: Bytes | None = None
    """Of these objects as stored, about."""


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one cluster file, and where they stand in it."""

    allowed: LimitsPart = field(default_factory=LimitsPart)
    file: str = ""
    """Empty where it is not known any more: those with which a cluster was brought up."""
    lines: dict[str, Count] = field(default_factory=dict)

    def said(self, key: str, value: object) -> str:
        """Return which limit is meant: `clusters/x.yaml:9 allows members: 1`."""
        return f"{self._where(key)} allows {key}: {value}"

    def forbids(self, fault: str) -> str:
        """Return why a fault is refused by its name; or ""."""
        for pattern in self.allowed.forbidden:
            if fnmatchcase(fault, pattern):
                return f"{fault} is forbidden: {self._where('forbidden')} says {pattern}"
        return ""

    def too_many(self, kind: str, count: int, total: int) -> str:
        """Return why so many of a kind must not be taken away at once; or "". A `total` of 0 is unknown."""
        key = KINDS.get(kind)
        if key is None or not count:
            return ""
        most = getattr(self.allowed, key)
        if most is not None and count > most:
            return f"takes {_many(count, kind)} at once, and {self.said(key, most)}"
        percent = self.allowed.percent
        if percent is not None and total and count * 100 > percent * total:
            words = f"takes {count} of {total} {key} at once"
            return f"{words}, and {self.said('percent', f'{percent:g}')}"
        return ""

    def closed(self, begin: datetime, end: datetime | None = None) -> str:
        """Return why nothing may be injected between two moments, or at one; or ""."""
        windows = self.allowed.windows
        if not windows:
            return ""
        opened = [over for window in windows if (over := window.ends(begin))]
        words = "; ".join(window.in_words() for window in windows)
        said = f"{self._where('windows')} allows faults only: {words}"
        if not opened:
            return f"it is {begin:%a %H:%M %Z}, and {said}"
        if end is not None and end > max(opened):
            return f"faults would be injected until {end:%a %H:%M %Z}, and {said}"
        return ""

    def _where(self, key: str) -> str:
        if not self.file:
            return "what the cluster was brought up with"
        line = self.lines.get(key)
        return f"{self.file}:{line}" if line else self.file


def _many(count: int, kind: str) -> str:
    return f"1 {kind}" if count == 1 else f"{count} {KINDS[kind]}"
