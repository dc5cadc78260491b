"""Drills whose load comes from pods of the cluster; who runs their containers is stood in for."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from bare_cluster import CONTEXT, Theirs, everything, somebodys
from commanding import kubedrill
from drills import SHORT, Drills, reasons
from ports import free_port

from kubedrill.cluster.adopted.adopting import file_of, look_at
from kubedrill.record.remote import read_accounts

pytestmark = [pytest.mark.cluster, pytest.mark.own, pytest.mark.timeout(600)]

NAME = "staging"
LOOK_S = 0.2


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Theirs]:
    with somebodys("somebodys-pods", tmp_path_factory.mktemp("theirs")) as cluster:
        cluster.allow(everything())
        yield cluster


@pytest.fixture
def adopted(project: Path, theirs: Theirs) -> Iterator[None]:
    kubeconfig, file = str(theirs.kubeconfig), project / "clusters" / f"{NAME}.yaml"
    file.write_text(file_of(look_at(kubeconfig, CONTEXT), kubeconfig), encoding="utf-8")
    yield
    kubedrill("cluster", "down", NAME, cwd=project)
    assert theirs.there() == set()


class Containers:
    """Starts the command of each worker's pod once, as a kubelet would: here, with its files."""

    def __init__(self, theirs: Theirs, folder: Path) -> None:
        self.commands: list[list[str]] = []
        self._theirs, self._folder = theirs, folder
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._ended = threading.Event()

    def run(self) -> None:
        """Do so until it is ended."""
        while not self._ended.wait(LOOK_S):
            _, said = self._theirs.call("GET", "/api/v1/pods")
            for pod in said.get("items", ()):
                if pod["metadata"]["name"].startswith("worker-"):
                    self._start(pod)

    def end(self) -> None:
        """Start no more, and end what runs."""
        self._ended.set()
        for process in self._processes.values():
            process.kill()
            process.wait()

    def _start(self, pod: dict[str, Any]) -> None:
        name, place = pod["metadata"]["name"], pod["metadata"]["namespace"]
        if name in self._processes:
            return
        [container] = pod["spec"]["containers"]
        [mount] = container["volumeMounts"]
        config = pod["spec"]["volumes"][0]["configMap"]["name"]
        _, said = self._theirs.call("GET", f"/api/v1/namespaces/{place}/configmaps/{config}")
        root = self._folder / name
        file = root / mount["mountPath"].lstrip("/")
        file.parent.mkdir(parents=True)
        file.write_text(said["data"][mount["subPath"]], encoding="utf-8")
        balancer = self._theirs.record.balancer
        self.commands.append(container["command"])
        self._processes[name] = subprocess.Popen(
            [sys.executable, "-m", *container["command"]],
            cwd=root / container["workingDir"].lstrip("/"),
            env={
                "PATH": os.environ["PATH"],
                "KUBERNETES_SERVICE_HOST": balancer.host,
                "KUBERNETES_SERVICE_PORT": str(balancer.port),
            },
        )


@contextmanager
def containers(theirs: Theirs, folder: Path) -> Iterator[Containers]:
    """Have them started as long as this block lasts."""
    found = Containers(theirs, folder)
    thread = threading.Thread(target=found.run)
    thread.start()
    try:
        yield found
    finally:
        found.end()
        thread.join()


def in_pods(max_wait: str) -> dict[str, Any]:
    pods = {"image": "registry.example.com/kubedrill:1.0", "master": "127.0.0.1"}
    workers = {"expect": 2, "bind": f"127.0.0.1:{free_port()}", "max_wait": max_wait, "pods": pods}
    load = {**SHORT["load"][0], "workers": workers}
    return {"cluster": NAME, "load": [load], "phases": {"warmup": "2s", "baseline": "4s"}}


@pytest.mark.again("what others take of the machine makes a drill INVALID, rightly")
def test_pods_share_the_load_and_are_gone_afterwards(
    drill: Drills, theirs: Theirs, adopted: None, tmp_path: Path
) -> None:
    with containers(theirs, tmp_path / "containers") as started:
        running = drill("pods", in_pods("60s"))
        code, verdict = running.finish()
    assert (code, verdict["verdict"]) == (0, "PASS"), reasons(verdict)
    accounts = read_accounts(running.folder.workers("list"))
    assert [account.whole for account in accounts] == [True, True]
    assert len(started.commands) == 2
    (baseline,) = [
        row for row in verdict["load"] if row["phase"] == "baseline" and row["name"] == "list"
    ]
    assert (baseline["requests"], baseline["errors"]) == (20, {})
    assert not [name for name in theirs.there() if "-workers" in name]


def test_where_no_pod_comes_nothing_is_started_and_why_is_said(
    drill: Drills, theirs: Theirs, adopted: None
) -> None:
    running = drill("nobody", in_pods("8s"))
    assert running.process.wait(120) == 3
    said = " ".join(running.output().split())
    assert "0 of 2 workers came" in said
    assert "of their pods: no node takes it: " in said
    assert not [name for name in theirs.there() if "-workers" in name]


def test_a_cluster_that_runs_no_containers_is_refused(project: Path, drill: Drills) -> None:
    running = drill("hollow", in_pods("8s") | {"cluster": "local-3az"})
    assert running.process.wait(60) == 3
    assert "no node of this cluster runs containers" in " ".join(running.output().split())
