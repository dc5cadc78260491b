"""docs/your-cluster.md: every command of it is typed, in its order, on a cluster that somebody else runs."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import yaml
from bare_cluster import CONTEXT, Theirs, everything, somebodys
from commanding import kubedrill
from object_observers import Nodes

from kubedrill.record.verdict import Report

pytestmark = [pytest.mark.cluster, pytest.mark.own, pytest.mark.timeout(600)]

TEXT = (Path(__file__).parents[2] / "docs" / "your-cluster.md").read_text("utf-8")
COMMANDS = [
    line for block in re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL) for line in block.splitlines()
]
FILE, EXPERIMENT = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)


@pytest.fixture
def theirs(tmp_path: Path) -> Iterator[Theirs]:
    with somebodys("pages", tmp_path) as cluster:
        cluster.allow(everything())
        yield cluster


def test_every_command_does_what_the_page_says(project: Path, theirs: Theirs) -> None:
    (project / "experiments" / "first.yaml").write_text(EXPERIMENT)
    adopt, inspect, rbac, plan, run, heal = COMMANDS
    surroundings = {"KUBECONFIG": str(theirs.kubeconfig), "KUBEDRILL_SHARED_MACHINE": "1"}
    said = subprocess.run(
        [sys.executable, "-m", *adopt.replace("staging-admin", CONTEXT).split()],
        cwd=project,
        env=os.environ | surroundings,
        input=f"{CONTEXT}\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stderr
    written = yaml.safe_load((project / "clusters" / "staging.yaml").read_text())
    assert written["limits"] == yaml.safe_load(FILE)["limits"]

    def typed(line: str) -> str:
        done = kubedrill(*line.split()[1:], cwd=project, **surroundings)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    assert re.search(
        r"etcd\.kill .* no: holding etcd: its machines are out of reach", typed(inspect)
    )
    role = yaml.safe_load(typed(rbac))
    theirs.allow_rules(role["rules"])
    assert "node.cordon" in typed(plan)
    with closing(Nodes(theirs.record)):
        done = kubedrill(*run.split()[1:], cwd=project, **surroundings)
    report = Report.read(project / "reports" / "first" / "latest" / "verdict.json")
    assert done.returncode == 0, "\n".join(report.reasons)
    assert theirs.there() == set()
    assert typed(heal) == "nothing is left in cluster staging\n"
