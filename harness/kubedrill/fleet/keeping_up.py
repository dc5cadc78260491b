"""Fleet: a node's informers, of which each holds no greenlet while nothing comes."""

from collections.abc import Callable, Generator
from http import HTTPStatus
from inspect import GEN_RUNNING, getgeneratorstate

import gevent

from kubedrill.client.clientgo import Ended
from kubedrill.client.informer import CollectionInformer
from kubedrill.client.reflector import Reflector
from kubedrill.client.watching import Watch
from kubedrill.wire.http2.streams import Http2Stream

Spawn = Callable[[Callable[[], object]], gevent.Greenlet]


class KeepingUp:
    """Keeps up with a collection until it is stopped.

    A greenlet that waits takes 9 KB, of a node's 100; here one is made for what has come.
    """

    __slots__ = ("_greenlet", "_running", "_spawn")

    def __init__(self, spawn: Spawn, reflector: Reflector) -> None:
        """Begin; `spawn` does something in a greenlet."""
        self._spawn = spawn
        self._running: Generator[Watch, None, None] = reflector.running()
        self._greenlet: gevent.Greenlet | None = spawn(self._go_on)

    def stop(self) -> None:
        """Keep up no more; its watch is closed."""
        if self._greenlet is not None:
            self._greenlet.kill(block=False)
        if getgeneratorstate(self._running) != GEN_RUNNING:
            self._running.close()

    def _go_on(self) -> None:
        for watch in self._running:
            assert isinstance(watch.stream, Http2Stream)
            if watch.stream.calls(watch.until, self._wake):
                self._greenlet = None
                return

    def _wake(self) -> None:
        self._greenlet = self._spawn(self._go_on)


class NewerInformer(CollectionInformer):
    """Keeps up with what servers before 1.37 do not have: there it ends, as their kubelets never began."""

    def watching(self, version: str, anew: bool) -> Callable[[], Watch | Ended]:
        """Return what opens a watch, or ends."""
        once = super().watching(version, anew)

        def opened() -> Watch | Ended:
            found = once()
            if isinstance(found, Ended) and found.outcome == HTTPStatus.NOT_FOUND:
                raise gevent.GreenletExit
            return found

        return opened
