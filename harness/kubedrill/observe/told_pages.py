"""Observe: what a Prometheus answers, as the pages of metrics that each component had at each scrape."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from kubedrill.client.prometheus import SeriesSamples
from kubedrill.clock import MILLISECOND, SECOND
from kubedrill.record.metric import METRICS
from kubedrill.record.prometheus import ScrapedTarget

UP, TOOK = "up", "scrape_duration_seconds"
"""What Prometheus notes of each scrape itself: whether there was a page, and how long it took."""


class ToldPage(NamedTuple):
    """What one component told at one scrape."""

    target: ScrapedTarget
    wall: int
    """When the scrape began, ns since 1970 by the clock of Prometheus."""
    took: int
    """How long it took, ns."""
    is_up: bool
    """Whether there was a page at all."""
    text: str
    """In the text format, without the target's own labels."""


def names_of(kind: str) -> tuple[str, ...]:
    """Return the names of all series by which metrics of a kind of component are measured."""
    families = [
        family
        for metric in METRICS.values()
        if metric.component == kind
        for family in metric.families
    ]
    plain = [name for family in families for name in (family.name, *family.witnesses)]
    histograms = [
        family.name
        for metric in METRICS.values()
        if metric.component == kind and metric.kind == "histogram"
        for family in metric.families
    ]
    parts = [f"{name}_{part}" for name in histograms for part in ("bucket", "count", "sum")]
    return tuple(dict.fromkeys((UP, TOOK, *plain, *parts)))


def pages_of(
    found: Iterable[SeriesSamples], targets: Sequence[ScrapedTarget]
) -> tuple[list[ToldPage], list[str]]:
    """Return each scrape of these components, by its time; and the instances besides that are none of them.

    All samples of a scrape have its time.
    """
    by_instance = {target.labels["instance"]: target for target in targets}
    notes: dict[tuple[str, str], dict[int, str]] = defaultdict(dict)
    lines: dict[tuple[str, int], list[str]] = defaultdict(list)
    strangers: list[str] = []
    for labels, samples in found:
        name, instance = labels.get("__name__", ""), labels.get("instance", "")
        target = by_instance.get(instance)
        if target is None or (name == UP and labels != {"__name__": UP, **target.labels}):
            strangers += [instance] if name == UP else []
        elif name in (UP, TOOK):
            notes[instance, name] |= dict(samples)
        else:
            series = _series_text(name, labels, target)
            for wall, value in samples:
                lines[instance, wall].append(f"{series} {value} {wall // MILLISECOND}\n")
    pages = [
        ToldPage(
            target,
            wall,
            round(float(notes[instance, TOOK].get(wall, "0")) * SECOND),
            float(up) == 1,
            "".join(lines[instance, wall]),
        )
        for instance, target in by_instance.items()
        for wall, up in notes[instance, UP].items()
    ]
    return sorted(pages, key=lambda page: page.wall), strangers


def _series_text(name: str, labels: dict[str, str], target: ScrapedTarget) -> str:
    """Return a series as the component's own page has it."""
    own = ",".join(
        f'{label}="{_escaped(value)}"'
        for label, value in labels.items()
        if label != "__name__" and label not in target.labels
    )
    return f"{name}{{{own}}}" if own else name


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
