"""A drill that was interrupted says so first, whatever else its files lack or have wrong."""

from pathlib import Path

import pytest
from judged_drill import JudgedDrill
from judged_scrapes import START, at

from kubedrill.clock import SECOND
from kubedrill.judge import judge
from kubedrill.record.folder import RunFolder
from kubedrill.record.manifest import seal
from kubedrill.record.timeline import DrillInterrupted, DrillStarted, PhaseBegan
from kubedrill.record.verdict import Verdict

SAID = "interrupted by SIGHUP"


def interrupted(reports: Path, seconds: float, observed: bool = True) -> RunFolder:
    """Write a drill that was interrupted so many seconds after its start, with nothing from later.

    Unless it was `observed`, no process had written anything when it was told to end.
    """
    drill, end = JudgedDrill(), at(seconds)
    begun = [PhaseBegan(time=START, name="warmup")] if seconds >= 0 else []
    ended = DrillInterrupted(time=end, signal="SIGHUP")
    drill.events = [DrillStarted(time=START - SECOND), *begun, ended]
    until = end if observed else 0
    drill.load = drill.load[drill.load["intended"] < until]
    drill.probes = drill.probes[drill.probes["intended"] < until]
    scrapes = drill.scrapes
    timed = (drill.vitals, drill.prober, drill.exits, drill.faults)
    for lines in (*timed, scrapes.health, scrapes.resources, scrapes.machine):
        lines[:] = [line for line in lines if line["time"] < until]
    scrapes.pages = [page for page in scrapes.pages if at(page.second + 0.01) < until]
    return drill.write(reports)


@pytest.mark.parametrize("observed", [True, False])
@pytest.mark.parametrize("seconds", [-0.5, 0.001, 0.3, 1, 1.1, 2.5, 9.9, 10.1, 21.4, 29.9])
def test_at_any_moment(tmp_path: Path, seconds: float, observed: bool) -> None:
    report = judge(interrupted(tmp_path, seconds, observed))
    assert (report.verdict, report.reasons[0]) == (Verdict.INVALID, SAID)
    assert not [reason for reason in report.reasons if "could not be judged" in reason]


@pytest.mark.parametrize("broken", [None, b"", b"garbled\n", b'{"time": 5}\n'])
@pytest.mark.parametrize(
    "name",
    [
        "schedule.json",
        "cluster.json",
        "ledger.jsonl",
        "faults.jsonl",
        "exits.jsonl",
        "resources.jsonl",
        "metrics/index.jsonl",
        "samples/load-list.json",
        "samples/load-list.bin",
        "samples/load-list.workers.jsonl",
        "samples/probe.json",
        "samples/probe.bin",
        "samples/probe.workers.jsonl",
    ],
)
@pytest.mark.parametrize("again", [True, False], ids=["sealed", "changed since"])
def test_whatever_file_is_missing_or_wrong(
    tmp_path: Path, name: str, broken: bytes | None, again: bool
) -> None:
    folder = interrupted(tmp_path, 0.3)
    file = folder.path / name
    file.unlink()
    if broken is not None:
        file.write_bytes(broken)
    if again:
        seal(folder)
    report = judge(folder)
    assert report.verdict is Verdict.INVALID
    assert SAID in report.reasons


def test_a_timeline_with_a_line_that_is_none(tmp_path: Path) -> None:
    folder = interrupted(tmp_path, 0.3)
    folder.timeline.write_text(f"garbled\n{folder.timeline.read_text()}")
    seal(folder)
    said, wrong = judge(folder).reasons
    assert said == SAID
    assert wrong.startswith("timeline.jsonl:1: ")


def test_a_pipe_for_a_file_is_not_read(tmp_path: Path) -> None:
    folder = interrupted(tmp_path, 0.3)
    folder.schedule.unlink()
    folder.schedule.symlink_to("/dev/zero")
    assert SAID in judge(folder).reasons
