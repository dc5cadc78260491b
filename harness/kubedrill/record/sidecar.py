"""What the numbers in samples mean: the `.json` beside each file of them."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from kubedrill.record.lines import Amount, Count, Json, Line


def _role(given: object) -> object:
    # What runs of 0.1 and profiles of that time say of all parts, of a list or not.
    return "part" if given == "page" else given


class LoadSeries(Line):
    """One kind of request of a load."""

    name: str
    verb: str
    role: Annotated[str, BeforeValidator(_role)]
    """transaction: one for each arrival, what objectives are about; part: of one, or beside it; moment:
    beside it as well, and it only happens, without lasting."""


class LoadSidecar(Line):
    """Beside `load-NAME.bin`."""

    series: tuple[LoadSeries, ...]
    """By the records' `series`."""
    targets: tuple[str, ...]
    """By the records' `target`; the first is the unknown one."""
    profile: str
    load: str
    parameters: dict[str, Json] = Field(default_factory=dict)
    worker: Count = 0
    """Which of those that share the load this one is."""
    workers: Count = 1


class ProbeSeries(Line):
    """One kind of probe."""

    name: str
    path: str
    """balancer | apiserver-ZONE"""
    connection: str
    """fresh | kept"""
    verb: str
    """read | write | stale-read"""
    level: str
    """prober | load | exempt: the priority level in which it is served."""


class ProbeSidecar(Line):
    """Beside `probe.bin`."""

    series: tuple[ProbeSeries, ...]
    targets: tuple[str, ...]
    deadline_s: Amount
    rates: dict[str, Amount]
    """By the name of the series, probes a second."""
