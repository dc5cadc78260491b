"""Benchmarks that are ended early take their cluster down; the one that is an experiment is sound."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from commanding import kubedrill

TOP = Path(__file__).resolve().parents[1]


@pytest.mark.cluster
@pytest.mark.own
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ended_early_nothing_is_left(number: signal.Signals, tmp_path: Path) -> None:
    folder = tmp_path / "state" / "clusters" / "benchmark-up"
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks", "cluster-up"],
        cwd=TOP,
        env=os.environ | {"KUBEDRILL_STATE": str(tmp_path / "state")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    deadline = time.monotonic() + 120
    while not (folder / "components.json").exists():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(number)
    said = process.communicate(timeout=120)[0]
    assert process.returncode == 1
    assert f"ended by {number.name}: no figures, and nothing is left" in said
    assert not folder.exists()
    lines = [found.info["cmdline"] or [] for found in psutil.process_iter(["cmdline"])]
    assert not [line for line in lines if str(folder) in " ".join(line)]


@pytest.mark.parametrize("name", ["fleet-held", "fleet-bursts"])
def test_what_is_asked_of_many_nodes_is_sound(name: str) -> None:
    done = kubedrill("validate", TOP / "benchmarks" / f"{name}.yaml")
    assert (done.returncode, done.stderr) == (0, "")


def test_nodes_side_by_side_are_a_sound_experiment() -> None:
    done = kubedrill("plan", TOP / "benchmarks" / "fleet.yaml")
    assert done.returncode == 0, done.stderr
    assert "ours-1, kwok-1, kwok-2, ours-2" in done.stdout
