"""The emergency plan as the judge has it: not executed, not verified or too late is no PASS."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from judged_drill import JudgedDrill
from judged_scrapes import at

from kubedrill.judge import judge
from kubedrill.record.emergency import ScheduledStep
from kubedrill.record.timeline import PlanTold
from kubedrill.record.verdict import Report, Verdict

PROMOTE = ScheduledStep("promote", 3.0, command=("promote",), verify=("promoted",))
CALL = ScheduledStep("call", 4.0, person="Call the operator.")
Told = tuple[str, str, float]
GOOD: list[Told] = [
    ("call", "begun", 12.0),
    ("call", "executed", 14.0),
    ("promote", "begun", 14.1),
    ("promote", "executed", 15.0),
    ("promote", "verified", 16.0),
]


def line(step: str, event: str, second: float) -> dict[str, Any]:
    return {"time": at(second), "step": step, "event": event, "words": f"{step} {event}"}


def drill(told: Sequence[Told] = GOOD) -> JudgedDrill:
    return JudgedDrill(plan=(CALL, PROMOTE), planned=[line(*said) for said in told])


def test_what_was_executed_and_verified_passes(tmp_path: Path) -> None:
    report = drill().judged(tmp_path)
    assert (report.verdict, report.reasons) == (Verdict.PASS, [])
    call, promote = report.plan
    assert (call.verdict, promote.verdict) == (Verdict.PASS, Verdict.PASS)
    assert (promote.begun_at, promote.verified_at) == (at(14.1), at(16.0))
    assert (call.does, call.verified_at) == ("Call the operator.", None)
    assert promote.proof == "promote executed; promote verified"


@pytest.mark.parametrize(
    ("told", "verdict", "said"),
    [
        ([], "INVALID", "plan: call: nobody has begun to execute it"),
        (GOOD[:1], "INVALID", "plan: call: nobody knows whether it was executed"),
        (GOOD[:2], "INVALID", "plan: promote: nobody has begun to execute it"),
        (GOOD[:4], "INVALID", "plan: promote: nobody knows whether it was verified"),
        ([*GOOD[:1], ("call", "failed", 16.0)], "FAIL", "plan: call: call failed"),
        (
            [*GOOD[:1], ("call", "failed", 16.0)],
            "FAIL",
            "plan: promote: was not executed, since call had failed",
        ),
        ([*GOOD[:4], ("promote", "failed", 17.1)], "FAIL", "plan: promote: promote failed"),
        ([*GOOD[:4], ("promote", "verified", 18.2)], "FAIL", "promote: took 4.1 s; 3 s were given"),
        (
            [*GOOD[:2], *((step, event, second + 5) for step, event, second in GOOD[2:])],
            "FAIL",
            "promote: was done only when its fault was being undone",
        ),
        ([("call", "begun", 11.0), *GOOD[1:]], "INVALID", "before its fault was proven"),
    ],
)
def test_anything_less_is_no_pass(
    tmp_path: Path, told: list[Told], verdict: str, said: str
) -> None:
    report = drill(told).judged(tmp_path)
    assert report.verdict.value == verdict
    assert any(said in reason for reason in report.reasons), report.reasons


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ([("call", "executed", 12.0)], "plan.jsonl:1: call: cannot be executed now"),
        ([*GOOD[:1], ("call", "verified", 13.0)], "plan.jsonl:2: call: cannot be verified now"),
        ([*GOOD[:1], ("call", "begun", 13.0)], "plan.jsonl:2: call: cannot be begun now"),
        ([*GOOD, ("other", "begun", 17.0)], "plan.jsonl:6: is about a step that the plan has not"),
        ([*GOOD[:1], ("call", "executed", 12.0)], "plan.jsonl:2: time: is not after"),
        (
            [*GOOD[:1], ("call", "failed", 13.0), ("call", "executed", 14.0)],
            "plan.jsonl:3: call: cannot be executed now",
        ),
    ],
)
def test_what_cannot_have_been_is_believed_nowhere(
    tmp_path: Path, told: list[Told], said: str
) -> None:
    report = drill(told).judged(tmp_path)
    assert report.verdict is Verdict.INVALID
    assert any(said in reason for reason in report.reasons), report.reasons


def test_a_timeline_that_tells_otherwise_is_found_out(tmp_path: Path) -> None:
    forged = drill()
    forged.events.append(PlanTold(time=at(16.5), name="promote", event="verified", words="w"))
    assert_invalid(forged.judged(tmp_path), "plan.jsonl: has no line of what timeline.jsonl tells")


def test_a_plan_that_nobody_told_of_is_missing(tmp_path: Path) -> None:
    folder = drill().write(tmp_path)
    folder.plan.unlink()
    assert_invalid(judge(folder), "plan: call: plan.jsonl: is missing")


def test_the_ledger_must_tell_of_who_executed_it(tmp_path: Path) -> None:
    folder = drill().write(tmp_path)
    lines = folder.ledger.read_text().splitlines(keepends=True)
    folder.ledger.write_text("".join(text for text in lines if "plan-" not in text))
    assert_invalid(judge(folder), "does not tell of plan, which the drill began")


def assert_invalid(report: Report, said: str) -> None:
    assert report.verdict is Verdict.INVALID
    assert any(said in reason for reason in report.reasons), report.reasons


def test_every_report_shows_it(tmp_path: Path) -> None:
    from kubedrill.report import html, junit, planned
    from kubedrill.report.sentences import proved

    failing = drill([*GOOD[:4], ("promote", "failed", 17.1)])
    folder = failing.write(tmp_path)
    report = judge(folder)
    assert proved(report).startswith("1 of 2 steps of the emergency plan failed")
    assert [*planned.lines(report)] == [
        "call executed after 2.00 s: call executed",
        "promote FAIL: promote failed",
    ]
    page = html.write(folder, report).read_text()
    assert '<section id="plan">' in page
    assert "Call the operator." in page
    assert 'name="promote"' in junit.write(folder, report).read_text()


def test_a_run_without_a_plan_has_no_word_of_it(tmp_path: Path) -> None:
    from kubedrill.report import html

    folder = JudgedDrill().write(tmp_path)
    assert '<section id="plan">' not in html.write(folder, judge(folder)).read_text()
