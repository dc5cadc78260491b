"""Client: which components of a cluster a Prometheus scrapes, how often, and how well its clock is known."""

import statistics
from collections.abc import Collection, Iterator
from itertools import pairwise

from kubedrill.client.prometheus import (
    ClockReading,
    PrometheusApi,
    PrometheusError,
    SeriesSamples,
)
from kubedrill.clock import SECOND, now
from kubedrill.record.prometheus import (
    CLOCK_BOUND,
    SLOWEST_S,
    PrometheusSource,
    PrometheusTold,
    Scraped,
    ScrapedTarget,
)
from kubedrill.record.schedule import allowed_hole

BACK_S = 5 * SLOWEST_S / 2
"""So far back scrapes are looked for: there are two, however rare they may be."""
FEWEST = 2
"""So many scrapes tell how often there are some."""


def known_clock(api: PrometheusApi, within: int = CLOCK_BOUND) -> ClockReading:
    """Read a clock as well as it can be; PrometheusError if that is not well enough.

    Over a connection that is there already: the first answer may have waited for one.
    """
    read = min((api.clock() for _ in range(2)), key=lambda reading: reading.within)
    if read.within > within:
        raise PrometheusError(
            f"its clock is known to {read.within / SECOND:.1f} s only, since it answers slowly; "
            f"{within / SECOND:g} s may be"
        )
    return read


def look_at(
    api: PrometheusApi, source: PrometheusSource, needed: Collection[str] = ()
) -> PrometheusTold:
    """Return what it scrapes of a cluster; of kinds that are not needed, what can be made use of.

    PrometheusError where a component of a kind that is needed is not scraped well.
    """
    clock = known_clock(api)
    targets: list[ScrapedTarget] = []
    for kind, matchers in source.select.items():
        try:
            targets += _targets(api, kind, matchers, now() + clock.ahead)
        except PrometheusError:
            if kind in needed:
                raise
    return PrometheusTold(
        url=source.url,
        targets=tuple(targets),
        clock_ahead=clock.ahead,
        clock_within=clock.within,
    )


def _targets(api: PrometheusApi, kind: Scraped, matchers: str, wall: int) -> list[ScrapedTarget]:
    selector = f"up{{{matchers}}}"
    found = [*_present(api.samples(selector, BACK_S), wall)]
    if not found:
        raise PrometheusError(
            f"{kind}: it scrapes none: {selector} has no sample of late; "
            f"say in select how its series are told apart"
        )
    known: dict[str, ScrapedTarget] = {}
    for labels, every_s, is_up in found:
        instance = labels.get("instance", "")
        if not instance or instance in known:
            raise PrometheusError(
                f'{kind}: {selector} is several series of instance "{instance}", as of several '
                "clusters, jobs or replicas; say in select how those of this cluster are told apart"
            )
        if every_s > SLOWEST_S:
            raise PrometheusError(
                f"{kind}: it scrapes {instance} every {every_s:g} s; {SLOWEST_S:g} s may be"
            )
        if not is_up:
            raise PrometheusError(f"{kind}: it cannot scrape {instance} just now: {selector} is 0")
        known[instance] = ScrapedTarget(
            name=f"{kind}-{instance}", kind=kind, labels=labels, every_s=every_s
        )
    return [known[instance] for instance in sorted(known)]


def _present(found: list[SeriesSamples], wall: int) -> Iterator[tuple[dict[str, str], float, bool]]:
    """Yield labels, interval in seconds, and whether it is up, of each target that is still scraped."""
    for labels, samples in found:
        times = [time for time, _ in samples]
        target = {name: value for name, value in labels.items() if name != "__name__"}
        if len(times) < FEWEST:
            raise PrometheusError(
                f"it has scraped {target.get('instance', '')} only once so far; try again in a minute"
            )
        every_s = statistics.median(after - before for before, after in pairwise(times)) / SECOND
        if wall - times[-1] <= allowed_hole(every_s):
            yield target, round(every_s, 1), float(samples[-1][1]) == 1
