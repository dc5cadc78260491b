"""Client: client-go's reflector: LIST or stream all there is, then watch; resumed where it was, or anew.

What it does after each failure is what client-go 0.37 does; what that is, in client.clientgo.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator
from dataclasses import replace

from kubedrill.client.clientgo import (
    BROKEN,
    CLOSED,
    OK,
    VERY_SHORT,
    Ended,
    Pauses,
    Sleep,
    retried,
)
from kubedrill.client.watching import EventKind, Watch, WatchEvent
from kubedrill.clock import now
from kubedrill.record.sample import Outcome
from kubedrill.wire.errors import WireError

Following = Generator[Watch, None, Ended]
"""What follows a watch: yields it whenever it is about to wait for more, and returns how it has ended."""

KEPT = 2048
"""Bytes of an event that a reflector may keep while it is idle."""


class Reflector(ABC):
    """One client that keeps up with one collection. How it sends, and what it makes of events, is its own."""

    def __init__(self, streams: bool, sleep: Sleep) -> None:
        """`streams`: it begins with a watch that brings every object, not with a LIST."""
        self._streams = streams
        self._sleep = sleep
        self._pauses = Pauses(sleep)
        self._last: WatchEvent | None = None  # while nobody has asked for its version
        self._known = ""  # the version, without that event
        self._gone = False  # the server would not begin anew at that version, or later
        self._taken = 0  # events of this watch

    @property
    def version(self) -> str:
        """From where to go on; "" before everything has been taken once."""
        if self._last is not None:
            try:
                self._known = self._last.version
            except ValueError:
                pass  # what comes behind the version before comes once more
            self._last = None
        return self._known

    @abstractmethod
    def listing(self, version: str) -> Callable[[], str | Ended]:
        """Return what LISTs once when it is called, as often as that is, and returns the list's version.

        `version`: at least as recent as that; "": the most recent.
        """

    @abstractmethod
    def watching(self, version: str, anew: bool) -> Callable[[], Watch | Ended]:
        """Return what asks once for a watch from that version on; `anew`: that begins with every object."""

    @abstractmethod
    def close(self, watch: Watch) -> None:
        """Close a watch that has ended, or is to end."""

    @abstractmethod
    def found(self, event: WatchEvent) -> None:
        """Take an object that is there already, from a watch that begins with every object."""

    @abstractmethod
    def found_all(self) -> None:
        """Whatever is there has been found; `version` is still the one before."""

    @abstractmethod
    def took(self, event: WatchEvent) -> None:
        """Take what has changed."""

    def run(self) -> None:
        """Keep up until killed; waits where there is nothing to do."""
        for _ in self.running():
            pass

    def running(self) -> Generator[Watch, None, None]:
        """Keep up; yield a watch whenever it is about to wait for more of it.

        Whoever goes on at once waits there. Who goes on when the watch's stream has something holds nothing
        meanwhile.
        """
        while True:
            watch = self._stream_all() if self._streams else None
            if watch is not None or self._list_all():
                yield from self._watch_on(watch)
            del watch
            self._pauses.take()

    def take_all(self, watch: Watch) -> Ended:
        """Take every object, until the bookmark behind the last one; the watch is closed if it is not OK."""
        ended = Ended(Outcome.CUT)
        self._taken = 0
        try:
            ended = self._how(watch, self._initial_events(watch))
        except (WireError, ValueError) as error:
            ended = self._how(watch, _failed(error))
        finally:
            if ended.outcome != OK:
                self.close(watch)
        watch.started = now()
        return ended

    def follow(self, watch: Watch) -> Following:
        """Take what is written, until the watch ends."""
        self._taken = 0
        try:
            ended = yield from self._events(watch)
        except (WireError, ValueError) as error:
            ended = _failed(error)
        finally:
            self.close(watch)
        return self._how(watch, ended)

    def _stream_all(self) -> Watch | None:
        """Take everything by a watch, which then goes on; None: a LIST has to do."""
        while True:
            watch = self._open(anew=True)
            ended = self.take_all(watch) if isinstance(watch, Watch) else watch
            if isinstance(watch, Watch) and ended.outcome == OK:
                return watch
            if ended.waits:
                self._pauses.take()
            elif ended.version_is_gone:
                self._gone = True
            elif ended.very_short or not ended.in_order:
                return None

    def _list_all(self) -> bool:
        """LIST; whether there is a version now from which to watch."""
        listed = self._list("" if self._gone else self.version or "0")
        if isinstance(listed, Ended) and listed.version_is_gone:
            self._gone = True
            listed = self._list("")
        if isinstance(listed, Ended):
            return False
        self._begin(listed)
        return True

    def _watch_on(self, watch: Watch | None) -> Generator[Watch, None, None]:
        """Take what is written, by one watch after the other, until everything has to be taken anew."""
        while True:
            opened = watch or self._open(anew=False)
            watch = None
            ended = (yield from self.follow(opened)) if isinstance(opened, Watch) else opened
            if ended.waits:
                self._pauses.take()
            elif ended.very_short or not ended.in_order:
                return

    def _list(self, version: str) -> str | Ended:
        return retried(self.listing(version), CLOSED, self._sleep)

    def _open(self, anew: bool) -> Watch | Ended:
        version = "" if anew and self._gone else self.version
        return retried(self.watching(version, anew), BROKEN, self._sleep)

    def _how(self, watch: Watch, ended: Ended) -> Ended:
        very_short = not self._taken and now() - watch.started < VERY_SHORT
        return replace(ended, very_short=very_short)

    def _initial_events(self, watch: Watch) -> Ended:
        for event in filter(None, watch.events):
            if event.kind is EventKind.ERROR:
                return Ended(event.code, event.raw)
            if event.ends_initial:
                version = event.version
                self.found_all()
                self._begin(version)
                return Ended(OK)
            self._taken += 1
            self.found(event)
        return Ended(Outcome.EOF)

    def _events(self, watch: Watch) -> Following:
        for event in watch.events:
            if event is None:
                yield watch
                continue
            if event.kind is EventKind.ERROR:
                return Ended(event.code, event.raw)
            # Its version is read when it is needed: once a watch, not once an event.
            self._taken += 1
            self._last = event
            if len(event.raw) > KEPT:
                self._known = self.version
            self.took(event)
            del event  # else it is held while the watch is idle
        return Ended(OK)

    def _begin(self, version: str) -> None:
        """Go on behind that version, at which everything has been taken."""
        self._last, self._known, self._gone = None, version, False


def _failed(error: WireError | ValueError) -> Ended:
    return Ended(error.outcome if isinstance(error, WireError) else Outcome.MALFORMED)
