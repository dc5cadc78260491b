"""Judge: how many watches were opened at the apiservers, which count only those that have ended."""

from collections.abc import Callable

from kubedrill.judge import silence, told
from kubedrill.judge.counting import increases
from kubedrill.judge.elsewhere import of_another_cluster
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
    servers = metrics.parts(_SERVER)
    if not servers or metrics.scraped.doubt:
        lacking = metrics.told.lacking(_SERVER) or f"the cluster has no {_SERVER}"
        return Measured.unknown(metrics.scraped.doubt or lacking)
    for server in servers:
        if words := _silent(metrics, server, phase, evidence.held):
            return Measured.unknown(words)
    if words := of_another_cluster(evidence, phase):
        return Measured.unknown(words)
    least, most = (
        sum(_opened(metrics, server, phase, least) for server in servers) for least in (True, False)
    )
    return told.over_phase(least, most, objective, phase)


def _silent(metrics: Metrics, server: str, phase: Phase, exempt: Callable[..., bool]) -> str:
    scrapes, known = metrics.scrapes_of(server), metrics.between_edges(server, phase)
    every_s = metrics.told.every_s(server)
    if every_s is None:
        words = silence.of_edges(scrapes, server, phase, exempt)
    else:
        words = told.silent(scrapes, server, phase, every_s)
        words = words or told.restarted(known, server, ENDED)
    if words:
        return words
    good = [scrape for scrape in known if not scrape.error]
    if any(_so_far(scrape) is None for scrape in good):
        return f"{server} did not say {OPEN.name}, how many watches are open"
    return ""


def _opened(metrics: Metrics, server: str, phase: Phase, least: bool) -> float:
    """Return how many were opened at one; one that is started anew begins with none."""
    known = (_so_far(scrape) for scrape in metrics.between_edges(server, phase, least=least))
    return sum(
        increases([{server: float(so_far)} for so_far in known if so_far is not None]).values()
    )


def _so_far(scrape: Scrape) -> float | None:
    """Return how many were opened since it began: those that are open, and those that have ended."""
    now = sum_of(scrape, OPEN)
    return None if now is None else now + (sum_of(scrape, ENDED) or 0.0)
