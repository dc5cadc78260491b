"""A signal interrupts a drill wherever it comes, even where Python forgets what a handler raises."""

import os
import signal
from collections.abc import Callable, Iterator

import pytest

from kubedrill.errors import NotStarted
from kubedrill.signals import Interrupted, Signals

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@pytest.fixture
def signals() -> Iterator[Signals]:
    before = {number: signal.getsignal(number) for number in ENDING}
    signals = Signals()
    signals.install()
    yield signals
    for number, handler in before.items():
        signal.signal(number, handler)


def interrupt(number: signal.Signals = signal.SIGTERM) -> None:
    os.kill(os.getpid(), number)


class Finalised:
    """What Python raises in here it prints and forgets."""

    def __del__(self) -> None:
        interrupt()


@pytest.mark.parametrize("number", ENDING)
def test_the_first_raises_and_later_ones_change_nothing(
    signals: Signals, number: signal.Signals
) -> None:
    with pytest.raises(Interrupted, match=number.name), signals.may_interrupt():
        interrupt(number)
    interrupt()
    assert signals.received == number.name


def test_one_that_came_before_raises_at_once(signals: Signals) -> None:
    interrupt()
    done = []
    with pytest.raises(Interrupted), signals.may_interrupt():
        done.append("begun")
    assert done == []


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("look", [Signals.check, lambda _: None], ids=["looked", "at the end"])
def test_one_that_was_forgotten_raises_when_somebody_looks_and_at_the_end(
    signals: Signals, look: Callable[[Signals], None]
) -> None:
    done = []

    def forget() -> None:
        Finalised()
        done.append("forgotten")
        look(signals)

    with pytest.raises(Interrupted, match="SIGTERM"), signals.may_interrupt():
        forget()
    assert done == ["forgotten"]


def test_one_that_became_another_error_names_it_as_the_cause(signals: Signals) -> None:
    def swallow() -> None:
        try:
            interrupt()
        except Interrupted:
            raise OSError("a call was interrupted") from None

    with pytest.raises(Interrupted, match="SIGTERM") as raised, signals.may_interrupt():
        swallow()
    assert isinstance(raised.value.__cause__, OSError)


def test_what_fails_without_a_signal_is_as_it_is(signals: Signals) -> None:
    with pytest.raises(OSError, match="disk full"), signals.may_interrupt():
        raise OSError("disk full")


def test_what_was_not_started_was_not_interrupted(signals: Signals) -> None:
    def swallow() -> None:
        try:
            interrupt()
        except Interrupted:
            raise NotStarted("no cluster") from None

    with pytest.raises(NotStarted, match="no cluster"), signals.may_interrupt():
        swallow()
