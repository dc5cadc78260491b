"""A Prometheus that scrapes a cluster: how it is asked, and `prometheus.json`, what it is found to scrape."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from kubedrill.clock import MILLISECOND, SECOND
from kubedrill.record.folder import RunFolder
from kubedrill.record.lines import Amount, Count, Line, read_whole
from kubedrill.record.metric import METRICS, SCRAPES

TOKEN = "KUBEDRILL_PROMETHEUS_TOKEN"  # noqa: S105 - the name of a variable
"""The variable with the token, where a cluster's file names no other."""

Auth = Literal["bearer", "basic"]
Scraped = Literal["kube-apiserver", "etcd", "kube-controller-manager", "kube-scheduler"]
"""The kinds of components that it may be asked about."""

USUAL: Mapping[Scraped, str] = {
    "kube-apiserver": 'job="apiserver"',
    "etcd": 'job=~"etcd|kube-etcd"',
    "kube-controller-manager": 'job="kube-controller-manager"',
    "kube-scheduler": 'job="kube-scheduler"',
}
"""How their series are told apart by kube-prometheus, and by the chart kube-prometheus-stack (kube-etcd)."""

TOLD_SOURCES = (SCRAPES, "elections", "watch_starts")
"""Of a metric: what it is measured from, where that is in a page of metrics and nowhere else."""
NEVER_TOLD = {
    "etcd.leaders": "members are scraped one after the other, so that after an election it may see two "
    "leaders, or none; ask for etcd.elections",
}
"""Metrics that would say what is not so, and what would work."""

CLOCK_BOUND = SECOND
"""How well its clock must be known, ns: as a scrape of ours may be late by."""
BESIDE = 10 * SECOND
"""What it takes besides to be scraped, and to be asked for that."""
SLOWEST_S = 120.0
"""It must scrape at least as often: of rarer samples hardly a phase has any."""


@dataclass(frozen=True, slots=True)
class PrometheusSource:
    """Where a Prometheus is, and which of its series are those of the cluster's components."""

    url: str
    """What `/api/v1/query` is added to."""
    select: dict[Scraped, str] = field(default_factory=dict)
    """By kind of component, matchers of PromQL: `job="apiserver"`."""
    token_env: str = TOKEN
    """The variable of the environment that holds the token, or USER:PASSWORD; it need not be set."""
    auth: Auth = "bearer"
    """As what that is sent."""
    ca_file: str = ""
    """Authorities that its certificate is proven by; "": those of the system."""

    @property
    def token(self) -> dict[str, str]:
        """That variable and what it holds; nothing if it is not set."""
        value = os.environ.get(self.token_env, "").strip()
        return {self.token_env: value} if value else {}

    def matchers(self, kind: str) -> str:
        """Return how the series of a kind of component are told apart; KeyError if it is not asked about."""
        return {str(known): text for known, text in self.select.items()}[kind]

    def tells(self, series: str) -> bool:
        """Whether it is asked for what this series is measured from."""
        metric = METRICS.get(series)
        return (
            metric is not None
            and metric.source in TOLD_SOURCES
            and metric.component in self.select
            and series not in NEVER_TOLD
        )


def series_of(names: Iterable[str], matchers: str) -> str:
    """Return the PromQL selector of all series with these names and matchers."""
    return f'{{__name__=~"{"|".join(names)}",{matchers}}}'


def family_names(series: str) -> tuple[str, ...]:
    """Return the names of the series by which an objective's is measured, in whatever release."""
    families = METRICS[series].families
    suffixes = ("_bucket",) if METRICS[series].kind == "histogram" else ("",)
    return tuple(
        dict.fromkeys(
            name
            for family in families
            for name in (*(f"{family.name}{suffix}" for suffix in suffixes), *family.witnesses)
        )
    )


class ScrapedTarget(Line):
    """One component as Prometheus knows it."""

    name: str
    """As scrapes and verdicts call it: `etcd-10.0.0.1:2379`, by kind and instance."""
    kind: Scraped
    labels: dict[str, str]
    """All of its target's, among them `instance`."""
    every_s: Amount
    """How often it is scraped."""


class PrometheusTold(Line):
    """`prometheus.json`: written before the scraper is started."""

    url: str
    targets: tuple[ScrapedTarget, ...]
    clock_ahead: int
    """Its wall clock less our monotonic clock, ns."""
    clock_within: Count
    """How far that may be off, ns: half of the round trip."""

    def of_kind(self, kind: str) -> list[ScrapedTarget]:
        """Return the components of one kind."""
        return [target for target in self.targets if target.kind == kind]

    @property
    def slowest_s(self) -> float:
        """How often the component is scraped that is scraped least."""
        return max((target.every_s for target in self.targets), default=0.0)

    @property
    def clock_ms(self) -> int:
        """How far what is known of its clock may be off, in whole milliseconds."""
        return -(-self.clock_within // MILLISECOND)

    @property
    def patience(self) -> int:
        """How long after the last phase a scrape of each component is waited for, ns."""
        return round(2 * self.slowest_s * SECOND) + BESIDE

    @classmethod
    def read(cls, folder: RunFolder) -> "PrometheusTold":
        """Read `prometheus.json`; MissingEvidence or BadEvidence if it is missing or none."""
        return read_whole(folder.prometheus, cls)


def patience(folder: RunFolder) -> int:
    """Return how long after the last phase a drill waits for its Prometheus to scrape, ns."""
    return PrometheusTold.read(folder).patience + BESIDE if folder.prometheus.exists() else 0
