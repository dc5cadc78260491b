"""Judge: by the figures of a running drill, when an abort condition has held for as long as it says."""

from typing import NamedTuple

from kubedrill.clock import SECOND
from kubedrill.judge.now import known_at, value_now
from kubedrill.record.abort import parse_abort
from kubedrill.record.live import LiveFigures
from kubedrill.record.objective import holds
from kubedrill.record.schedule import Schedule


class Held(NamedTuple):
    """A condition that has held for as long as it says."""

    condition: str
    sample: int
    """When the sample became known with which it had, monotonic ns."""


class AbortWatch:
    """Tells when an abort condition has held for as long as it says."""

    def __init__(self, schedule: Schedule) -> None:
        self._conditions = [parse_abort(text) for text in schedule.abort]
        self._since: dict[str, int] = {}

    def check(self, figures: LiveFigures) -> Held | None:
        """Return a condition that has held long enough, else None."""
        for condition in self._conditions:
            value = value_now(condition.objective, figures)
            if value is None:
                continue  # nothing was due: it is as it was
            if not holds(condition.objective, value):
                self._since.pop(condition.text, None)
                continue
            begun = self._since.setdefault(condition.text, figures.time)
            if figures.time - begun >= condition.for_s * SECOND:
                return Held(condition.text, known_at(condition.objective, figures))
        return None
