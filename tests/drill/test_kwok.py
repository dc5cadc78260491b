"""Drills whose nodes another program plays: where it is not there, where it works, and where it ends.

What stands in for KWOK here lets nodes be Ready; KWOK itself is played by `make bench-fleet`.
"""

import os
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest
from drills import Drills, objective, reasons

from kubedrill.record.cluster import ClusterRecord

pytestmark = [pytest.mark.cluster, pytest.mark.breaks]

STAND_IN = Path(__file__).parents[1] / "shared" / "kwok_stand_in.py"
ASKED = "scale_out.nodes.p90 < 60s"
CHANGES: dict[str, Any] = {
    "fleet": {"engine": "kwok", "nodes": 1, "bursts": [{"phase": "burst", "nodes": 3}]},
    "load": [],
    "phases": {"baseline": "2s", "burst": "8s"},
    "headroom": "none",
    "slos": {"burst": [ASKED, "fleet.cpu.count < 60s", "collateral == 0"]},
}


def path_with(folder: Path, program: str) -> dict[str, str]:
    """Return an environment in which that script is the program kwok."""
    kwok = folder / "kwok"
    kwok.write_text(f"#!/bin/sh\n{program}\n")
    kwok.chmod(0o755)
    return {"PATH": f"{folder}:{os.environ['PATH']}"}


@pytest.mark.again("what others take of the machine makes a drill INVALID, rightly")
def test_another_program_plays_the_nodes(
    cluster: ClusterRecord, drill: Drills, ask, tmp_path: Path
) -> None:
    environment = path_with(tmp_path, f'exec {sys.executable} {STAND_IN} "$@"')
    running = drill("kwok", CHANGES, "--cluster", cluster.name, environment=environment)
    running.wait_for_phase("baseline")
    players = [
        process
        for process in psutil.process_iter(["cmdline"])
        if is_ours(process, running.folder.run)
    ]
    assert len(players) == 1
    code, verdict = running.finish()
    assert (code, verdict["verdict"]) == (0, "PASS"), reasons(verdict)
    assert 0 < objective(verdict, ASKED)["value"] < 8
    assert not players[0].is_running()
    assert ask("/api/v1/nodes")["items"] == []
    assert "1 node ready" in running.output()


def is_ours(process: psutil.Process, run: str) -> bool:
    """Whether it stands in for KWOK, for the nodes of that run."""
    words = process.info["cmdline"] or []
    return str(STAND_IN) in words and any(word.endswith(run) for word in words)


def test_without_the_program_nothing_is_started(
    cluster: ClusterRecord, drill: Drills, tmp_path: Path
) -> None:
    nowhere = {"PATH": str(tmp_path)}
    running = drill("no-kwok", CHANGES, "--cluster", cluster.name, environment=nowhere)
    assert running.process.wait(60) == 3
    said = " ".join(running.output().split())
    assert "no-kwok.yaml: fleet: engine: kwok: there is no program kwok on the PATH" in said
    assert not (tmp_path / "reports").exists()


def test_a_program_that_ends_by_itself_proves_nothing(
    cluster: ClusterRecord, drill: Drills, ask, tmp_path: Path
) -> None:
    environment = path_with(tmp_path, "echo no stages >&2; exit 1")
    running = drill("ended-kwok", CHANGES, "--cluster", cluster.name, environment=environment)
    code, verdict = running.finish()
    assert (code, verdict["verdict"]) == (2, "INVALID")
    assert "KWOK ended with 1" in reasons(verdict)
    assert "no stages" in (running.folder.logs / "kwok.log").read_text()
    assert ask("/api/v1/nodes")["items"] == []
