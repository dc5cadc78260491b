"""Judge: the values of every metric in record.metric, from scrapes, health, resources and exits."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from kubedrill.judge import families, silence
from kubedrill.judge.counting import add_up, increases, quantile
from kubedrill.judge.found import Found, found
from kubedrill.judge.gauges import Point, Reading, combine, combined, worst
from kubedrill.judge.pages import Page, at_edge, read_pages
from kubedrill.judge.silence import Exempt
from kubedrill.record.clock import SECOND
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.components import COMPONENT_LINE, Exited, Started
from kubedrill.record.folder import RunFolder
from kubedrill.record.lines import Timed, ascending, read_lines
from kubedrill.record.metric import METRICS, Family, Metric
from kubedrill.record.objective import Objective
from kubedrill.record.schedule import Phase, Scraping, allowed_hole
from kubedrill.record.watched import HealthLook, Host, ResourceLook

Look = TypeVar("Look", bound=Timed)

STARTING = SECOND
"""A member that started so shortly before a phase may not have seen a leader at its first scrape."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A value in the series' base unit, or why there is none."""

    value: float | None
    reason: str = ""
    valid: bool = True
    """Whether it says anything. A valid one with a reason did not hold, whatever was asked."""
    most: float | None = None
    """What it is at most, where `value` is only what it is at least."""
    note: str = ""
    """What is to be said beside it if it did not hold."""


