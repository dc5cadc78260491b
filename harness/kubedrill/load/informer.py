"""Load: an informer: a reflector whose requests, and what it sees, are recorded.

What it does after each failure is the reflector's: client.reflector.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Literal, Self

import gevent
from gevent.event import Event
from pydantic import Field, model_validator

from kubedrill.client.clientgo import GONE, OK, Ended
from kubedrill.client.informer import watch_query, watch_seconds
from kubedrill.client.reflector import Following, Reflector
from kubedrill.client.watching import MEDIA, Stamps, Watch, WatchEvent
from kubedrill.clock import now
from kubedrill.load.collections import next_drop
from kubedrill.load.informing import LIST, LOST, WATCH, Informing, InformingParameters
from kubedrill.load.user import Result
from kubedrill.record.sample import Outcome
from kubedrill.wire.errors import WireError
from kubedrill.wire.stream import Streaming


class InformerParameters(InformingParameters):
    """Who keeps up with what, and how."""

    begin: Literal["stream", "list"] = Field(
        "stream",
        description='"stream": a watch that begins with every object, as client-go does since 1.35; '
        '"list": a LIST, then a watch',
    )
    watch_s: int = Field(
        300,
        ge=5,
        le=3600,
        description="seconds after which the server ends a watch, up to twice that, as client-go asks "
        "for; it is resumed at once",
    )
    drop_every_s: float = Field(
        0.0,
        ge=0,
        le=3600,
        description="seconds after which all informers lose their watches at one moment; 0: never",
    )
    after_drop: Literal["resume", "relist"] = Field(
        "resume",
        description='"resume": from the last event; "relist": everything is taken anew after a pause, as '
        "if the server had said 410, which it does to who was away for longer than its history is",
    )

    @model_validator(mode="after")
    def _relisting_after_a_drop(self) -> Self:
        if self.after_drop == "relist" and not self.drop_every_s:
            raise ValueError(
                'after_drop: "relist" needs drop_every_s, which says when watches are dropped'
            )
        return self


class InformerClients(Informing):
    """Clients are informers."""

    abstract = True
    parameters = InformerParameters

    def keep_up(self, client: int, begun: Event) -> None:  # noqa: ARG002 - all are alike
        """Be an informer until killed."""
        given = self.given
        assert isinstance(given, InformerParameters)
        informer = Informer(self, given, begun)
        try:
            informer.run()
        finally:
            self.miss(informer.version)


class Informer(Reflector):
    """One client of a user."""

    def __init__(self, user: InformerClients, given: InformerParameters, begun: Event) -> None:
        super().__init__(given.begin == "stream", gevent.sleep)
        self._user, self._given, self._begun = user, given, begun
        self._stamps: set[int] = set()  # of what has been found, ns of the load's clock
        self._seen = 0  # when what was seen last was written, ns of the load's clock

    def listing(self, version: str) -> Callable[[], str | Ended]:
        """Return what LISTs, and records it."""
        request = self._user.list_request(version)
        return lambda: self._list_once(request)

    def watching(self, version: str, anew: bool) -> Callable[[], Watch | Ended]:
        """Return what opens a watch, and records it."""
        query = watch_query(version, anew, watch_seconds(self._given.watch_s))
        path, accept = f"{self._user.collection}?{query}", MEDIA[self._given.encoding]
        request, started = self._user.identity.request("GET", path, accept), now()
        return lambda: self._open_once(request, started)

    def close(self, watch: Watch) -> None:
        """Close a watch."""
        self._user.close_stream(watch.stream)

    def take_all(self, watch: Watch) -> Ended:
        """Take every object; how long that took is a LIST's time."""
        user, due = self._user, watch.due
        watch.until, self._stamps = due + user.timeout, set()
        with user.recorded_if_cut(LIST, due, due):
            ended = super().take_all(watch)
        user.record(LIST, due, due, _so_far(watch.stream, ended.outcome))
        return ended

    def follow(self, watch: Watch) -> Following:
        """Take what is written, until the watch ends, or is dropped."""
        self._begun.set()
        watch.until = drop = next_drop(self._given.drop_every_s, self._user.process.session.ahead)
        ended = yield from super().follow(watch)
        at = now()
        dropped = ended.outcome == Outcome.TIMEOUT and at >= drop
        self._user.record(LOST, at, at, Result(OK if dropped else ended.outcome, 0, at, 0))
        if not dropped:
            return ended
        self._user.count("watches dropped")
        # However new its watch was: who is dropped resumes, or does not, as was asked for.
        after = GONE if self._given.after_drop == "relist" else OK
        return replace(ended, outcome=after, very_short=False)

    def found(self, event: WatchEvent) -> None:
        """Note when it was written."""
        written = event.written_at
        if written is not None:
            self._stamps.add(written)

    def found_all(self) -> None:
        """See what was written while there was no watch."""
        self._see_again(self._stamps)
        self._stamps = set()

    def took(self, event: WatchEvent) -> None:
        """See what was written."""
        written = event.written_at
        if written is not None:
            self._seen = max(self._seen, written)
            self._user.saw(written, len(event.raw))

    def _list_once(self, request: bytes) -> str | Ended:
        stamps = Stamps()
        try:
            response = self._user.list_once(now(), request, stamps.take)
        except WireError as error:
            return Ended(error.outcome)
        if response.status != OK:
            return Ended(response.status, response.head, response.retry_after)
        version = self._user.version_in(response)
        if not version:
            return Ended(Outcome.MALFORMED)
        self._see_again(stamps.found)
        return version

    def _open_once(self, request: bytes, started: int) -> Watch | Ended:
        user, due = self._user, now()
        try:
            with user.recorded_if_cut(WATCH, due, due):
                stream = user.open_stream(request, due + user.timeout)
        except WireError as error:
            user.record(WATCH, due, due, Result.failed(error))
            return Ended(error.outcome)
        user.record(WATCH, due, due, _so_far(stream, stream.status))
        if stream.status == OK:
            return Watch(stream, self._given.encoding, started, due)
        try:
            return Ended(stream.status, _status(stream, due + user.timeout), stream.retry_after)
        finally:
            user.close_stream(stream)

    def _see_again(self, found: Iterable[int]) -> None:
        """See what was written while there was no watch, as far as it stands there; not the first time."""
        missed = sorted(written for written in found if written > self._seen)
        if missed:
            self._seen = missed[-1]
        for written in missed if self.version else ():
            self._user.saw(written, 0)


def _so_far(stream: Streaming, outcome: int) -> Result:
    return Result(outcome, stream.first_byte, now(), stream.size, stream.peer)


def _status(stream: Streaming, deadline: int) -> bytes:
    """Return the Status that a watch was refused with, or the beginning of it."""
    try:
        return stream.receive(deadline)
    except WireError:
        return b""
