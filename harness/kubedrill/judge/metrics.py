"""Judge: what the scraper left of a run, phase by phase: scrapes, health, resources, exits."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from kubedrill.clock import SECOND
from kubedrill.judge import families, silence, told
from kubedrill.judge.counting import increases
from kubedrill.judge.found import Found, found, looks
from kubedrill.judge.pages import Scrape, at_edge, read_scrapes
from kubedrill.judge.told import ToldScrapes
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.components import COMPONENT_LINE, Exited, Started
from kubedrill.record.folder import RunFolder
from kubedrill.record.lines import Timed
from kubedrill.record.metric import METRICS, Family
from kubedrill.record.schedule import Phase, Scraping, allowed_hole
from kubedrill.record.watched import HealthLook, Host, ResourceLook

Look = TypeVar("Look", bound=Timed)

STARTING = SECOND
"""A member that started so shortly before a phase may not have seen a leader at its first scrape."""


@dataclass(frozen=True, slots=True)
class Metrics:
    """All that the scraper left of a run."""

    cluster: ClusterRecord
    scraping: Scraping
    scraped: Found[Scrape]
    health: Found[HealthLook]
    resources: Found[ResourceLook]
    exits: Found[Started | Exited]
    told: ToldScrapes
    """Whom a Prometheus told of, instead of our own scrapes."""

    @classmethod
    def read(
        cls, folder: RunFolder, cluster: ClusterRecord, scraping: Scraping, may_be_cut: bool
    ) -> "Metrics":
        """Read the files of a run; one that is missing or wrong says nothing, and why."""
        return cls(
            cluster,
            scraping,
            found(folder, lambda: read_scrapes(folder, may_be_cut)),
            looks(folder, folder.health, HealthLook, may_be_cut=may_be_cut),
            looks(folder, folder.resources, ResourceLook, may_be_cut=may_be_cut),
            looks(folder, folder.exits, COMPONENT_LINE, may_be_cut=may_be_cut),
            ToldScrapes.read(folder, cluster),
        )

    @property
    def scrapes(self) -> Sequence[Scrape]:
        """Every scrape, in the order of time."""
        return self.scraped.lines

    def scrapes_of(self, component: str) -> list[Scrape]:
        """Return the scrapes of one component, in the order of time."""
        return [scrape for scrape in self.scrapes if scrape.component == component]

    def parts(self, kind: str) -> list[str]:
        """Return the names of the components of one kind whose metrics there may be."""
        own = [component.name for component in self.cluster.of_kind(kind)]
        return [*own, *(target.name for target in self.told.of_kind(kind))]

    def family(self, name: str) -> Family | None:
        """Return the family from which a metric is read in this cluster; None if there is none."""
        return METRICS[name].family(self.cluster.versions)

    def grown(self, name: str, phase: Phase, *, least: bool = False) -> dict[Any, float]:
        """Return by how much each series of a metric grew in a phase, by (component, key).

        At most, or at `least`: these differ where others scraped, and not at the phase's edges.
        """
        family = self.family(name)
        return self._increase(METRICS[name].component, family, phase, least) if family else {}

    def _increase(self, kind: str, family: Family, phase: Phase, least: bool) -> dict[Any, float]:
        names = {f"{family.name}{suffix}" for suffix in families.SUFFIXES}
        grown: dict[Any, float] = {}
        for component in self.parts(kind):
            readings = [
                {
                    key: value
                    for key, value in scrape.values.items()
                    if key[0] in names and families.wanted(family, dict(key[1]))
                }
                for scrape in self.between_edges(component, phase, least=least)
            ]
            for key, by in increases(readings).items():
                grown[component, key] = by
        return grown

    def between_edges(self, component: str, phase: Phase, *, least: bool = False) -> list[Scrape]:
        """Return the scrapes of a component from the one at the phase's start to the one at its end.

        Where others scraped: from the last before it to the first after it, or at `least` those within.
        """
        scrapes = self.scrapes_of(component)
        if self.told.every_s(component) is not None:
            return told.within(scrapes, phase) if least else told.around(scrapes, phase)
        first, last = (
            scrape.time if (scrape := at_edge(scrapes, edge)) else edge
            for edge in (phase.start, phase.end)
        )
        good = [scrape for scrape in scrapes if not scrape.error]
        before = [scrape for scrape in good if scrape.time <= first][-1:]
        return before + [scrape for scrape in good if first < scrape.time <= last]

    def steady_members(self, phase: Phase) -> list[str]:
        """Return the etcd members that were not started in the phase; all, if each was.

        A member that starts counts the leader it finds as a change.
        """
        members = self.parts("etcd")
        started = {
            line.component
            for line in self.exits.lines
            if isinstance(line, Started) and phase.start - STARTING <= line.time < phase.end
        }
        return [name for name in members if name not in started] or members

    def restarts(self, component: str, phase: Phase) -> int | None:
        """Return how many exits nobody asked for; `component` is a kind or a name.

        None if nobody has kept count.
        """
        if self.exits.doubt:
            return None
        names = {known.name for known in self.cluster.of_kind(component)} or {component}
        return sum(
            isinstance(line, Exited) and not line.asked and line.component in names
            for line in within(self.exits.lines, phase)
        )

    def cpu_s(self, group: str, name: str, phase: Phase) -> float | None:
        """Return the CPU-seconds of one process in a phase; `group` is processes | harness.

        None if it was not there.
        """
        readings = [
            {process.pid: process.cpu_s} if (process := line.usage(group, name)) else {}
            for line in _around(self.resources.lines, phase)
        ]
        return sum(increases(readings).values()) if any(readings) else None

    def rss_peak(self, group: str, name: str, phase: Phase) -> int | None:
        """Return the largest resident memory of one process in a phase, in bytes; None if unknown."""
        return max(
            (
                process.rss_bytes
                for line in within(self.resources.lines, phase)
                if (process := line.usage(group, name))
            ),
            default=None,
        )

    def hosts(self, phase: Phase) -> list[Host]:
        """Return the readings of the host from the one at the phase's start to the one at its end."""
        looks = self.resources.lines
        closing = [line for line in looks if 0 <= line.time - phase.end < SECOND][:1]
        return [line.host for line in (*within(looks, phase), *closing)]

    def unwatched(self, phase: Phase) -> str:
        """Return that CPU and memory were not read for too long in a phase; empty if they were."""
        hole = allowed_hole(self.scraping.resources)
        return silence.of_lines(self.resources, phase, "resources.jsonl", hole)


def within(lines: Sequence[Look], phase: Phase) -> list[Look]:
    """Return the lines that were written in a phase."""
    return [line for line in lines if phase.holds(line.time)]


def _around(lines: Sequence[Look], phase: Phase) -> list[Look]:
    """Return the lines of a phase and the last one before it."""
    before = [line for line in lines if line.time < phase.start][-1:]
    return before + within(lines, phase)