@dataclass(frozen=True, slots=True)
class Metrics:
    """All that the scraper left of a run."""

    cluster: ClusterRecord
    scraping: Scraping
    scrapes: Found[Page]
    health: Found[HealthLook]
    resources: Found[ResourceLook]
    exits: Found[Started | Exited]

    @classmethod
    def read(
        cls, folder: RunFolder, cluster: ClusterRecord, scraping: Scraping, may_be_cut: bool
    ) -> "Metrics":
        """Read the files of a run; one that is missing or wrong says nothing, and why."""

        def looks(path: Path, kind: type[Look]) -> Found[Look]:
            lines = partial(read_lines, path, kind, may_be_cut=may_be_cut)
            return found(folder, lambda: ascending(path, lines()))

        return cls(
            cluster,
            scraping,
            found(folder, lambda: read_pages(folder, may_be_cut)),
            looks(folder.health, HealthLook),
            looks(folder.resources, ResourceLook),
            looks(folder.exits, COMPONENT_LINE),
        )

    @property
    def pages(self) -> Sequence[Page]:
        """Every scrape, in the order of time."""
        return self.scrapes.lines

    def value(self, objective: Objective, phase: Phase, exempt: Exempt) -> Measured:
        """Return what the objective asks of a metric; a gauge at its worst over the phase."""
        metric = METRICS[objective.series]
        if words := self._doubt(objective.series, metric, phase, exempt):
            return Measured(None, words, valid=False)
        if metric.kind == "gauge":
            return self._gauge(objective, metric, phase, phase.start)
        if metric.kind == "histogram":
            return self._histogram(objective, phase)
        grown = self._grown(objective.series, metric, phase)
        if grown is None:
            return Measured(None, f"{objective.series}: nothing was there to measure", valid=False)
        seconds = (phase.end - phase.start) / SECOND
        return Measured(grown / seconds if objective.statistic == "rate" else grown)

    def eventually(
        self, objective: Objective, phase: Phase, since: int, exempt: Exempt
    ) -> Measured:
        """Return a gauge at its worst from `since` + the objective's time to the end of the phase."""
        metric = METRICS[objective.series]
        if words := self._doubt(objective.series, metric, phase, exempt):
            return Measured(None, words, valid=False)
        begin = since + round((objective.eventually_s or 0.0) * SECOND)
        return self._gauge(objective, metric, phase, begin)

    def family(self, name: str) -> Family | None:
        """Return the family from which a metric is read in this cluster; None if there is none."""
        return METRICS[name].family(self.cluster.versions)

    def grown(self, name: str, phase: Phase) -> dict[Any, float]:
        """Return by how much each series of a metric grew in a phase, by (component, key)."""
        family = self.family(name)
        return self._increase(METRICS[name].component, family, phase) if family else {}

    def _increase(self, component: str, family: Family, phase: Phase) -> dict[Any, float]:
        names = {f"{family.name}{suffix}" for suffix in families.SUFFIXES}
        grown: dict[Any, float] = {}
        for one in self.cluster.of_kind(component):
            readings = [
                {
                    key: value
                    for key, value in page.values.items()
                    if key[0] in names and families.wanted(family, dict(key[1]))
                }
                for page in self.between_edges(one.name, phase)
            ]
            for key, by in increases(readings).items():
                grown[one.name, key] = by
        return grown

    def between_edges(self, component: str, phase: Phase) -> list[Page]:
        """Return the scrapes of a component from the one at the phase's start to the one at its end."""
        pages = self._pages(component)
        first, last = (
            page.time if (page := at_edge(pages, edge)) else edge
            for edge in (phase.start, phase.end)
        )
        good = [page for page in pages if not page.error]
        before = [page for page in good if page.time <= first][-1:]
        return before + [page for page in good if first < page.time <= last]

    def _gauge(self, objective: Objective, metric: Metric, phase: Phase, begin: int) -> Measured:
        trace = self._trace(objective.series, metric, phase)
        values = [value for time, value in trace if begin <= time < phase.end]
        if not values:
            return Measured(None, f"{objective.series}: not read in this stretch", valid=False)
        if objective.statistic in ("max", "min"):
            return Measured({"max": max, "min": min}[objective.statistic](values))
        return Measured(worst(values, objective.operator, objective.threshold))

    def _trace(self, name: str, metric: Metric, phase: Phase) -> list[Point]:
        if name == "etcd.healthy_members":
            return [
                (line.time, float([*line.etcd.values()].count("healthy")))
                for line in _within(self.health.lines, phase)
            ]
        if name.endswith(".rss"):
            readings = [
                Reading(line.time, one.name, _rss_of(line, one.name))
                for line in _within(self.resources.lines, phase)
                for one in self.cluster.of_kind(metric.component)
            ]
            return combine(readings, metric.across)
        family = self.family(name)
        assert family
        readings = [
            Reading(page.time, page.component, families.sum_of(page, family))
            for one in self.cluster.of_kind(metric.component)
            for page in self._pages(one.name)
            if phase.holds(page.time)
        ]
        return combine(readings, metric.across)

    def _histogram(self, objective: Objective, phase: Phase) -> Measured:
        assert objective.statistic
        parts = [
            {float(dict(key[1])["le"]): by}
            for (_, key), by in self.grown(objective.series, phase).items()
            if key[0].endswith("_bucket")
        ]
        value = quantile(add_up(parts), float(objective.statistic.removeprefix("p")) / 100)
        if value is None:
            return Measured(None, f"{objective.series}: nothing was observed in it", valid=False)
        return Measured(value)

    def _grown(self, name: str, metric: Metric, phase: Phase) -> float | None:
        if name.endswith(".restarts"):
            restarts = self.restarts(metric.component, phase)
            return None if restarts is None else float(restarts)
        components = [one.name for one in self.cluster.of_kind(metric.component)]
        if name == "etcd.elections":
            components = self.steady_members(phase)
        if name.endswith(".cpu"):
            used = (self.cpu_s("processes", component, phase) for component in components)
            known = [seconds for seconds in used if seconds is not None]
            return sum(known) if known else None
        by_component: dict[str, float] = dict.fromkeys(components, 0.0)
        for (component, _), by in self.grown(name, phase).items():
            if component in by_component:
                by_component[component] += by
        return combined(by_component.values(), metric.across)

    def steady_members(self, phase: Phase) -> list[str]:
        """Return the etcd members that were not started in the phase; all, if each was.

        A member that starts counts the leader it finds as a change.
        """
        members = [one.name for one in self.cluster.of_kind("etcd")]
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
        names = {one.name for one in self.cluster.of_kind(component)} or {component}
        return sum(
            isinstance(line, Exited) and not line.asked and line.component in names
            for line in _within(self.exits.lines, phase)
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
                for line in _within(self.resources.lines, phase)
                if (process := line.usage(group, name))
            ),
            default=None,
        )

    def hosts(self, phase: Phase) -> list[Host]:
        """Return the readings of the host from the one at the phase's start to the one at its end."""
        looks = self.resources.lines
        closing = [line for line in looks if 0 <= line.time - phase.end < SECOND][:1]
        return [line.host for line in (*_within(looks, phase), *closing)]

    def _doubt(self, name: str, metric: Metric, phase: Phase, exempt: Exempt) -> str:
        """Return why a metric is not known in a phase, in words; empty if it is."""
        return self._silence(name, metric, phase, exempt) or self._missing(
            name, metric, phase, exempt
        )

    def _missing(self, name: str, metric: Metric, phase: Phase, exempt: Exempt) -> str:
        if not metric.families:
            return ""
        family = self.family(name)
        if family is None:
            return families.unknown(name, metric, self.cluster.versions.get(metric.component, ""))
        missing = (
            self._missing_of(one.name, metric, family, phase, exempt)
            for one in self.cluster.of_kind(metric.component)
        )
        return next((words for words in missing if words), "")

    def _missing_of(
        self, component: str, metric: Metric, family: Family, phase: Phase, exempt: Exempt
    ) -> str:
        if metric.kind == "gauge":
            within = [page for page in self._pages(component) if phase.holds(page.time)]
            return families.missing_gauge(within, family, component, exempt)
        return families.missing_count(self.between_edges(component, phase), family, component)

    def _silence(self, name: str, metric: Metric, phase: Phase, exempt: Exempt) -> str:
        if name == "etcd.healthy_members":
            return silence.of_lines(self.health, phase, "health.jsonl", allowed_hole(1.0))
        if name.endswith(".restarts"):
            return self.exits.doubt
        if metric.families and self.scrapes.doubt:
            return self.scrapes.doubt
        if name == "etcd.elections" and self.exits.doubt:
            return self.exits.doubt
        components = [one.name for one in self.cluster.of_kind(metric.component)]
        silent = (self._silence_of(one, metric, phase, exempt) for one in components)
        unread = "" if metric.families else self.unwatched(phase)
        return unread or next((words for words in silent if words), "")

    def unwatched(self, phase: Phase) -> str:
        """Return that CPU and memory were not read for too long in a phase; empty if they were."""
        hole = allowed_hole(self.scraping.resources_s)
        return silence.of_lines(self.resources, phase, "resources.jsonl", hole)

    def _silence_of(self, component: str, metric: Metric, phase: Phase, exempt: Exempt) -> str:
        if not metric.families:
            hole = allowed_hole(self.scraping.resources_s)
            return silence.of_process(self.resources.lines, component, phase, exempt, hole)
        pages = self._pages(component)
        words = silence.of_pages(pages, component, phase, exempt)
        if words or metric.kind == "gauge":
            return words
        return silence.of_edges(pages, component, phase, exempt)

    def _pages(self, component: str) -> list[Page]:
        return [page for page in self.pages if page.component == component]


def _rss_of(line: ResourceLook, component: str) -> float | None:
    process = line.processes.get(component)
    return float(process.rss_bytes) if process else None


def _within(lines: Sequence[Look], phase: Phase) -> list[Look]:
    return [line for line in lines if phase.holds(line.time)]


def _around(lines: Sequence[Look], phase: Phase) -> list[Look]:
    """Return the lines of a phase and the last one before it."""
    before = [line for line in lines if line.time < phase.start][-1:]
    return before + _within(lines, phase)
