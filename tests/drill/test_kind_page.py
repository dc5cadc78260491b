"""docs/kind.md: its commands are typed, in their order, where a container engine is up: `make test-kind`."""

import os
import re
import shutil
from pathlib import Path

import pytest
from commanding import kubedrill
from every_provider import kind_file

from kubedrill.record.verdict import Report

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not os.environ.get("TESTS_KIND"), reason="played by make test-kind"),
]
TEXT = (Path(__file__).parents[2] / "docs" / "kind.md").read_text("utf-8")
EXPERIMENT = "etcd-member-kill"
COMMANDS = [
    line for block in re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL) for line in block.splitlines()
]


@pytest.mark.again("what others take of the machine makes a drill INVALID, rightly")
def test_every_command_does_what_the_page_says(project: Path) -> None:
    file = project / "clusters" / "kind-ha.yaml"
    file.unlink()
    shutil.copy(kind_file(), file)
    experiment = f"experiments/{EXPERIMENT}.yaml"
    shutil.copy(Path(__file__).parents[2] / experiment, project / experiment)
    up, run, down = COMMANDS
    try:
        done = kubedrill(*up.split()[1:], cwd=project)
        assert done.returncode == 0, done.stdout + done.stderr
        done = kubedrill(*run.split()[1:], cwd=project)
        report = Report.read(project / "reports" / EXPERIMENT / "latest" / "verdict.json")
        assert done.returncode == 0, "\n".join(report.reasons)
        [fault] = report.faults
        assert fault.took_effect
        assert fault.undone
    finally:
        done = kubedrill(*down.split()[1:], cwd=project)
    assert done.returncode == 0, done.stdout + done.stderr
