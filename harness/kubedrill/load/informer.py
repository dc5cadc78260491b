"""Load: an informer: LIST, then watch from its version; resumed from the last event, anew when Gone."""

import random

import gevent
from gevent.event import Event
from gevent.lock import Semaphore
from pydantic import Field

from kubedrill.load.continuing import version_json, version_protobuf
from kubedrill.load.informing import OK, WATCH, Informing, InformingParameters
from kubedrill.load.user import Result
from kubedrill.load.watching import MEDIA, Events, Kind
from kubedrill.load.watching import Event as WatchEvent
from kubedrill.record.clock import SECOND, now
from kubedrill.wire.errors import WireError
from kubedrill.wire.stream import Stream

GONE = 410
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.8, 30.0
"""After a failure, as client-go's reflector waits."""
IDLE = 3600 * SECOND
STARTING = 8
"""Informers of one user that LIST at once when the load begins."""


class InformerParameters(InformingParameters):
    """Who keeps up with what, and how."""

    watch_s: int = Field(
        300,
        ge=5,
        le=3600,
        description="seconds after which the server ends a watch, up to twice that, as client-go asks "
        "for; it is resumed at once",
    )


class Watching(Informing):
    """Clients are informers."""

    abstract = True
    parameters = InformerParameters

    def prepare_clients(self) -> None:
        """Make what all watches have in common."""
        given = self.given
        assert isinstance(given, InformerParameters)
        self._encoding = given.encoding
        self._watch_s = given.watch_s
        self._starting = Semaphore(STARTING)

    def keep_up(self, client: int, begun: Event) -> None:  # noqa: ARG002 - all are alike
        """LIST and watch until killed."""
        version, pause = "", FIRST_PAUSE_S
        while True:
            version = version or self._first_list()
            orderly = False
            if version:
                version, orderly = self._watch(version, begun)
            if orderly:
                pause = FIRST_PAUSE_S
                continue
            gevent.sleep(pause * random.uniform(1, 2))  # noqa: S311 - jitter
            pause = min(pause * 2, LONGEST_PAUSE_S)

    def _first_list(self) -> str:
        """LIST, and return the version from which to watch; "" if that failed."""
        with self._starting:
            head = self.list_once(now())
        read = version_json if self._encoding == "json" else version_protobuf
        return read(head) if head else ""

    def _watch(self, version: str, begun: Event) -> tuple[str, bool]:
        """Watch until it ends; return from where to go on ("": LIST), and whether the end was orderly."""
        events = Events(self._encoding)
        due = now()
        try:
            with self.stream(self._request(version), due + self.timeout) as stream:
                self.record(WATCH, due, due, _opened(stream))
                if stream.status != OK:
                    return ("" if stream.status == GONE else version), False
                begun.set()
                while data := stream.receive(now() + IDLE):
                    for event in events.feed(data):
                        if event.kind is Kind.ERROR:
                            return ("" if event.code == GONE else version), False
                        version = self._take(event)
        except WireError as error:
            self.record(WATCH, due, due, Result.failed(error))
            return version, False
        return version, True

    def _take(self, event: WatchEvent) -> str:
        written = event.written_at
        if written is not None:
            self.saw(written, len(event.raw))
        return event.version

    def _request(self, version: str) -> bytes:
        seconds = random.randint(self._watch_s, 2 * self._watch_s)  # noqa: S311 - jitter
        query = (
            f"watch=1&allowWatchBookmarks=true&resourceVersion={version}&timeoutSeconds={seconds}"
        )
        return self.identity.request("GET", f"{self.collection}?{query}", MEDIA[self._encoding])


def _opened(stream: Stream) -> Result:
    return Result(stream.status, stream.first_byte, now(), 0, stream.peer)
