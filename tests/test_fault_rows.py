"""`kubedrill faults --cluster`: whether a cluster can take a fault, with the reason for every no."""

import json
from pathlib import Path
from typing import Any

import pytest
from commanding import kubedrill


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


def test_without_a_cluster_nothing_is_said_of_one(folder: Path) -> None:
    assert not any("on" in row or "on mine" in row for row in rows(folder))
