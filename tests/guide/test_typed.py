"""docs/guide: three of its pages are typed one after the other: from a wheel, in an empty folder."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from installed import build_wheel, environment, lent
from typed_page import TypingShell, blocks, unlike

from kubedrill.record.verdict import Report, Verdict

pytestmark = [pytest.mark.cluster, pytest.mark.own, pytest.mark.timeout(900)]

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guide"
MAY_FAIL = {"kubedrill run stress", "kubedrill judge reports/stress/latest"}
"""What these measure is the machine's, which tests share: FAIL is an answer, too."""
REFUSED = {'kubedrill validate my-first --set "faults[0].etcd.kill.member=leeder"': 3}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("guide")


@pytest.fixture(scope="module")
def shell(folder: Path) -> Iterator[TypingShell]:
    """A shell in an empty folder, for which the wheel and what it needs can be installed."""
    for name in ("wheel", "bin", "empty"):
        (folder / name).mkdir()
    program = folder / "bin" / "pytest"
    program.write_text('#!/bin/sh\nexec python -m pytest "$@"\n')
    program.chmod(0o755)
    known = {
        **os.environ,
        **environment(build_wheel(folder / "wheel"), lent(folder / "lent")),
        "GITHUB_STEP_SUMMARY": str(folder / "summary"),
        "KUBEDRILL_SHARED_MACHINE": "1",
        "KUBEDRILL_STATE": str(folder / "state"),
        "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
    }
    with TypingShell(folder / "empty", known) as made:
        yield made


def play(name: str, shell: TypingShell, top: Path) -> None:
    """Type a page; each command does what the page says that it does."""
    said = ""
    for block in blocks(GUIDE / name):
        match block.kind:
            case "text":
                assert unlike(block.text, said) == [], said
            case "yaml" if block.path.startswith("experiments/"):
                (top / block.path).write_text(block.text, encoding="utf-8")
            case "sh":
                for line in block.text.splitlines():
                    code, said = shell.type(line)
                    right = {0, 1} if line in MAY_FAIL else {REFUSED.get(line, 0)}
                    assert code in right, f"{line}\n{said}"


@pytest.mark.again("what others take of the machine makes a drill INVALID, rightly")
def test_its_pages_one_after_the_other(shell: TypingShell, folder: Path) -> None:
    drills = folder / "empty" / "drills"
    play("first-drill.md", shell, folder / "empty")
    _, where = shell.type("python -c 'import kubedrill; print(kubedrill.__file__)'")
    assert where.startswith(f"{folder / 'empty' / '.venv'}/"), "it is the wheel that was typed"
    pressed = Report.read(drills / "reports" / "stress" / "latest" / "verdict.json")
    assert pressed.verdict is not Verdict.INVALID, "\n".join(pressed.reasons)
    play("write-your-own.md", shell, drills)
    broken = Report.read(drills / "reports" / "my-first" / "latest" / "verdict.json")
    [fault] = broken.faults
    assert (fault.took_effect, fault.undone, broken.verdict) == (True, True, Verdict.PASS)
    play("in-ci.md", shell, drills)
    summary = (folder / "summary").read_text(encoding="utf-8")
    assert "A control plane is pressed for half a minute" in summary
    assert "| stress | secrets.p99" in summary
