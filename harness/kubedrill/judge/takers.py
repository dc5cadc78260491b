"""Judge: who else used the machine, by name, and how much; in words."""

from collections import defaultdict
from collections.abc import Callable, Iterable

from kubedrill.record.machine import Taker

NAMED = 3


def by_name(takers: Iterable[Taker], amount: Callable[[Taker], float]) -> dict[str, float]:
    """Return what each took, added up."""
    found: dict[str, float] = defaultdict(float)
    for taker in takers:
        found[taker.name] += amount(taker)
    return found


def largest(amounts: dict[str, float]) -> list[tuple[str, float]]:
    """Return those who took most, the first of them most of all."""
    return sorted(amounts.items(), key=lambda named: -named[1])[:NAMED]


def in_words(words: list[str]) -> str:
    """Return a list that ends a sentence; nothing for none."""
    return f": {', '.join(words)}" if words else ""
