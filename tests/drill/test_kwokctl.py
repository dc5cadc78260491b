"""A cluster of kwokctl's, adopted: its nodes are nobody's, and so is what they do."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from commanding import kubedrill
from drills import SHORT, Drills, reasons

from kubedrill.cluster.local.binaries import find

KWOKCTL, KWOK = shutil.which("kwokctl"), shutil.which("kwok")
INSTALL = "go install sigs.k8s.io/kwok/cmd/kwok@v0.8.0 sigs.k8s.io/kwok/cmd/kwokctl@v0.8.0"
pytestmark = [
    pytest.mark.cluster,
    pytest.mark.own,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not (KWOKCTL and KWOK), reason=f"kwokctl is not here: {INSTALL}"),
]
NAME = "drilled"


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Iterator[Path]:
    """Of a cluster with three nodes."""
    file = tmp_path / "kwok.kubeconfig"
    surroundings = os.environ | {"KWOK_WORKDIR": str(tmp_path / "kwok"), "HOME": str(tmp_path)}

    def kwokctl(*arguments: str) -> None:
        command = [str(KWOKCTL), *arguments, "--name", NAME]
        done = subprocess.run(
            command, env=surroundings, capture_output=True, text=True, timeout=240, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr

    programs = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
    binaries = [f"--{name}-binary={find(name)}" for name in programs]
    try:
        kwokctl(
            *("create", "cluster", "--runtime", "binary", "--wait", "120s"),
            *(f"--kwok-controller-binary={KWOK}", f"--kubeconfig={file}", *binaries),
        )
        kwokctl("scale", "node", "--replicas", "3")
        yield file
    finally:
        kwokctl("delete", "cluster", f"--kubeconfig={file}")


@pytest.mark.again("what others take of the machine makes a drill INVALID, rightly")
def test_it_is_adopted_and_drilled(project: Path, kubeconfig: Path, drill: Drills) -> None:
    adopt = ["cluster", "adopt", "kwok", "--context", f"kwok-{NAME}"]
    done = subprocess.run(
        [sys.executable, "-m", "kubedrill", *adopt, "--kubeconfig", str(kubeconfig)],
        cwd=project,
        input=f"kwok-{NAME}\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    written = yaml.safe_load((project / "clusters" / "kwok.yaml").read_text())
    assert written["metrics"] == "apiserver"
    faults = [{"node.cordon": {"node": "random"}, "phase": "fault"}]
    slos = {"baseline": [*SHORT["slos"]["baseline"], "apiserver.inflight < 100"]}
    running = drill("kwok", {"cluster": "kwok", "faults": faults, "slos": slos})
    code, verdict = running.finish()
    assert (code, verdict["verdict"]) == (0, "PASS"), reasons(verdict)
    assert kubedrill("cluster", "status", "kwok", cwd=project).stdout.strip() == "kwok: down"
