"""What stands in a cluster beside what a drill makes: `surrounding.jsonl`, a look before it and one after."""

from collections.abc import Iterable
from typing import Literal

from pydantic import Field

from kubedrill.record.audit import CONSISTENCY
from kubedrill.record.lines import TimedLine
from kubedrill.record.objective import parse

COLLATERAL = "collateral"
"""The series that is judged by this file, and by exits, scrapes and Leases."""


class Surrounding(TimedLine):
    """One look."""

    when: Literal["before", "after"]
    there: dict[str, tuple[str, ...]]
    """By kind of object, the names: `default/kubernetes`."""
    error: str
    """Why a kind is not among them; "" if each is."""
    owners: dict[str, str] = Field(default_factory=dict)
    """By pod, who makes another in its place: `web/ReplicaSet/front`; without those that nobody does."""


def is_asked(objectives: Iterable[str]) -> bool:
    """Whether an objective, as written, is about what changed beside what the drill means to change."""
    return _named(objectives, COLLATERAL)


def needs_auditor(objectives: Iterable[str]) -> bool:
    """Whether an objective, as written, is about what the auditor looks at."""
    return _named(objectives, COLLATERAL, CONSISTENCY)


def _named(objectives: Iterable[str], *series: str) -> bool:
    return any(parse(text).series in series for text in objectives)
