"""`chaos run` on what `kubedrill expand` prints: a run folder of its own, or words before anything waits."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from commanding import kubedrill
from json_lines import read_lines

from kubedrill import cluster as stage
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.folder import RunFolder
from kubedrill.record.ledger import Ledger

SHIPPED = Path(__file__).resolve().parents[1] / "experiments" / "etcd-member-kill.yaml"
SHORT = (
    *("phases.warmup=1s", "phases.baseline=1s", "phases.fault=2s", "phases.recovery=1s"),
    *("slos={baseline: [list.p99 < 1s]}", "abort=[]"),
)
Chaos = Callable[[], tuple[int, dict[str, Any], str]]


@pytest.fixture
def chaos(tmp_path: Path) -> Chaos:
    """Play the expanded experiment in `tmp_path`; return exit code, journal and log."""
    changed = [word for change in SHORT for word in ("--set", change)]
    expanded = kubedrill("expand", SHIPPED, *changed)
    assert expanded.returncode == 0, expanded.stderr
    (tmp_path / "chaos.json").write_text(expanded.stdout)

    def play() -> tuple[int, dict[str, Any], str]:
        program = Path(sys.executable).with_name("chaos")
        done = subprocess.run(
            [program, "--no-version-check", "--no-log-file", "run", "chaos.json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=tmp_path,
            timeout=120,
            check=False,
        )
        journal = json.loads((tmp_path / "journal.json").read_text())
        return done.returncode, journal, done.stdout

    return play


def folders(tmp_path: Path) -> list[RunFolder]:
    """Return the folders that the plays of the experiment have made, in their order."""
    made = (tmp_path / "reports" / "etcd-member-kill.chaos").glob("*")
    return [RunFolder(path) for path in sorted(made) if not path.is_symlink()]


def test_no_cluster_is_said_before_anything_waits(
    chaos: Chaos, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBEDRILL_STATE", str(tmp_path / "state"))
    code, journal, log = chaos()
    assert code == 1
    assert (journal["status"], journal["run"], journal["rollbacks"]) == ("interrupted", [], [])
    assert "cluster local-3az is not up; to bring it up: kubedrill cluster up local-3az" in log
    assert not (tmp_path / "reports").exists()


@pytest.mark.cluster
@pytest.mark.breaks
def test_each_play_has_a_folder_of_its_own(
    chaos: Chaos, tmp_path: Path, cluster: ClusterRecord
) -> None:
    for plays in (1, 2):
        code, journal, log = chaos()
        assert (code, journal["status"]) == (0, "completed"), log
        assert {activity["status"] for activity in journal["run"]} == {"succeeded"}, log
        assert len(folders(tmp_path)) == plays
    before, after = folders(tmp_path)
    for folder in (before, after):
        told = [line["event"] for line in read_lines(folder.faults)]
        assert told == ["injecting", "injected", "took-effect", "undoing", "undone"]
        assert Ledger(folder.ledger).open_entries() == []
    with stage.lock("local-3az"):
        code, journal, log = chaos()
    assert (code, journal["run"], journal["rollbacks"]) == (1, [], [])
    assert "another drill is using the cluster local-3az" in log
    assert folders(tmp_path) == [before, after]
