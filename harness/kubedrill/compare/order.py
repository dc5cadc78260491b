"""Compare: in which order the arms are played."""

from collections.abc import Sequence
from typing import NamedTuple


class Play(NamedTuple):
    """One run of an arm."""

    arm: str
    round: int
    """From 1: in each round every arm is played once."""

    def __str__(self) -> str:
        """Return it as reports name it: `polling-1`."""
        return f"{self.arm}-{self.round}"


def interleaved(arms: Sequence[str], repeat: int) -> tuple[Play, ...]:
    """Return the plays of all rounds: A B, then B A, then A B ...

    What grows or tires steadily over the rounds (a disk that fills, a machine that warms) so weighs on
    each arm alike, after every second round.
    """
    return tuple(
        Play(arm, number)
        for number in range(1, repeat + 1)
        for arm in (arms if number % 2 else reversed(arms))
    )
