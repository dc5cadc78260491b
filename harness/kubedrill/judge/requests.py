"""Judge: the numbers of a set of requests: latencies, rates, failures, lateness."""

from collections import Counter

import numpy as np

from kubedrill.record.sample import LATE, LIMITS, Records, outcome_name
from kubedrill.record.schedule import Phase
from kubedrill.record.traces import Flags, Floats, failed, left_out, succeeded

SHOWN = ("p50", "p90", "p99", "p99.9", "max", "mean")
"""What reports show of a distribution."""


def all_due_in(records: Records, phase: Phase) -> Records:
    """Return the requests whose intended start lies in the phase."""
    due = records["intended"]
    found: Records = records[(due >= phase.start) & (due < phase.end)]
    return found


def due_in(records: Records, phase: Phase) -> Records:
    """Return the requests whose intended start lies in the phase, without those left out."""
    due = all_due_in(records, phase)
    found: Records = due[~left_out(due)]
    return found


def latencies(records: Records) -> Floats:
    """Return every latency in seconds from the intended start, sorted; none without a success.

    A failure counts as at least as slow as the slowest success: what never got its answer must not
    make a distribution look better. Without a success there is nothing that it could be as slow as.
    """
    seconds = records["total_us"] / 1e6
    good, lost = succeeded(records), failed(records)
    if not good.any():
        return np.empty(0)
    seconds[lost] = np.maximum(seconds[lost], seconds[good].max())
    return np.sort(seconds)


def percentile(ordered: Floats, name: str) -> float:
    """Return the nearest-rank percentile (`p99.9`) of sorted values; at least one must be there."""
    tenths = round(float(name.removeprefix("p")) * 10)  # integers: 0.7 * 10 is above 7 in floats
    rank = -(-tenths * len(ordered) // 1000)
    return float(ordered[max(rank, 1) - 1])


def of_distribution(ordered: Floats, name: str) -> float:
    """Return p50 ... p99.9, max or mean of sorted values; at least one must be there."""
    match name:
        case "max":
            return float(ordered[-1])
        case "mean":
            return float(ordered.mean())
    return percentile(ordered, name)


def shown(ordered: Floats) -> dict[str, float]:
    """Return the statistics that reports show; none of an empty distribution."""
    return {name: of_distribution(ordered, name) for name in SHOWN} if len(ordered) else {}


def statistic(records: Records, name: str, seconds: float) -> float | None:
    """Return a statistic of record.series of the requests due in a stretch of `seconds`.

    None of a latency where no request was answered.
    """
    match name:
        case "count":
            return float(len(records))
        case "rate":
            return float(succeeded(records).sum()) / seconds
        case "failed":
            return float(failed(records).sum())
        case "error_rate":
            return float(failed(records).mean())
    ordered = latencies(records)
    return of_distribution(ordered, name) if len(ordered) else None


def errors(records: Records) -> dict[str, int]:
    """Return how many failed in each error class, the most frequent first."""
    classes = Counter(outcome_name(int(outcome)) for outcome in records["outcome"][failed(records)])
    return dict(classes.most_common())


def late_share(records: Records) -> float:
    """Return the share of arrivals that started more than 250 ms late, or never; 0 of none."""
    late = (records["wait_us"] > LATE // 1000) | never_sent(records)
    return float(late.mean()) if len(records) else 0.0


def never_sent(records: Records) -> Flags:
    """Mark what the generator's own limits kept from being sent."""
    kept: Flags = np.isin(records["outcome"], LIMITS)
    return kept
