"""A test that fails or hangs leaves nothing running, though its fixtures wait for what it started."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from leftovers import having

MARK = "OF_A_TEST_OF_LEFTOVERS"
SHARED = Path(__file__).parent / "shared"
TESTS = """
import os
import signal
import subprocess
import sys
import time

import pytest

BUSY = "print(flush=True)\\nwhile True: pass"
DEAF = "import signal\\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\\n" + BUSY
STARTED = f"([sys.executable, '-c', {BUSY!r}], start_new_session=True)"
PARENT = "import subprocess, sys\\nsubprocess.Popen" + STARTED

def start(program):
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    process.stdout.readline()
    return process

@pytest.fixture
def started():
    processes = []
    yield processes
    for process in processes:
        process.wait()  # without a limit

@pytest.fixture(scope="session", autouse=True)
def shared():
    process = start(BUSY)
    yield
    assert process.poll() is None
    process.kill()
    process.wait()
    process.stdout.close()

@pytest.mark.timeout(2)
@pytest.mark.parametrize("program", [BUSY, DEAF])
def test_hangs(started, program):
    started.append(start(program))
    while True:
        time.sleep(0.1)

def test_fails(started):
    started.append(start(PARENT))
    assert started[0].wait() == 1

def test_passes(started):
    started.append(start("print()"))
"""


@pytest.fixture
def said(tmp_path: Path) -> str:
    """What pytest says of tests that leave processes; a mark of ours is in the environment of all."""
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["leftovers"]\n')
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_leaving.py").write_text(TESTS)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "pytest_timeout", "-p", "no:cacheprovider", "-v"],
        cwd=tmp_path,
        env={
            **os.environ,
            "PYTHONPATH": str(SHARED),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            MARK: str(tmp_path),
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.stdout


def test_what_a_test_started_is_ended_unless_it_passed(said: str, tmp_path: Path) -> None:
    assert said.count("Timeout") >= 2, said
    assert "3 failed, 1 passed" in said, (
        said
    )  # and no error: what others share still ran at the end
    assert [process for process, mark in having(MARK) if mark == str(tmp_path)] == []
