"""History: what drills of the last 30 days took of the service, under each named definition of downtime."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from kubedrill.history.past import PastPhase, PastRun, PastVerdict
from kubedrill.judge.availability import WINDOWS
from kubedrill.judge.budget import BUDGET_S

DAYS = 30
"""Of a month, as the budget of `judge.budget` counts it."""
_VERBS = ("read", "write")


@dataclass(frozen=True, slots=True)
class Level:
    """The downtime that drills on one cluster have made, under one definition."""

    definition: str
    down_s: float
    watched_s: float
    """The phases in which reads and writes were probed."""

    @property
    def available(self) -> float:
        """Share 0..1 of the time that was watched."""
        return 1 - min(self.down_s / self.watched_s, 1.0)

    @property
    def spent(self) -> float:
        """Share of a month's budget; above 1: more than it has."""
        return self.down_s / BUDGET_S


@dataclass(frozen=True, slots=True)
class ClusterLevels:
    """One cluster, how many runs there were on it, and what is told of them."""

    cluster: str
    runs: int
    levels: tuple[Level, ...]


def recent(runs: Sequence[PastRun], now: datetime) -> list[PastRun]:
    """Return the runs of the last 30 days."""
    return [run for run in runs if run.start > now - timedelta(days=DAYS)]


def service_levels(runs: Sequence[PastRun]) -> list[ClusterLevels]:
    """Return what runs whose verdict can be trusted have measured, cluster by cluster."""
    told = [(run.cluster, run.verdict) for run in runs if run.standing.trusted and run.verdict]
    found = []
    for cluster in sorted({name for name, _ in told}):
        verdicts = [verdict for name, verdict in told if name == cluster and verdict.budget]
        if verdicts:
            found.append(ClusterLevels(cluster, len(verdicts), tuple(_levels(verdicts))))
    return found


def _levels(verdicts: Iterable[PastVerdict]) -> Iterator[Level]:
    down: dict[str, float] = {}
    watched: dict[str, float] = {}
    for definition, lost_s, length_s in (told for verdict in verdicts for told in _told(verdict)):
        down[definition] = down.get(definition, 0.0) + lost_s
        watched[definition] = watched.get(definition, 0.0) + length_s
    for definition, seconds in watched.items():
        yield Level(definition, down[definition], seconds)


def _told(verdict: PastVerdict) -> Iterator[tuple[str, float, float]]:
    """Yield each definition of each phase: its name, the downtime and the phase's length, in seconds."""
    phases = [phase for phase in verdict.phases if phase.seconds > 0]
    lengths = {phase.name: phase.seconds for phase in phases}
    for spent in verdict.budget:
        if spent.phase in lengths:
            yield spent.definition, spent.unavailable_s, lengths[spent.phase]
    for phase in phases:
        for definition in WINDOWS:
            share = _worse(verdict, phase, definition)
            if share is not None:
                words = f"{definition} without an answer"
                yield words, (1 - share) * phase.seconds, phase.seconds


def _worse(verdict: PastVerdict, phase: PastPhase, definition: str) -> float | None:
    """Return the availability of a phase, fresh and through the balancer: of reads and writes the worse."""
    meant = (phase.name, "balancer", "fresh", "prober", definition)
    found = {
        row.verb: row.value
        for row in verdict.availability
        if (row.phase, row.path, row.connection, row.level, row.definition) == meant
    }
    known = [found.get(verb) for verb in _VERBS]
    return None if None in known else min(share for share in known if share is not None)
