"""The verdict on the terminal."""

import io
from itertools import pairwise
from pathlib import Path

import pytest
from rich.console import Console
from synthetic_report import fault_result

from kubedrill.record.folder import RunFolder
from kubedrill.record.verdict import Report, Verdict
from kubedrill.report import sentences
from kubedrill.report.console import print_verdict
from kubedrill.report.sentences import fault_line


def printed(folder: RunFolder, width: int, color: bool = False) -> str:
    text = io.StringIO()
    console = Console(file=text, width=width, force_terminal=color, no_color=not color)
    print_verdict(Report.read(folder.verdict), folder, console)
    return text.getvalue()


def trimmed(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines()]


def test_a_pass_on_80_columns(drill) -> None:
    folder = drill()
    assert trimmed(printed(folder, 80)) == [
        "",
        "PASS  An etcd member dies while every client LISTs",
        "      All 10 objectives held under the load list (mass-list) and etcd.kill on",
        "      etcd-b.",
        "",
        "Phase     Objective                                         Measured  Verdict",
        "baseline  list.p99 < 1s                                        71 ms  PASS",
        "          probe.failed == 0                                        0  PASS",
        "fault     availability.reads >= 98%                           99.2 %  PASS",
        "          availability.writes >= 95%                          97.7 %  PASS",
        "          unavailable.longest < 3s                            412 ms  PASS",
        "          degraded.longest < 5s                               1.34 s  PASS",
        "          fault.time_to_detect < 3s                           930 ms  PASS",
        "recovery  list.p99 < 1s                                        75 ms  PASS",
        "          eventually(etcd.healthy_members == 3) within 10s         3  PASS",
        "          list.error_rate < 0.1%                                 0 %  PASS",
        "",
        "Probes   deadline 1.00 s",
        "Probes   reads 99.2 %, writes 97.7 % in fault; longest outage 840 ms",
        "Probes   95 of 6,000 scored probes failed in fault",
        "Probes   not scored: 19 of 1,200 victim probes and stale reads failed in fault",
        "Load     list: 1,500 requests, 2 failed, p99 at most 71 ms (in recovery)",
        "Fault    etcd.kill on etcd-b took effect, noticed after 930 ms, undone,",
        "         recovered 2.10 s later",
        "Harness  at most 4.1 % of the CPU, 0.8 % of the bytes, 74.2 % of the requests",
        f"Report   {folder.report}",
    ]


def test_what_failed_says_why_beside_it(drill) -> None:
    folder = drill(measured={"fault": {"availability.writes >= 95%": 0.9341}})
    lines = trimmed(printed(folder, 80))
    assert lines[1].startswith("FAIL  ")
    assert lines[2] == "      1 of 10 objectives did not hold under the load list (mass-list) and"
    row = next(i for i, line in enumerate(lines) if "availability.writes" in line)
    assert lines[row].endswith("93.4 %  FAIL")
    assert lines[row + 1].strip() == "0.9341 is not >= the threshold"
    assert "\n".join(lines).count("0.9341 is not >=") == 1, "the reason is told once"


def test_an_invalid_drill_proves_nothing(drill) -> None:
    folder = drill(
        measured={"recovery": {"list.error_rate < 0.1%": None}},
        invalid=("interrupted by SIGINT at +130.0 s",),
    )
    lines = trimmed(printed(folder, 80))
    assert lines[1].startswith("INVALID  ")
    assert lines[2].strip() == "Nothing is proved: the drill cannot be trusted."
    assert lines[3].strip() == "- interrupted by SIGINT at +130.0 s"
    assert any(line.endswith("-  INVALID") for line in lines)


def test_a_drill_that_never_began_has_no_empty_tables(drill) -> None:
    folder = drill(invalid=("interrupted by SIGINT",))
    parts = ("objectives", "phases", "load", "faults", "availability", "harness", "headroom")
    nothing = {part: [] for part in parts}
    Report.read(folder.verdict).model_copy(update=nothing).write(folder.verdict)
    lines = trimmed(printed(folder, 80))
    assert not any(line.startswith("Phase") for line in lines)
    assert ("", "") not in pairwise(lines)


