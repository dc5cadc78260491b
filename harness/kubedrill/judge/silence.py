"""Judge: where nobody watched, in words; what was measured there says nothing."""

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

from kubedrill.clock import SECOND
from kubedrill.judge.found import Found
from kubedrill.judge.pages import Scrape, at_edge
from kubedrill.record.lines import Timed
from kubedrill.record.schedule import Phase
from kubedrill.record.watched import ResourceLook

Exempt = Callable[[str, int], bool]
"""Whether a component (by name) was rightly silent at a time: a fault held it down."""


def of_scrapes(scrapes: Sequence[Scrape], component: str, phase: Phase, exempt: Exempt) -> str:
    """Return why the scrapes of a component in a phase are not whole; empty if they are."""
    within = [scrape for scrape in scrapes if phase.holds(scrape.time)]
    bad = [scrape for scrape in within if not _well(scrape, exempt)]
    if bad:
        second = (bad[0].time - phase.start) / SECOND
        return (
            f"{component} did not answer {len(bad)} of {len(within)} scrapes; the first "
            f"{second:.0f} s into the phase: {bad[0].error}"
        )
    if not within and not exempt(component, phase.start):
        return f"{component} was not scraped in this phase"
    return ""


def of_edges(scrapes: Sequence[Scrape], component: str, phase: Phase, exempt: Exempt) -> str:
    """Return why the scrapes at a phase's edges do not bound what was counted in it."""
    for edge, time in (("start", phase.start), ("end", phase.end)):
        scrape = at_edge(scrapes, time)
        if scrape is None and not exempt(component, time):
            return f"{component} was not scraped at the {edge} of this phase"
        if scrape is not None and not _well(scrape, exempt):
            return (
                f"{component} did not answer the scrape at the {edge} of this phase: {scrape.error}"
            )
    return ""


def of_lines(
    found: Found[Timed],
    phase: Phase,
    file: str,
    hole: int,
    absent: str = "the scraper was not watching",
) -> str:
    """Return that a file says nothing, or for more than so many ns of a phase; empty if it does.

    `absent`: what that means of who writes it.
    """
    if found.doubt:
        return found.doubt
    longest = longest_gap((line.time for line in found.lines), phase)
    if longest <= hole:
        return ""
    return f"{file} has a hole of {longest / SECOND:.1f} s; {absent}"


def of_process(
    lines: Iterable[ResourceLook], component: str, phase: Phase, exempt: Exempt, hole: int
) -> str:
    """Return that a component's process was not measured for more than so many ns of a phase."""
    seen = (
        line.time for line in lines if component in line.processes or exempt(component, line.time)
    )
    longest = longest_gap(seen, phase)
    if longest <= hole:
        return ""
    return f"{component} was not measured for {longest / SECOND:.1f} s of this phase"


def longest_gap(times: Iterable[int], phase: Phase) -> int:
    """Return the longest stretch of a phase without any of these ascending times, in ns."""
    inside = (time for time in times if phase.holds(time))
    return max(after - before for before, after in pairwise([phase.start, *inside, phase.end]))


def _well(scrape: Scrape, exempt: Exempt) -> bool:
    # A fault may begin after the scrape was due, and hit it while it is under way.
    return not scrape.error or any(exempt(scrape.component, at) for at in (scrape.time, scrape.end))
