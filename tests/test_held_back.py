"""What a quota holds back is skipped and says so; whatever else fails has failed."""

import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from quotas import quota_of

SHARED = Path(__file__).parent / "shared"
TESTS = """
import os
import time
import pytest

with open(os.environ["GROUP"], "w") as group:
    group.write(str(os.getpid()))

def burn():
    end = time.process_time() + 0.2
    while time.process_time() < end: pass

@pytest.fixture
def burnt():
    burn()
    raise OSError("too slow")

@pytest.mark.alone
def test_held_back():
    burn()
    assert False, "late"
@pytest.mark.alone
def test_held_back_before(burnt): pass
@pytest.mark.again("why")
def test_tried_again():
    burn()
    assert False, "late"
@pytest.mark.alone
def test_held_back_and_passed(): burn()
@pytest.mark.alone
def test_by_itself():
    for _ in range(600):  # periods in which nothing runs are not counted
        time.sleep(0.01)
    assert False, "late"
def test_of_no_time():
    burn()
    assert False, "late"
"""


HELD_BACK = {"AssertionError: late": 2, "OSError: too slow": 1}
"""How many tests are skipped, by what each said."""


@pytest.mark.parametrize(("cores", "skipped"), [(0.1, HELD_BACK), (2.0, {})])
def test_only_what_is_held_back_is_skipped(
    tmp_path: Path, cores: float, skipped: dict[str, int]
) -> None:
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["held_back"]\n')
    marks = "[pytest]\naddopts = --strict-markers\nmarkers =\n  alone:\n  again:\n"
    (tmp_path / "pytest.ini").write_text(marks)
    (tmp_path / "test_timing.py").write_text(TESTS)
    given = {"PYTHONPATH": str(SHARED), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    with quota_of(cores) as group:
        said = subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rs", "-v"],
            cwd=tmp_path,
            env=os.environ | given | {"GROUP": str(group / "cgroup.procs")},
            capture_output=True,
            text=True,
            check=False,
        ).stdout
    for test in ("test_by_itself", "test_of_no_time"):
        assert f"{test} FAILED" in said, said
    assert "test_held_back_and_passed PASSED" in said, said
    words = f"cannot be judged on this machine: its quota of {cores:g} cores held everything back"
    # pytest says a reason once for all tests that share it, and how many they are.
    reasons = re.findall(rf"SKIPPED \[(\d+)\] .*: {re.escape(words)} .*; it said: (.*)", said)
    assert (
        sum((Counter({reason: int(tests)}) for tests, reason in reasons), Counter()) == skipped
    ), said
