"""Real drills for the tests of the tester: `kubedrill run` as a process, on a real control plane."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from json_lines import read_lines

from kubedrill.record.folder import RunFolder
from kubedrill.record.ledger import Entry, Ledger

SHORT: dict[str, Any] = {
    "title": "A short drill that tests the tester",
    "why": "A broken drill that passes is the worst defect this project can have.",
    "cluster": "local-3az",
    "load": [
        {
            "profile": "mass-list",
            "as": "list",
            "rate": "5/s",
            "with": {"resource": "pods", "resource_version": "0", "encoding": "protobuf"},
        }
    ],
    "phases": {"warmup": "2s", "baseline": "4s", "fault": "5s", "recovery": "4s"},
    "slos": {"baseline": ["list.p99 < 5s", "probe.failed == 0"]},
}

SLOW_S = 240.0
"""For a drill to come so far, on a slow machine, beside others."""

MARK = "KUBEDRILL_TEST_DRILL"
"""In the environment of all that a drill starts: which drill it was."""


@dataclass(slots=True)
class RunningDrill:
    """A drill as a process of its own."""

    process: "subprocess.Popen[str]"
    reports: Path
    experiment: str
    mark: str
    """The value of MARK."""
    lines: list[str] = field(default_factory=list)

    @property
    def folder(self) -> RunFolder:
        """The run's folder, as soon as it exists."""
        return RunFolder((self.reports / self.experiment / "latest").resolve())

    def wait_for(self, what: str, condition: Callable[[], Any], timeout_s: float = SLOW_S) -> Any:
        """Wait until `condition` returns something true; fail with the drill's output if it does not."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            if found := condition():
                return found
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        raise AssertionError(f"{what} did not happen (exit {self.process.poll()})\n{self.output()}")

    def wait_for_phase(self, name: str, timeout_s: float = SLOW_S) -> None:
        """Wait until the phase has begun."""
        self.wait_for(f"phase {name}", lambda: self.events("phase", name), timeout_s)

    def events(self, kind: str, name: str | None = None) -> list[dict[str, Any]]:
        """Return the events of the timeline so far."""
        return [
            line
            for line in read_lines(self.folder.timeline)
            if line["kind"] == kind and name in (None, line["name"])
        ]

    def child(self, role: str) -> Entry:
        """Return the ledger's entry of one of the drill's processes, once it has a pid."""
        return self.wait_for(f"process {role}", lambda: self._entry(role))

    def _entry(self, role: str) -> Entry | None:
        if not self.folder.ledger.exists():
            return None
        entries = Ledger(self.folder.ledger).entries()
        return next((entry for entry in entries if entry.name == role and entry.facts), None)

    def signal_child(self, role: str, number: int) -> None:
        """Send a signal to one of the drill's processes."""
        os.kill(self.child(role).facts["pid"], number)

    def finish(self, timeout_s: float = SLOW_S) -> tuple[int, dict[str, Any]]:
        """Wait for the end; return exit code and verdict.json."""
        self.lines.append(self.process.communicate(timeout=timeout_s)[0])
        verdict = self.folder.verdict
        assert verdict.exists(), self.output()
        return self.process.returncode, json.loads(verdict.read_text())

    def output(self) -> str:
        """Return what the drill printed; ends it if it still runs."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        if self.process.stdout and not self.process.stdout.closed:
            self.lines.append(self.process.communicate(timeout=60)[0])
        return "".join(self.lines)


Drills = Callable[..., RunningDrill]


def reasons(verdict: dict[str, Any]) -> str:
    """Return the verdict's reasons as one text."""
    return "\n".join(verdict["reasons"])


def objective(verdict: dict[str, Any], text: str) -> dict[str, Any]:
    """Return the result of the objective of that text."""
    return next(objective for objective in verdict["objectives"] if objective["text"] == text)
