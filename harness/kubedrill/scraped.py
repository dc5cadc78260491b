"""What a Prometheus has of a cluster: whether that is enough for an experiment, and when a drill begins."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from kubedrill import cluster
from kubedrill.client.prometheus import PrometheusApi, PrometheusError, asked
from kubedrill.client.prometheus_targets import look_at
from kubedrill.errors import NotStarted
from kubedrill.experiment import Experiment
from kubedrill.record.catalogue import Catalogue
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.folder import RunFolder
from kubedrill.record.lines import write_typed
from kubedrill.record.metric import APISERVER, METRICS
from kubedrill.record.prometheus import PrometheusSource, PrometheusTold, family_names, series_of
from kubedrill.words import counted

SCRAPES_NEEDED = {"gauge": 1, "histogram": 2}
"""By kind of metric, in a phase, so that anything is known; what a counter grew by has bounds without any."""
NOTHING: Mapping[str, str] = MappingProxyType({})
WRITES = 'apiserver_request_total{resource="configmaps"'
"""Begins the selector of what the judge looks at (judge.elsewhere)."""


def check_told(
    experiment: Experiment, catalogue: Catalogue, related: Mapping[str, str] = NOTHING
) -> None:
    """Raise NotStarted where the cluster's Prometheus lacks what an objective is measured from.

    It is asked only if there is such an objective; `related` are the series, by their objectives, of those
    that relate this drill to others.
    """
    described = catalogue.cluster
    source = described.prometheus if described else None
    if source is None:
        return
    needed = _needed(experiment, source) | {
        text: series for text, series in related.items() if source.tells(series)
    }
    if not needed:
        return
    record = cluster.find(experiment.cluster)
    if record is not None and record.prometheus != source:
        raise NotStarted(
            f"cluster {record.name}: its file says otherwise where metrics are from than when it was "
            f"brought up; bring it up anew: kubedrill cluster down {record.name}"
        )
    with asked(source, "metrics.prometheus") as api:
        lacking = [_lacking(api, source, text, series) for text, series in needed.items()]
        if lines := [words for words in lacking if words]:
            raise NotStarted("\n".join(lines))
        told = look_at(api, source, {METRICS[series].component for series in needed.values()})
        if lines := [*_too_short(experiment, source, told)]:
            raise NotStarted("\n".join(lines))
        if told.of_kind(APISERVER):
            _check_witness(api, f"{WRITES},{source.matchers(APISERVER)}}}")


def note_told(experiment: Experiment, record: ClusterRecord, folder: RunFolder) -> str:
    """Write `prometheus.json`: whom a Prometheus scrapes, and how its clock is to ours; return it in words.

    NotStarted where an objective needs it and it is of no use. Else it need not answer: then there is no
    such file, and nothing to say.
    """
    source = record.prometheus
    if source is None:
        return ""
    needed = {METRICS[series].component for series in _needed(experiment, source).values()}
    try:
        with asked(source, "metrics.prometheus") as api:
            told = look_at(api, source, needed)
    except NotStarted:
        if needed:
            raise
        return ""
    write_typed(folder.prometheus, told)
    return (
        f"{counted(len(told.targets), 'component')} as Prometheus scrapes them, every "
        f"{told.slowest_s:g} s or more often; its clock is known to {told.clock_ms} ms"
    )


def _needed(experiment: Experiment, source: PrometheusSource) -> dict[str, str]:
    """Return the objectives that are measured by what it tells, and the series of each."""
    wanted = [told.objective for told in experiment.objectives]
    return {
        objective.text: objective.series for objective in wanted if source.tells(objective.series)
    }


def _too_short(
    experiment: Experiment, source: PrometheusSource, told: PrometheusTold
) -> Iterator[str]:
    """Yield of which objectives nothing could be known, since too few scrapes fall into their phases."""
    lengths = {phase.name: phase.seconds for phase in experiment.phases}
    for wanted in experiment.objectives:
        if not source.tells(series := wanted.objective.series):
            continue
        metric = METRICS[series]
        every_s = max((target.every_s for target in told.of_kind(metric.component)), default=0.0)
        least_s = SCRAPES_NEEDED.get(metric.kind, 0) * every_s
        if lengths[wanted.phase] < least_s:
            yield (
                f"{wanted.objective.text}: phase {wanted.phase} lasts {lengths[wanted.phase]:g} s, and "
                f"Prometheus scrapes the {metric.component} every {every_s:g} s; it must last "
                f"{least_s:g} s at least"
            )


def _check_witness(api: PrometheusApi, selector: str) -> None:
    """Raise PrometheusError if it lacks by what a drill sees that it is asked about its own cluster."""
    if not api.count(selector):
        raise PrometheusError(
            f"it has no {selector}, by which a drill sees that it is asked about its own cluster; see "
            "whether they are dropped (metric_relabel_configs)"
        )


def _lacking(api: PrometheusApi, source: PrometheusSource, text: str, series: str) -> str:
    """Return why an objective cannot be measured, in a line; "" if it can."""
    selector = series_of(family_names(series), source.matchers(METRICS[series].component))
    if api.count(selector):
        return ""
    return (
        f"{text}: nobody can measure {series}: Prometheus has no {selector}; see whether they are "
        "scraped, or dropped (metric_relabel_configs), say in select how they are told apart, or leave "
        "the objective out"
    )
