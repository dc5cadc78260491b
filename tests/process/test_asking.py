"""Programs of others: what they say, in time or not, and that nothing of them is left."""

import os
import signal
import sys
import time

import psutil
import pytest

from kubedrill.process.asking import ask


def python(code: str, limit_s: float = 60.0, given: str = ""):
    return ask([sys.executable, "-c", code], limit_s, given)


def test_what_a_program_says() -> None:
    said = python(
        "import sys; print(sys.stdin.read()); sys.stderr.write('e'); sys.exit(7)", given="x"
    )
    assert (said.code, said.out, said.err) == (7, "x\n", "e")


def test_nobody_answers_it() -> None:
    assert "EOFError" in python("input('name? ')").err


def test_what_is_no_text_is_shown_all_the_same() -> None:
    assert python(r"import sys; sys.stdout.buffer.write(b'\xff')").out == "\ufffd"


HANGS = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"


def test_one_that_hangs_is_ended_and_what_it_had_said_is_known() -> None:
    said = python(HANGS, 5.0)
    assert said.code is None
    assert not psutil.pid_exists(int(said.out))


LEAVES = """
import subprocess, sys
left = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session={away})
print(left.pid)
"""


@pytest.mark.parametrize("away", [False, True])
def test_one_that_leaves_another_behind_has_ended(away: bool) -> None:
    begin = time.monotonic()
    said = python(LEAVES.format(away=away), 10.0)
    assert time.monotonic() - begin < 300  # not as long as what it left, which holds the pipes
    pid = int(said.out)
    assert said.code == 0
    if away:
        os.kill(pid, signal.SIGKILL)  # it has left the session on purpose
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)
