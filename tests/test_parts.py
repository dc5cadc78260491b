"""`make test` itself, on a small project: it plays every part, and hides nothing."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

SHARED = Path(__file__).parent / "shared"
# Plugins that the small project does not need take a second for each process.
ENVIRONMENT = {
    "PYTHONPATH": str(SHARED),
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    "PYTEST_PLUGINS": "xdist.plugin,xdist.looponfail",
    "AT_ONCE": "2",
}
HEADER = """
import os
import time
from pathlib import Path
import pytest

def first_time(name):
    tried = Path(name + ".tried")
    was = tried.read_text() if tried.exists() else ""
    tried.write_text(was + "x")
    return not was
"""
WHOLE = """
def test_gentle(): pass
@pytest.mark.breaks
def test_breaks(): pass
@pytest.mark.faults
@pytest.mark.breaks
def test_fault(): pass
@pytest.mark.own
def test_own(): pass
@pytest.mark.alone
def test_alone(): pass
@pytest.mark.torture
@pytest.mark.breaks
def test_sabotage(): pass
"""


class Project:
    """A project of the same marks and parts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "conftest.py").write_text('pytest_plugins = ["outcomes"]\n')
        (folder / "pytest.ini").write_text(
            "[pytest]\naddopts = --strict-markers\nmarkers =\n"
            "  alone:\n  breaks:\n  faults:\n  own:\n  torture:\n"
        )
        self.add("whole", WHOLE)

    def add(self, name: str, tests: str) -> None:
        (self.folder / f"test_{name}.py").write_text(HEADER + tests)

    def tries(self, name: str) -> int:
        return len((self.folder / f"{name}.tried").read_text())

    def start(self, *asked: str) -> "subprocess.Popen[str]":
        # What plays this test is no part of the project.
        outside = {name: value for name, value in os.environ.items() if "PYTEST" not in name}
        return subprocess.Popen(
            [sys.executable, str(SHARED / "parts.py"), *asked],
            cwd=self.folder,
            env={**outside, **ENVIRONMENT},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def play(self, *asked: str) -> tuple[int, str]:
        """Return the exit code, and what stands below the parts' own output."""
        process = self.start(*asked)
        said = process.communicate()[0]
        return process.returncode, said[said.rindex("   passed  failed") :]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def counts(said: str) -> dict[str, list[str]]:
    """Return passed, failed and skipped of each part."""
    lines = said.splitlines()[1:]
    table = lines[: lines.index("")]
    return {line[:14].strip(): line[14:].split()[:3] for line in table}


PASSED = {"side by side": 1, "on clusters": 3, "alone": 1}
"""How many tests pass in each part."""


def test_all_is_well(project: Project) -> None:
    code, said = project.play()
    assert code == 0, said
    assert counts(said) == {part: [str(many), "0", "0"] for part, many in PASSED.items()}
    assert re.search(
        r"\npassed: 0 failed, 0 passed only when tried again, 0 skipped, 0 left running; "
        r"in \d+:\d\d on \d+(\.\d+)? cores\n$",
        said,
    ), said


def test_torture_is_played_when_it_is_asked_for_and_only_then(project: Project) -> None:
    code, said = project.play("torture")
    assert code == 0, said
    assert counts(said) == {"torture": ["1", "0", "0"]}


AGAIN = """
@pytest.mark.again('an election')
def test_once_marked(): assert not first_time('once-marked')
"""


def test_what_passes_only_when_tried_again_is_named(project: Project) -> None:
    project.add("again", AGAIN)
    project.add("left", "def test_left(): pytest.skip('no second disk')\n")
    code, said = project.play()
    assert code == 0, said
    assert project.tries("once-marked") == 2
    assert "passed only when tried again, of at most 5: 1\n  test_again.py::test_once_mark" in said
    assert "skipped: 1\n  test_left.py::test_left: Skipped: no second disk\n" in said
    assert (
        "passed: 0 failed, 1 passed only when tried again, 1 skipped, 0 left running; in " in said
    )


FAILING = """
def test_once(): assert not first_time('once')

@pytest.mark.again('an election')
def test_twice(): first_time('twice'); assert 0

@pytest.fixture
def torn():
    yield
    assert 0

def test_torn(torn): pass
"""
FIVE = """
@pytest.mark.alone
@pytest.mark.again('an election')
@pytest.mark.parametrize('number', range(5))
def test_five(number): assert not first_time(str(number))
"""


def test_any_other_failure_is_one_and_no_more_than_five_are_tried_again(project: Project) -> None:
    """However it would do by itself; so is a second failure, and one that follows the test."""
    project.add("again", AGAIN)
    project.add("failing", FAILING)
    project.add("five", FIVE)
    code, said = project.play()
    assert code == 1
    assert [project.tries(name) for name in ("once-marked", "once", "twice")] == [2, 1, 2]
    assert [project.tries(str(number)) for number in range(5)] == [2, 2, 2, 1, 1]
    assert counts(said) == {
        "side by side": ["1", "4", "0"],
        "on clusters": ["3", "0", "0"],
        "alone": ["1", "5", "0"],
        "again": ["4", "1", "0"],
    }
    names = [f"test_failing.py::test_{name}" for name in ("once", "torn", "twice")]
    names += [f"test_five.py::test_five[{number}]" for number in (3, 4)]
    listed = "".join(f"\n  {name}" for name in names)
    assert f"\nfailed: 5{listed}\n" in said
    assert (
        "FAILED: 5 failed, 4 passed only when tried again, 0 skipped, 0 left running; in " in said
    )


LEAVING = """
import subprocess
import sys

@pytest.mark.own
def test_leaving():
    if not first_time("leaving"):
        return  # xdist plays again what has ended its process
    busy = "print(flush=True)\\nwhile True: pass"
    process = subprocess.Popen([sys.executable, "-c", busy], stdout=subprocess.PIPE, start_new_session=True)
    Path("left").write_text(f"{process.pid} {process.stdout.readline()}")
    os._exit(7)
"""


def test_a_part_that_breaks_has_failed_and_what_it_leaves_running_is_ended_and_named(
    project: Project,
) -> None:
    project.add("gentle", "def test_dies(): os._exit(7)\n")
    project.add("own", LEAVING)
    project.add(
        "whole", "def test_gentle(): pass\n@pytest.mark.alone\ndef test_end(): os._exit(0)\n"
    )
    code, said = project.play()
    assert code == 1, said
    assert set(counts(said)) == set(PASSED)
    named = (
        "\n  test_gentle.py::test_dies\n  test_own.py::test_leaving\n  alone: pytest ended with 0\n"
    )
    assert f"\nfailed: 3{named}" in said
    pid = (project.folder / "left").read_text().split()[0]
    assert f"still ran when its part had ended, and was ended: 1\n  on clusters: {pid} " in said
    assert ", 1 left running; in " in said
    assert not psutil.pid_exists(int(pid))


def test_what_cannot_be_read_has_failed(project: Project) -> None:
    project.add("raises", "raise RuntimeError\n")
    project.add("typo", "@pytest.mark.agian\ndef test_typo(): pass\n")
    code, said = project.play()
    assert code == 1
    for named in ("raises", "typo"):
        assert f"\n  test_{named}.py\n" in said


def test_a_mark_that_does_not_say_why_is_refused(project: Project) -> None:
    project.add("silent", "@pytest.mark.again\ndef test_silent(): pass\n")
    code, said = project.play()
    assert code == 1
    assert "\n  side by side: pytest ended with " in said


LASTING = """
import subprocess

@pytest.fixture
def lasting():
    yield
    Path("torn-down").touch()

def test_lasting(lasting):
    process = subprocess.Popen(["sleep", "1000"], start_new_session=True)
    Path("begun").write_text(str(process.pid))
    time.sleep(60)
"""


def test_tests_take_down_what_they_brought_up_when_it_is_ended(project: Project) -> None:
    project.add("lasting", LASTING)
    process = project.start()
    begun = project.folder / "begun"
    while not (begun.exists() and begun.read_text()):
        assert process.poll() is None
        time.sleep(0.05)
    process.terminate()
    said = process.communicate()[0]
    assert process.returncode == 143, said
    assert (project.folder / "torn-down").exists()
    assert not psutil.pid_exists(int(begun.read_text())), "nor does what they started stay"
