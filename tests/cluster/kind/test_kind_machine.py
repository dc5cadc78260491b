"""A node of kind's as a machine: what its engine is told, in which order, and how it is seen to be frozen."""

import os
from pathlib import Path

import pytest

from kubedrill.cluster import sightings
from kubedrill.cluster.containers import NodeContainer
from kubedrill.cluster.engine import ContainerEngine
from kubedrill.cluster.kind.hands import NodeMachine
from kubedrill.cluster.requests import RequestRefused

NODE = NodeContainer("a", "k-control-plane", "c0ffee", "198.19.0.3")
NETWORK = "kubedrill-k"
_ENGINE = """\
#!/bin/sh
[ "$1" = inspect ] && {{ cat {state}; exit 0; }}
echo "$@" >> {log}
[ "$1 $2" != "{failing}" ] || {{ echo "no $2" >&2; exit 1; }}
"""
AGAIN = [
    f"network disconnect {NETWORK} c0ffee",
    f"network connect --ip 198.19.0.3 {NETWORK} c0ffee",
    "start c0ffee",
]


class Told:
    """An engine whose container is in one state, and what it was told."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._log = folder / "log"

    def engine(self, state: str, failing: str = "") -> ContainerEngine:
        """Have it, with a call that fails."""
        (self._folder / "state").write_text(f"{state}\n", encoding="ascii")
        text = _ENGINE.format(state=self._folder / "state", log=self._log, failing=failing)
        file = self._folder / "docker"
        file.write_text(text, encoding="ascii")
        file.chmod(0o755)
        return ContainerEngine("docker")

    @property
    def lines(self) -> list[str]:
        """Return what it was told to do."""
        return self._log.read_text("ascii").splitlines() if self._log.exists() else []


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Told:
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return Told(tmp_path)


def test_one_that_is_off_is_given_its_address_before_it_is_started(told: Told) -> None:
    NodeMachine(told.engine("exited"), NODE, NETWORK).let_up()
    assert told.lines == AGAIN


def test_one_that_was_taken_out_of_its_network_comes_back_too(told: Told) -> None:
    NodeMachine(told.engine("exited", failing="network disconnect"), NODE, NETWORK).be_free()
    assert told.lines == AGAIN


@pytest.mark.parametrize("number", [1, 2])
def test_what_the_engine_does_not_do_is_told_and_nothing_more_is_done(
    told: Told, number: int
) -> None:
    failing = " ".join(AGAIN[number].split()[:2])
    with pytest.raises(RequestRefused, match=f"no {failing.split()[1]}"):
        NodeMachine(told.engine("exited", failing), NODE, NETWORK).let_up()
    assert told.lines == AGAIN[: number + 1]


@pytest.mark.parametrize(
    ("state", "network", "lines"),
    [
        ("running", NETWORK, []),
        ("paused", NETWORK, ["unpause c0ffee"]),
        ("paused", "", ["unpause c0ffee"]),
        ("exited", "", []),  # somebody else has stopped it
    ],
)
def test_what_is_given_back_is_what_can_have_been_taken(
    told: Told, state: str, network: str, lines: list[str]
) -> None:
    NodeMachine(told.engine(state), NODE, network).be_free()
    assert told.lines == lines


@pytest.mark.parametrize(
    ("line", "file", "states"),
    [
        (
            "4:freezer:/docker/c0ffee",
            "freezer/docker/c0ffee/freezer.state",
            ["THAWED", "FROZEN", "THAWED"],
        ),
        (
            "0::/docker/c0ffee/init.scope",
            "docker/c0ffee/init.scope/cgroup.events",
            [f"populated 1\nfrozen {number}" for number in (0, 1, 0)],
        ),
    ],
    ids=["version 1", "version 2"],
)
def test_a_frozen_group_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, file: str, states: list[str]
) -> None:
    monkeypatch.setattr(sightings, "PROC", tmp_path / "proc")
    monkeypatch.setattr(sightings, "CGROUPS", tmp_path / "groups")
    (tmp_path / "proc" / "7").mkdir(parents=True)
    (tmp_path / "proc" / "7" / "stat").write_text("7 (systemd) S 1\n", encoding="ascii")
    (tmp_path / "proc" / "7" / "cgroup").write_text(f"9:cpu:/x\n{line}\n", encoding="ascii")
    group = tmp_path / "groups" / file
    group.parent.mkdir(parents=True)
    seen = []
    for state in states:
        group.write_text(f"{state}\n", encoding="ascii")
        seen.append(sightings.is_stopped(7))
    assert seen == [False, True, False]
