"""A part of `make damage`: no damage of a run's evidence is a PASS, and each answer names the file."""

from pathlib import Path

from judged_drill import JudgedDrill

from damage import campaign
from kubedrill.judge import convert, judge
from kubedrill.record.manifest import seal
from kubedrill.record.verdict import Verdict


def test_no_damage_is_a_pass(tmp_path: Path) -> None:
    folder = JudgedDrill().write(tmp_path)
    convert(folder)
    seal(folder)
    assert judge(folder).verdict is Verdict.PASS
    answers = campaign(folder.path, 40, anew=False)
    wrong = [
        f"{one.case.kind} {one.case.name}: {one.wrong}\n{one.said}" for one in answers if one.wrong
    ]
    assert not wrong, "\n".join(wrong)
