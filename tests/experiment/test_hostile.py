"""Files that nobody means well with: very many of everything, links in a circle, texts that break lines."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from kubedrill.catalogue import check_file
from kubedrill.errors import BadFile, NotStarted
from kubedrill.experiment import Experiment

TOP = Path(__file__).parents[2]
HEAD = "title: t\nwhy: w\ncluster: local-3az\n"
PHASES = "phases: {baseline: 10s, fault: 20s}\n"
SLOS = "slos: {baseline: [probe.failed == 0]}\n"
Read = Callable[..., Experiment]


def lines(line: str, count: int) -> str:
    return "".join(line.format(number) for number in range(count))


LOAD = "  - {{profile: mass-list, as: l{0}, rate: 1/s}}\n"
MANY = {
    "faults at one place": HEAD + PHASES + SLOS + "faults:\n" + "  - etcd.kill: {member: a}\n" * 3_000,
    "unknown faults": HEAD + PHASES + SLOS + "faults:\n" + lines("  - etcd.kil{}: {{}}\n", 3_000),
    "members": f"{HEAD}{PHASES}{SLOS}faults:\n  - etcd.kill: {{member: [a{', a' * 9_000}]}}\n",
    "objectives of unknown phases": (
        HEAD + "phases:\n" + lines("  p{}: 1s\n", 3_000)
        + "slos:\n" + lines("  q{}: [probe.failed == 0]\n", 3_000)
    ),
    "objectives on unknown loads": (
        HEAD + PHASES + "load:\n" + lines(LOAD, 1_500)
        + "slos:\n  baseline:\n" + lines("    - x{}.p99 < 1s\n", 3_000)
    ),
    "phases of a load": (
        f"{HEAD}{PHASES}{SLOS}load:\n  - {{profile: mass-list, as: l, rate: 1/s, phases: ["
        + lines("m{}, ", 9_000)
        + "m]}\n"
    ),
    "loads": HEAD + PHASES + SLOS + "load:\n" + lines(LOAD, 65),
    "activities": (
        HEAD + PHASES + SLOS + "faults:\n"
        + lines(
            "  - {{activity: {{type: action, name: a{}, provider: {{type: process, path: touch, "
            "arguments: x}}}}, rollback: null, rights: []}}\n",
            501,
        )
    ),
}  # fmt: skip


@pytest.fixture
def checking(tmp_path: Path) -> Callable[[str], list[str]]:
    """Check a text as a file of a project with the shipped profiles; return what is wrong with it."""
    for kind in ("loadprofiles", "clusters"):
        (tmp_path / kind).symlink_to(TOP / kind)
    path = tmp_path / "experiments" / "x.yaml"
    path.parent.mkdir()

    def check(text: str) -> list[str]:
        path.write_text(text, encoding="utf-8")
        with pytest.raises(NotStarted) as caught:
            check_file(path)
        return [line.removeprefix(f"{path}:") for line in str(caught.value).splitlines()]

    return check


@pytest.mark.parametrize("text", MANY.values(), ids=MANY.keys())
def test_very_many_of_them_are_refused_in_time(
    checking: Callable[[str], list[str]], text: str
) -> None:
    begin = time.process_time()
    said = checking(text)
    assert time.process_time() - begin < 60  # 0.3 s here; it was 10 s, and minutes
    assert 1 <= len(said) <= 101
    assert all(line.partition(":")[0].isdigit() for line in said)
    assert max(map(len, said)) < 1_200


def test_how_many_there_may_be_is_said(checking: Callable[[str], list[str]]) -> None:
    assert checking(MANY["loads"]) == ["6: load must have at most 64 in it, not 65"]
    assert checking(MANY["activities"]) == ["6: faults must have at most 500 in it, not 501"]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("  - etcd.kill: {member: leader}", "  - etcd.kill: {}\n    phase: []", "12: unknown phase"),
        ("  - etcd.kill: {member: leader}", "  - etcd.kill: {}\n    phase: {a: b}", "12: unknown phase"),
        ("    rate: 10/s", "    phases: 5\n    rate: 10/s", "7: load[0].phases must be a list"),
        ("    rate: 10/s", "    phases: fault\n    rate: 10/s", "7: load[0].phases must be a list"),
        ("    rate: 10/s", "    phases: {fault: 1}\n    rate: 10/s", "7: load[0].phases must be a list"),
        (
            "    rate: 10/s",
            "    phases: [fault, fault]\n    rate: 10/s",
            '7: phase "fault" is here twice; once will do',
        ),
        (
            "  - etcd.kill: {member: leader}",
            "  - activity: {type: action, name: " + "n" * 201 + ", provider: {type: process, path: ls}}\n"
            "    rollback: null\n    rights: []",
            "11: name must have at most 200 characters, not 201",
        ),
        (
            "  fault: [list.p99 < 1s]",
            "  fault:\n    - list.p99 < 1s\n    - list.p99 < 1s",
            "15: list.p99 < 1s: the same twice in fault; once will do",
        ),
        (
            "as: list\n    rate: 10/s",
            "as: [list]\n    closed_loop: {clients: 1}",
            "6: load[0].as must be text, not a list",
        ),
        (
            "as: list\n    rate: 10/s",
            "as: {list: 1}\n    closed_loop: {clients: 1}",
            "6: load[0].as must be text, not a mapping",
        ),
    ],
)  # fmt: skip
def test_values_of_another_type(
    reading: Read, small: str, before: str, after: str, said: str
) -> None:
    assert before in small
    with pytest.raises(BadFile) as caught:
        reading(small.replace(before, after))
    assert said in str(caught.value)


def test_a_problem_stays_a_line_whatever_it_repeats(checking: Callable[[str], list[str]]) -> None:
    load = 'load:\n  - {{profile: "mass-list{}", as: l, rate: 1/s}}\n'
    for odd in ("\\x0ax", "\\u2028x", "x" * 2_000):
        (line,) = checking(HEAD + PHASES + SLOS + load.format(odd))
        assert line.startswith(("7: unknown profile", "7: a control character"))
        assert len(line) < 1_200


def circle(path: Path) -> None:
    path.symlink_to(path.name)


def pipe(path: Path) -> None:
    os.mkfifo(path)


def endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize("make", [circle, pipe, endless, Path.mkdir])
@pytest.mark.parametrize("kind", ["experiments", "clusters"])
def test_what_is_no_file(tmp_path: Path, make: Callable[[Path], None], kind: str) -> None:
    path = tmp_path / kind / "x.yaml"
    path.parent.mkdir()
    make(path)
    with pytest.raises(BadFile, match=f"^{path}: "):
        check_file(path)
