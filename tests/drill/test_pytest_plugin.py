"""`pytest experiments/` plays drills: what each verdict is to pytest."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml
from drills import SHORT

pytestmark = [pytest.mark.cluster, pytest.mark.own, pytest.mark.timeout(600)]

ONE_ZONE: dict[str, Any] = {
    "cluster": "one-zone",
    "claim": 1,
    "phases": {"warmup": "2s", "baseline": "4s"},
}


def play(project: Path, *arguments: str) -> tuple[int, dict[str, str], str]:
    """Return pytest's exit code, what became of each drill, and what was printed."""
    results = project / "results.xml"
    told = ["-p", "no:cacheprovider", f"--junit-xml={results}", "experiments", *arguments]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *told],
        cwd=project,
        env={**os.environ, "KUBEDRILL_SHARED_MACHINE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    became = {}
    for case in ElementTree.parse(results).getroot().iter("testcase"):
        found = {child.tag for child in case} & {"failure", "error", "skipped"}
        became[str(case.get("name"))] = found.pop() if found else "passed"
    return done.returncode, became, done.stdout + done.stderr


def write(project: Path, name: str, changes: dict[str, Any]) -> None:
    text = yaml.safe_dump(SHORT | ONE_ZONE | changes, sort_keys=False)
    (project / "experiments" / f"{name}.yaml").write_text(text, encoding="utf-8")


@pytest.mark.again("what others take of the machine makes a drill INVALID, rightly")
def test_a_drill_that_fails_is_a_failure_and_one_that_proves_nothing_an_error(
    project: Path,
) -> None:
    write(project, "passes", {})
    write(project, "fails", {"slos": {"baseline": ["list.p99 < 1ms"]}, "claim": 2})
    write(project, "misspelt", {"slos": {"baseline": ["list.p999 < 1s"]}, "claim": 3})
    code, became, said = play(project)
    assert became == {"passes": "passed", "fails": "failure", "misspelt": "error"}, said
    assert code == 1
    assert "list.p99 < 1ms" in said
    assert "misspelt.yaml:" in said
    assert "Traceback" not in said


def test_drills_are_chosen_as_tests_are(project: Path) -> None:
    write(project, "first", {})
    write(project, "second", {"claim": 2})
    for chosen in (["-k", "second"], ["-m", "claim(number=2)"]):
        code, _, said = play(project, "--collect-only", "-q", *chosen)
        assert code == 0, said
        assert "second" in said
        assert "first" not in said
