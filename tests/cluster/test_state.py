"""Names, folders and locks of clusters."""

import subprocess
import sys
from pathlib import Path

import pytest

from kubedrill import cluster
from kubedrill.cluster.state import cluster_folder
from kubedrill.errors import NotStarted


@pytest.mark.parametrize("name", ["", "../x", "A", "a/b", "-a", "a-", "a" * 41, "a\nb", "a.b"])
def test_names_that_could_escape_are_refused(name: str):
    with pytest.raises(NotStarted, match="cannot name a cluster"):
        cluster_folder(name)
    with pytest.raises(NotStarted):
        cluster.down(name)


def test_the_state_folder_is_a_setting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("KUBEDRILL_STATE", str(tmp_path))
    assert cluster_folder("one") == tmp_path / "clusters" / "one"
    assert cluster.names() == []
    assert cluster.find("one") is None
    assert cluster.status("one").state == "down"
    with pytest.raises(NotStarted, match="kubedrill cluster up one"):
        cluster.env("one")


def test_one_drill_at_a_time(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("KUBEDRILL_STATE", str(tmp_path))
    with cluster.lock("one") as held:
        with pytest.raises(NotStarted, match="another drill is using the cluster one"):
            cluster.lock("one")
        with cluster.lock("two"):
            pass
        # Whoever was handed the descriptor keeps the lock when its first owner is gone.
        keeper = subprocess.Popen(
            [sys.executable, "-c", "import sys; sys.stdin.read()"],
            stdin=subprocess.PIPE,
            pass_fds=[held.fileno()],
        )
    with pytest.raises(NotStarted):
        cluster.lock("one")
    keeper.communicate()
    cluster.lock("one").close()


def test_down_of_what_never_was(traces):
    cluster.down("never")
    cluster.down("never")
    assert traces("never") == []


def test_half_made_is_said_and_can_be_ended(traces):
    folder = cluster_folder("half")
    folder.mkdir(parents=True)
    definition = cluster.load_definition(Path("clusters/local-3az.yaml").absolute())
    for attempt in (cluster.up, cluster.check):
        with pytest.raises(NotStarted, match="kubedrill cluster down half"):
            attempt(definition, "half")
    status = cluster.status("half")
    assert status.state == "half made"
    assert (status.why or "").endswith("kubedrill cluster down half")
    assert "half" in cluster.names()
    cluster.down("half")
    assert traces("half") == []


def test_nobody_guesses_who_provides_a_cluster(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("KUBEDRILL_STATE", str(tmp_path))
    folder = cluster_folder("whose")
    folder.mkdir(parents=True)
    (folder / "cluster.json").write_text("{}")
    for call in (cluster.find, cluster.down):
        with pytest.raises(NotStarted, match=r"whose/provider is gone.* such as local"):
            call("whose")
    assert (folder / "cluster.json").exists()
