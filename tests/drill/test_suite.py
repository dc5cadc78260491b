"""Suites of real drills: an emergency plan is executed and verified, and a signal ends all in order."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from commanding import kubedrill
from drills import MARK, SHORT, SLOW_S

from kubedrill.drill import SHARED
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.folder import RunFolder

pytestmark = [pytest.mark.cluster, pytest.mark.breaks]

PLANNED: dict[str, Any] = {
    **SHORT,
    "phases": {"baseline": "4s", "fault": "12s", "recovery": "4s"},
    "faults": [{"kube-scheduler.pause": {"zone": "random"}}],
    "plan": [
        {"step": "tell-users", "person": "Tell the users.", "within": "6s"},
        {"step": "look", "command": ["true"], "within": "4s", "verify": ["true"]},
    ],
}
Started = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def suite(project: Path, tmp_path: Path) -> Started:
    """Start a suite of these experiments, each under its name."""

    def start(**experiments: dict[str, Any]) -> "subprocess.Popen[str]":
        for name, experiment in experiments.items():
            file = project / "experiments" / f"{name}.yaml"
            file.write_text(yaml.safe_dump(experiment, sort_keys=False))
        file = project / "nightly.yaml"
        drills = [{"experiment": name} for name in experiments]
        file.write_text(yaml.safe_dump({"title": "Nightly", "drills": drills}))
        command = [sys.executable, "-m", "kubedrill", "suite", str(file), "--no-page"]
        return subprocess.Popen(
            [*command, "--reports", str(tmp_path / "reports")],
            env={**os.environ, MARK: str(tmp_path), SHARED: "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    return start


def wait_until(started: "subprocess.Popen[str]", condition: Callable[[], object]) -> None:
    until = time.monotonic() + SLOW_S
    while not condition():
        assert started.poll() is None, started.communicate()[0]
        assert time.monotonic() < until
        time.sleep(0.1)


def verdict(reports: Path, name: str) -> dict[str, Any]:
    return dict(json.loads((reports / name / "latest" / "verdict.json").read_text()))


@pytest.mark.again("what others take of the machine makes a drill INVALID, rightly")
@pytest.mark.usefixtures("cluster")
def test_a_plan_that_is_executed_and_verified_is_a_part_of_the_verdict(
    suite: Started, tmp_path: Path
) -> None:
    reports = tmp_path / "reports"
    started = suite(planned=PLANNED)
    folder = RunFolder(reports / "planned" / "latest")
    wait_until(started, lambda: folder.plan.exists() and "tell-users" in folder.plan.read_text())
    confirmed = kubedrill("confirm", folder.path, "tell-users", "--note", "told")
    assert confirmed.returncode == 0, confirmed.stderr
    said, _ = started.communicate(timeout=SLOW_S)
    report = verdict(reports, "planned")
    assert (started.returncode, report["verdict"]) == (0, "PASS"), report["reasons"]
    assert [step["verdict"] for step in report["plan"]] == ["PASS", "PASS"]
    assert report["plan"][0]["proof"].endswith(": told")
    assert "kubedrill confirm" in said, "who plays it is told what to type"
    assert json.loads(kubedrill("judge", folder.path, "--json").stdout) == report
    assert verdict(reports, "suites/nightly")["verdict"] == "PASS"


def test_a_signal_ends_the_drill_and_the_suite_in_order(
    suite: Started, cluster: ClusterRecord, tmp_path: Path
) -> None:
    reports = tmp_path / "reports"
    started = suite(planned=PLANNED, after=SHORT)
    plan = reports / "planned" / "latest" / "plan.jsonl"
    wait_until(started, lambda: plan.exists() and "begun" in plan.read_text())
    started.send_signal(signal.SIGTERM)
    started.communicate(timeout=SLOW_S)
    assert started.returncode == 2
    report = verdict(reports, "suites/nightly")
    assert report["reasons"][0] == "interrupted by SIGTERM"
    assert [drill["word"] for drill in report["drills"]] == ["INVALID", "not played"]
    assert "interrupted by SIGTERM" in report["drills"][0]["reasons"]
    assert kubedrill("heal", "--reports", reports).stdout == "nothing is left to undo\n"
    assert cluster.stands()
