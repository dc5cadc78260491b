"""A signal ends a drill wherever it comes."""

import os
import signal
from collections.abc import Iterator

import pytest

from kubedrill.signals import Interrupted, Signals


@pytest.fixture
def signals() -> Iterator[Signals]:
    before = {
        number: signal.getsignal(number)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    }
    installed = Signals()
    installed.install()
    yield installed
    for number, handler in before.items():
        signal.signal(number, handler)


def test_the_first_one_interrupts_and_later_ones_change_nothing(signals: Signals) -> None:
    with pytest.raises(Interrupted, match="SIGTERM"), signals.may_interrupt():
        os.kill(os.getpid(), signal.SIGTERM)
    os.kill(os.getpid(), signal.SIGINT)
    assert signals.received == "SIGTERM"


class Signalled:
    """A signal comes in its destructor, where Python ignores what is raised."""

    def __del__(self) -> None:
        os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_one_that_python_has_ignored_is_not_lost(signals: Signals) -> None:
    with signals.may_interrupt():
        Signalled()
    with pytest.raises(Interrupted, match="SIGINT"):
        signals.check()
