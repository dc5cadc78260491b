"""Drills on a cluster that somebody else runs: adopted once, asked as little as possible, left as it was."""

import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml
from bare_cluster import CONTEXT, Theirs, everything, somebodys
from commanding import kubedrill
from drills import SHORT, Drills, reasons
from ended import left_processes
from object_observers import Nodes
from shooting import everything_of, is_in_ledger, shoot
from thinned import thinned

from kubedrill.record.elsewhere import ALIVE_S
from kubedrill.record.rights import rights_in

pytestmark = [pytest.mark.cluster, pytest.mark.own, pytest.mark.timeout(600)]

NAME = "staging"
SCRAPED = {"slos": {"baseline": ["list.p99 < 5s", "apiserver.inflight < 100"]}}
LONG: dict[str, Any] = {"seed": {"pods": 5}, "phases": SHORT["phases"] | {"fault": "10m"}}
CORDON: dict[str, Any] = {
    "cluster": NAME,
    "faults": [{"node.cordon": {"node": "random"}, "phase": "fault"}],
}


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Theirs]:
    with somebodys("somebodys", tmp_path_factory.mktemp("theirs")) as cluster:
        yield cluster


@pytest.fixture
def adopted(project: Path, theirs: Theirs) -> Iterator[Path]:
    """The file of the cluster once it is adopted; whatever a test leaves there is taken away."""
    theirs.allow(everything())
    done = adopt(project, theirs, CONTEXT)
    assert done.returncode == 0, done.stdout + done.stderr
    yield project / "clusters" / f"{NAME}.yaml"
    kubedrill("cluster", "down", NAME, cwd=project)
    assert theirs.there() == set()


def adopt(project: Path, theirs: Theirs, typed: str) -> "subprocess.CompletedProcess[str]":
    """Adopt the cluster, and type something when asked."""
    command = [sys.executable, "-m", "kubedrill", "cluster", "adopt", NAME, "--context", CONTEXT]
    return subprocess.run(
        [*command, "--kubeconfig", str(theirs.kubeconfig)],
        cwd=project,
        input=f"{typed}\n",
        capture_output=True,
        text=True,
        check=False,
    )


def refused(project: Path, changes: dict[str, Any], *arguments: str) -> str:
    """Return why a drill was refused before anything was started."""
    file = project / "experiments" / "refused.yaml"
    file.write_text(yaml.safe_dump(SHORT | {"cluster": NAME} | changes, sort_keys=False))
    done = kubedrill("run", file, "--reports", project / "refused", *arguments, cwd=project)
    assert done.returncode == 3, done.stdout + done.stderr
    return " ".join(done.stderr.split())


def test_it_is_adopted_after_a_look_and_a_typed_confirmation(project: Path, theirs: Theirs) -> None:
    theirs.allow(everything())
    before = theirs.kubeconfig.read_bytes()
    wrong = adopt(project, theirs, "yes")
    file = project / "clusters" / f"{NAME}.yaml"
    assert (wrong.returncode, file.exists()) == (3, False)
    assert "that is another name: nothing was adopted" in wrong.stderr
    done = adopt(project, theirs, CONTEXT)
    assert done.returncode == 0, done.stderr
    assert f"(context {CONTEXT})" in done.stdout
    assert "you are      system:serviceaccount:default:driller" in done.stdout
    said = yaml.safe_load(file.read_text())
    _, system = theirs.call("GET", "/api/v1/namespaces/kube-system")
    assert said["system_uid"] == system["metadata"]["uid"]
    assert said["limits"] == {
        "nodes": 1,
        "rate": "50/s",
        "clients": 100,
        "objects": 1000,
        "bytes": 20_000_000,
    }
    assert kubedrill("validate", file, cwd=project).returncode == 0
    again = adopt(project, theirs, CONTEXT)
    assert again.returncode == 3
    assert f"{file} is there already" in again.stderr
    assert theirs.kubeconfig.read_bytes() == before


@pytest.mark.again("what others take of the machine makes a drill INVALID, rightly")
def test_a_drill_of_api_faults_runs_and_nothing_of_it_stays(
    drill: Drills, project: Path, theirs: Theirs, adopted: Path
) -> None:
    with closing(Nodes(theirs.record)):
        running = drill("cordon", CORDON | SCRAPED)
        running.wait_for_phase("fault")
        running.wait_for("a node is cordoned", lambda: cordoned(theirs))
        code, verdict = running.finish()
        assert (code, verdict["verdict"]) == (0, "PASS"), reasons(verdict)
        assert "kubedrill" not in str(verdict["collateral"])
        assert not cordoned(theirs)
    assert theirs.there() == set()
    assert kubedrill("cluster", "status", NAME, cwd=project).stdout.strip() == f"{NAME}: down"


def cordoned(theirs: Theirs) -> list[str]:
    _, said = theirs.call("GET", "/api/v1/nodes")
    return [n["metadata"]["name"] for n in said["items"] if n["spec"].get("unschedulable")]


