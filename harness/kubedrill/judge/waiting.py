"""Judge: when a state has come for which a fault waits, by the figures of a running drill."""

from collections.abc import Iterator

from kubedrill.judge.now import known_at, value_now
from kubedrill.record.live import LiveFigures
from kubedrill.record.objective import holds
from kubedrill.record.schedule import Schedule
from kubedrill.record.state import State, awaited, latest
from kubedrill.record.timeline import StateEvent, StateTold


class StateWatch:
    """Tells what becomes of each state for which a fault waits."""

    def __init__(self, schedule: Schedule) -> None:
        self._faults = schedule.faults
        self._pending = dict(awaited(schedule))
        self._begun: set[int] = set()
        self._last: dict[int, tuple[float, int]] = {}
        """What a state was about, as it was last, and when that became known."""

    def check(self, figures: LiveFigures) -> Iterator[StateTold]:
        """Yield what has become known with these figures, which are to be recorded in this order."""
        for index, state in [*self._pending.items()]:
            if figures.time < self._faults[index].inject:
                continue
            if index not in self._begun:
                self._begun.add(index)
                yield self._told("awaited", index, state, figures.time)
            value = value_now(state.objective, figures)
            if value is not None:
                self._last[index] = value, known_at(state.objective, figures)
            if value is not None and holds(state.objective, value):
                yield self._told("came", index, state, figures.time)
            elif figures.time >= latest(self._faults[index]):
                yield self._told("missed", index, state, figures.time)
            else:
                continue
            del self._pending[index]

    def _told(self, event: StateEvent, index: int, state: State, time: int) -> StateTold:
        value, sample = self._last.get(index, (None, None))
        return StateTold(
            time=time,
            name=self._faults[index].name,
            index=index,
            event=event,
            state=state.text,
            value=value,
            sample=sample,
        )
