"""What nodes have asked, counted: how often in each phase, how often a minute, and for how long."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from statistics import mean

from conversation.asked import BEGINS, RESUMED, Asked
from conversation.play import LEASE, Heard

Counts = dict[str, float]
"""By row, how often a node has asked it."""


@dataclass(frozen=True, slots=True)
class Table:
    """What one player's nodes have asked, each, in the mean."""

    phases: dict[str, Counts]
    """By phase; Leases that are renewed are not among it: they come with time, whatever happens."""
    lease_s: float
    """From one renewal to the next."""
    watch_s: dict[str, tuple[int, int]] = field(default_factory=dict)
    """The least and the most seconds for which each kind of watch was asked for."""
    idle_minute: Counts = field(default_factory=dict)
    """How often a minute while nothing happened; empty where that was too short to say."""

    @classmethod
    def of(cls, heard: Heard, player: str, idle_s: float = 0.0) -> "Table":
        """Return what a player's nodes have asked."""
        every, many = heard.of(player), len(heard.nodes[player])
        phases = {
            name: {
                row: round(count / many, 2)
                for row, count in Counter(each.row for each in _between(every, begun, end)).items()
                if row != LEASE
            }
            for (name, begun), (_, end) in pairwise(heard.marks)
        }
        idle = phases.pop("idle")
        minutes = idle_s / 60
        lease_s = round(mean(_renewals(every, heard.marks[-2][1])), 2)
        minute = {row: round(count / minutes, 3) for row, count in idle.items()} if minutes else {}
        if minute:
            minute[LEASE] = round(60 / lease_s, 3)
        return cls(phases, lease_s, _watches(every), minute)

    @property
    def minute(self) -> float:
        """How often a minute, in all, while nothing happened."""
        return sum(self.idle_minute.values())

    def as_json(self) -> object:
        """Return it as it is kept."""
        return asdict(self)


def _between(every: list[Asked], begun: float, end: float) -> Iterator[Asked]:
    return (each for each in every if begun <= each.at < end)


def _renewals(every: list[Asked], until: float) -> Iterator[float]:
    """Yield the times between a node's renewals, as long as the API was there."""
    by_node = defaultdict(list)
    for each in every:
        if each.row == LEASE and each.at < until:
            by_node[each.node].append(each.at)
    for times in by_node.values():
        yield from (after - before for before, after in pairwise(times))


def _watches(every: list[Asked]) -> dict[str, tuple[int, int]]:
    asked_for = defaultdict(list)
    for each in every:
        for how in (BEGINS, RESUMED):
            if each.row.startswith("watch ") and each.row.endswith(how):
                asked_for[each.row.removesuffix(how).strip()].append(each.seconds)
    return {row: (min(seconds), max(seconds)) for row, seconds in sorted(asked_for.items())}


def shown(tables: dict[str, Table]) -> Iterator[str]:
    """Yield the lines of a table of what each player's nodes have asked."""
    names = [*tables]
    for phase in tables[names[0]].phases:
        yield from _counts(phase, {name: tables[name].phases[phase] for name in names})
    yield from _counts("a minute, idle", {name: tables[name].idle_minute for name in names})
    yield "".join(f"{name:>10}" for name in names)
    yield "".join(f"{tables[name].minute:10.2f}" for name in names) + "  requests a minute, idle"
    yield "".join(f"{tables[name].lease_s:10.2f}" for name in names) + "  s between renewals"


def _counts(title: str, by_name: dict[str, Counts]) -> Iterator[str]:
    yield f"\n{title}"
    yield "".join(f"{name:>10}" for name in by_name)
    for row in sorted({row for counts in by_name.values() for row in counts}):
        yield "".join(f"{counts.get(row, 0):10.2f}" for counts in by_name.values()) + f"  {row}"
