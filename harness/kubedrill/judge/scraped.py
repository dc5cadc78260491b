"""Judge: whether the scrapes of a phase tell a metric at all; why not, in words."""

from kubedrill.judge import families, silence
from kubedrill.judge.metrics import Metrics
from kubedrill.judge.silence import Exempt
from kubedrill.record.metric import METRICS, Family, Metric
from kubedrill.record.schedule import Phase


def doubt(metrics: Metrics, name: str, phase: Phase, exempt: Exempt) -> str:
    """Return why a metric is not known in a phase; empty if it is."""
    if metrics.scrapes.doubt:
        return metrics.scrapes.doubt
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
    pages = metrics.pages_of(component)
    words = silence.of_pages(pages, component, phase, exempt)
    if words or metric.kind == "gauge":
        return words
    return silence.of_edges(pages, component, phase, exempt)


def _missing(  # noqa: PLR0917 - of one component in one phase
    metrics: Metrics, component: str, metric: Metric, family: Family, phase: Phase, exempt: Exempt
) -> str:
    if metric.kind == "gauge":
        pages = [page for page in metrics.pages_of(component) if phase.holds(page.time)]
        return families.missing_gauge(pages, family, component, exempt)
    return families.missing_count(metrics.between_edges(component, phase), family, component)
