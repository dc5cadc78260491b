"""Load: one process's part of a drill: ready, arrivals on the drill's clock, the end."""

import gc
import itertools
import os
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from functools import partial

import gevent
from gevent import get_hub
from gevent.event import Event

from kubedrill.clock import MILLISECOND, SECOND, now
from kubedrill.load.user.generator import Generator
from kubedrill.load.user.parameters import Parameters
from kubedrill.load.user.result import RequestSeries
from kubedrill.record.schedule import DRAIN_S, Schedule, ScheduledLoad
from kubedrill.record.share import Share
from kubedrill.record.sidecar import LoadSeries, LoadSidecar

DRAIN = DRAIN_S * SECOND

QUIET = 100 * MILLISECOND
"""Before the first arrival nothing else is done."""

LOOK_S = 0.02
"""How often it is looked whether users have joined, or answers have come."""


class DrillSession(ABC):
    """Plays a part of a drill's load. Where its schedule comes from, and who ends it, is its own.

    Its attributes are those of load.user.session.Session.
    """

    def __init__(self, load: str, run_name: str, share: Share, users: int) -> None:
        self.load, self.run_name = load, run_name
        self.share, self.users = share, users
        self.swept = True
        self.ahead = 0
        self._spawned = Event()
        self._ended = Event()

    @abstractmethod
    def begin(self) -> Schedule | None:
        """Say that all is ready, and return the schedule when it comes; None if the drill ends before."""

    def begin_test(self) -> None:  # noqa: B027 - as every Session has it
        """Nothing changes during a drill."""

    def spawned(self) -> None:
        """All users are there."""
        self._spawned.set()

    def run(self, generator: Generator) -> bool:
        """Play this load's part of the schedule, or until the drill ends; True: Locust may quit."""
        self._spawned.wait()
        while len(generator.users) < self.users:
            gevent.sleep(LOOK_S)  # some still prepare what they need
        schedule = self.begin()
        if schedule is None:
            return True
        self._warm_up(generator, schedule)
        load = next(load for load in schedule.loads if load.name == self.load)
        self._send(generator, schedule, load)
        return True

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


def sidecar(
    profile: str, load: str, share: Share, series: Sequence[RequestSeries], given: Parameters
) -> LoadSidecar:
    """Return what the numbers in a load's samples mean."""
    return LoadSidecar(
        series=tuple(LoadSeries(**kind._asdict()) for kind in series),
        targets=("unknown",),
        profile=profile,
        load=load,
        parameters=given.model_dump(mode="json"),
        worker=share.number,
        workers=share.processes,
    )


def read_waiting(descriptor: int, size: int) -> bytes:
    """Read as os.read does, other greenlets going on meanwhile."""
    hub = get_hub()
    hub.wait(hub.loop.io(descriptor, 1))
    return os.read(descriptor, size)
