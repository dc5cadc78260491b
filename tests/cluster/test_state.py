"""Names, folders and locks of clusters."""

import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from abandoned import nowhere

from kubedrill import cluster
from kubedrill.cluster.state import cluster_folder, write_id
from kubedrill.errors import NotStarted
from kubedrill.record.cluster import ClusterRecord


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


def _as_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _of_nobody(path: Path) -> None:
    replace(ClusterRecord.read(path), provider="nobody").write(path)


NO_TEXT = b"\xff\xfe"
DAMAGES: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "nothing is in it": ("", lambda folder: [*map(Path.unlink, folder.iterdir())], ""),
    "provider is no text": ("provider", lambda file: file.write_bytes(NO_TEXT), ""),
    "provider is a folder": ("provider", _as_folder, ""),
    "provider is empty": ("provider", lambda file: file.write_text(""), ""),
    "provider is gone": ("provider", Path.unlink, ""),
    "provider is nobody": (
        *("provider", lambda file: file.write_text("nobody")),
        r"half/provider: no provider \"nobody\".* write the provider of its cluster file into it",
    ),
    "id is no text": ("id", lambda file: file.write_bytes(NO_TEXT), ""),
    "id is a folder": ("id", _as_folder, ""),
    "record is a folder": ("cluster.json", _as_folder, ""),
    "record is cut": ("cluster.json", lambda file: file.write_bytes(file.read_bytes()[:99]), ""),
    "record is of nobody": ("cluster.json", _of_nobody, ""),
}


@pytest.fixture
def half(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder of a cluster whose processes are all gone."""
    monkeypatch.setenv("KUBEDRILL_STATE", str(tmp_path))
    folder = cluster_folder("half")
    folder.mkdir(parents=True)
    write_id(folder, "c", "local")
    replace(nowhere(), name="half", folder=str(folder), id="c").write(folder / "cluster.json")
    return folder


@pytest.mark.parametrize("what", DAMAGES)
def test_what_is_left_of_a_folder_is_said_and_can_be_ended(what: str, half: Path):
    part, damage, cannot_end = DAMAGES[what]
    damage(half / part)
    for look in (cluster.find, lambda name: cluster.down(name, str(half.parents[1]), "c")):
        with suppress(NotStarted):
            look("half")  # whatever it is, it is told in words
    assert cluster.status("half").state in {"half made", "unreadable", "unsupervised", "down"}
    if cannot_end:
        with pytest.raises(NotStarted, match=cannot_end):
            cluster.down("half")
    else:
        cluster.down("half")
    assert half.exists() == bool(cannot_end)


def test_a_file_in_the_place_of_a_folder_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("KUBEDRILL_STATE", str(tmp_path))
    cluster_folder("half").parent.mkdir()
    cluster_folder("half").touch()
    for call in (cluster.find, cluster.down):
        with pytest.raises(NotStarted, match=r"clusters/half is no folder; remove it"):
            call("half")


def test_who_is_meant_by_an_undo_must_be_known(half: Path):
    (half / "id").write_bytes(NO_TEXT)
    with pytest.raises(NotStarted, match=r"half/id cannot be read \(it is no text\), so nobody"):
        cluster.down("half", str(half.parents[1]), "c")
    assert half.exists()


def test_a_cluster_whose_record_is_broken_still_stands(half: Path):
    record = ClusterRecord.read(half / "cluster.json")
    (half / "cluster.json").write_text("{")
    assert record.stands()
    assert not replace(record, id="another").stands()


def test_nobody_guesses_who_provides_a_cluster(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("KUBEDRILL_STATE", str(tmp_path))
    folder = cluster_folder("whose")
    folder.mkdir(parents=True)
    (folder / "cluster.json").write_text("{}")
    for call in (cluster.find, cluster.down):
        with pytest.raises(NotStarted, match=r"whose/provider is gone.* such as local"):
            call("whose")
    assert (folder / "cluster.json").exists()
