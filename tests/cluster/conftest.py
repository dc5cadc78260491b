"""Ways to look at a cluster from outside, by other means than the cluster's own."""

import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from kubedrill import cluster as stage
from kubedrill.client.caller import Caller
from kubedrill.cluster.state import MARK, cluster_folder
from kubedrill.record.cluster import ClusterRecord
from kubedrill.wire.response import Response
from kubedrill.wire.target import identity_target

Call = Callable[..., Response]


@pytest.fixture
def until() -> Callable[..., object]:
    """Wait until a condition returns something true, and return that."""

    def wait(condition: Callable[[], object], timeout_s: float = 60.0) -> object:
        deadline = time.monotonic() + timeout_s
        while not (found := condition()):
            assert time.monotonic() < deadline, "not within the time"
            time.sleep(0.02)
        return found

    return wait


@pytest.fixture
def call(cluster: ClusterRecord) -> Call:
    """Call a component (default: the balancer) as an identity."""

    def ask(
        identity: str,
        path: str,
        method: str = "GET",
        content: object = None,
        *,
        component: str | None = None,
        port: str = "serving",
    ) -> Response:
        endpoint = getattr(cluster.component(component), port) if component else None
        target, token = identity_target(cluster, identity, endpoint)
        api = Caller(target, token)
        try:
            return api.call(method, path, content)
        finally:
            api.close()

    return ask


@pytest.fixture
def processes() -> Callable[[Path], list[str]]:
    """Return the living processes that have to do with a cluster's folder."""

    def find(folder: Path) -> list[str]:
        found = []
        for process in psutil.process_iter():
            try:
                if process.status() == psutil.STATUS_ZOMBIE:
                    continue
                words = process.cmdline()
                marked = process.environ().get(MARK) == str(folder)
            except psutil.Error:
                continue
            if marked or any(str(folder) in word for word in words):
                found.append(f"{process.pid} {' '.join(words)[:80]}")
        return found

    return find


@pytest.fixture
def traces(processes: Callable[[Path], list[str]]) -> Callable[[str], list[str]]:
    """Return all that is left of a cluster: processes, namespaces, folder."""

    def find(name: str) -> list[str]:
        folder = cluster_folder(name)
        listed = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True)
        spaces = [line for line in listed.stdout.splitlines() if line.startswith(f"kd-{name}-")]
        return [*processes(folder), *spaces, *([str(folder)] if folder.exists() else [])]

    return find


@pytest.fixture
def own(traces: Callable[[str], list[str]]) -> Iterator[str]:
    """The name of a cluster that one test may bring up; it is taken down whatever happens."""
    yield "own"
    stage.down("own")
    assert traces("own") == []
