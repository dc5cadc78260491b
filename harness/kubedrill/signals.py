"""How a drill is ended by hand: the first INT, TERM or HUP interrupts it, later ones change nothing."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from kubedrill.errors import NotStarted

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(BaseException):
    """The drill was told to end by the signal of that name."""


class Signals:
    """Installs the handlers. Only inside `may_interrupt` does a signal raise Interrupted."""

    def __init__(self) -> None:
        self.received: str | None = None
        self._raising = False

    def install(self) -> None:
        """Take over INT, TERM and HUP for the rest of the process."""
        for number in _ENDING:
            signal.signal(number, self._receive)

    @contextmanager
    def may_interrupt(self) -> Iterator[None]:
        """Let the first signal raise Interrupted in this block; one that came before raises at once.

        One that became another error on its way, or was lost, raises at the block's end at the latest.
        """
        self._raising = True
        try:
            self.check()
            yield
            self.check()
        except NotStarted:
            raise
        except Exception as error:
            if self.received:
                raise Interrupted(self.received) from error
            raise
        finally:
            self._raising = False

    def check(self) -> None:
        """Raise Interrupted if a signal has come.

        Python prints and forgets what a handler raises while an object is finalised: who waits for
        long asks here.
        """
        if self.received:
            raise Interrupted(self.received)

    def _receive(self, number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGHUP:
            _leave_terminal()
        if self.received is None:
            self.received = signal.Signals(number).name
            if self._raising:
                self._raising = False
                raise Interrupted(self.received)


def _leave_terminal() -> None:
    # What is printed to a terminal that is gone fails, and would stop the clean-up.
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (1, 2):
        if os.isatty(descriptor):
            os.dup2(null, descriptor)
    os.close(null)
