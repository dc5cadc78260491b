"""Suites that are played where no drill can begin: what is done then, and what is left that says so."""

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from os import environ
from pathlib import Path
from typing import Any

import pytest
from commanding import kubedrill
from webhook_server import webhook

pytestmark = pytest.mark.skipif(
    shutil.which("haproxy") is None, reason="a drill is refused before it could begin"
)

Write = Callable[[str], Path]
TWO = "title: Nightly\ndrills:\n  - experiment: first\n  - experiment: second\n"
WAITING = 'gates: {commands: {release: ["false"]}, wait: 5m}\n'  # one that nobody opens


@pytest.fixture
def frozen(environment: dict[str, str]) -> dict[str, str]:
    """The environment, in which drills are held back."""
    held = kubedrill("freeze", "local-3az", "--until", "2h", "--why", "release", **environment)
    assert held.returncode == 0, held.stderr
    return environment


def suites(reports: Path) -> Path:
    return reports / "suites" / "nightly" / "latest"


def record(reports: Path) -> dict[str, Any]:
    return dict(json.loads((suites(reports) / "suite.json").read_text()))


def test_a_drill_that_cannot_be_started_does_not_keep_the_others(
    write: Write, frozen: dict[str, str], tmp_path: Path
) -> None:
    reports = tmp_path / "reports"
    played = kubedrill("suite", write(TWO), "--reports", reports, **frozen)
    assert played.returncode == 2, played.stdout
    assert [drill["state"] for drill in record(reports)["drills"]] == ["refused"] * 2
    verdict = json.loads((suites(reports) / "verdict.json").read_text())
    assert verdict["verdict"] == "INVALID"
    assert "second not started: " in verdict["reasons"][1]
    assert "is frozen until" in verdict["reasons"][1]
    for name in ("report.html", "junit.xml"):
        assert "is frozen until" in (suites(reports) / name).read_text()
    assert [path.name for path in reports.iterdir()] == ["suites"]


@pytest.mark.parametrize(
    ("more", "states", "said"),
    [
        ("after_failure: stop\n", ["refused", "left"], "first was no PASS, after which the suite"),
        (
            'gates: {commands: {release: ["false"]}}\n',
            ["left", "left"],
            "the gates of first were closed: release: false ended with status 1",
        ),
        (
            'gates: {commands: {release: ["false"]}, otherwise: skip}\n',
            ["skipped", "skipped"],
            "no drill was played",
        ),
    ],
)
def test_it_stops_where_its_file_says_so(
    write: Write,
    frozen: dict[str, str],
    tmp_path: Path,
    *,
    more: str,
    states: list[str],
    said: str,
) -> None:
    reports = tmp_path / "reports"
    played = kubedrill("suite", write(TWO + more), "--reports", reports, "--no-page", **frozen)
    assert played.returncode == 2, played.stdout
    assert [drill["state"] for drill in record(reports)["drills"]] == states
    verdict = json.loads((suites(reports) / "verdict.json").read_text())
    assert said in verdict["reasons"][0]
    assert not (suites(reports) / "report.html").exists()


def test_its_own_gates_are_those_of_a_drill(
    write: Write, frozen: dict[str, str], tmp_path: Path
) -> None:
    gate = '    gates: {commands: {release: ["false"]}, otherwise: skip}\n'
    text = TWO.replace("first\n", f"first\n{gate}")
    kubedrill("suite", write(text), "--reports", tmp_path / "reports", **frozen)
    states = [drill["state"] for drill in record(tmp_path / "reports")["drills"]]
    assert states == ["skipped", "refused"]


PLANNED = """
faults: [{kube-scheduler.pause: {zone: random}, phase: baseline}]
plan: [{step: mend, command: [no-such-program], within: 1s, verify: ["true"]}]
"""


def test_all_is_checked_before_anything_is_started(
    write: Write, project: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    for name in ("first", "second"):
        with (project / "experiments" / f"{name}.yaml").open("a") as file:
            file.write(PLANNED)
    reports = tmp_path / "reports"
    refused = kubedrill("suite", write(TWO), "--reports", reports, **environment)
    assert refused.returncode == 3
    assert [line.partition(":")[0] for line in refused.stderr.splitlines()] == [
        "drill first",
        "drill second",
    ]
    assert refused.stderr.count("plan: mend: there is no program no-such-program") == 2
    assert not reports.exists()


def test_a_webhook_whose_variable_is_not_set_is_told_of_before(
    write: Write, frozen: dict[str, str], tmp_path: Path
) -> None:
    file = write(TWO + "notify: [webhook: NO_SUCH_HOOK]\n")
    refused = kubedrill("suite", file, "--reports", tmp_path / "reports", **frozen)
    assert (refused.returncode, "no variable NO_SUCH_HOOK" in refused.stderr) == (3, True)


def test_webhooks_are_told_and_their_addresses_are_nowhere(
    write: Write, frozen: dict[str, str], tmp_path: Path
) -> None:
    reports = tmp_path / "reports"
    file = write(TWO + "notify: [{webhook: HOOK, on: [invalid]}, {webhook: HOOK, on: [pass]}]\n")
    with webhook() as hook:
        arguments = ("--reports", reports, "--notify", "HOOK:slack")
        played = kubedrill("suite", file, *arguments, HOOK=hook.url, **frozen)
    assert played.returncode == 2
    assert played.stdout.count("notify: HOOK was told") == 2
    program, people = hook.told
    assert program["drills"] == {"first": "not started", "second": "not started"}
    assert people["text"].startswith("*INVALID*  Nightly\nfirst: not started")
    left = "".join(path.read_text() for path in suites(reports).iterdir())
    assert "s3cret" not in left + played.stdout + played.stderr


def waiting(file: Path, reports: Path, environment: dict[str, str]) -> "subprocess.Popen[str]":
    """Start a suite that waits for a gate."""
    command = [sys.executable, "-m", "kubedrill", "suite", str(file), "--reports", str(reports)]
    started = subprocess.Popen(
        command, env={**environ, **environment}, stdout=subprocess.PIPE, text=True
    )
    until = time.monotonic() + 60
    while not suites(reports).exists():
        assert started.poll() is None
        assert time.monotonic() < until
        time.sleep(0.05)
    assert started.stdout is not None
    while "first waits" not in started.stdout.readline():
        assert started.poll() is None
    return started


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_in_order(
    write: Write, frozen: dict[str, str], tmp_path: Path, number: signal.Signals
) -> None:
    reports = tmp_path / "reports"
    started = waiting(write(TWO + WAITING), reports, frozen)
    started.send_signal(number)
    said, _ = started.communicate(timeout=60)
    assert started.returncode == 2
    assert f"interrupted by {number.name}" in said
    assert "second not played: interrupted" in (suites(reports) / "report.html").read_text()


def test_a_suite_that_was_killed_shows_as_such(
    write: Write, frozen: dict[str, str], tmp_path: Path
) -> None:
    reports = tmp_path / "reports"
    started = waiting(write(TWO + WAITING), reports, frozen)
    started.kill()
    started.communicate(timeout=60)
    judged = kubedrill("judge", suites(reports))
    assert judged.returncode == 2
    assert "kubedrill was killed before the suite had ended" in judged.stdout
    assert "first not played: kubedrill was killed before" in judged.stdout
