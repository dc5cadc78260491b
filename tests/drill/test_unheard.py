"""A drill that nobody can hear: it comes to its verdict, and its exit code is the verdict's."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from drills import SHORT

from kubedrill.record.cluster import ClusterRecord

pytestmark = [pytest.mark.cluster, pytest.mark.breaks]

PHASES = {"warmup": "1s", "baseline": "2s"}
"""Each is a line that nobody hears."""


@pytest.mark.parametrize("around", [">&- 2>&-", ">/dev/full", "| head -1"])
def test_the_exit_code_is_the_verdicts(
    project: Path, tmp_path: Path, cluster: ClusterRecord, around: str
) -> None:
    file = project / "experiments" / "unheard.yaml"
    # More than is offered: it cannot hold, so that the code is not 0.
    asked = {"slos": {"baseline": ["list.rate >= 1000/s"]}, "faults": [], "phases": PHASES}
    file.write_text(yaml.safe_dump(SHORT | asked, sort_keys=False))
    reports = tmp_path / "reports"
    line = f"{sys.executable} -m kubedrill run {file} --reports {reports} {around}"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", line],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ,
        timeout=180,
        check=False,
    )
    verdict = json.loads((reports / "unheard" / "latest" / "verdict.json").read_text())
    assert verdict["verdict"] in ("FAIL", "INVALID")
    assert done.returncode == {"FAIL": 1, "INVALID": 2}[verdict["verdict"]]
    assert "Traceback" not in done.stderr
