"""Of things that are crossed with each other, `make test` plays an even part and `make torture` the rest."""

from collections.abc import Iterable
from itertools import product
from typing import Any

import pytest


def thinned(*axes: Iterable[Any], keep_one_in: int, first: int = 0) -> list[Any]:
    """Return what pytest takes as cases: all of each with each, but one in so many is kept for `make test`.

    Along each axis the kept ones are evenly apart, so that every value stands in some case that is kept,
    where another axis is as long as `keep_one_in`; `first` moves them along.
    """
    cases = product(*(enumerate(axis) for axis in axes))
    return [
        pytest.param(
            *(value for _, value in case),
            marks=[pytest.mark.torture] * bool((sum(at for at, _ in case) - first) % keep_one_in),
        )
        for case in cases
    ]
