"""Where two plain values (of YAML, of JSON) differ: from the smallest parts of them that do."""

from collections.abc import Iterator
from typing import Any

from kubedrill.reading.problems import Location

NOTHING = "nothing"
"""Stands for what is in the other one alone."""


def apart(left: Any, right: Any, place: Location = ()) -> Iterator[tuple[Location, Any, Any]]:
    """Yield each place at which two values differ, and what each has there."""
    if isinstance(left, dict) and isinstance(right, dict):
        for key in dict.fromkeys((*left, *right)):
            yield from apart(left.get(key, NOTHING), right.get(key, NOTHING), (*place, key))
        if left.keys() == right.keys() and [*left] != [*right]:
            yield place, ", ".join(left), ", ".join(right)
    elif isinstance(left, list) and isinstance(right, list):
        if len(left) != len(right):
            yield place, f"{len(left)} of them", f"{len(right)} of them"
        for number in range(max(len(left), len(right))):
            ours, theirs = (side[number:][:1] or [NOTHING] for side in (left, right))
            yield from apart(ours[0], theirs[0], (*place, number))
    elif (type(left), left) != (type(right), right):
        yield place, left, right
