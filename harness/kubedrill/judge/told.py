"""Judge: what a Prometheus told of components: at its own times, so that what is counted has bounds.

Our scraper looks at the edges of each phase; Prometheus scrapes when it does. What a counter grew by in a
phase lies between what it grew by from the first scrape within it to the last, and from the last before it
to the first after it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from kubedrill.clock import SECOND
from kubedrill.judge.counting import as_asked, quantile
from kubedrill.judge.families import SUFFIXES
from kubedrill.judge.measured import Measured
from kubedrill.judge.pages import Scrape
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.folder import RunFolder
from kubedrill.record.lines import BadEvidence, MissingEvidence
from kubedrill.record.metric import APISERVER, Family
from kubedrill.record.objective import Objective
from kubedrill.record.prometheus import PrometheusTold, ScrapedTarget
from kubedrill.record.schedule import Phase, allowed_hole

EDGES = "Prometheus did not scrape at the phase's edges: the rest may be of the phases beside it"


@dataclass(frozen=True, slots=True)
class ToldScrapes:
    """Whom a Prometheus told of, if one was asked."""

    asked: frozenset[str] = frozenset()
    """The kinds of components."""
    told: PrometheusTold | None = None
    doubt: str = ""
    """Why nothing is known of these kinds; empty if something is."""

    @classmethod
    def read(cls, folder: RunFolder, cluster: ClusterRecord) -> "ToldScrapes":
        """Read `prometheus.json`, where the cluster has a Prometheus; a doubt if that says nothing."""
        if cluster.prometheus is None:
            return cls()
        asked = frozenset(cluster.prometheus.select)
        try:
            return cls(asked, PrometheusTold.read(folder))
        except MissingEvidence:
            return cls(asked, doubt="Prometheus told nothing when the drill began")
        except BadEvidence as bad:
            return cls(asked, doubt=bad.within(folder.path))

    def of_kind(self, kind: str) -> list[ScrapedTarget]:
        """Return the components of one kind."""
        return self.told.of_kind(kind) if self.told else []

    def every_s(self, component: str) -> float | None:
        """Return how often a component was scraped, in seconds; None if that was us."""
        targets = self.told.targets if self.told else ()
        return next((target.every_s for target in targets if target.name == component), None)

    def lacking(self, kind: str) -> str:
        """Return why nothing is known of a kind that it was asked about; empty if something is."""
        if kind not in self.asked or self.of_kind(kind):
            return ""
        return self.doubt or f"Prometheus scraped no {kind} when the drill began"

    def notes(self) -> Iterator[str]:
        """Yield what a reader must know of what was told."""
        if self.told is None:
            return
        kinds = dict.fromkeys(target.kind for target in self.told.targets)
        for kind in kinds:
            every = {target.every_s for target in self.told.of_kind(kind)}
            yield (
                f"{kind}: its metrics are those that Prometheus scraped, every {max(every):g} s: what is "
                "counted in a phase is bounded by the scrapes on both sides of its edges"
            )
        if kinds and APISERVER not in kinds:
            yield "Prometheus told of no apiserver: nothing shows that the rest is of this cluster"
        if kinds:
            yield (
                f"Prometheus at {self.told.url}: its clock was known to {self.told.clock_ms} ms when "
                "the drill began"
            )


def around(scrapes: Sequence[Scrape], phase: Phase) -> list[Scrape]:
    """Return the good scrapes from the last that was over when a phase began to the first after its end."""
    good = [scrape for scrape in scrapes if not scrape.error]
    before = [scrape for scrape in good if scrape.end < phase.start][-1:]
    after = [scrape for scrape in good if scrape.time >= phase.end][:1]
    first = before[0].time if before else phase.start
    last = after[0].time if after else phase.end
    return [scrape for scrape in good if first <= scrape.time <= last]


def within(scrapes: Sequence[Scrape], phase: Phase) -> list[Scrape]:
    """Return the good scrapes that surely began and ended in a phase."""
    return [
        scrape
        for scrape in scrapes
        if not scrape.error and phase.start <= scrape.time and scrape.end < phase.end
    ]


def silent(scrapes: Sequence[Scrape], component: str, phase: Phase, every_s: float) -> str:
    """Return why the scrapes that Prometheus made do not bound a phase without a hole; empty if they do."""
    bad = [scrape for scrape in scrapes if scrape.error and phase.holds(scrape.time)]
    if bad:
        second = (bad[0].time - phase.start) / SECOND
        return f"{component}: Prometheus told nothing {second:.0f} s into the phase: {bad[0].error}"
    found = around(scrapes, phase)
    if not found or found[0].end >= phase.start or found[-1].time < phase.end:
        edge = "end" if found and found[0].end < phase.start else "start"
        return f"{component} was not scraped by Prometheus at the {edge} of this phase"
    longest = max(after.time - before.time for before, after in pairwise(found))
    if longest > allowed_hole(every_s):
        return (
            f"{component} was not scraped by Prometheus for {longest / SECOND:.0f} s, and is every "
            f"{every_s:g} s"
        )
    return ""


def restarted(scrapes: Sequence[Scrape], component: str, family: Family) -> str:
    """Return that a component counts anew since a scrape, as its counters fell or are gone; or "".

    What it had counted since the scrape before is not known then, so that nothing bounds it.
    """
    names = {f"{family.name}{suffix}" for suffix in SUFFIXES}
    for before, after in pairwise(scrapes):
        kept = {key: value for key, value in before.values.items() if key[0] in names}
        if any(after.values.get(key, -1.0) < value for key, value in kept.items()):
            return (
                f"{component} was started anew, and Prometheus does not tell what it had counted "
                f"{(after.time - before.time) / SECOND:.0f} s before"
            )
    return ""


def bounded(least: float, most: float) -> Measured:
    """Return a value that is known to be at least and at most so much."""
    return Measured(least) if least == most else Measured(least, most=most, note=EDGES)


def over_phase(least: float, most: float, objective: Objective, phase: Phase) -> Measured:
    """Return what was counted in a phase, or that a second, as the objective asks."""
    return bounded(as_asked(least, objective, phase), as_asked(most, objective, phase))


def quantile_bounds(
    least: Mapping[float, float], most: Mapping[float, float], share: float
) -> tuple[float, float] | None:
    """Return between what the quantile lies of a histogram that holds at least this, and at most that.

    Each {upper bound: cumulative count}. None if it may be empty.
    """
    bounds = sorted(most)
    if not bounds or least.get(bounds[-1], 0.0) <= 0:
        return None
    all_least, all_most = least[bounds[-1]], most[bounds[-1]]
    below = {bound: (least.get(bound, 0.0), most[bound]) for bound in bounds}
    # What may or may not belong to it lies above a bound for the one, and below it for the other.
    slow = {b: low / (low + all_most - high) for b, (low, high) in below.items()}
    fast = {b: high / (high + all_least - low) for b, (low, high) in below.items()}
    lowest, highest = quantile(fast, share), quantile(slow, share)
    assert lowest is not None
    assert highest is not None
    return lowest, highest
