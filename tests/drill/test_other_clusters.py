"""An activity hits the cluster of the drill and no other, whoever plays it, whatever the environment says.

The user's kubeconfigs, the variables of a pod and of Chaos Toolkit, and his proxies all lead to another
API server, and nothing is ever asked of it.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from commanding import kubedrill
from drills import Drills, RunningDrill, reasons
from foreign import foreign
from json_lines import read_lines
from namespace_activity import makes

from kubedrill.cluster.guest import user_of
from kubedrill.process.environment import kubeconfig
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.folder import RunFolder
from kubedrill.record.ledger import Ledger

pytestmark = [pytest.mark.cluster, pytest.mark.breaks]

NAMESPACES = "/api/v1/namespaces"
RBAC = "/apis/rbac.authorization.k8s.io/v1"
PHASES = {"warmup": "1s", "baseline": "3s", "fault": "4s", "recovery": "3s"}


@pytest.fixture
def elsewhere(
    cluster: ClusterRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[list[str]]:
    """What is asked of the other API server."""
    with foreign(tmp_path / "home", monkeypatch) as seen:
        yield seen


Ask = Callable[[str], Any]


def changes(namespace: str, phases: dict[str, str] = PHASES) -> dict[str, Any]:
    slos = {"baseline": ["availability > 0%"]}
    return {"load": [], "phases": phases, "faults": [makes(namespace)], "slos": slos}


def leaves(ask: Ask, namespace: str) -> bool:
    """Whether the namespace is gone, or will be."""
    found = ask(f"{NAMESPACES}/{namespace}")
    return found is None or "deletionTimestamp" in found["metadata"]


def wait_for(condition: Callable[[], Any], limit_s: float = 60) -> None:
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def identity_is_gone(ask: Ask, cluster: ClusterRecord, run: str) -> bool:
    name = user_of(run).rpartition(":")[2]
    objects = (
        f"{NAMESPACES}/kubedrill/serviceaccounts/{name}",
        f"{RBAC}/clusterroles/kubedrill-{name}",
        f"{RBAC}/clusterrolebindings/kubedrill-{name}",
    )
    return not any(map(ask, objects)) and not cluster.private(run).exists()


def test_all_that_the_environment_says_leads_elsewhere(elsewhere: list[str]) -> None:
    """Without a drill, that is: else the tests below could not fail."""
    script = "from chaosk8s.namespace.actions import create_namespace as c; c('x')"
    for given in ({}, {"KUBECONFIG": f"{os.environ['HOME']}/none"}):
        before = len(elsewhere)
        command = [sys.executable, "-c", script]
        done = subprocess.run(
            command, env={**os.environ, **given}, capture_output=True, check=False
        )
        assert done.returncode != 0
        assert given or len(elsewhere) > before


def test_inject_and_undo(
    drill: Drills, elsewhere: list[str], ask: Ask, cluster: ClusterRecord
) -> None:
    running = drill("struck", changes("struck"), page=True)
    running.wait_for("the activity", lambda: ask(f"{NAMESPACES}/struck"))
    run = running.folder.run
    file = kubeconfig(cluster.private(run))
    assert file.stat().st_mode & 0o777 == 0o600
    token = json.loads(file.read_text())["users"][0]["user"]["token"]
    _, verdict = running.finish()
    assert "activity" not in reasons(verdict)
    [fault] = verdict["faults"]
    assert fault["took_effect"]
    assert fault["undone"]
    assert user_of(run) in fault["proof"]
    assert user_of(run) in running.folder.report.read_text()
    assert leaves(ask, "struck")
    assert identity_is_gone(ask, cluster, run)
    shared = [path for path in running.folder.path.rglob("*") if path.is_file()]
    assert not [path for path in shared if token.encode() in path.read_bytes()]
    assert elsewhere == []


def killed(running: RunningDrill, ask: Ask, namespace: str, *roles: str) -> None:
    """Kill the runner and others of a drill in the midst of its activity."""
    running.wait_for("the activity", lambda: ask(f"{NAMESPACES}/{namespace}"))
    folder = running.folder
    running.wait_for("its proof", lambda: "took-effect" in folder.faults.read_text())
    pids = [running.process.pid, *(running.child(role).facts["pid"] for role in roles)]
    if len(roles) > 1:
        pids.insert(0, watchdog_of(folder))
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    running.process.wait(60)


def watchdog_of(folder: RunFolder) -> int:
    command = ["pgrep", "-f", f"kubedrill.undo.watchdog --run {folder.path}"]
    return int(subprocess.check_output(command, text=True))


def test_the_watchdog(
    drill: Drills, elsewhere: list[str], ask: Ask, cluster: ClusterRecord
) -> None:
    running = drill("orphaned", changes("orphaned", PHASES | {"fault": "60s"}))
    killed(running, ask, "orphaned", "faults")
    wait_for(lambda: leaves(ask, "orphaned"))
    wait_for(lambda: not Ledger(running.folder.ledger).open_entries())
    assert identity_is_gone(ask, cluster, running.folder.run)
    assert elsewhere == []


def test_heal(drill: Drills, elsewhere: list[str], ask: Ask, cluster: ClusterRecord) -> None:
    running = drill("lost", changes("lost", PHASES | {"fault": "60s"}))
    killed(running, ask, "lost", "faults", "prober", "scraper")
    assert not leaves(ask, "lost")
    wait_for(lambda: kubedrill("heal", "--reports", running.reports).returncode == 0)
    assert leaves(ask, "lost")
    assert identity_is_gone(ask, cluster, running.folder.run)
    assert elsewhere == []


def test_chaos_run_on_the_expanded_file(
    project: Path, elsewhere: list[str], ask: Ask, cluster: ClusterRecord
) -> None:
    file = project / "experiments" / "expanded.yaml"
    rest = {"title": "t", "why": "w", "cluster": cluster.name}
    file.write_text(json.dumps(rest | changes("expanded")))
    expanded = kubedrill("expand", file, cwd=project)
    assert expanded.returncode == 0, expanded.stderr
    (project / "chaos.json").write_text(expanded.stdout)
    chaos = [Path(sys.executable).with_name("chaos"), "--no-version-check", "run", "chaos.json"]
    played = subprocess.Popen(chaos, cwd=project)
    wait_for(lambda: ask(f"{NAMESPACES}/expanded"))
    assert played.wait(60) == 0
    [faults] = project.glob("reports/expanded.chaos/2*/faults.jsonl")
    events = [line["event"] for line in read_lines(faults)]
    assert events == ["injecting", "injected", "took-effect", "undoing", "undone"]
    assert leaves(ask, "expanded")
    assert identity_is_gone(ask, cluster, faults.parent.name)
    assert elsewhere == []
