"""Fleet: what each of its processes does: it gathers, says ready, does its part until the drill ends."""

import gc
from abc import ABC, abstractmethod
from collections.abc import Callable

import gevent
from gevent.event import Event
from gevent.os import tp_read

from kubedrill.clock import MILLISECOND, SECOND, now
from kubedrill.process.lifeline import read_go, say_ready
from kubedrill.record.schedule import Schedule

TELL = SECOND
BEAT = 100 * MILLISECOND
"""How often a process notes by how much it is late."""


def sleep_until(due: int) -> None:
    """Sleep until that time, monotonic ns; others go on meanwhile."""
    gevent.sleep(max(due - now(), 0) / SECOND)


class Latest:
    """The worst since somebody last looked."""

    def __init__(self) -> None:
        self._worst = 0

    def add(self, late: int) -> None:
        """Take by how much something was late, ns."""
        self._worst = max(self._worst, late)

    def take(self) -> float:
        """Return the most since the last call, in seconds."""
        worst, self._worst = self._worst, 0
        return round(worst / SECOND, 3)


class FleetProcess(ABC):
    """One process of a fleet. All that it does it does in greenlets of its own."""

    def __init__(self) -> None:
        self.lag = Latest()
        self._error: BaseException | None = None
        self._ended = Event()

    @abstractmethod
    def gather(self) -> None:
        """Do what must have been done before the drill begins."""

    @abstractmethod
    def begin(self, schedule: Schedule) -> None:
        """Begin with what is to be done while the drill runs."""

    @abstractmethod
    def tell(self, at: int) -> None:
        """Write down how all is now, each second."""

    def run(self) -> None:
        """Do it until the drill, or its runner, has ended."""
        self.always(self._tell_always)
        gathering = gevent.spawn(self.gather)
        gevent.wait([gathering, self._ended], count=1)
        self._raise()
        gathering.get()
        gc.freeze()
        say_ready()
        waiting = gevent.spawn(read_go, tp_read)
        gevent.wait([waiting, self._ended], count=1)
        self._raise()
        schedule = waiting.get()
        if schedule is None:
            return
        gevent.spawn(self._until_stdin_ends)
        self.begin(schedule)
        self._ended.wait()
        self._raise()

    def always(self, what: Callable[..., object], *arguments: object) -> None:
        """Do something besides; the process ends if that fails."""
        gevent.spawn(what, *arguments).link_exception(self.fail)

    def fail(self, greenlet: gevent.Greenlet) -> None:
        """End the process for what has failed."""
        self._error = greenlet.exception
        self._ended.set()

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error

    def _until_stdin_ends(self) -> None:
        while tp_read(0, 65536):
            pass
        self._ended.set()

    def _tell_always(self) -> None:
        due = told = now()
        while True:
            due += BEAT
            sleep_until(due)
            self.lag.add(now() - due)
            due = max(due, now() - BEAT)
            if now() - told >= TELL - BEAT // 2:
                told = now()
                self.tell(told)
