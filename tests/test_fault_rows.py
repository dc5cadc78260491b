"""`kubedrill faults --cluster`: whether a cluster can take a fault, with the reason for every no."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


def rows(folder: Path, *words: str) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "kubedrill", "faults", "--json", *words]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=True, timeout=60
    )
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
    (folder / "faults").mkdir()
    (folder / "experiments").mkdir()
    (folder / "faults" / "cut.py").write_text(CUT)
    told = {row["fault"]: row["on mine"] for row in rows(folder, "--cluster", "mine")}
    assert told["zone.cut-off"].startswith("no: cutting moon: ")
    assert len(told["zone.cut-off"]) > len("no: cutting moon: ")


def test_without_a_cluster_nothing_is_said_of_one(folder: Path) -> None:
    assert not any("on" in row or "on mine" in row for row in rows(folder))


CUT = '''
"""A fault that no cluster can take."""

from typing import ClassVar

from kubedrill.faults.fault import Fault, proof
from kubedrill.record.catalogue import Need


class CutOff(Fault):
    """A moon is cut off."""

    name: ClassVar[str] = "zone.cut-off"
    functions: ClassVar[tuple[str, str]] = ("cut_off", "join")
    hits: ClassVar[str] = "zone"
    target: ClassVar[str] = "zone-{}"
    needs: ClassVar[tuple[Need, ...]] = (Need("cutting", "moon"),)
    blast_radius: ClassVar[str] = "one moon"
    effect_s: ClassVar[float] = 5.0
    zone: str

    def asked(self):
        return self.zone

    def candidates(self, scene):
        return []

    def inject(self, scene):
        return {}

    def did(self, scene):
        return ""

    def took_effect(self, scene):
        return proof("")
'''
