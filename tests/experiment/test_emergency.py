"""The emergency plan of an experiment: what it may say, and what would prove nothing."""

from collections.abc import Callable

import pytest
from rich.console import Console

from kubedrill.errors import BadFile, NotStarted
from kubedrill.experiment import Experiment, expand_alone, plan, to_yaml
from kubedrill.experiment.plan_text import render
from kubedrill.record.catalogue import Catalogue
from kubedrill.record.emergency import ScheduledStep

Read = Callable[..., Experiment]
PLAN = """\
plan:
  - step: promote
    command: [./promote, zone-b]
    within: 5s
    verify: [./promoted, zone-b]
  - step: tell-users
    person: Put the notice on the status page.
    within: 10s
    verify: ["true"]
"""
MENDED = """\
phases: {baseline: 10s, fault: 20s, mended: 10s}
faults:
  - etcd.kill: {member: leader}
    for: 30s
slos: {fault: [list.p99 < 1s], mended: [list.p99 < 1s]}
plan:
  - {step: promote, command: [./promote], within: 5s, verify_in: mended}
"""


def mended(small: str) -> str:
    return f"{small.partition('phases:')[0]}{MENDED}"


def test_its_steps_are_in_order_and_written_down_again(reading: Read, small: str) -> None:
    experiment = reading(small + PLAN)
    assert experiment.plan == (
        ScheduledStep(
            "promote", 5.0, command=("./promote", "zone-b"), verify=("./promoted", "zone-b")
        ),
        ScheduledStep(
            "tell-users", 10.0, person="Put the notice on the status page.", verify=("true",)
        ),
    )
    assert reading(to_yaml(experiment)).plan == experiment.plan
    assert "plan" not in to_yaml(reading(small))


def test_objectives_of_a_later_phase_may_verify_it(reading: Read, small: str) -> None:
    [step] = reading(mended(small)).plan
    assert (step.verify_in, step.is_verified) == ("mended", True)


@pytest.mark.parametrize(
    ("before", "after", "line", "said"),
    [
        ("    command: [./promote, zone-b]\n", "", 15, "needs a command, or what a person does"),
        ("step: tell-users", "step: promote", 19, "there is a step promote before it"),
        ('    verify: ["true"]\n', "", 19, "nothing shows that the plan has worked"),
        ("within: 10s", "within: 16s", 14, "may take 21s, and etcd.kill is in force for 20s"),
        ("within: 10s", "within: 10", 21, "within"),
        ("step: tell-users", "step: tell users", 19, "is no name"),
        ("[./promote, zone-b]", "[]", 16, "must not be empty"),
        (
            "verify: [./promoted",
            "verify_in: fault\n    verify: [./promoted",
            15,
            "exclude each other",
        ),
        ('verify: ["true"]', "verify_in: falt", 22, 'no phase "falt"; did you mean "fault"'),
        ('verify: ["true"]', "verify_in: fault", 22, "the step may take until"),
        ('verify: ["true"]', "verify_in: recovery", 22, "the phase recovery has no objective"),
        ('verify: ["true"]', "verify_in: recovery", 22, "before the phase recovery ends"),
    ],
)
def test_what_would_prove_nothing_is_refused_at_its_line(
    reading: Read, small: str, *, before: str, after: str, line: int, said: str
) -> None:
    assert before in PLAN
    with pytest.raises(BadFile) as raised:
        reading(small + PLAN.replace(before, after))
    told = str(raised.value).splitlines()
    assert any(f"x.yaml:{line}: " in words and said in words for words in told), told


def test_it_is_against_a_fault(reading: Read, small: str) -> None:
    faultless = small.replace("faults:\n  - etcd.kill: {member: leader}\n", "")
    with pytest.raises(BadFile, match="there is no fault that it could be executed against"):
        reading(faultless + PLAN)


def test_a_fault_that_nothing_undoes_leaves_it_all_time(reading: Read, small: str) -> None:
    endless = "  - etcd.compact: {}\n"
    assert reading(small.replace("  - etcd.kill: {member: leader}\n", endless) + PLAN).plan


def test_chaos_toolkit_alone_would_not_execute_it(
    reading: Read, small: str, catalogue: Catalogue
) -> None:
    with pytest.raises(NotStarted, match="executes no emergency plan"):
        expand_alone(reading(small + PLAN), catalogue, "reports")


def test_the_plan_of_the_drill_tells_of_it(
    reading: Read, small: str, catalogue: Catalogue, capsys: pytest.CaptureFixture[str]
) -> None:
    render(plan(reading(small + PLAN), catalogue), Console(width=100))
    said = capsys.readouterr().out
    assert "Emergency plan, against etcd.kill" in said
    assert "promote, within 5s: ./promote zone-b" in said
    assert "tell-users, within 10s: a person: Put the notice" in said
