"""Judge: metrics that components tell of themselves, and etcd's elections."""

from collections.abc import Iterable

from kubedrill.judge import families, silence, told
from kubedrill.judge.counting import add_up, quantile
from kubedrill.judge.elsewhere import of_another_cluster
from kubedrill.judge.evidence import Evidence
from kubedrill.judge.gauges import GaugeReading, at_worst, combine, combined
from kubedrill.judge.measuring import Measured, measures
from kubedrill.judge.metrics import Metrics
from kubedrill.judge.silence import Exempt
from kubedrill.record.metric import METRICS, Family, Metric
from kubedrill.record.objective import Objective
from kubedrill.record.schedule import Phase


@measures("scrapes")
def metric(evidence: Evidence, objective: Objective, phase: Phase) -> Measured:
    """Return a gauge at its worst, what a counter grew by, or a percentile of a histogram."""
    name = objective.series
    if words := _doubt(evidence, name, phase):
        return Measured.unknown(words)
    match METRICS[name].kind:
        case "gauge":
            return _gauge(evidence, objective, phase)
        case "histogram":
            return _histogram(evidence, objective, phase)
    return _counter(evidence, objective, phase, evidence.metrics.parts(METRICS[name].component))


@measures("elections")
def elections(evidence: Evidence, objective: Objective, phase: Phase) -> Measured:
    """Return how many changes of the leader those members saw that were not started in the phase."""
    metrics = evidence.metrics
    lost = metrics.scraped.doubt or metrics.exits.doubt
    if words := lost or _doubt(evidence, objective.series, phase):
        return Measured.unknown(words)
    return _counter(evidence, objective, phase, metrics.steady_members(phase))


def _gauge(evidence: Evidence, objective: Objective, phase: Phase) -> Measured:
    metric, metrics = METRICS[objective.series], evidence.metrics
    family = metrics.family(objective.series)
    assert family
    readings = [
        GaugeReading(scrape.time, component, families.sum_of(scrape, family))
        for component in metrics.parts(metric.component)
        for scrape in metrics.scrapes_of(component)
        if phase.holds(scrape.time)
    ]
    trace = combine(readings, metric.across)
    return at_worst(trace, objective, phase, evidence.holds_from(objective, phase))


def _histogram(evidence: Evidence, objective: Objective, phase: Phase) -> Measured:
    assert objective.statistic
    share = float(objective.statistic.removeprefix("p")) / 100
    most = _buckets(evidence.metrics, objective.series, phase, least=False)
    if not _is_told(evidence.metrics, objective.series):
        value = quantile(most, share)
        return Measured(value) if value is not None else _nothing(objective)
    least = _buckets(evidence.metrics, objective.series, phase, least=True)
    bounds = told.quantile_bounds(least, most, share)
    return (
        told.bounded(*bounds)
        if bounds
        else _nothing(objective, " between two scrapes within the phase")
    )


def _nothing(objective: Objective, where: str = "") -> Measured:
    return Measured.unknown(f"{objective.series}: nothing was observed in it{where}")


def _buckets(metrics: Metrics, series: str, phase: Phase, *, least: bool) -> dict[float, float]:
    """Return what a histogram grew by in a phase, at least or at most."""
    return add_up(
        {float(dict(key[1])["le"]): by}
        for (_, key), by in metrics.grown(series, phase, least=least).items()
        if key[0].endswith("_bucket")
    )


def _counter(
    evidence: Evidence, objective: Objective, phase: Phase, components: Iterable[str]
) -> Measured:
    known = [*components]
    least, most = (
        _grown(evidence.metrics, objective, phase, known, least) for least in (True, False)
    )
    return told.over_phase(least, most, objective, phase)


def _grown(
    metrics: Metrics, objective: Objective, phase: Phase, components: list[str], least: bool
) -> float:
    """Return what a counter of these components together grew by in a phase, at least or at most."""
    by_component = dict.fromkeys(components, 0.0)
    for (component, _), by in metrics.grown(objective.series, phase, least=least).items():
        if component in by_component:
            by_component[component] += by
    return combined(by_component.values(), METRICS[objective.series].across)


def _is_told(metrics: Metrics, series: str) -> bool:
    return bool(metrics.told.of_kind(METRICS[series].component))


def _doubt(evidence: Evidence, name: str, phase: Phase) -> str:
    """Return why a metric is not known in a phase; empty if it is."""
    metrics, exempt = evidence.metrics, evidence.held
    if metrics.scraped.doubt:
        return metrics.scraped.doubt
    metric, family = METRICS[name], metrics.family(name)
    components = metrics.parts(metric.component)
    if not components:
        lacking = metrics.told.lacking(metric.component)
        return lacking or f"the cluster has no {metric.component}"
    silent = (_silence(metrics, component, metric, phase, exempt) for component in components)
    if words := next(filter(None, silent), ""):
        return words
    if family is None:
        version = metrics.cluster.versions.get(metric.component, "")
        return families.unknown(name, metric, version)
    missing = (
        _missing(metrics, component, metric, family, phase, exempt) for component in components
    )
    return next(filter(None, missing), "") or of_another_cluster(evidence, phase)


def _silence(metrics: Metrics, component: str, metric: Metric, phase: Phase, exempt: Exempt) -> str:
    scrapes, every_s = metrics.scrapes_of(component), metrics.told.every_s(component)
    if every_s is not None:
        return told.silent(scrapes, component, phase, every_s)
    words = silence.of_scrapes(scrapes, component, phase, exempt)
    if words or metric.kind == "gauge":
        return words
    return silence.of_edges(scrapes, component, phase, exempt)


def _missing(  # noqa: PLR0917 - of one component in one phase
    metrics: Metrics, component: str, metric: Metric, family: Family, phase: Phase, exempt: Exempt
) -> str:
    if metric.kind == "gauge":
        scrapes = [scrape for scrape in metrics.scrapes_of(component) if phase.holds(scrape.time)]
        return families.missing_gauge(scrapes, family, component, exempt)
    scrapes = metrics.between_edges(component, phase)
    if metrics.told.every_s(component) and (words := told.restarted(scrapes, component, family)):
        return words
    return families.missing_count(scrapes, family, component)
