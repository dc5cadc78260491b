"""Who asked how much of the apiservers, and where nobody can know."""

from pathlib import Path
from typing import Any

import pytest
from judged_drill import JudgedDrill
from judged_scrapes import END, at, write_lines

from kubedrill.judge import judge
from kubedrill.record.folder import RunFolder
from kubedrill.record.manifest import seal
from kubedrill.record.verdict import ObjectiveResult, Verdict
from kubedrill.report import html

ASKED = {
    "kubedrill-node": {"UPDATE leases": 10, "GET pods": 2},
    "kube-scheduler/leader-election": {"UPDATE leases": 1},
    "kube-scheduler": {"WATCH pods": 1},
}


def logged(lines: list[dict[str, Any]], asked: str, path: Path) -> RunFolder:
    """The drill, and what its apiservers logged."""
    folder = JudgedDrill(objectives=[("fault", asked)]).write(path)
    write_lines(folder.requests, lines)
    seal(folder)
    return folder


def seconds(**changes: Any) -> list[dict[str, Any]]:
    return [
        {"time": at(second), "counts": ASKED, "unread": [], **changes} for second in range(END + 1)
    ]


def result(lines: list[dict[str, Any]], asked: str, path: Path) -> ObjectiveResult:
    return judge(logged(lines, asked, path)).objectives[0]


@pytest.mark.parametrize(
    ("asked", "value"),
    [
        ("agent.kubedrill-node.requests == 120", 120),
        ("agent.kubedrill-node.requests.rate < 99/s", 12.0),
        ("agent.kube-scheduler.requests == 20", 20),  # whatever for
        ("agent.nobody.requests == 0", 0),
    ],
)
def test_what_a_program_asked_in_a_phase(tmp_path: Path, asked: str, value: float) -> None:
    found = result(seconds(), asked, tmp_path)
    assert (found.verdict, found.value) == (Verdict.PASS, value)


@pytest.mark.parametrize(
    "lines",
    [
        [line for line in seconds() if not at(12) < line["time"] < at(17)],
        seconds(unread=["kube-apiserver-b"]),
    ],
)
def test_what_is_not_logged_is_not_known(tmp_path: Path, lines: list[dict[str, Any]]) -> None:
    assert result(lines, "agent.nobody.requests == 0", tmp_path).verdict == Verdict.INVALID


def test_without_logs_nobody_knows(tmp_path: Path) -> None:
    drill = JudgedDrill()
    found = drill.asked(tmp_path, "fault", "agent.nobody.requests == 0")
    assert found.verdict == Verdict.INVALID


def test_verdict_and_report_name_who_asked_most(tmp_path: Path) -> None:
    folder = logged(seconds(), "agent.kubedrill-node.requests > 1", tmp_path / "some")
    report = judge(folder)
    [first, *_] = [row for row in report.agents if row.phase == "fault"]
    assert (first.agent, first.requests, first.most) == (
        "kubedrill-node",
        120,
        {"UPDATE leases": 100, "GET pods": 20},
    )
    assert first.share == pytest.approx(120 / 140)
    page = html.write(folder, report).read_text()
    assert "Requests by user agent" in page
    assert "UPDATE leases 100, GET pods 20" in page
