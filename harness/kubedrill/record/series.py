"""What objectives may measure: each series, its statistics, their units, and how they read in words."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

from kubedrill.reading.units import EXAMPLES
from kubedrill.record.metric import METRICS, Metric
from kubedrill.words import did_you_mean

SCORED = ("read", "write")
"""Verbs of the probes whose failures count; a stale read shows how old an answer was."""


EXEMPT = "exempt"
"""The priority level of break-glass: none of its requests waits for a seat."""


def scored(verb: str, level: str) -> bool:
    """Whether a probe is scored: reads and writes in the prober's own priority level, on every path.

    Not so the victim's, in the load's level, those of break-glass, nor stale reads.
    """
    return verb in SCORED and level == "prober"


PERCENTILES = ("p50", "p90", "p95", "p99", "p99.9")
_LATENCY: dict[str | None, str] = dict.fromkeys((*PERCENTILES, "max", "mean"), "s")
_LOAD: dict[str | None, str] = {**_LATENCY, "rate": "1/s", "error_rate": "ratio", "count": "1"}
_CPU: dict[str | None, str] = {"count": "s", "rate": "cpu"}
_PROBE: dict[str | None, str] = {"failed": "1", "count": "1"}

STATISTICS: dict[str, str] = {
    "p50": "the median",
    "p90": "the 90th percentile",
    "p95": "the 95th percentile",
    "p99": "the 99th percentile",
    "p99.9": "the 99.9th percentile",
    "max": "the largest value",
    "min": "the smallest value",
    "mean": "the mean",
    "rate": "the rate",
    "pace": "the pace",
    "error_rate": "the share of failures",
    "count": "the number",
    "failed": "the number of failures",
    "longest": "the longest",
}
"""Every statistic, in words."""


Kind = Literal["requests", "availability", "gauge", "counter", "histogram", "fault"]
_NAME = re.compile(r"[a-z][a-z0-9_-]*(\.[a-z][a-z0-9_-]*)*")


@dataclass(frozen=True, slots=True)
class Series:
    """Something measured. `statistics`: each allowed statistic (None: none is written) and its unit."""

    name: str
    statistics: Mapping[str | None, str]
    words: str
    kind: Kind
    source: str
    """What it is measured from; the judge has one measurer for each source."""
    whole: bool = True
    """Whether what has the unit 1 is counted, and no multiple of something."""


_AVAILABLE = "answered within the deadline, on fresh connections through the load balancer"
BUILT_IN: dict[str, Series] = {
    built_in.name: built_in
    for built_in in (
        Series(
            "probe",
            _PROBE,
            "all scored probes: reads and writes, on every path",
            "requests",
            "probes",
        ),
        Series(
            "probe.read",
            {**_PROBE, **_LATENCY},
            "the scored read probes",
            "requests",
            "probes",
        ),
        Series(
            "probe.write",
            {**_PROBE, **_LATENCY},
            "the scored write probes",
            "requests",
            "probes",
        ),
        Series(
            "availability",
            {None: "ratio"},
            f"the share {_AVAILABLE}, of reads or of writes, whichever is worse",
            "availability",
            "availability",
        ),
        Series(
            "availability.reads",
            {None: "ratio"},
            f"the share of reads {_AVAILABLE}",
            "availability",
            "availability",
        ),
        Series(
            "availability.writes",
            {None: "ratio"},
            f"the share of writes {_AVAILABLE}",
            "availability",
            "availability",
        ),
        Series(
            "availability.kept",
            {None: "ratio"},
            "the share answered within the deadline on kept connections, reads or writes, "
            "whichever is worse",
            "availability",
            "availability",
        ),
        Series(
            "availability.victim",
            {None: "ratio"},
            "the share answered within the deadline in the load's own priority level",
            "availability",
            "availability",
        ),
        Series(
            "unavailable",
            {"longest": "s"},
            "outage in which no probe through the load balancer was answered",
            "availability",
            "outages",
        ),
        Series(
            "degraded",
            {"longest": "s"},
            "stretch from the first failing probe to the last",
            "availability",
            "outages",
        ),
        Series(
            "staleness",
            {**dict.fromkeys((*PERCENTILES, "max"), "s")},
            "how old an answer with resourceVersion=0 was",
            "requests",
            "staleness",
        ),
        Series(
            "fault.time_to_detect",
            {None: "s"},
            "the time from a fault's injection until the cluster had noticed it",
            "fault",
            "faults",
        ),
        Series(
            "fault.time_to_recover",
            {None: "s"},
            "the time from a fault's undo until all was well again",
            "fault",
            "faults",
        ),
    )
}

BESIDE: dict[str, Series] = {
    "cpu": Series(
        "cpu", _CPU, "the CPU that the load {}'s own processes use", "counter", "generators"
    ),
    "spread": Series(
        "spread",
        {None: "1"},
        "the answers of the busiest apiserver to the load {}, as a multiple of an even share",
        "requests",
        "answerers",
        whole=False,
    ),
}
"""What each load has beside its requests, by the word after its name."""

APISERVER_PREFIX = "availability.apiserver-"
"""`availability.apiserver-a`: the probes sent straight to the apiserver of zone a."""


_ZONE_STATE = re.compile(r"zone\.(?P<zone>[^.]+)\.state")


_AGENT = re.compile(r"agent\.(?P<agent>[a-z0-9-]+)\.requests")


def agent_in(name: str) -> str:
    """Return the program whose requests a series counts: `kubelet` of `agent.kubelet.requests`; or ""."""
    found = _AGENT.fullmatch(name)
    return found["agent"] if found else ""


def zone_of(name: str) -> str:
    """Return the zone that a series is about: `a` of `zone.a.state`, `availability.apiserver-a`; or ""."""
    if found := _ZONE_STATE.fullmatch(name):
        return found["zone"]
    return name.removeprefix(APISERVER_PREFIX) if name.startswith(APISERVER_PREFIX) else ""


def declare(series: Series) -> None:
    """Let objectives name one more series; ValueError if there is one of its name, or nobody could use it."""
    if find_series(series.name, ()) is not None:
        raise ValueError(f"there is a series {series.name} already")
    if not _NAME.fullmatch(series.name):
        raise ValueError(
            f'"{series.name}" cannot name a series; words of a-z, 0-9, _ and -, as queue.depth'
        )
    if series.kind not in get_args(Kind):
        raise ValueError(
            f"{series.name}: no kind {series.kind}{did_you_mean(series.kind, get_args(Kind))}"
        )
    for statistic, unit in series.statistics.items():
        if statistic is not None and statistic not in STATISTICS:
            known = did_you_mean(statistic, STATISTICS)
            raise ValueError(f"{series.name}: no statistic {statistic}{known}")
        if unit not in EXAMPLES:
            raise ValueError(f"{series.name}: no unit {unit}{did_you_mean(unit, EXAMPLES)}")
    BUILT_IN[series.name] = series


def reserved() -> frozenset[str]:
    """Return the first words of built-in series; no load may have one as its name."""
    heads = {name.partition(".")[0] for name in (*BUILT_IN, *METRICS)}
    return frozenset(heads | {"agent", "host", "eventually", "load", "zone"})


def load_series(load: str, series: Sequence[str]) -> list[str]:
    """Return the names of a load's series: `as: writes` of a profile's `write`, `write.seen` has a
    `writes` and a `writes.seen`.
    """
    return [load + name.removeprefix(series[0]) for name in series]


UNREAD: list[str] = []
"""Why what should have declared series could not be imported, in words."""


def unread() -> str:
    """Return, for the end of a message on an unknown series, why that may be; or ""."""
    return "".join(f" ({why})" for why in UNREAD)


def find_series(name: str, loads: Iterable[str]) -> Series | None:
    """Return the series of that name, `loads` being the names of the series of all loads."""
    if name in loads:
        return Series(name, _LOAD, f"the load {name}", "requests", "loads")
    load = load_beside(name)
    if load in loads:
        beside = BESIDE[name.removeprefix(f"{load}.")]
        return replace(beside, name=name, words=beside.words.format(load))
    if name in METRICS:
        return _metric_series(name, METRICS[name])
    if zone := zone_of(name):
        return _series_of_zone(name, zone)
    if agent := agent_in(name):
        words = f"requests of {agent}, by its user agent"
        return Series(name, {None: "1", "count": "1", "rate": "1/s"}, words, "counter", "asked")
    return BUILT_IN.get(name)


def _series_of_zone(name: str, zone: str) -> Series:
    if name.startswith(APISERVER_PREFIX):
        words = f"the share answered within the deadline by the apiserver of zone {zone}"
        return Series(name, {None: "ratio"}, words, "availability", "availability")
    words = f"how many nodes of zone {zone} are not Ready: 0 for Normal, 1 for Partial, 2 for Full disruption"
    return Series(name, dict.fromkeys((None, "max", "min"), "1"), words, "gauge", "zone_state")


def named(name: str) -> Series:
    """Return the series of a name that is right; what is no built-in series is a load's."""
    load = load_beside(name) or name
    series = find_series(name, []) or find_series(name, [load])
    assert series is not None
    return series


