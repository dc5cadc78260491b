"""Load: a worker on another machine. Its schedule, and its end, come from the load's master; what it
measures goes there.
"""

import os
import socket
from collections.abc import Sequence
from typing import Any

import gevent
from gevent.event import Event
from locust import runners
from locust.runners import WorkerRunner

from kubedrill import __version__
from kubedrill.client.identity import ClientIdentity
from kubedrill.clock import now
from kubedrill.errors import NotStarted
from kubedrill.load.user.in_drill import DrillSession, sidecar
from kubedrill.load.user.parameters import Parameters
from kubedrill.load.user.remote import handover, machine
from kubedrill.load.user.remote.handover import Handover
from kubedrill.load.user.remote.messages import (
    ABOUT,
    END,
    GO,
    LAST,
    LINE,
    PING,
    PONG,
    READY,
    RECORDS,
    TAKEN,
)
from kubedrill.load.user.result import RequestSeries
from kubedrill.record.sample import Records
from kubedrill.record.schedule import Schedule
from kubedrill.record.share import Share
from kubedrill.record.sidecar import LoadSidecar
from kubedrill.record.vitals import GeneratorVitals
from kubedrill.wire.target import Http

REMOTE = "KUBEDRILL_REMOTE"
"""Environment of a Locust worker that takes part in a drill: it waits for what the master hands over."""

MOST_UNTAKEN = 64 * 2**20
"""Bytes of samples on their way: 2.4 M requests. A master, or a network, that is slower ends the load."""

MASTER_SILENT_S = 10.0
"""A master that is not heard of for so long has gone, and the worker with it."""

LAST_S = 10.0
"""How long a worker waits for its last samples to have been taken."""


class TooSlow(Exception):  # noqa: N818 - an event of the load
    """The samples are not taken as quickly as they are made."""


class RemoteSession(DrillSession):
    """One worker's part of a load of a drill that another machine runs."""

    def __init__(self, runner: WorkerRunner, given: Handover) -> None:
        if given["version"] != __version__:
            raise NotStarted(f"the master is kubedrill {given['version']}, this is {__version__}")
        share = Share(given["workers"].index(runner.client_id), len(given["workers"]))
        super().__init__(given["load"], given["run"], share, len(given["credentials"]))
        self._given = given
        self._runner = runner
        self._outbox = Outbox(runner)
        self._go = Event()
        self._schedule: Schedule | None = None
        for kind, take in ((PING, self._pong), (GO, self._take_go), (END, self._take_end)):
            runner.register_message(kind, take)

    @staticmethod
    def prepare(runner: WorkerRunner) -> None:
        """Let a worker's process end soon after its master has gone."""
        runners.MASTER_HEARTBEAT_TIMEOUT = MASTER_SILENT_S  # type: ignore[assignment]
        # What is still to be sent then would be waited for without end.
        runner.client.socket.linger = 2000

    def identities(self, http: Http) -> list[ClientIdentity]:
        """Return the load's identities in the cluster."""
        return handover.identities(self._given, http)

    def samples(self, series: Sequence[RequestSeries], given: Parameters) -> "Outbox":
        """Return what takes this worker's samples to its master."""
        about = sidecar(self._given["profile"], self.load, self.share, series, given)
        self._outbox.describe(about)
        return self._outbox

    def vitals(self) -> "LinesToMaster":
        """Return what takes to the master how this process is doing."""
        return LinesToMaster(self._runner)

    def begin(self) -> Schedule | None:
        """Tell the master that all is ready, and wait for its GO."""
        name = f"{socket.gethostname()} (pid {os.getpid()})"
        self._runner.send_message(READY, {"name": name, "machine": machine.which()})
        gevent.wait([self._go, self._ended], count=1)
        return self._schedule

    def run(self, generator: Any) -> bool:
        """As DrillSession; whether it came to its planned end goes to the master with the last sample."""
        super().run(generator)
        self._outbox.whole = self._go.is_set() and not self._ended.is_set()
        return True

    def _pong(self, msg: Any, **_: Any) -> None:
        self._runner.send_message(PONG, {"sent": msg.data["sent"], "at": now()})

    def _take_go(self, msg: Any, **_: Any) -> None:
        # From here on everything is on this machine's clock.
        self.ahead = msg.data["offset"]
        self._schedule = Schedule.from_dict(msg.data["schedule"]).moved(self.ahead)
        self._go.set()

    def _take_end(self, **_: Any) -> None:
        self._ended.set()


class LinesToMaster:
    """As JsonLines, to the master."""

    def __init__(self, runner: WorkerRunner) -> None:
        self._runner = runner

    def add(self, line: GeneratorVitals) -> None:
        """Send one line, with what is known of this machine besides."""
        whole = line.model_copy(update={"machine": machine.look()})
        self._runner.send_message(LINE, {"line": whole.model_dump_json()})

    def close(self) -> None:
        """Nothing is open."""


class Outbox:
    """As SampleWriter, to the master, which says how much it has taken."""

    def __init__(self, runner: WorkerRunner) -> None:
        self.whole = False
        """Whether this worker has done all that it had to."""
        self._runner = runner
        self._sent = self._taken = 0
        self._all_taken = Event()
        runner.register_message(TAKEN, self._take)

    def describe(self, sidecar: LoadSidecar) -> None:
        """Send what the numbers in the records mean."""
        self._about = sidecar
        self._runner.send_message(ABOUT, {"about": sidecar.model_dump_json()})

    def name_targets(self, names: Sequence[str]) -> None:
        """Send it anew, with more targets in it."""
        self.describe(self._about.model_copy(update={"targets": tuple(names)}))

    def write(self, records: Records) -> None:
        """Send records; TooSlow when too much is on its way."""
        data = records.tobytes()
        if self._sent - self._taken + len(data) > MOST_UNTAKEN:
            raise TooSlow(
                f"{MOST_UNTAKEN >> 20} MiB of samples are on their way to the master: it, or the "
                "network to it, is slower than the load"
            )
        self._sent += len(data)
        self._runner.send_message(RECORDS, {"data": data})

    def close(self) -> None:
        """Send that there are no more, and wait until all have been taken, for a while."""
        self._runner.send_message(LAST, {"whole": self.whole, "bytes": self._sent})
        if self._taken < self._sent:
            self._all_taken.wait(LAST_S)

    def _take(self, msg: Any, **_: Any) -> None:
        self._taken = msg.data["bytes"]
        if self._taken >= self._sent:
            self._all_taken.set()
