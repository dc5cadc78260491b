"""The grammar of states in which a fault begins, instead of at a time.

state = comparison " within " duration, with the comparison of an objective
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kubedrill.clock import SECOND
from kubedrill.record.abort import parse_abort
from kubedrill.record.live_series import check_is_live, spelled_as
from kubedrill.record.objective import (
    Objective,
    ObjectiveError,
    read_comparison,
    split_duration,
)
from kubedrill.record.schedule import Schedule, ScheduledFault


@dataclass(frozen=True, slots=True)
class State:
    """A fault begins as soon as `objective`, a condition, holds, which is waited for `within_s` seconds."""

    text: str
    """As written, without how long it is waited for: `objects.pods >= 5000`."""
    objective: Objective
    within_s: float


def parse_state(text: str) -> State:
    """Read a state, `objects.pods >= 5000 within 2m`; ObjectiveError if it is none."""
    lacking = "does not say for how long it is waited; write: ... within 2m"
    inner, within_s, at = split_duration(text, "within", lacking)
    if within_s <= 0:
        raise ObjectiveError(
            "within 0s is not waited for at all; give it time, or say at: instead", at + 1
        )
    return State(inner.strip(), read_comparison(inner), within_s)


def check_state(state: State, known_loads: Iterable[str]) -> None:
    """Raise ObjectiveError unless the state can be known while the drill runs."""
    check_is_live(state.objective, known_loads, "begin a fault")


def awaited(schedule: Schedule) -> Mapping[int, State]:
    """Return the states for which faults wait, by their position in the schedule."""
    return {
        index: parse_state(fault.when)
        for index, fault in enumerate(schedule.faults)
        if fault.when is not None
    }


def latest(fault: ScheduledFault) -> int:
    """Return when a fault begins at the latest, monotonic ns: at its time, if it waits for no state."""
    waits_s = parse_state(fault.when).within_s if fault.when is not None else 0.0
    return fault.inject + round(waits_s * SECOND)


def asked_live(schedule: Schedule) -> frozenset[str]:
    """Return all series, spelled with their statistics, that must be known while the drill runs."""
    ending = (parse_abort(text).objective for text in schedule.abort)
    beginning = (state.objective for state in awaited(schedule).values())
    return frozenset(map(spelled_as, (*ending, *beginning)))
