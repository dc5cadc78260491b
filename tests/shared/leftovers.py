"""A plugin for pytest: what a test that failed, or came to its time limit, has started does not outlive it.

Found by what stands in their environment, since they may have sessions of their own, and other parents.
It is ended before the test's fixtures are, which may wait for it.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import psutil
import pytest

TEST = "KUBEDRILL_TEST"
"""Says in the environment which test started a process. What a drill starts gets variables of that prefix."""
PART = "KUBEDRILL_TEST_PART"
"""The same of a part of `make test`, whose tests may have ended pytest itself."""
BY_ITSELF_S = 3
"""For what ends when it hears that who started it has ended, as a server of forks."""
GENTLY_S = 10
"""To undo what must not stay, before it is killed."""


def having(variable: str) -> Iterator[tuple[psutil.Process, str]]:
    """Yield the other processes that have a variable in their environment, and what it says there."""
    for process in psutil.process_iter():
        try:
            words = process.environ().get(variable)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
        if words is not None and process.pid != os.getpid():
            yield process, words


def marked(variable: str, mark: str) -> str:
    """Return what the variable is to say of who has this mark, and whom that one belongs to."""
    return os.environ.get(variable, "") + mark


def end(variable: str, mark: str) -> list[str]:
    """End what who has this mark has started, and what that starts meanwhile; return what it was."""
    _, found = psutil.wait_procs(_of(variable, mark), BY_ITSELF_S)
    named = [f"{process.pid} {_command(process)}" for process in found]
    _tell(found, psutil.Process.terminate)
    while left := _of(variable, mark):
        _tell(left, psutil.Process.kill)
    return named


def _of(variable: str, mark: str) -> list[psutil.Process]:
    return [process for process, marks in having(variable) if mark in marks]


def _command(process: psutil.Process) -> str:
    with suppress(psutil.NoSuchProcess):
        return " ".join(" ".join(process.cmdline()).split())[:120]  # programs have lines
    return "has ended since"


def _tell(processes: list[psutil.Process], tell: Callable[[psutil.Process], None]) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):  # it ended by itself
            tell(process)
    psutil.wait_procs(processes, GENTLY_S)


@contextmanager
def _marked(item: pytest.Item) -> Iterator[str]:
    """Let what is started know which test it belongs to."""
    outer, mark = os.environ.get(TEST, ""), f"[{os.getpid()} {item.nodeid}]"
    os.environ[TEST] = marked(TEST, mark)
    try:
        yield mark
    finally:
        os.environ[TEST] = outer


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """End what a test has started, unless it passes or is skipped."""
    with _marked(item) as mark:
        try:
            return (yield)
        except pytest.skip.Exception:
            raise
        except BaseException:
            end(TEST, mark)
            raise
