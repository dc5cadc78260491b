"""Observe: the auditor, one process of blocking threads: whether what was acknowledged stays. audit.jsonl.

python -m kubedrill.observe.auditor --run RUN
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from kubedrill.clock import SECOND, now
from kubedrill.observe.audit_watch import KeyWatch
from kubedrill.observe.audited import AuditLog, Client, Route, routes_to
from kubedrill.observe.observing import Observing, observe
from kubedrill.observe.surrounding import Surroundings
from kubedrill.observe.ticks import in_time, wait_until
from kubedrill.process.lifeline import on_end
from kubedrill.record.audit import Closed
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.folder import RunFolder
from kubedrill.record.schedule import Schedule

EVERY = SECOND
"""Between a client's writes, and between its reads."""
DRAIN = 5 * SECOND
"""After the last phase: for each key to be read once more, and for watches to tell of the last write."""
_AUDITOR = "auditor"


class Writing:
    """Writes a client's own key, each time on the condition that it is as the last answer said."""

    def __init__(self, client: Client, run: str) -> None:
        self._client = client
        self._run = run
        self._base: int | None = None
        self._number = 0
        self.latest = 0
        """The version of the last write that was acknowledged."""

    def once(self) -> None:
        """Write once; after a write of which nobody knows what became, look first."""
        if self._base is None:
            looked = self._client.look(self._client.name)
            self._base = looked.version or None
        if self._base is None:
            return
        self._number += 1
        wrote = self._client.write(f"{self._run}/{self._client.name}/{self._number}", self._base)
        self._base = wrote.version or None
        self.latest = wrote.version or self.latest


class Reading:
    """Reads one key after the other, by quorum and from the cache."""

    def __init__(self, client: Client, keys: Sequence[str]) -> None:
        self._client = client
        self._keys = list(keys)

    def once(self) -> None:
        """Read the next key, both ways."""
        self._keys.append(self._keys.pop(0))
        self._client.look(self._keys[0])
        self._client.look(self._keys[0], cached=True)

    def finish(self, latest: int) -> None:
        """Read each key once more, by quorum; those that were not answered again, until `latest`."""
        left = self._keys
        while left and now() < latest:
            left = [key for key in left if not self._client.look(key).version]
            if left:
                time.sleep(EVERY / SECOND / 4)


class Auditor:
    """Runs each client's writes, reads and watch in a thread each, until the schedule or stdin ends."""

    def __init__(self, folder: RunFolder, record: ClusterRecord) -> None:
        self._log = AuditLog(folder)
        routes = routes_to(record)
        keys = [route.name for route in routes]

        def client(route: Route) -> Client:
            return Client(record, route, self._log)

        self._writings = [Writing(client(route), folder.run) for route in routes]
        self._readings = [
            Reading(client(route), keys[number:] + keys[:number])
            for number, route in enumerate(routes)
        ]
        self._watches = [KeyWatch(record, route, self._log) for route in routes]
        self._surroundings = Surroundings(folder, record)
        self._makers = [client(route) for route in routes]
        self._ended = threading.Event()
        self._watched = threading.Event()
        self._errors: list[Exception] = []

    def make_keys(self) -> None:
        """Make what is to be written, where no drill before has, and look what stands beside it."""
        for maker in self._makers:
            maker.make()
            maker.close()
        self._surroundings.look("before")

    def run(self, schedule: Schedule) -> None:
        """Audit until the end, then read all once more; raise the first error of any thread."""
        on_end(self._end)
        watches = [self._thread(partial(watch.run, self._watched)) for watch in self._watches]
        asking = [self._thread(ask) for ask in self._asking(schedule)]
        for thread in asking:
            thread.join()
        if wait_until(schedule.end, self._ended):
            self._finish()
            self._surroundings.look("after")
        self._watched.set()
        for thread in watches:
            thread.join()
        if self._errors:
            raise self._errors[0]
        self._log.add(Closed, _AUDITOR)

    def _asking(self, schedule: Schedule) -> Iterator[Callable[[], None]]:
        calls = [asking.once for asking in self._writings]
        calls += [asking.once for asking in self._readings]
        for number, once in enumerate(calls):
            first = schedule.start + number * EVERY // len(calls)
            times = range(first, schedule.end, EVERY)
            yield partial(self._paced, times, once)

    def _paced(self, times: Sequence[int], once: Callable[[], None]) -> None:
        for _ in in_time(times, self._ended):
            once()

    def _finish(self) -> None:
        until = now() + DRAIN
        finishing = [self._thread(partial(reading.finish, until)) for reading in self._readings]
        for thread in finishing:
            thread.join()
        latest = max(writing.latest for writing in self._writings)
        while now() < until and any((watch.version or 0) < latest for watch in self._watches):
            if self._ended.wait(0.05):
                return

    def _thread(self, what: Callable[[], None]) -> threading.Thread:
        thread = threading.Thread(target=self._guard, args=(what,), daemon=True)
        thread.start()
        return thread

    def _guard(self, what: Callable[[], None]) -> None:
        try:
            what()
        except Exception as error:  # noqa: BLE001 - raised again where the process ends
            self._errors.append(error)
            self._end()

    def _end(self) -> None:
        self._ended.set()
        self._watched.set()


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the auditor of the run folder given by --run."""
    observe("auditor", _ready, arguments)


def _ready(folder: RunFolder) -> Observing:
    auditor = Auditor(folder, ClusterRecord.read(folder.cluster))
    auditor.make_keys()
    return auditor.run


if __name__ == "__main__":
    main()
