"""An audit as evidence: in which phase a violation is, and where the file proves nothing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from judged_audit import audit_lines, numbered
from judged_drill import JudgedDrill
from judged_scrapes import at

from kubedrill.record.verdict import ObjectiveResult, Verdict

PHASES = ("baseline", "fault", "recovery")
Lines = list[dict[str, Any]]


def drill(lines: Lines) -> JudgedDrill:
    made = JudgedDrill()
    made.audit = lines
    return made


def asked(tmp_path: Path, made: JudgedDrill, *phases: str) -> list[ObjectiveResult]:
    made.objectives = [(phase, "consistency == 0") for phase in phases or PHASES]
    return made.judged(tmp_path).objectives


def without_event(lines: Lines) -> Lines:
    """Return the lines without what the watch told at 12.2 s."""
    return numbered([line for line in lines if line["time"] != at(12.2)])


def test_where_all_is_right_there_is_no_violation(tmp_path: Path) -> None:
    found = asked(tmp_path, drill(audit_lines()))
    assert [(result.value, result.verdict) for result in found] == [(0.0, Verdict.PASS)] * 3


def test_a_violation_is_of_the_phase_in_which_it_shows(tmp_path: Path) -> None:
    baseline, fault, recovery = asked(tmp_path, drill(without_event(audit_lines())))
    assert (baseline.verdict, recovery.verdict) == (Verdict.PASS, Verdict.PASS)
    assert (fault.value, fault.verdict) == (1.0, Verdict.FAIL)
    assert fault.reason.startswith("1 is not exactly 0; watch gap: balancer")


def test_it_is_named_also_where_no_objective_asks(tmp_path: Path) -> None:
    report = drill(without_event(audit_lines())).judged(tmp_path)
    [violation] = report.violations
    assert report.verdict is Verdict.PASS
    assert (violation.kind, violation.key, violation.time) == ("watch gap", "balancer", at(13.2))
    assert violation.lines == [53, 56]


def test_what_shows_after_the_last_phase_is_of_it(tmp_path: Path) -> None:
    lines = audit_lines()
    again = {**lines[-6], "time": at(30.005)}
    assert again["what"] == "wrote"
    late = {**lines[-3], "time": at(30.006), "began": at(30.003), "version": 120, "value": "run/20"}
    made = drill(numbered([*lines[:-2], {**late, "cached": False}, *lines[-2:]]))
    *_, recovery = asked(tmp_path, made)
    assert (recovery.value, recovery.verdict) == (1.0, Verdict.FAIL)
    assert "stale read" in recovery.reason


def _after(lines: Lines, second: float) -> Lines:
    return [line for line in lines if line["time"] >= at(second)]


def _before(lines: Lines, second: float) -> Lines:
    return [line for line in lines if line["time"] < at(second)]


def _refused(lines: Lines, what: str, **told: Any) -> Lines:
    """Return the lines with others of one kind in the fault phase: what was asked there did not work."""
    return [
        {**line, **told} if line["what"] == what and at(10) <= line["time"] < at(20) else line
        for line in lines
    ]


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda lines: [], "audit.jsonl: is missing"),
        (lambda lines: lines[:-1], "audit.jsonl: the auditor did not come to its end"),
        (lambda lines: lines[:60] + lines[61:], "audit.jsonl:61: is line 61 of the auditor's"),
        (
            lambda lines: numbered(lines[::-1]),
            "audit.jsonl:2: time: is not after that of the line before it",
        ),
        (
            lambda lines: numbered(_before(lines, 11) + _after(lines, 17)),
            "audit.jsonl has a hole of 6.7 s; the auditor was not watching",
        ),
        (
            lambda lines: numbered(
                [line for line in lines if line["what"] != "told" or not 10 <= second(line) < 20]
            ),
            "the auditor had no event of a watch in this phase",
        ),
        (
            lambda lines: _refused(lines, "looked", outcome=1004, version=0, value=""),
            "the auditor had no quorum read in this phase",
        ),
    ],
)
def test_what_proves_nothing_is_not_0(
    tmp_path: Path, damage: Callable[[Lines], Lines], reason: str
) -> None:
    [result] = asked(tmp_path, drill(damage(audit_lines())), "fault")
    assert result.verdict is Verdict.INVALID
    assert reason in result.reason


def second(line: dict[str, Any]) -> float:
    return float(line["time"] - at(0)) / 1e9


def test_writes_that_were_never_looked_for_again_prove_nothing(tmp_path: Path) -> None:
    lines = audit_lines()
    last = [line for line in lines if line.get("version") != 130 or line["what"] == "wrote"]
    [result] = asked(tmp_path, drill(numbered(last)), "recovery")
    assert result.verdict is Verdict.INVALID
    assert "1 acknowledged writes were never looked for again; the first is version 130" in (
        result.reason
    )


def test_the_ledger_must_tell_of_the_auditor(tmp_path: Path) -> None:
    made = drill(audit_lines())
    made.entered = ("prober", "scraper")
    made.objectives = [("fault", "consistency == 0")]
    report = made.judged(tmp_path)
    assert report.verdict is Verdict.INVALID
    assert "ledger.jsonl: does not tell of auditor, which the drill began" in report.reasons


def test_a_watch_that_began_anew_is_noted(tmp_path: Path) -> None:
    lines = audit_lines()
    place = next(n for n, line in enumerate(lines) if line["time"] > at(15))
    shown = [lines[place - 1]["version"], lines[place - 1]["value"]]
    keys = {"balancer": shown}
    again = [
        {**lines[-2], "time": at(15.01)},
        {
            **lines[1],
            "time": at(15.02),
            "began": at(15.015),
            "version": shown[0],
            "keys": keys,
        },
        {**lines[2], "time": at(15.03), "since": shown[0]},
    ]
    report = drill(numbered([*lines[:place], *again, *lines[place:]])).judged(tmp_path)
    assert report.violations == []
    assert any("balancer's watch began anew 1 times" in note for note in report.notes)