def test_with_the_role_that_rbac_prints_it_runs_and_without_any_verb_of_it_it_does_not(
    project: Path, theirs: Theirs, adopted: Path
) -> None:
    file = project / "experiments" / "cordon.yaml"
    file.write_text(yaml.safe_dump(SHORT | CORDON, sort_keys=False))
    role = yaml.safe_load(kubedrill("cluster", "rbac", file, cwd=project).stdout)
    rights = sorted(rights_in(role["rules"]))
    theirs.allow_rules(role["rules"])
    with closing(Nodes(theirs.record)):
        done = kubedrill("run", file, "--no-page", cwd=project, KUBEDRILL_SHARED_MACHINE="1")
        assert done.returncode in (0, 2), done.stdout + done.stderr  # INVALID where others press
    for right in rights[:: len(rights) // 6]:
        theirs.allow(other for other in rights if other != right)
        said = refused(project, CORDON)
        verb, _, what = str(right).partition(" ")
        assert f"{verb} {what}" in said, right


def test_what_needs_its_processes_is_refused_and_why_is_said(
    project: Path, theirs: Theirs, adopted: Path
) -> None:
    said = refused(project, {"faults": [{"etcd.kill": {"member": "leader"}, "phase": "fault"}]})
    assert (
        "etcd.kill needs the capability holding etcd (its machines are out of reach; give" in said
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"slos": {"baseline": ["etcd.elections == 0"]}},
        {"slos": {"baseline": ["apiserver.rss < 10GB"]}},
        {"abort": ["etcd.healthy_members < 2 for 5s"]},
    ],
)
def test_what_nobody_could_see_there_is_refused(
    project: Path, theirs: Theirs, adopted: Path, changes: dict[str, Any]
) -> None:
    assert "of this cluster; leave it out" in refused(project, changes)


def test_its_limits_are_low_unless_its_file_says_otherwise(
    project: Path, theirs: Theirs, adopted: Path
) -> None:
    load = SHORT["load"][0]
    said = refused(project, {"load": [load | {"rate": "51/s"}]})
    assert f"{adopted}:" in said
    assert "allows rate: 50/s" in said
    written = yaml.safe_load(adopted.read_text())
    del written["limits"]
    adopted.write_text(yaml.safe_dump(written))
    said = refused(project, {"load": [load | {"rate": "51/s"}]})
    assert f"{adopted} allows rate: 50/s" in said


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"authority": "sha256:" + 64 * "0"}, "leads to another cluster: its authority is sha256:"),
        ({"system_uid": "0" * 36}, "leads to another cluster: its kube-system has the UID"),
        ({"context": "their"}, 'no context "their"; did you mean "theirs"?'),
    ],
    ids=["authority", "uid", "context"],
)
def test_another_cluster_than_the_one_that_was_adopted_is_refused(
    project: Path, theirs: Theirs, adopted: Path, change: dict[str, str], words: str
) -> None:
    written = yaml.safe_load(adopted.read_text())
    adopted.write_text(yaml.safe_dump(written | change))
    assert words in refused(project, {})


def test_two_machines_exclude_each_other(
    project: Path, tmp_path: Path, theirs: Theirs, adopted: Path
) -> None:
    assert kubedrill("cluster", "up", NAME, cwd=project).returncode == 0
    elsewhere = kubedrill(
        "cluster", "up", NAME, cwd=project, KUBEDRILL_STATE=str(tmp_path / "other machine")
    )
    assert elsewhere.returncode == 3
    assert "it has the namespace kubedrill already, made by" in elsewhere.stderr
    assert kubedrill("cluster", "down", NAME, cwd=project).returncode == 0


@pytest.mark.parametrize("moment", thinned(["fault", "seed", "access"], keep_one_in=3))
def test_killed_with_its_watchdog_it_leaves_nothing_that_heal_does_not_take_away(
    drill: Drills, project: Path, theirs: Theirs, adopted: Path, moment: str
) -> None:
    with closing(Nodes(theirs.record)):
        running = drill("killed", CORDON)
        running.wait_for(moment, lambda: is_in_ledger(running, moment))
        shoot(running)
        running.process.wait()
        until = time.monotonic() + 60
        while left_processes(running) and time.monotonic() < until:
            time.sleep(0.2)
        done = kubedrill("heal", "--reports", running.reports, cwd=project)
        assert done.returncode == 0, done.stdout + done.stderr
        assert not cordoned(theirs)
    assert theirs.there() == set()


def test_killed_with_its_disk_it_is_healed_from_another_machine(
    drill: Drills, project: Path, tmp_path: Path, theirs: Theirs, adopted: Path
) -> None:
    here, there = tmp_path / "here", {"KUBEDRILL_STATE": str(tmp_path / "there")}
    with closing(Nodes(theirs.record)):
        running = drill("lost", CORDON | LONG, state=here)
        running.wait_for_phase("fault")
        running.wait_for("a node is cordoned", lambda: cordoned(theirs))
        early = kubedrill("heal", "--cluster", NAME, cwd=project, **there)
        assert early.returncode == 3
        assert f"a drill runs there: {platform.node()}, {running.folder.path}" in early.stderr
        everything_of(running)
        shutil.rmtree(here)
        shutil.rmtree(running.reports)
        time.sleep(ALIVE_S)  # nobody may take it for dead before
        done = kubedrill("heal", "--cluster", NAME, cwd=project, **there)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "node.cordon: undone" in done.stdout
        assert "what it had made is removed" in done.stdout
        assert not cordoned(theirs)
    assert theirs.there() == set()
    again = kubedrill("heal", "--cluster", NAME, cwd=project, **there)
    assert (again.returncode, again.stdout) == (0, f"nothing is left in cluster {NAME}\n")
