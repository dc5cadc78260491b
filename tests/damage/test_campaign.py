"""A part of `make damage`: no damage of a run's evidence is a PASS, and each answer names the file."""

from pathlib import Path

import pytest
from damage.cases import both_ways, cases
from damage.example import example
from damage.judging import answers
from damage.table import shown, wrong

DAMAGES = 14


@pytest.mark.timeout(1200)  # 28 verdicts: on a busy machine some seconds each
def test_no_damage_is_a_pass_nor_ends_in_a_traceback(tmp_path: Path) -> None:
    """With the manifest made anew, a PASS must be one that right.py knows, and why it is right."""
    run = example(tmp_path)
    found = [*answers(run, both_ways(cases(run, DAMAGES, seed=13)))]
    bad = [*filter(wrong, found)]
    assert not bad, "\n".join(f"{wrong(answer)}: {shown(answer)}\n{answer.said}" for answer in bad)
    assert sum(answer.told == "INVALID" for answer in found if not answer.anew) == DAMAGES
