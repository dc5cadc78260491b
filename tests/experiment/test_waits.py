"""Faults that wait for a state: when they may begin, what must not happen then, how they are expanded."""

from collections.abc import Callable

import pytest
from rich.console import Console

from kubedrill.errors import BadFile, NotStarted
from kubedrill.experiment import Experiment, expand, expand_alone, plan, to_yaml
from kubedrill.experiment.plan_text import render
from kubedrill.record.catalogue import Catalogue

Read = Callable[..., Experiment]
KILL = "  - etcd.kill: {member: leader}\n"
RUN = "reports/x/latest"


def waiting(text: str, *lines: str, others: str = "") -> str:
    fault = "  - kube-scheduler.pause: {zone: random}\n"
    return text.replace(KILL, fault + "".join(f"    {line}\n" for line in lines) + others)


def edges(experiment: Experiment, catalogue: Catalogue) -> list[tuple[str, object]]:
    """Return each activity of the method as (function, what tells it from others)."""
    providers = (activity["provider"] for activity in expand(experiment, catalogue, RUN)["method"])
    return [
        (
            provider["func"],
            provider["arguments"].get("offset_s", provider["arguments"].get("index")),
        )
        for provider in providers
    ]


@pytest.mark.parametrize(
    ("lines", "times", "for_s"),
    [
        (("when: objects.pods >= 50 within 5s",), (10, 15, 30), None),
        (("at: 2s", "when: objects.pods >= 50 within 17.9s"), (12, 29.9, 30), None),
        (("at: 2s", "when: list.p99 > 1s within 5s", "for: 4s"), (12, 17, 21), 4),
        (("when: list.p99 > 1s within 19s", "for: 11s"), (10, 29, 40), 11),
    ],
)
def test_it_may_be_in_force_from_its_first_moment_to_its_last(
    reading: Read,
    small: str,
    lines: tuple[str, ...],
    times: tuple[float, float, float],
    for_s: float | None,
) -> None:
    experiment = reading(waiting(small, *lines))
    [fault] = experiment.faults
    assert (fault.inject_s, fault.latest_s, fault.undo_s) == pytest.approx(times)
    assert fault.for_s == for_s
    assert reading(to_yaml(experiment)).faults == experiment.faults


def test_it_is_waited_for_and_undone_when_the_phase_ends(
    reading: Read, small: str, catalogue: Catalogue
) -> None:
    text = waiting(small, "at: 2s", "when: objects.pods >= 50 within 5s")
    assert edges(reading(text), catalogue) == [
        ("until", 12.0),
        ("until_state", 0),
        ("pause", 0),
        ("until", 30.0),
        ("proceed", 0),
        ("until", 40.0),
    ]


def test_it_is_undone_so_long_after_its_state_came(
    reading: Read, small: str, catalogue: Catalogue
) -> None:
    others = "  - etcd.defragment: {member: leader}\n    at: 15s\n" + KILL
    text = waiting(small, "when: objects.pods >= 50 within 5s", "for: 10s", others=others)
    with pytest.raises(BadFile, match=r"x\.yaml:12: .*etcd\.kill begins at 10s"):
        reading(text)
    experiment = reading(text.replace(KILL, ""))
    assert edges(experiment, catalogue) == [
        ("until", 10.0),
        ("until_state", 0),
        ("pause", 0),
        ("until_over", 0),
        ("proceed", 0),
        ("until", 25.0),
        ("defragment_members", 1),
        ("until", 40.0),
    ]


@pytest.mark.parametrize(
    ("others", "said"),
    [
        (KILL + "    at: 1s\n", "until 17s of the drill, at the latest,"),
        (KILL + "    at: 1s\n", "etcd.kill begins at 11s"),
        (KILL + "    phase: baseline\n    at: 9s\n    for: 3s\n", "etcd.kill ends at 12s"),
        (
            "  - etcd.defragment: {member: leader}\n    when: list.p99 > 1s within 1s\n",
            "etcd.defragment begins at 10s",
        ),
    ],
)
def test_nothing_else_begins_or_ends_meanwhile(
    reading: Read, small: str, others: str, said: str
) -> None:
    lines = ("when: objects.pods >= 50 within 5s", "for: 2s")
    with pytest.raises(BadFile) as refused:
        reading(waiting(small, *lines, others=others))
    [words] = str(refused.value).splitlines()
    assert "x.yaml:12: when: " in words
    assert said in words


def test_what_is_in_force_before_it_and_after_it_may_be_so(reading: Read, small: str) -> None:
    others = KILL + "    phase: baseline\n    at: 9s\n    for: 8s\n"
    text = waiting(small, "when: objects.pods >= 50 within 5s", "for: 2s", others=others)
    assert len(reading(text).faults) == 2


@pytest.mark.parametrize(
    ("lines", "line", "said"),
    [
        (("when: objects.pods >= 50",), 12, 'when: "objects.pods >= 50" does not say for how'),
        (("when: 5",), 12, "when: must be a state, as objects.pods >= 5000 within 2m, not the num"),
        (("when: objects.pods >= 50 within 20s",), 12, "must be within less than 20s"),
        (("at: 19s", "when: list.p99 > 1s within 1s"), 13, "must be within less than 1s"),
        (("when: list.p99 > 1s within 1s", "every: 3s"), 13, "every: a fault that waits for a"),
        (("when: list.p99 > 1s within 1s", "for: 0s"), 13, "for: must be more than 0s"),
        (("when: list.p99 > 1s within 9s", "for: 22s"), 13, "would outlive the drill by 1s"),
        (("when: list.p50 > 1s within 9s",), 12, "list.p50 cannot begin a fault"),
        (("when: objets.pods > 1 within 9s",), 12, 'unknown series "objets.pods"'),
    ],
)
def test_what_cannot_be_waited_for_is_told_with_its_line(
    reading: Read, small: str, lines: tuple[str, ...], line: int, said: str
) -> None:
    with pytest.raises(BadFile) as refused:
        reading(waiting(small, *lines))
    [words] = str(refused.value).splitlines()
    assert f"x.yaml:{line}: " in words
    assert said in words


def test_a_load_that_does_not_press_then_says_nothing(reading: Read, small: str) -> None:
    silent = small.replace("    rate: 10/s\n", "    rate: 10/s\n    phases: [baseline]\n").replace(
        "  fault: [list.p99 < 1s]", "  baseline: [list.p99 < 1s]"
    )
    with pytest.raises(BadFile, match='the load "list" does not press in this phase'):
        reading(waiting(silent, "when: list.p99 > 1s within 9s"))


def test_chaos_run_has_nobody_who_watches(reading: Read, small: str, catalogue: Catalogue) -> None:
    experiment = reading(waiting(small, "when: objects.pods >= 50 within 9s"))
    with pytest.raises(NotStarted, match=r"kube-scheduler\.pause: `chaos run` watches nothing"):
        expand_alone(experiment, catalogue, "reports")


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ((), "until 30s"),
        (("for: 7s",), "for 7s"),
    ],
)
def test_the_plan_says_what_it_waits_for(
    reading: Read, small: str, catalogue: Catalogue, lines: tuple[str, ...], said: str
) -> None:
    text = waiting(small, "when: objects.pods >= 50 within 9s", *lines)
    console = Console(record=True, width=200)
    render(plan(reading(text), catalogue), console)
    printed = console.export_text()
    assert "from 10s on, as soon as objects.pods >= 50 within 9s" in printed
    assert f"at 19s at the latest (else INVALID), {said}; needs" in printed
