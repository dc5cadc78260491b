"""Judge: metrics that components tell of themselves, and etcd's elections."""

from collections.abc import Iterable

from kubedrill.judge import families, silence
from kubedrill.judge.counting import add_up, over_phase, quantile
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
    if words := _doubt(evidence.metrics, name, phase, evidence.held):
        return Measured.unknown(words)
    match METRICS[name].kind:
        case "gauge":
            return _gauge(evidence, objective, phase)
        case "histogram":
            return _histogram(evidence, objective, phase)
    components = (component.name for component in evidence.cluster.of_kind(METRICS[name].component))
    return _counter(evidence, objective, phase, components)


@measures("elections")
def elections(evidence: Evidence, objective: Objective, phase: Phase) -> Measured:
    """Return how many changes of the leader those members saw that were not started in the phase."""
    metrics = evidence.metrics
    told = metrics.scraped.doubt or metrics.exits.doubt
    if words := told or _doubt(metrics, objective.series, phase, evidence.held):
        return Measured.unknown(words)
    return _counter(evidence, objective, phase, metrics.steady_members(phase))


def _gauge(evidence: Evidence, objective: Objective, phase: Phase) -> Measured:
    metric, metrics = METRICS[objective.series], evidence.metrics
    family = metrics.family(objective.series)
    assert family
    readings = [
        GaugeReading(scrape.time, scrape.component, families.sum_of(scrape, family))
        for component in evidence.cluster.of_kind(metric.component)
        for scrape in metrics.scrapes_of(component.name)
        if phase.holds(scrape.time)
    ]
    trace = combine(readings, metric.across)
    return at_worst(trace, objective, phase, evidence.holds_from(objective, phase))


def _histogram(evidence: Evidence, objective: Objective, phase: Phase) -> Measured:
    assert objective.statistic
    parts = [
        {float(dict(key[1])["le"]): by}
        for (_, key), by in evidence.metrics.grown(objective.series, phase).items()
        if key[0].endswith("_bucket")
    ]
    value = quantile(add_up(parts), float(objective.statistic.removeprefix("p")) / 100)
    if value is None:
        return Measured.unknown(f"{objective.series}: nothing was observed in it")
    return Measured(value)


def _counter(
    evidence: Evidence, objective: Objective, phase: Phase, components: Iterable[str]
) -> Measured:
    by_component = dict.fromkeys(components, 0.0)
    for (component, _), by in evidence.metrics.grown(objective.series, phase).items():
        if component in by_component:
            by_component[component] += by
    grown = combined(by_component.values(), METRICS[objective.series].across)
    return over_phase(grown, objective, phase)


def _doubt(metrics: Metrics, name: str, phase: Phase, exempt: Exempt) -> str:
    """Return why a metric is not known in a phase; empty if it is."""
    if metrics.scraped.doubt:
        return metrics.scraped.doubt
    metric, family = METRICS[name], metrics.family(name)
    components = [component.name for component in metrics.cluster.of_kind(metric.component)]
    if not components:
        return f"the cluster has no {metric.component}"
    silent = (_silence(metrics, component, metric, phase, exempt) for component in components)
    if words := next(filter(None, silent), ""):
        return words
    if family is None:
        version = metrics.cluster.versions.get(metric.component, "")
        return families.unknown(name, metric, version)
    missing = (
        _missing(metrics, component, metric, family, phase, exempt) for component in components
    )
    return next(filter(None, missing), "")


def _silence(metrics: Metrics, component: str, metric: Metric, phase: Phase, exempt: Exempt) -> str:
    scrapes = metrics.scrapes_of(component)
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
    return families.missing_count(metrics.between_edges(component, phase), family, component)
