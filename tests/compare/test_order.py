"""The order of the plays: every arm once a round, every second round backwards."""

import pytest

from kubedrill.compare.order import interleaved


@pytest.mark.parametrize(
    ("arms", "repeat", "order"),
    [
        ("ab", 1, "a1 b1"),
        ("ab", 2, "a1 b1 b2 a2"),
        ("ab", 3, "a1 b1 b2 a2 a3 b3"),
        ("abc", 2, "a1 b1 c1 c2 b2 a2"),
    ],
)
def test_is_interleaved(arms: str, repeat: int, order: str) -> None:
    plays = interleaved(list(arms), repeat)
    assert " ".join(f"{play.arm}{play.round}" for play in plays) == order


@pytest.mark.parametrize("repeat", [2, 4, 20])
def test_after_every_second_round_no_arm_came_later_than_another(repeat: int) -> None:
    plays = interleaved(["a", "b", "c"], repeat)
    places = {arm: [n for n, play in enumerate(plays) if play.arm == arm] for arm in "abc"}
    assert len({sum(numbers) for numbers in places.values()}) == 1
