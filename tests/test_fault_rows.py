"""`kubedrill faults --cluster`: whether a cluster can take a fault, with the reason for every no."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from abandoned import nowhere
from commanding import kubedrill

from kubedrill.faults.catalogue import faults
from kubedrill.faults.overlap import refusal
from kubedrill.faults.possible import lacks, lacks_of_parameters
from kubedrill.record.catalogue import ClusterDescription


def rows(folder: Path, *words: str) -> list[dict[str, Any]]:
    done = kubedrill("faults", "--json", *words, cwd=folder)
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "clusters").mkdir()
    (tmp_path / "clusters" / "mine.yaml").write_text(
        "provider: local\nzoning: loopback\nlimits: {forbidden: ['etcd.*']}\n"
    )
    return tmp_path


def test_every_no_has_its_reason(folder: Path) -> None:
    told = {row["fault"]: row["on mine"] for row in rows(folder, "--cluster", "mine")}
    assert told["kube-apiserver.kill"] == "yes"
    assert told["etcd.kill"] == (
        f"no: etcd.kill is forbidden: {folder}/clusters/mine.yaml:3 says etcd.*"
    )
    assert all(said == "yes" or len(said) > len("no: ") for said in told.values())


def test_what_a_cluster_lacks_is_told(folder: Path) -> None:
    told = {row["fault"]: row["on mine"] for row in rows(folder, "--cluster", "mine")}
    assert told["zone.partition"].startswith("no: cutting link: its zones are addresses of one ")


def test_a_parameter_that_a_cluster_cannot_take_is_told() -> None:
    slow = faults()["zone.slow"]
    can = ("shaping bandwidth", "shaping loss")
    described = ClusterDescription(("a",), can, {"shaping delay": "no netem"})
    assert [*lacks(slow, described)] == []
    assert [*lacks_of_parameters(slow, described)] == ["delay_s (shaping delay: no netem)"]
    late = slow.model_validate({"zone": "a", "delay_s": 0.1})
    assert refusal(late, described) == (
        "zone.slow: delay_s: needs the capability shaping delay (no netem); this cluster has: "
        "shaping bandwidth, shaping loss"
    )
    lossy = slow.model_validate({"zone": "a", "loss": 0.1})
    assert refusal(lossy, described) == ""


def test_what_a_provider_cannot_do_to_etcd_or_as_nobody_is_told() -> None:
    theirs = ClusterDescription(("a",), (), identities=("admin",))
    for name in ("etcd.compact", "etcd.defragment", "etcd.move_leader"):
        told = [*lacks(faults()[name], theirs)]
        assert told == ["commanding etcd: its provider does not offer that"]
    cordon = faults()["node.cordon"]
    assert [*lacks(cordon, theirs)] == ["it has no identity injector, as which that is done"]
    given = cordon.model_validate({"node": "n-1"})
    assert refusal(given, theirs) == (
        "node.cordon needs the identity injector; this cluster has not got it"
    )
    assert refusal(given, replace(theirs, identities=None)) == "", "nobody knows before it is up"


@pytest.fixture
def older(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cluster is up; an earlier version had made it, which knew less."""
    (folder / "clusters" / "mine.yaml").write_text("provider: local\nzoning: loopback\n")
    monkeypatch.setenv("KUBEDRILL_STATE", str(tmp_path / "state"))
    own = tmp_path / "state" / "clusters" / "mine"
    own.mkdir(parents=True)
    (own / "provider").write_text("local")
    replace(nowhere(), name="mine", folder=str(own)).write(own / "cluster.json")


@pytest.mark.usefixtures("older")
def test_a_cluster_that_is_up_is_asked_as_it_is(folder: Path) -> None:
    told = {row["fault"]: row["on mine"] for row in rows(folder, "--cluster", "mine")}
    assert told["etcd.compact"] == "no: commanding etcd: its provider does not offer that"
    assert told["pod.delete"] == "no: it has no identity injector, as which that is done"


def test_without_a_cluster_nothing_is_said_of_one(folder: Path) -> None:
    assert not any("on" in row or "on mine" in row for row in rows(folder))
