"""How a cluster of k3d's comes up, fails at each step, and goes: by what k3d and the engine were told."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from stub_engine import StubEngine
from stub_k3d import stub_engine

from kubedrill import cluster as stage
from kubedrill.cluster.k3d.definition import K3dDefinition
from kubedrill.cluster.reading import guarded
from kubedrill.cluster.state import ClusterFailed, cluster_folder
from kubedrill.errors import NotStarted

pytestmark = pytest.mark.own
NAME = "k3d-steps"


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StubEngine]:
    """Both programs, and servers behind which there is no API."""
    monkeypatch.setenv("KUBEDRILL_STATE", str(tmp_path / "state"))
    folder = tmp_path / "stub"
    with stub_engine(folder, monkeypatch) as found:
        found.api.write_text("127.0.0.1:9", encoding="ascii")
        found.kubeconfig.write_text('{"contexts": []}', encoding="utf-8")
        found.authority.mkdir()
        yield found


def definition(**keys: object) -> K3dDefinition:
    found: K3dDefinition = guarded(K3dDefinition)(provider="k3d", **keys)
    return found


def come(wanted: K3dDefinition) -> None:
    """Bring a cluster up as a drill does."""
    stage.check(wanted, NAME)
    stage.up(wanted, NAME)


@pytest.mark.parametrize(
    ("step", "error"),
    [
        (("k3d", "version"), NotStarted),
        (("docker", "ps"), NotStarted),
        (("k3d", "cluster", "create"), ClusterFailed),
        (("k3d", "kubeconfig", "get"), NotStarted),
        (("docker", "--host", "unix:///stub.sock", "ps"), ClusterFailed),
        (("docker", "--host", "unix:///stub.sock", "inspect"), ClusterFailed),
        (("docker", "--host", "unix:///stub.sock", "exec"), ClusterFailed),
    ],
)
def test_whatever_fails_is_said_and_nothing_is_left(
    engine: StubEngine, step: tuple[str, ...], error: type[Exception]
):
    engine.fail(*step)
    with pytest.raises(error, match=f"no {' '.join(step)} today"):
        stage.up(definition(engine="docker"), NAME)
    assert engine.all() == []
    assert not cluster_folder(NAME).exists()


def test_what_cannot_be_deleted_is_said_to_be_left(engine: StubEngine):
    engine.fail("k3d", "cluster")
    with pytest.raises(NotStarted, match="no k3d cluster today; what was made of it is left"):
        stage.up(definition(), NAME)
    engine.fail()
    stage.down(NAME)
    assert not cluster_folder(NAME).exists()


def test_a_cluster_of_somebodys_is_never_deleted(engine: StubEngine):
    engine.add("lab", 3)
    engine.fail("docker", "--host", "unix:///stub.sock", "exec")
    with pytest.raises(NotStarted, match="what was made of it is left"):  # its API cannot be asked
        stage.up(definition(existing="lab"), NAME)
    assert len(engine.all()) == 4
    assert not [words for words in engine.told() if words[:3] == ["k3d", "cluster", "delete"]]


@pytest.mark.parametrize(
    ("there", "keys", "why"),
    [
        ({}, {"existing": "none"}, 'k3d knows no cluster "none"; there are lab'),
        ({"servers": 1}, {"existing": "lab"}, "has 1 servers, not 3: say `servers: 1`"),
        ({"static": False}, {"existing": "lab"}, "--subnet auto"),
    ],
)
def test_what_is_of_no_use_is_refused(
    engine: StubEngine, there: dict[str, Any], keys: dict[str, str], why: str
):
    engine.add("lab", there.get("servers", 3), static=there.get("static", True))
    with pytest.raises(NotStarted, match=why):
        come(definition(**keys))
    assert len(engine.all()) == there.get("servers", 3) + 1


def test_whom_k3d_takes_for_the_user_has_a_kubeconfig_of_ours(
    engine: StubEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    theirs = tmp_path / "theirs"
    theirs.write_text("theirs", encoding="utf-8")
    monkeypatch.setenv("KUBECONFIG", str(theirs))
    with pytest.raises(ClusterFailed):
        stage.up(definition(), NAME)
    # k3d writes to the kubeconfig that it finds, whatever it is told, when it deletes a cluster.
    ours = str(cluster_folder(NAME) / "k3d.kubeconfig")
    assert engine.surroundings("KUBECONFIG") == {ours}
    assert engine.surroundings("DOCKER_HOST") == {"unix:///stub.sock"}
    assert theirs.read_text(encoding="utf-8") == "theirs"


def test_podman_is_used_by_its_socket(engine: StubEngine):
    engine.fail("podman", "exec")
    with pytest.raises(ClusterFailed, match="no podman exec today"):
        stage.up(definition(engine="podman"), NAME)
    assert engine.surroundings("DOCKER_HOST") == {"unix:///run/stub/podman.sock"}
    assert not [words for words in engine.told() if words[0] == "docker"]
    assert engine.all() == []


def test_without_a_choice_docker_comes_first_and_podman_where_that_is_not_up(engine: StubEngine):
    engine.fail("docker", "ps")
    with pytest.raises(ClusterFailed):  # behind these servers there is no API
        stage.up(definition(), NAME)
    assert [words for words in engine.told() if words[:2] == ["podman", "inspect"]]
    assert engine.all() == []
