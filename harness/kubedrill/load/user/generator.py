"""Load: brings arrivals to the users of this process, in turn, when they are due."""

from collections.abc import Iterable, Iterator
from typing import Protocol

import gevent
from gevent.event import Event
from gevent.pool import Group

from kubedrill.clock import SECOND, now
from kubedrill.load.user.recorder import Recorder
from kubedrill.load.user.result import Arrival


class Serving(Protocol):
    """Who serves arrivals: a KubernetesUser."""

    @property
    def bytes_in(self) -> int:
        """Bytes received so far, TLS included."""
        ...

    def connect(self, deadline: int) -> None:
        """Open a connection ahead of the first arrival, if one can be opened."""
        ...

    def begin(self, arrival: Arrival) -> None:
        """Serve an arrival, beside others."""
        ...

    def serve(self, arrival: Arrival) -> bool:
        """Serve an arrival now, to its end; False if no answer has come."""
        ...


class Generator:
    """Open-loop: an arrival starts when it is due, whatever became of those before it."""

    def __init__(self, recorder: Recorder, max_in_flight: int) -> None:
        self.recorder = recorder
        self._max_in_flight = max_in_flight
        self._users: list[Serving] = []
        self._turn = 0
        self._bytes_in = 0  # of users that have left
        self._some = Event()

    @property
    def users(self) -> tuple[Serving, ...]:
        """The users that take part now."""
        return tuple(self._users)

    @property
    def bytes_in(self) -> int:
        """Bytes that users received so far, TLS included."""
        return self._bytes_in + sum(user.bytes_in for user in self._users)

    def join(self, user: Serving) -> None:
        """Give this user its share of the arrivals from now on."""
        self._users.append(user)
        self._some.set()

    def leave(self, user: Serving) -> None:
        """Give this user no more arrivals."""
        if user in self._users:
            self._users.remove(user)
            self._bytes_in += user.bytes_in
        if not self._users:
            self._some.clear()

    def run(self, dues: Iterator[int]) -> None:
        """Launch an arrival at each time (monotonic ns) of `dues`, late ones at once, none left out."""
        for due in dues:
            _wait_until(due)
            if not self._users:
                self._some.wait()
            self._launch(due)

    def run_closed(self, windows: Iterable[tuple[int, int]], clients: int, pause_s: float) -> None:
        """Let so many clients ask again when they are answered, within windows of monotonic ns."""
        group = Group()
        try:
            for start, end in windows:
                for client in range(clients):
                    group.spawn(self._ask_again, client, start, end, pause_s)
                group.join()
        finally:
            group.kill()

    def _ask_again(self, client: int, start: int, end: int, pause_s: float) -> None:
        _wait_until(start)
        while (due := now()) < end:
            user = self._users[client % len(self._users)]
            answered = user.serve(self.recorder.begin(due))
            if pause_s or not answered:  # what fails at once has let nobody else run
                gevent.sleep(pause_s)

    def _launch(self, due: int) -> None:
        recorder = self.recorder
        if recorder.in_flight >= self._max_in_flight:
            recorder.drop(due)
            return
        self._turn = (self._turn + 1) % len(self._users)
        self._users[self._turn].begin(recorder.begin(due))


def _wait_until(time: int) -> None:
    """Return at `time` (monotonic ns) or later, never sooner, as a timer alone may."""
    while (left := time - now()) > 0:
        gevent.sleep(left / SECOND)
