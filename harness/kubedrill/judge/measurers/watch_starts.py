"""Judge: how many watches were opened at the apiservers, which count only those that have ended."""

from collections.abc import Callable

from kubedrill.judge import silence
from kubedrill.judge.counting import increases, over_phase
from kubedrill.judge.evidence import Evidence
from kubedrill.judge.families import sum_of
from kubedrill.judge.measuring import Measured, measures
from kubedrill.judge.metrics import Metrics
from kubedrill.judge.pages import Scrape
from kubedrill.record.metric import METRICS, Family
from kubedrill.record.objective import Objective
from kubedrill.record.schedule import Phase

ENDED = Family("apiserver_request_total", {"verb": ("WATCH",)})
"""A watch is counted here when it ends."""
[OPEN] = METRICS["apiserver.watches"].families
_SERVER = "kube-apiserver"


@measures("watch_starts")
def starts(evidence: Evidence, objective: Objective, phase: Phase) -> Measured:
    """Return how many watches were opened in a phase, of all apiservers together."""
    metrics = evidence.metrics
    servers = [component.name for component in metrics.cluster.of_kind(_SERVER)]
    if not servers or metrics.scraped.doubt:
        return Measured.unknown(metrics.scraped.doubt or f"the cluster has no {_SERVER}")
    for server in servers:
        if words := _silent(metrics, server, phase, evidence.held):
            return Measured.unknown(words)
    opened = sum(_opened(metrics, server, phase) for server in servers)
    return over_phase(opened, objective, phase)


def _silent(metrics: Metrics, server: str, phase: Phase, exempt: Callable[..., bool]) -> str:
    scrapes = metrics.scrapes_of(server)
    if words := silence.of_edges(scrapes, server, phase, exempt):
        return words
    good = [scrape for scrape in metrics.between_edges(server, phase) if not scrape.error]
    if any(_so_far(scrape) is None for scrape in good):
        return f"{server} did not say {OPEN.name}, how many watches are open"
    return ""


def _opened(metrics: Metrics, server: str, phase: Phase) -> float:
    """Return how many were opened at one; one that is started anew begins with none."""
    told = (_so_far(scrape) for scrape in metrics.between_edges(server, phase))
    return sum(
        increases([{server: float(so_far)} for so_far in told if so_far is not None]).values()
    )


def _so_far(scrape: Scrape) -> float | None:
    """Return how many were opened since it began: those that are open, and those that have ended."""
    now = sum_of(scrape, OPEN)
    return None if now is None else now + (sum_of(scrape, ENDED) or 0.0)
