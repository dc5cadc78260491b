"""Load: an informer: LIST or stream what is there, then watch; resumed where it was, or begun anew.

What it does after each failure is what client-go 0.37 does; what that is, in client.clientgo.
"""

import random
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Literal, Self

import gevent
from gevent.event import Event
from pydantic import Field, model_validator

from kubedrill.client.clientgo import (
    BROKEN,
    CLOSED,
    GONE,
    OK,
    VERY_SHORT,
    Ended,
    Pauses,
    Position,
    retried,
)
from kubedrill.client.watching import MEDIA, Kind, Stamps, Watch
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


class Watching(Informing):
    """Clients are informers."""

    abstract = True
    parameters = InformerParameters

    def prepare_clients(self) -> None:
        """Make what all watches have in common."""
        given = self.given
        assert isinstance(given, InformerParameters)
        self._encoding = given.encoding
        self._streams = given.begin == "stream"
        self._watch_s = given.watch_s
        self._drop_every_s = given.drop_every_s
        self._after_drop = GONE if given.after_drop == "relist" else OK

    def keep_up(self, client: int, begun: Event) -> None:  # noqa: ARG002 - all are alike
        """Be an informer until killed."""
        position = Position(begun.set, Pauses(gevent.sleep))
        try:
            while True:
                self._list_and_watch(position)
                position.pauses.take()
        finally:
            self.miss(position.version)

    def _list_and_watch(self, position: Position) -> None:
        """Take everything, then what is written, until everything has to be taken anew."""
        watch = self._stream_all(position) if self._streams else None
        if watch is not None or self._list_all(position):
            self._watch_on(watch, position)

    def _stream_all(self, position: Position) -> Watch | None:
        """Take everything by a watch, which then goes on; None: a LIST has to do."""
        while True:
            watch = self._open(position, anew=True)
            ended = self._take_all(watch, position) if isinstance(watch, Watch) else watch
            if isinstance(watch, Watch) and ended.outcome == OK:
                return watch
            if ended.waits:
                position.pauses.take()
            elif ended.version_is_gone:
                position.gone = True
            elif ended.very_short or not ended.in_order:
                return None

    def _list_all(self, position: Position) -> bool:
        """LIST; whether there is a version now from which to watch."""
        ended = self._list("" if position.gone else position.version or "0", position)
        if ended.version_is_gone:
            position.gone = True
            ended = self._list("", position)
        return ended.outcome == OK

    def _watch_on(self, watch: Watch | None, position: Position) -> None:
        """Take what is written, by one watch after the other, until everything has to be taken anew."""
        while True:
            opened = watch or self._open(position, anew=False)
            ended = self._follow(opened, position) if isinstance(opened, Watch) else opened
            watch = None
            if ended.waits:
                position.pauses.take()
            elif ended.very_short or not ended.in_order:
                return

    def _list(self, version: str, position: Position) -> Ended:
        request = self.list_request(version)
        return retried(lambda: self._list_once(request, position), CLOSED, gevent.sleep)

    def _list_once(self, request: bytes, position: Position) -> Ended:
        stamps = Stamps()
        try:
            response = self.list_once(now(), request, stamps.take)
        except WireError as error:
            return Ended(error.outcome)
        if response.status != OK:
            return Ended(response.status, response.head, response.retry_after)
        version = self.version_in(response)
        if not version:
            return Ended(Outcome.MALFORMED)
        self._see_again(stamps.found, position)
        position.begin(version)
        return Ended(OK)

    def _open(self, position: Position, anew: bool) -> Watch | Ended:
        request, started = self._request(position, anew), now()
        return retried(lambda: self._open_once(request, started), BROKEN, gevent.sleep)

    def _open_once(self, request: bytes, started: int) -> Watch | Ended:
        due = now()
        try:
            with self.recorded_if_cut(WATCH, due, due):
                stream = self.open_stream(request, due + self.timeout)
        except WireError as error:
            self.record(WATCH, due, due, Result.failed(error))
            return Ended(error.outcome)
        self.record(WATCH, due, due, _so_far(stream, stream.status))
        if stream.status == OK:
            return Watch(stream, self._encoding, started, due)
        try:
            return Ended(stream.status, _status(stream, due + self.timeout), stream.retry_after)
        finally:
            self.close_stream(stream)

    def _take_all(self, watch: Watch, position: Position) -> Ended:
        """Take every object, until the bookmark behind the last one; the watch is closed if it is not OK."""
        due, watch.until = watch.due, watch.due + self.timeout
        ended = Ended(Outcome.CUT)
        try:
            with self.recorded_if_cut(LIST, due, due):
                ended = self._take(self._initial_events, watch, position)
        finally:
            if ended.outcome != OK:
                self.close_stream(watch.stream)
        self.record(LIST, due, due, _so_far(watch.stream, ended.outcome))
        watch.started = now()
        return ended

    def _follow(self, watch: Watch, position: Position) -> Ended:
        """Take what is written, until the watch ends, or is dropped."""
        position.begun()
        watch.until = drop = next_drop(self._drop_every_s, self.process.session.ahead)
        try:
            ended = self._take(self._events, watch, position)
        finally:
            self.close_stream(watch.stream)
        at = now()
        dropped = ended.outcome == Outcome.TIMEOUT and at >= drop
        self.record(LOST, at, at, Result(OK if dropped else ended.outcome, 0, at, 0))
        if not dropped:
            return ended
        self.count("watches dropped")
        # However new its watch was: who is dropped resumes, or does not, as was asked for.
        return replace(ended, outcome=self._after_drop, very_short=False)

    def _take(
        self, what: Callable[[Watch, Position], Ended], watch: Watch, position: Position
    ) -> Ended:
        position.taken = 0
        try:
            ended = what(watch, position)
        except WireError as error:
            ended = Ended(error.outcome)
        except ValueError:
            ended = Ended(Outcome.MALFORMED)
        very_short = not position.taken and now() - watch.started < VERY_SHORT
        return replace(ended, very_short=very_short)

    def _initial_events(self, watch: Watch, position: Position) -> Ended:
        found: set[int] = set()
        for event in watch.events:
            if event.kind is Kind.ERROR:
                return Ended(event.code, event.raw)
            if event.ends_initial:
                version = event.version
                self._see_again(found, position)
                position.begin(version)
                return Ended(OK)
            position.taken += 1
            written = event.written_at
            if written is not None:
                found.add(written)
        return Ended(Outcome.EOF)

    def _events(self, watch: Watch, position: Position) -> Ended:
        for event in watch.events:
            if event.kind is Kind.ERROR:
                return Ended(event.code, event.raw)
            position.reach(event)
            written = event.written_at
            if written is not None:
                position.seen = max(position.seen, written)
                self.saw(written, len(event.raw))
            del event  # else it is held while the watch is idle
        return Ended(OK)

    def _see_again(self, found: Iterable[int], position: Position) -> None:
        """See what was written while there was no watch, as far as it stands there; not the first time."""
        missed = sorted(written for written in found if written > position.seen)
        if missed:
            position.seen = missed[-1]
        for written in missed if position.version else ():
            self.saw(written, 0)

    def _request(self, position: Position, anew: bool) -> bytes:
        seconds = random.randint(self._watch_s, 2 * self._watch_s)  # noqa: S311 - jitter
        query = f"watch=1&allowWatchBookmarks=true&timeoutSeconds={seconds}"
        if anew:
            query += "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
        version = "" if anew and position.gone else position.version
        if version:
            query += f"&resourceVersion={version}"
        return self.identity.request("GET", f"{self.collection}?{query}", MEDIA[self._encoding])


def _so_far(stream: Streaming, outcome: int) -> Result:
    return Result(outcome, stream.first_byte, now(), stream.size, stream.peer)


def _status(stream: Streaming, deadline: int) -> bytes:
    """Return the Status that a watch was refused with, or the beginning of it."""
    try:
        return stream.receive(deadline)
    except WireError:
        return b""
