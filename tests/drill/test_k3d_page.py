"""docs/k3d.md: every command of it is typed, in its order, where k3d and its engine are stood in for."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from commanding import kubedrill
from stub_engine import StubEngine
from stub_k3d import api_behind, stub_engine

from kubedrill import cluster as stage
from kubedrill.cluster.provider import handle_of
from kubedrill.record.verdict import Report

pytestmark = [pytest.mark.cluster, pytest.mark.own, pytest.mark.timeout(600)]

TEXT = (Path(__file__).parents[2] / "docs" / "k3d.md").read_text("utf-8")
COMMANDS = [
    line for block in re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL) for line in block.splitlines()
]
FILE, EXPERIMENT = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
LIMIT_S = 60.0
ALONE = {"KUBEDRILL_SHARED_MACHINE": "1"}


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StubEngine]:
    with stub_engine(tmp_path / "stub", monkeypatch) as found, api_behind(found, "k3d-page"):
        yield found


def typed(line: str, project: Path) -> str:
    done = kubedrill(*line.split()[1:], cwd=project, **ALONE)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_every_command_does_what_the_page_says(project: Path, engine: StubEngine) -> None:
    (project / "experiments" / "server-kill.yaml").write_text(EXPERIMENT, encoding="utf-8")
    file = project / "clusters" / "k3d-ha.yaml"
    assert FILE in file.read_text(encoding="utf-8")
    up, plan, run, down = COMMANDS
    typed(up, project)
    assert "kube-apiserver.kill" in typed(plan, project)
    done = kubedrill(*run.split()[1:], cwd=project, **ALONE)
    report = Report.read(project / "reports" / "server-kill" / "latest" / "verdict.json")
    assert done.returncode == 0, "\n".join(report.reasons)
    [fault] = report.faults
    assert fault.took_effect
    assert fault.undone
    assert len(engine.all()) == 4
    typed(down, project)
    assert engine.all() == []
    assert not engine.strangers(), "docker or k3d was told what they do not know"


def test_what_is_in_a_server_is_refused_by_itself(project: Path) -> None:
    shipped = Path(__file__).parents[2] / "experiments" / "etcd-member-kill.yaml"
    done = kubedrill("validate", shipped, "--cluster", "k3d-ha", cwd=project)
    assert done.returncode == 3
    assert "within the process of its kube-apiserver" in done.stderr + done.stdout


def daemon_of(folder: Path) -> psutil.Process:
    """Return what keeps the cluster of a folder."""
    words = ["kubedrill.cluster.k3d.daemon", str(folder)]
    [found] = [
        process
        for process in psutil.process_iter(["cmdline"])
        if (process.info["cmdline"] or [])[-2:] == words
    ]
    return found


def test_a_daemon_that_is_killed_leaves_no_server_down(project: Path, engine: StubEngine) -> None:
    record = stage.up(stage.load_definition(project / "clusters" / "k3d-ha.yaml"), "k3d-left")
    try:
        handle = handle_of(record)
        handle.holding.hold("kube-apiserver-b")  # type: ignore[union-attr]
        handle.pausing.pause("kube-apiserver-c")  # type: ignore[union-attr]
        daemon = daemon_of(Path(record.folder))
        daemon.kill()
        daemon.wait()
        deadline = time.monotonic() + LIMIT_S
        while {found.state for found in handle.components().values()} != {"running"}:
            assert time.monotonic() < deadline, handle.components()
            time.sleep(0.1)
        assert {found["policy"] for found in engine.all()} == {"unless-stopped"}
    finally:
        stage.down("k3d-left")
