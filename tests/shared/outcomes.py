"""A plugin for pytest: what became of each test, in a file, so that several parts can be added up."""

import json
import os
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

AGAIN = "again"
"""The mark of a test that may be tried again; its argument says why."""
FILE = "TESTS_OUTCOMES"
"""The variable that names the file: processes which know no options of ours have it too."""
ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one step of a test: its set-up, its call, its tear-down, or the reading of its file."""

    test: str
    outcome: str
    """`passed`, `failed` or `skipped`; `ended` stands once, without a test, when the session has ended."""
    again: bool = False
    """May it be tried again?"""
    reason: str = ""
    """Why it was skipped."""
    seconds: float = 0.0
    """How long the step took."""


class Outcomes:
    """Writes a line for each call, and for all that did not pass."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._seconds: Counter[str] = Counter()
        """Of each test's steps that are not written down yet."""
        file.write_text("")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Write down a step of a test, wherever it was played, and how long it took with those before it."""
        self._seconds[report.nodeid] += report.duration
        if report.when == "call" or not report.passed:
            self._report(report, AGAIN in report.keywords)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Write down a file that cannot be read."""
        if not report.passed:
            self._report(report, again=False)

    def pytest_sessionfinish(self) -> None:
        """Write down that no test has ended the process."""
        self._write(Outcome("", ENDED))

    def _report(self, report: pytest.TestReport | pytest.CollectReport, again: bool) -> None:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
        seconds = round(self._seconds.pop(report.nodeid, 0.0), 2)
        self._write(Outcome(report.nodeid, report.outcome, again, reason, seconds))

    def _write(self, outcome: Outcome) -> None:
        with self._file.open("a") as file:
            file.write(json.dumps(asdict(outcome)) + "\n")


def pytest_configure(config: pytest.Config) -> None:
    """Declare the mark; write, if a file is named, where one process sees all reports."""
    config.addinivalue_line("markers", f"{AGAIN}(why): may be tried again, by itself, once")
    file = os.environ.get(FILE)
    if file and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Outcomes(Path(file)))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse a mark that does not say why."""
    for item in items:
        for mark in item.iter_markers(AGAIN):
            if not mark.args:
                raise pytest.UsageError(f"{item.nodeid}: say why it may be tried again")


def read(file: Path) -> list[Outcome]:
    """Return what a part has written: nothing if it could not start."""
    if not file.exists():
        return []
    return [Outcome(**json.loads(line)) for line in file.read_text().splitlines()]
