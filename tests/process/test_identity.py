import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kubedrill.process.identity import start_of

SLEEPS = "import sys; sys.stdin.read()"
TICK_S = 1 / os.sysconf("SC_CLK_TCK")


@contextmanager
def sleeper(name: str) -> Iterator[int]:
    """The pid of a process whose name the kernel has as told."""
    named = f"open('/proc/self/comm', 'w').write({name!r}); print(flush=True); {SLEEPS}"
    command = [sys.executable, "-c", named]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        yield process.pid
        process.communicate()


@pytest.mark.parametrize("name", ["sleeper", "a) R 1 (b", ") ) )"])
def test_it_is_told_by_the_clock_that_nobody_sets(name: str) -> None:
    begin = time.clock_gettime(time.CLOCK_BOOTTIME)
    with sleeper(name) as pid:
        boot, ticks = (start_of(pid) or "").split("/")
    assert boot == Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    assert begin - TICK_S <= int(ticks) * TICK_S <= time.clock_gettime(time.CLOCK_BOOTTIME)


def test_it_stays_what_it_is_and_another_process_has_another() -> None:
    with sleeper("first") as first:
        known = start_of(first)
        time.sleep(3 * TICK_S)
        with sleeper("second") as second:
            assert start_of(first) == known != start_of(second)
    assert start_of(first) is None
