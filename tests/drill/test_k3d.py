"""The drill of docs/k3d.md, on a cluster that k3d makes: `make test-k3d` plays it, where an engine is up."""

import os
import re
from pathlib import Path

import pytest
from commanding import kubedrill
from every_provider import k3d_file

from kubedrill.record.verdict import Report

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.skipif(not os.environ.get("TESTS_K3D"), reason="played by make test-k3d"),
]
TEXT = (Path(__file__).parents[2] / "docs" / "k3d.md").read_text("utf-8")


def test_the_drill_of_the_page(project: Path) -> None:
    k3d_file()
    [_, experiment] = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
    (project / "experiments" / "server-kill.yaml").write_text(experiment, encoding="utf-8")
    done = kubedrill("run", "experiments/server-kill.yaml", cwd=project)
    report = Report.read(project / "reports" / "server-kill" / "latest" / "verdict.json")
    assert done.returncode == 0, "\n".join(report.reasons)
