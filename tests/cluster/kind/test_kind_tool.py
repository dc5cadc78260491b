"""kind's own command line: which versions are of use, what it is told, and what is said where it fails."""

import json
import os
from pathlib import Path

import pytest
import yaml

from kubedrill.cluster.engine import ContainerEngine
from kubedrill.cluster.kind.definition import KindDefinition
from kubedrill.cluster.kind.tool import (
    VERSIONS,
    KindTool,
    check_kubernetes,
    configuration,
    make_network,
    program,
)
from kubedrill.cluster.state import ClusterFailed
from kubedrill.errors import NotStarted

MADE = KindDefinition(provider="kind")
DOCKER = ContainerEngine("docker", "unix:///somewhere.sock")
_STUB = """\
#!{python}
import json, os, sys
told = dict(arguments=sys.argv[1:], environment=dict(os.environ))
open({log!r}, "a").write(json.dumps(told) + "\\n")
failing = {failing!r}
if failing and failing == sys.argv[1:1 + len(failing)]:
    sys.exit("ERROR: no " + " ".join(failing))
print({prints!r})
"""


def stub(folder: Path, name: str, prints: str = "", failing: tuple[str, ...] = ()) -> Path:
    """Put a program there that notes what it is told; return where it does."""
    log, file = folder / f"{name}.log", folder / name
    python = "/usr/bin/env python3"
    text = _STUB.format(python=python, log=str(log), failing=[*failing], prints=prints)
    file.write_text(text, encoding="utf-8")
    file.chmod(0o755)
    return log


def told(log: Path) -> list[list[str]]:
    return [json.loads(line)["arguments"] for line in log.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return folder


@pytest.mark.parametrize(
    ("found", "why"),
    [((0, 19, 9), "too old"), ((0, 32, 0), "loses its config"), ((0, 20, 0), ""), ((0, 33, 1), "")],
)
def test_versions_that_are_of_no_use_are_refused(found: tuple[int, int, int], why: str):
    if not why:
        VERSIONS.check("kind", found)
        return
    with pytest.raises(NotStarted, match=why):
        VERSIONS.check("kind", found)


@pytest.mark.parametrize(
    ("found", "image", "refused"),
    [
        ((0, 32, 1), "kindest/node:v1.37.0", True),
        ((0, 32, 1), "registry.local/node:v1.38.1@sha256:00", True),
        ((0, 33, 0), "kindest/node:v1.37.2", False),
        ((0, 30, 0), "kindest/node:v1.34.0", False),
        ((0, 30, 0), "mine:latest", False),
        ((0, 30, 0), "", False),
    ],
)
def test_a_kubernetes_needs_its_kind(found: tuple[int, int, int], image: str, refused: bool):
    if refused:
        with pytest.raises(NotStarted, match=r"needs kind 0\.33\.0"):
            check_kubernetes(found, image)
    else:
        check_kubernetes(found, image)


def test_which_kind_it_is(programs: Path):
    stub(programs, "kind", "kind v0.33.0 go1.26.1 linux/amd64")
    assert program() == (str(programs / "kind"), (0, 33, 0))
    stub(programs, "kind", "kind of a release")
    with pytest.raises(NotStarted, match="does not say which it is"):
        program()


def test_without_kind_is_said_how_to_have_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NotStarted, match="go install"):
        program()


def test_what_kind_is_told_to_make():
    definition = KindDefinition(
        provider="kind", workers=1, config={"networking": {"disableDefaultCNI": True}}
    )
    said = yaml.safe_load(configuration(definition, "some"))
    assert [node["role"] for node in said["nodes"]] == [*["control-plane"] * 3, "worker"]
    zones = [node["labels"]["topology.kubernetes.io/zone"] for node in said["nodes"]]
    assert zones == ["a", "b", "c", "a"]
    assert said["networking"] == {"apiServerAddress": "127.0.0.1", "disableDefaultCNI": True}
    assert (said["name"], said["apiVersion"]) == ("some", "kind.x-k8s.io/v1alpha4")


def test_the_users_kubeconfig_is_left_alone(programs: Path, tmp_path: Path):
    (tmp_path / "logs").mkdir()
    log = stub(programs, "kind")
    kind = KindTool(str(programs / "kind"), DOCKER)
    definition = KindDefinition(provider="kind", image="kindest/node:v1.37.2")
    kind.create(definition, "one", tmp_path, "its-network")
    kind.export_kubeconfig("one", tmp_path)
    kind.delete("one", tmp_path)
    ours = str(tmp_path / "kind.kubeconfig")
    assert all(words[words.index("--kubeconfig") + 1] == ours for words in told(log))
    [first, *_] = [json.loads(line) for line in log.read_text().splitlines()]
    assert first["arguments"][-2:] == ["--image", "kindest/node:v1.37.2"]
    assert first["environment"]["DOCKER_HOST"] == DOCKER.host
    assert first["environment"]["KIND_EXPERIMENTAL_PROVIDER"] == "docker"
    assert first["environment"]["KIND_EXPERIMENTAL_DOCKER_NETWORK"] == "its-network"


@pytest.mark.parametrize(
    ("step", "error"),
    [
        (("create",), ClusterFailed),
        (("delete",), NotStarted),
        (("export",), NotStarted),
        (("get",), NotStarted),
    ],
)
def test_what_kind_says_where_it_fails(
    programs: Path, tmp_path: Path, step: tuple[str, ...], error: type[Exception]
):
    (tmp_path / "logs").mkdir()
    stub(programs, "kind", failing=step)
    kind = KindTool(str(programs / "kind"), DOCKER)
    steps = {
        "create": lambda: kind.create(MADE, "one", tmp_path, "net"),
        "delete": lambda: kind.delete("one", tmp_path),
        "export": lambda: kind.export_kubeconfig("one", tmp_path),
        "get": kind.clusters,
    }
    with pytest.raises(error, match=f"no {step[0]}"):
        steps[step[0]]()


def test_a_network_is_tried_until_one_is_free(programs: Path):
    log = stub(programs, "docker", failing=("--host", DOCKER.host, "network"))
    with pytest.raises(NotStarted, match="gave no network"):
        make_network(DOCKER, "net")
    subnets = [words[words.index("--subnet") + 1] for words in told(log)]
    assert len(set(subnets)) == len(subnets) > 1
    log = stub(programs, "docker")
    log.unlink()
    assert make_network(DOCKER, "net") == "net"
    assert len(told(log)) == 1
