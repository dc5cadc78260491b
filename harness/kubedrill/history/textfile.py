"""History: the last run of each experiment as metrics, for node_exporter's textfile collector."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from kubedrill.errors import NotStarted
from kubedrill.history.past import PastObjective, PastRun, Standing
from kubedrill.record.files import write_whole
from kubedrill.record.verdict import Verdict

_OF_A_RUN = ("experiment", "cluster")
_OF_AN_OBJECTIVE = (*_OF_A_RUN, "phase", "objective", "unit")


def write_textfile(path: Path, runs: Sequence[PastRun]) -> None:
    """Write the file, whole or not at all; NotStarted if it cannot be, or would never be read."""
    if path.suffix != ".prom":
        raise NotStarted(f"{path}: node_exporter reads files that end in .prom; call it so")
    registry = CollectorRegistry()
    registry.register(_Runs(runs))
    try:
        write_whole(path, generate_latest(registry).decode())
    except OSError as error:
        raise NotStarted(f"{path}: cannot be written ({error.strerror})") from None


class _Runs(Collector):
    """The runs as metrics; the last one of each experiment on each cluster tells what was measured."""

    def __init__(self, runs: Sequence[PastRun]) -> None:
        self._runs = runs
        self._last = {(run.experiment, run.cluster): run for run in runs}

    def collect(self) -> Iterable[Metric]:
        """Return all metrics."""
        return (*self._of_runs(), *self._of_objectives())

    def _of_runs(self) -> Iterator[Metric]:
        count = GaugeMetricFamily(
            "kubedrill_runs", "Runs that there are, by verdict.", labels=(*_OF_A_RUN, "verdict")
        )
        verdict = GaugeMetricFamily(
            "kubedrill_run_verdict",
            "1 for the verdict of the last run, 0 for the others.",
            labels=(*_OF_A_RUN, "verdict"),
        )
        start = GaugeMetricFamily(
            "kubedrill_run_start_timestamp_seconds",
            "When the last run began.",
            labels=_OF_A_RUN,
        )
        counts = Counter((run.experiment, run.cluster, run.standing) for run in self._runs)
        for (experiment, cluster), last in self._last.items():
            start.add_metric((experiment, cluster), last.start.timestamp())
            for standing in Standing:
                labels = (experiment, cluster, standing.value)
                verdict.add_metric(labels, float(last.standing is standing))
                count.add_metric(labels, counts[experiment, cluster, standing])
        yield from (count, verdict, start)

    def _of_objectives(self) -> Iterator[Metric]:
        families = {
            "value": "What the last run measured, in the base unit.",
            "threshold": "What was asked for, in the base unit.",
            "held": "Whether the objective held, 0 or 1; absent where nobody knows.",
        }
        made = {
            name: GaugeMetricFamily(f"kubedrill_objective_{name}", words, labels=_OF_AN_OBJECTIVE)
            for name, words in families.items()
        }
        for (experiment, cluster), run in self._last.items():
            for objective in run.objectives if run.standing.trusted else ():
                named = (objective.phase, objective.text, objective.unit)
                for name, value in _figures(objective):
                    made[name].add_metric((experiment, cluster, *named), value)
        yield from made.values()


def _figures(objective: PastObjective) -> Iterator[tuple[str, float]]:
    yield "threshold", objective.threshold
    if objective.value is not None:
        yield "value", objective.value
    if objective.verdict is not Verdict.INVALID:
        yield "held", float(objective.verdict is Verdict.PASS)
