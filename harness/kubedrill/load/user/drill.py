"""Load: a profile run by `kubedrill run`: ready, GO, arrivals on the drill's clock, the lifeline."""

import gc
import itertools
import os
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import gevent
from gevent import get_hub
from gevent.event import Event

from kubedrill.load.launch import LOAD, PROFILE, RUN, WORKER, WORKERS
from kubedrill.load.user.generator import Generator
from kubedrill.load.user.identity import Identity, of_cluster
from kubedrill.load.user.parameters import Parameters
from kubedrill.load.user.recorder import open_samples
from kubedrill.load.user.result import Series
from kubedrill.load.user.share import Share
from kubedrill.process.lifeline import ignore_terminal, read_go, say_ready
from kubedrill.record.clock import MILLISECOND, SECOND, now
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.files import JsonLines
from kubedrill.record.folder import RunFolder
from kubedrill.record.sample import SampleWriter
from kubedrill.record.schedule import Schedule, ScheduledLoad
from kubedrill.wire.target import Http

DRAIN = 5 * SECOND
"""After the last phase, what is in flight may end within this; then it is cut."""

QUIET = 100 * MILLISECOND
"""Before the first arrival nothing else is done."""

LOOK_S = 0.02
"""How often it is looked whether users have joined, or answers have come."""


class Drill:
    """One load of a drill. Everything it needs comes from the run folder and the GO line."""

    def __init__(self, folder: RunFolder, profile: str, load: str, share: Share) -> None:
        self._folder = folder
        self._profile = profile
        self.share = share
        """This process's part of the load."""
        self.load = load
        """The load's name."""
        self._cluster = ClusterRecord.read(folder.cluster)
        self.users = len(self._cluster.load_identities)
        """How many users there will be."""
        self.swept = True
        """Whether what the load makes is deleted afterwards."""
        self.run_name = folder.run
        """The run's name, for what the load creates."""
        self._spawned = Event()
        self._ended = Event()

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Drill | None":
        """Return the drill that launched this process, if one did."""
        if RUN not in environment:
            return None
        ignore_terminal()
        share = Share(int(environment[WORKER]), int(environment[WORKERS]))
        folder = RunFolder(Path(environment[RUN]))
        return cls(folder, environment[PROFILE], environment[LOAD], share)

    def identities(self, http: Http) -> list[Identity]:
        """Return the load's identities in this cluster."""
        # Named after the profile, so that whoever looks for an offender finds it.
        return of_cluster(self._cluster, f"kubedrill-{self._profile}", http)

    def samples(self, series: tuple[Series, ...], given: Parameters) -> SampleWriter | None:
        """Return the writer of this load's samples."""
        sidecar = {
            "series": [one._asdict() for one in series],
            "targets": ["unknown"],
            "profile": self._profile,
            "load": self.load,
            "parameters": given.model_dump(),
            "worker": self.share.worker,
            "workers": self.share.workers,
        }
        return open_samples(self._folder.samples, self._name, sidecar)

    def vitals(self) -> JsonLines | None:
        """Return where this process says how it is doing."""
        return JsonLines(self._folder.samples / f"{self._name}.workers.jsonl")

    @property
    def _name(self) -> str:
        one_of_many = f"@{self.share.worker}" if self.share.workers > 1 else ""
        return f"load-{self.load}{one_of_many}"

    def spawned(self) -> None:
        """All users are there."""
        self._spawned.set()

    def run(self, generator: Generator) -> bool:
        """Play this load's part of the schedule, or until stdin ends; True: Locust may quit."""
        self._spawned.wait()
        while len(generator.users) < self.users:
            gevent.sleep(LOOK_S)  # some still prepare what they need
        say_ready()
        schedule = read_go(_read)
        if schedule is None:
            return True
        gevent.spawn(self._watch_stdin)
        self._warm_up(generator, schedule)
        load = next(one for one in schedule.loads if one.name == self.load)
        self._send(generator, schedule, load)
        return True

    def _watch_stdin(self) -> None:
        while _read(0, 65536):
            pass
        self._ended.set()

    def _warm_up(self, generator: Generator, schedule: Schedule) -> None:
        deadline = schedule.start - QUIET
        left = (deadline - now()) / SECOND
        if left > 0:
            gevent.joinall([gevent.spawn(user.connect, deadline) for user in generator.users], left)
        # What is here now stays: the collector need not look at it again and again.
        gc.collect()
        gc.freeze()

    def _send(self, generator: Generator, schedule: Schedule, load: ScheduledLoad) -> None:
        if load.arrivals.clients:
            clients = self.share.part(load.arrivals.clients)
            pause_s = load.arrivals.pause_s
            work = partial(generator.run_closed, schedule.windows(load), clients, pause_s)
        else:
            work = partial(generator.run, self._dues(schedule, load))
        sending = gevent.spawn(work)
        gevent.wait([sending, self._ended], count=1)
        if not self._ended.is_set():
            sending.get()  # raises what it raised
            # To end before the last phase does is to be lost, whatever the rate.
            self._ended.wait(max(schedule.end - now(), 0) / SECOND)
            self._let_finish(generator, now() + DRAIN)
        sending.kill()
        recorder = generator.recorder
        at = now()
        left = itertools.islice(self._dues(schedule, load), recorder.due, None)
        recorder.miss(itertools.takewhile(lambda due: due <= at, left))

    def _dues(self, schedule: Schedule, load: ScheduledLoad) -> Iterator[int]:
        """Yield when each arrival of this process is due, monotonic ns."""
        for block in self.share.of(schedule.dues(load)):
            yield from block.tolist()

    def _let_finish(self, generator: Generator, latest: int) -> None:
        while generator.recorder.in_flight and now() < latest:
            if self._ended.wait(LOOK_S):
                return


def _read(descriptor: int, size: int) -> bytes:
    hub = get_hub()
    hub.wait(hub.loop.io(descriptor, 1))
    return os.read(descriptor, size)
