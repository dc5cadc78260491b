"""Nodes of a cluster without a drill: there while it is, whatever becomes of their processes."""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from kubedrill import cluster as stage
from kubedrill import standing
from kubedrill.cli.clusters import stand_or_go
from kubedrill.client.caller import Caller
from kubedrill.client.informer import conditions
from kubedrill.cluster.local.definition import LocalDefinition
from kubedrill.cluster.reading import guarded
from kubedrill.cluster.state import cluster_folder
from kubedrill.errors import NotStarted
from kubedrill.fleet.estimate import HostRoom
from kubedrill.wire.target import identity_target

pytestmark = [pytest.mark.cluster, pytest.mark.own]

NAMES = ("standing-a-0", "standing-a-1", "standing-a-2")


@pytest.fixture
def kubedrill(own: str, tmp_path: Path) -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """Call kubedrill where there is a file of the test's own cluster, of one zone."""
    (tmp_path / "clusters").mkdir()
    (tmp_path / "clusters" / f"{own}.yaml").write_text("provider: local\nzones: [a]\n")

    def call(*words: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "kubedrill", *words]
        return subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False
        )

    return call


def ready(name: str) -> Mapping[str, bool]:
    """Return which nodes the API has, and whether each is Ready."""
    record = stage.find(name)
    assert record is not None
    with closing(Caller(*identity_target(record, "admin"))) as api:
        listed = json.loads(api.call("GET", "/api/v1/nodes").body)["items"]
    return {node["metadata"]["name"]: conditions(node).get("Ready") == "True" for node in listed}


def player(name: str) -> psutil.Process:
    """Return the process that plays the nodes of zone a."""
    folder = str(cluster_folder(name))
    return next(
        process
        for process in psutil.process_iter(["cmdline"])
        if "kubedrill.fleet" in (words := process.info["cmdline"] or [])
        and any(folder in word for word in words)
        and words[-1] == "a"
    )


def test_they_are_ready_and_are_played_again_and_go_with_the_cluster(
    own: str, kubedrill, traces: Callable[[str], list[str]], until: Callable[..., object]
) -> None:
    done = kubedrill("cluster", "up", own, "--nodes", "3")
    assert done.returncode == 0, done.stderr
    assert "3 hollow nodes in it are Ready" in done.stdout
    assert ready(own) == dict.fromkeys(NAMES, True)
    first = player(own)
    first.kill()
    until(lambda: not first.is_running() or first.status() == psutil.STATUS_ZOMBIE)
    second = until(lambda: _or_none(own))
    assert isinstance(second, psutil.Process)
    assert second.pid != first.pid
    assert ready(own) == dict.fromkeys(NAMES, True)
    assert kubedrill("cluster", "down", own).returncode == 0
    assert traces(own) == []


def _or_none(name: str) -> psutil.Process | None:
    try:
        return player(name)
    except StopIteration:
        return None


def test_more_than_the_machine_holds_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standing, "room", lambda: HostRoom(0.1, 2**40))
    with pytest.raises(NotStarted, match=r"1,000 nodes keep about 0\.4 cores busy"):
        standing.check(1000)


def test_where_they_do_not_come_the_cluster_goes(
    own: str, traces: Callable[[str], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    record = stage.up(guarded(LocalDefinition)(provider="local", zones=("a",)), own)
    monkeypatch.setattr(standing, "patience_s", lambda _: 0.1)
    with pytest.raises(NotStarted, match=r"fleet was not ready within 0\.1 s"):
        stand_or_go(record, 3)
    assert traces(own) == []
