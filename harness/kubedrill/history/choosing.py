"""History: some of the runs: of an experiment, since a time, with labels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from kubedrill.errors import NotStarted
from kubedrill.history.past import PastRun
from kubedrill.words import did_you_mean, shown


@dataclass(frozen=True, slots=True)
class Choice:
    """Which runs are meant; all of them unless something is said."""

    experiment: str | None = None
    """Of a comparison, its runs as well: `lists` is `lists`, `lists.cached` and `lists.consistent`."""
    since: datetime | None = None
    labels: Mapping[str, str] = field(default_factory=dict)

    def of(self, runs: Sequence[PastRun]) -> list[PastRun]:
        """Return those that are meant; NotStarted where there is no run of the experiment at all."""
        known = {run.experiment for run in runs}
        if self.experiment and not any(map(self._is_meant, known)):
            near = did_you_mean(self.experiment, known) or "; there is no run at all"
            raise NotStarted(f'no run of experiment "{shown(self.experiment)}"{near}')
        return [run for run in runs if self._takes(run)]

    def _takes(self, run: PastRun) -> bool:
        return (
            self._is_meant(run.experiment)
            and (self.since is None or run.start >= self.since)
            and self.labels.items() <= run.labels.items()
        )

    def _is_meant(self, experiment: str) -> bool:
        wanted = self.experiment
        return not wanted or experiment == wanted or experiment.startswith(f"{wanted}.")
