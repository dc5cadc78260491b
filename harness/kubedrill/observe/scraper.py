"""Observe: the scraper, one process of blocking threads: metrics, health, resources and the machine.

python -m kubedrill.observe.scraper --run RUN
"""

import os
import threading
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import chain

from kubedrill.clock import MILLISECOND, now
from kubedrill.cluster.provider import handle_of
from kubedrill.observe.fsync import FsyncWatch, disks
from kubedrill.observe.health import Health, Leaders
from kubedrill.observe.leases import EVERY_S, Leases
from kubedrill.observe.machine import MachineMeter, MachineWatch
from kubedrill.observe.metrics import OnPage, PageScrape, interval_s
from kubedrill.observe.nodes import EVERY_S as NODES_EVERY_S
from kubedrill.observe.nodes import Nodes
from kubedrill.observe.objects import EVERY_S as OBJECTS_EVERY_S
from kubedrill.observe.objects import Objects
from kubedrill.observe.observing import Observing, observe
from kubedrill.observe.prometheus import PrometheusWatch
from kubedrill.observe.resources import Resources
from kubedrill.observe.surrounding import Surroundings
from kubedrill.observe.ticks import ticks
from kubedrill.process.lifeline import on_end
from kubedrill.process.priority import prefer
from kubedrill.record.cluster import AUDITOR, ClusterRecord, Component
from kubedrill.record.folder import RunFolder
from kubedrill.record.lines import JsonLines
from kubedrill.record.live_series import OBJECTS, OF_NODES
from kubedrill.record.schedule import Schedule, allowed_hole
from kubedrill.record.state import asked_live
from kubedrill.record.surrounding import is_asked, needs_auditor
from kubedrill.record.watched import LEADERLESS

STAGGER = 50 * MILLISECOND
"""Between the scrapes of one round: all at once would be a load of their own."""

Watcher = Callable[[Iterable[int], threading.Event], None]


class Scraper:
    """Runs each watch in a thread of its own until the schedule or stdin ends."""

    def __init__(self, folder: RunFolder, record: ClusterRecord) -> None:
        self._leaders = Leaders()
        self._health = Health(folder, record, self._leaders)
        self._folder, self._record = folder, record
        handle = handle_of(record)
        self._resources = Resources(folder, handle.usage)
        self._fsync = FsyncWatch(disks(folder, handle.data()))
        self._machine = MachineWatch(
            MachineMeter(folder.path, os.getppid(), handle.processes, self._fsync),
            folder.machine_looks,
        )
        index = JsonLines(folder.metrics_index)
        self._told = None
        if record.prometheus is not None and folder.prometheus.exists():
            self._told = PrometheusWatch(folder, index, record.prometheus)
        # They count since the look before, whenever that was, and read a file for each process; or are told
        # when it was, in answers that take a while to be read.
        self._unhurried = (
            self._machine.run,
            self._resources.run,
            *([self._told.run] if self._told else []),
        )
        self._scrapes = [
            PageScrape(folder, index, record, component, self._seen(component))
            for component in record.components
            if component.metrics is not None
        ]
        self._ended = threading.Event()
        self._errors: list[Exception] = []

    def run(self, schedule: Schedule) -> None:
        """Watch until the end; raise the first error of any watch."""
        on_end(self._ended.set)
        self._fsync.start()
        self._leaders.recent = allowed_hole(schedule.scraping.etcd)
        threads = [
            threading.Thread(target=self._guard, args=(watch, times), name=name, daemon=True)
            for name, watch, times in self._watches(schedule)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self._errors:
            raise self._errors[0]

    def _watches(self, schedule: Schedule) -> Iterable[tuple[str, Watcher, Iterable[int]]]:
        settings = schedule.scraping
        yield "resources", self._resources.run, ticks(schedule, settings.resources)
        yield "machine", self._machine.run, ticks(schedule, 1.0)
        yield "health", self._health.run, ticks(schedule, 1.0)
        if not needs_auditor(_asked(schedule)) and self._looks_around(schedule):
            around = Surroundings(self._folder, self._record)
            yield "surroundings", around.run, (schedule.end,)
        if _asks_who_leads(schedule):
            leases = Leases(self._folder, self._record)
            yield "leases", leases.run, ticks(schedule, EVERY_S)
        if _asks_for_nodes(schedule) or self._looks_around(schedule):
            nodes = Nodes(self._folder, self._record)
            yield "nodes", nodes.run, ticks(schedule, NODES_EVERY_S)
        if kinds := {OBJECTS[name] for name in asked_live(schedule) if name in OBJECTS}:
            objects = Objects(self._folder, self._record, kinds)
            yield "objects", objects.run, ticks(schedule, OBJECTS_EVERY_S)
        if self._told is not None:
            yield "prometheus", self._told.run, ticks(schedule, settings.controllers)
        for number, scrape in enumerate(self._scrapes):
            every = interval_s(scrape.component, settings)
            # The first one, before the schedule begins, opens the connection.
            first = now() + number * STAGGER
            times = chain((first,), ticks(schedule, every, number * STAGGER))
            yield scrape.component.name, scrape.run, times

    def _looks_around(self, schedule: Schedule) -> bool:
        """Whether what changes besides is to be told: whatever is asked, of a drill that breaks something."""
        return bool(schedule.faults) and AUDITOR in self._record.identities

    def _guard(self, watch: Watcher, times: Iterable[int]) -> None:
        if watch not in self._unhurried:
            prefer()
        try:
            watch(times, self._ended)
        except Exception as error:  # noqa: BLE001 - raised again where the process ends
            self._errors.append(error)
            self._ended.set()

    def _seen(self, component: Component) -> OnPage | None:
        if component.kind != "etcd":
            return None
        return partial(self._leaders.seen, component.zone or component.name)


def _asks_who_leads(schedule: Schedule) -> bool:
    asked = _asked(schedule)
    leaderless = any(f".{LEADERLESS}" in text for text in asked)
    return bool(schedule.faults) or leaderless or is_asked(asked)


def _asks_for_nodes(schedule: Schedule) -> bool:
    asked = [*asked_live(schedule), *_asked(schedule)]
    return any(name in text for name in OF_NODES for text in asked)


def _asked(schedule: Schedule) -> list[str]:
    return [objective.text for objective in schedule.objectives]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the scraper of the run folder given by --run."""
    observe("scraper", _ready, arguments)


def _ready(folder: RunFolder) -> Observing:
    return Scraper(folder, ClusterRecord.read(folder.cluster)).run


if __name__ == "__main__":
    main()
