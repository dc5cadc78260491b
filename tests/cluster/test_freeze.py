"""A freeze holds until its end, whatever is wrong with its file; and is lifted by name."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from abandoned import nowhere
from commanding import kubedrill

from kubedrill.cluster.freeze import EVERY, Freeze, freeze, frozen, thaw
from kubedrill.errors import NotStarted
from kubedrill.faults.lifecycle import inject
from kubedrill.faults.progress import FaultFailed
from kubedrill.record.folder import RunFolder

TOP = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KUBEDRILL_STATE", str(tmp_path / "state"))
    return tmp_path / "state"


def wanted(hours: float = 1.0) -> Freeze:
    return Freeze(until=datetime.now(UTC) + timedelta(hours=hours), why="release", by="alice")


def test_of_one_cluster_or_of_every_one() -> None:
    assert frozen("a") == ""
    freeze("a", wanted())
    assert "cluster a is frozen until" in frozen("a")
    assert "by alice: release; to lift that: kubedrill thaw a" in frozen("a")
    assert frozen("b") == ""
    freeze(EVERY, wanted())
    assert "every cluster is frozen" in frozen("b")
    assert (thaw("a"), thaw("a"), thaw("b")) == (True, False, False)
    assert "every cluster is frozen" in frozen("a")
    assert thaw(EVERY)
    assert frozen("a") == ""


def test_it_ends_by_itself() -> None:
    freeze("a", wanted(hours=-0.001))
    assert frozen("a") == ""


@pytest.mark.parametrize("text", ["", "{", '{"until": "2031-01-01T00:00:00Z"}', "[]"])
def test_what_cannot_be_read_is_in_force(own_state: Path, text: str) -> None:
    freeze("a", wanted())
    (own_state / "freezes" / "a.json").write_text(text)
    assert "nobody knows until when" in frozen("a")
    assert thaw("a")
    assert frozen("a") == ""


def test_what_names_no_cluster_is_refused() -> None:
    with pytest.raises(NotStarted, match="cannot name a cluster"):
        freeze("../a", wanted())


@pytest.mark.parametrize("ours", ["the cluster's", "another"])
def test_a_drill_that_runs_injects_nothing_more(
    ours: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever state folder is that of who injects, as by `chaos run` in a shell of its own."""
    folder = RunFolder.create(tmp_path, "frozen")
    nowhere().write(folder.cluster)
    freeze("nowhere", wanted())
    if ours == "another":
        monkeypatch.setenv("KUBEDRILL_STATE", str(tmp_path / "another"))
    with pytest.raises(FaultFailed, match=r"cluster nowhere is frozen until .* by alice: release"):
        inject("etcd.kill", {"member": "a"}, str(folder.path))
    assert not folder.ledger.exists()


def test_no_drill_begins(tmp_path: Path) -> None:
    # Without binaries nothing could be started, and that would be said later.
    (tmp_path / "clusters").symlink_to(TOP / "clusters")
    assert (
        kubedrill(
            "freeze", "local-3az", "--until", "2h", "--why", "release", cwd=tmp_path
        ).returncode
        == 0
    )
    refused = kubedrill(
        "run", "etcd-member-kill", "--reports", str(tmp_path / "reports"), cwd=tmp_path
    )
    assert refused.returncode == 3
    assert "cluster local-3az is frozen until" in refused.stderr
    assert "release; to lift that: kubedrill thaw local-3az" in refused.stderr
    assert not (tmp_path / "reports").exists()
    assert kubedrill("thaw", "local-3az", cwd=tmp_path).stdout == "local-3az is thawed\n"


@pytest.mark.parametrize("until", ["yesterday", "2020-01-01", "-2h", "0s"])
def test_what_is_no_moment_to_come_is_refused(until: str) -> None:
    done = kubedrill("freeze", "--why", "x", f"--until={until}")
    assert done.returncode == 3
    assert "--until" in done.stderr