def load_beside(name: str) -> str:
    """Return the load beside whose requests a series of that name would be, `list` of `list.cpu`; or ""."""
    load, _, what = name.partition(".")
    return load if what in BESIDE else ""


def spelled(loads: Iterable[str]) -> list[str]:
    """Return all that may stand left of an operator: `list.p99`, `availability.reads` ..."""
    names = list(loads)
    beside = [f"{name}.{what}" for name in names if "." not in name for what in BESIDE]
    return [
        f"{name}.{statistic}" if statistic else name
        for name in (*names, *beside, *BUILT_IN, *METRICS)
        for series in (find_series(name, names),)
        if series is not None
        for statistic in series.statistics
    ]


def _metric_series(name: str, metric: Metric) -> Series:
    statistics: dict[str | None, str]
    match metric.kind:
        case "gauge":
            statistics = dict.fromkeys((None, "max", "min"), metric.unit)
        case "histogram":
            statistics = dict.fromkeys(PERCENTILES, metric.unit)
        case "counter":
            statistics = _counter_statistics(metric)
    return Series(name, statistics, metric.doc, metric.kind, metric.source)


def _counter_statistics(metric: Metric) -> dict[str | None, str]:
    if metric.unit == "cpu":  # CPU-seconds in all, cores as a rate
        return {None: "s", "count": "s", "rate": "cpu"}
    rate = {"bytes": "bytes/s"}.get(metric.unit, "1/s")
    return {None: metric.unit, "count": metric.unit, "rate": rate}
