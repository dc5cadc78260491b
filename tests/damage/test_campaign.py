"""A part of `make damage`: no damage of a run's evidence is a PASS, and each answer names the file."""

from pathlib import Path

from damage.cases import cases
from damage.example import example
from damage.judging import answers
from damage.table import shown, wrong

DAMAGES = 40


def test_no_damage_is_a_pass(tmp_path: Path) -> None:
    run = example(tmp_path)
    wanted = [(one, anew) for one in cases(run, DAMAGES, seed=13) for anew in (False, True)]
    bad = [f"{wrong(one)}: {shown(one)}\n{one.said}" for one in answers(run, wanted) if wrong(one)]
    assert not bad, "\n".join(bad)
