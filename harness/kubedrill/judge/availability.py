"""Judge: availability of every path and verb in a phase, under several named definitions."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from kubedrill.clock import SECOND
from kubedrill.figures.traces import failed, outages, succeeded
from kubedrill.judge.probes import Probes, longest_s
from kubedrill.judge.requests import errors, latencies, shown
from kubedrill.record.objective import Objective
from kubedrill.record.sample import Records
from kubedrill.record.schedule import Phase
from kubedrill.record.series import APISERVER_PREFIX, SCORED
from kubedrill.record.verdict import AvailabilityResult

WINDOWS = {"minutes": 60 * SECOND, "5 minutes": 300 * SECOND}
"""Definitions that providers' agreements use: a window is down only if every request in it failed."""

_FRESH = {"connection": "fresh", "level": "prober"}
_BALANCED: dict[str, dict[str, str | tuple[str, ...]]] = {
    "availability": {**_FRESH},
    "availability.reads": {**_FRESH, "verb": "read"},
    "availability.writes": {**_FRESH, "verb": "write"},
    "availability.kept": {"connection": "kept", "level": "prober"},
    "availability.victim": {"level": "load"},
}


def availability(probes: Probes, phase: Phase) -> Iterator[AvailabilityResult]:
    """Yield each lane of probes under each definition."""
    for number, lane in enumerate(probes.lanes):
        records = probes.lane(number, phase)
        every = probes.records[probes.records["series"] == number]
        longest = longest_s(outages(every), phase)
        found: dict[str, Any] = {
            "phase": phase.name,
            "path": lane.path,
            "connection": lane.connection,
            "verb": lane.verb,
            "level": lane.level,
            "probes": len(records),
            "failed": int(failed(records).sum()),
            "longest_outage_s": longest,
            "errors": errors(records),
            "latency_s": shown(latencies(records)),
        }
        for definition, value in shares(records, phase).items():
            yield AvailabilityResult(definition=definition, value=value, **found)


def shares(records: Records, phase: Phase) -> dict[str, float | None]:
    """Return the availability of these probes, 0..1, by definition; None without a probe.

    probes: share of probes answered in time. seconds: share of seconds without a failed probe.
    minutes, 5 minutes: share of windows in which at least one probe was answered.
    """
    if not len(records):
        return dict.fromkeys(("probes", "seconds", *WINDOWS))
    lost, good = failed(records), succeeded(records)
    second, seconds = _windows(records, phase, SECOND)
    found: dict[str, float | None] = {"probes": float(good.mean())}
    found["seconds"] = 1 - len(np.unique(second[lost])) / seconds
    for name, length in WINDOWS.items():
        window, _ = _windows(records, phase, length)
        found[name] = len(np.unique(window[good])) / len(np.unique(window))
    return found


def share_of(objective: Objective, probes: Probes, phase: Phase) -> float | None:
    """Return what an objective on `availability...` asks for; None without a probe.

    Where the objective means several lanes, such as reads and writes, the worst counts.
    """
    found = [
        shares(probes.lane(number, phase), phase)["probes"]
        for number, lane in enumerate(probes.lanes)
        if lane.matches(**_meant(objective.series))
    ]
    known = [share for share in found if share is not None]
    return min(known) if known and len(known) == len(found) else None


def _meant(series: str) -> dict[str, str | tuple[str, ...]]:
    """Return the attributes of the lanes that an objective's series means."""
    if series.startswith(APISERVER_PREFIX):
        return {"path": series.removeprefix("availability."), "level": "prober", "verb": SCORED}
    return {"path": "balancer", "verb": SCORED, **_BALANCED[series]}


def _windows(records: Records, phase: Phase, length: int) -> tuple[np.ndarray, int]:
    window = (records["intended"].astype(np.int64) - phase.start) // length
    return window, -(-(phase.end - phase.start) // length)
