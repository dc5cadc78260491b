"""A part of `make mutate`: whatever a file holds, the answer is in words, in time, and says where."""

import pytest

import mutate


@pytest.mark.cluster
def test_no_mutation_is_answered_wrongly() -> None:
    answers = mutate.campaign(120, seed=13)
    wrong = [
        f"{answer.mutation}: {answer.wrong}\n{answer.said[:2_000]}"
        for answer in answers
        if answer.wrong
    ]
    assert not wrong, "\n".join(wrong)
    assert {0, 3} == {answer.code for answer in answers}