def test_what_is_wrong_with_a_phase_is_told_below_the_first_of_its_objectives(drill) -> None:
    folder = drill()
    report = Report.read(folder.verdict)
    why = {"verdict": Verdict.INVALID, "reason": "the phase is not valid: nobody looked"}
    objectives = [objective.model_copy(update=why) for objective in report.objectives]
    report.model_copy(update={"objectives": objectives}).write(folder.verdict)
    lines = trimmed(printed(folder, 80))
    phases = len({objective.phase for objective in objectives})
    assert sum("nobody looked" in line for line in lines) == phases
    first = next(i for i, line in enumerate(lines) if line.startswith("fault "))
    assert "nobody looked" in lines[first + 1]


def test_an_aborted_drill_says_what_is_known(drill) -> None:
    folder = drill(
        measured={
            "fault": {"availability.writes >= 95%": 0.4},
            "recovery": {"list.error_rate < 0.1%": None, "list.p99 < 1s": None},
        }
    )
    aborted = {"verdict": Verdict.FAIL, "aborted": "availability < 50% for 3s"}
    Report.read(folder.verdict).model_copy(update=aborted).write(folder.verdict)
    sentence = sentences.proved(Report.read(folder.verdict))
    assert sentence.startswith(
        "The drill was aborted: availability < 50% for 3s; of 10 objectives 7 held, 1 did not hold, "
        "2 could not be measured under the load list (mass-list)"
    )


def test_a_recovery_that_nobody_saw_the_end_of(drill) -> None:
    folder = drill()
    report = Report.read(folder.verdict)
    faults = [fault.model_copy(update={"recovered": False}) for fault in report.faults]
    report.model_copy(update={"faults": faults}).write(folder.verdict)
    assert "undone, NOT recovered 2.10 s later" in " ".join(printed(folder, 200).split())


@pytest.mark.parametrize("width", [80, 100])
def test_no_line_but_the_path_is_wider_than_the_terminal(drill, width: int) -> None:
    folder = drill(invalid=("a reason that goes on and on " * 8,))
    lines = trimmed(printed(folder, width))
    assert max(len(line) for line in lines[:-1]) <= width
    assert lines[-1].endswith(str(folder.report)), "the path stays whole"
    assert "\u2026" not in "".join(lines), "nothing is cut off"


def test_the_path_is_relative_where_that_is_shorter(
    drill, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = drill()
    monkeypatch.chdir(tmp_path)
    assert printed(folder, 80).endswith("etcd-member-kill/20260131T120000Z/report.html\n")
    assert str(tmp_path) not in printed(folder, 80)


def test_colour_only_where_it_is_wanted(drill) -> None:
    folder = drill()
    assert "\x1b" not in printed(folder, 80)
    assert "\x1b[1;32mPASS" in printed(folder, 80, color=True)


def test_markup_in_a_title_is_text(drill) -> None:
    assert "[red]x[/red]" in printed(drill(title="[red]x[/red]"), 80)


def test_a_fault_without_effect_is_no_cause_of_anything(drill) -> None:
    without = {"took_effect": False, "time_to_detect_s": None, "time_to_recover_s": None}
    idle = fault_result().model_copy(update=without)
    assert fault_line(idle) == "etcd.kill on etcd-b did NOT take effect, undone"
    never = {"target": "", "injected_at": None, "undone": False}
    assert fault_line(idle.model_copy(update=never)) == "etcd.kill was NOT injected"


def test_what_cannot_be_undone_is_not_blamed_for_it() -> None:
    fault = fault_result().model_copy(update={"undone": False, "time_to_recover_s": None})
    assert fault_line(fault).endswith(", NOT undone")
    stays = fault.model_copy(update={"can_be_undone": False})
    assert fault_line(stays).endswith(", cannot be undone")
