"""Judge: the numbers of a set of requests: latencies, rates, failures, lateness.

What had no answer yet when the load was cut is a censored observation: it would have taken at least as
long as it had, and nobody knows whether it would have failed. Numbers that depend on it have bounds.
"""

import math
from collections import Counter
from dataclasses import dataclass

import numpy as np

from kubedrill.figures.traces import (
    Flags,
    Floats,
    cut_short,
    failed,
    left_out,
    nearest_rank,
    succeeded,
)
from kubedrill.judge.measured import Measured
from kubedrill.record.objective import Objective
from kubedrill.record.sample import LATE, LIMITS, Outcome, Records, outcome_name
from kubedrill.record.schedule import Phase

SHOWN = ("p50", "p90", "p99", "p99.9", "max", "mean")
"""What reports show of a distribution."""

_HINTS = {
    "http 404": "the API knows of no such resource; is its CustomResourceDefinition installed?",
    "http 403": "RBAC does not allow it",
}
"""What it means when every request fails in one way."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """A number that is known, or only between these; inf: as much as you like."""

    least: float
    most: float

    @classmethod
    def exact(cls, value: float) -> "Bounds":
        """Return a number that is known."""
        return cls(value, value)


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


def asked_in(records: Records, phase: Phase) -> Records:
    """Return the requests whose intended start lies in the phase, those that were cut among them."""
    due = all_due_in(records, phase)
    found: Records = due[due["outcome"] != Outcome.RESTING]
    return found


def latencies(records: Records, cut_s: float | None = None) -> Floats:
    """Return every latency in seconds from the intended start, sorted; none without a success.

    A failure counts as at least as slow as the slowest success: what never got its answer must not
    make a distribution look better. Without a success there is nothing that it could be as slow as.
    What was cut counts as slow as it was when it was cut, or as `cut_s`.
    """
    seconds = records["total_us"] / 1e6
    good, lost = succeeded(records), failed(records)
    if not (good.any() or left_out(records).any()):
        return np.empty(0)
    seconds[lost] = np.maximum(seconds[lost], seconds[good].max(initial=0.0))
    if cut_s is not None:
        seconds[cut_short(records)] = cut_s
    return np.sort(seconds)


def bounds_of_latencies(records: Records) -> tuple[Floats, Floats]:
    """Return the latencies as they are at least, and at most: what was cut might have lasted for ever."""
    least = latencies(records)
    return least, latencies(records, math.inf) if cut_short(records).any() else least


def percentile(ordered: Floats, name: str) -> float:
    """Return the nearest-rank percentile (`p99.9`) of sorted values; at least one must be there."""
    return float(ordered[nearest_rank(float(name.removeprefix("p")), len(ordered)) - 1])


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


def statistic(records: Records, name: str, seconds: float) -> Bounds | None:
    """Return a statistic of record.series of the requests due in a stretch of `seconds`.

    None of a latency where no request was answered.
    """
    good, lost, cut = (int(of(records).sum()) for of in (succeeded, failed, left_out))
    match name:
        case "count":
            return Bounds.exact(float(len(records)))
        case "rate":
            return Bounds(good / seconds, (good + cut) / seconds)
        case "failed":
            return Bounds(float(lost), float(lost + cut))
        case "error_rate":
            return Bounds(lost / len(records), (lost + cut) / len(records))
    least, most = bounds_of_latencies(records)
    if not len(least):
        return None
    return Bounds(of_distribution(least, name), of_distribution(most, name))


def measured(records: Records, objective: Objective, phase: Phase) -> Measured:
    """Return the statistic that an objective asks for, of the requests that were due in a phase."""
    assert objective.statistic
    asked = asked_in(records, phase)
    if not len(asked):
        return Measured.sample(None)
    found, note = statistic(asked, objective.statistic, phase.seconds), all_failed(asked)
    if found is None:
        words = f"no request was answered in this phase, of {len(asked):,}; none has a latency"
        return Measured(None, "; ".join(part for part in (words, note) if part))
    if found.least == found.most:
        return Measured(found.least, note=note)
    cut = int(cut_short(asked).sum())
    note = f"{cut:,} of {len(asked):,} requests were cut when the load ended"
    return Measured(found.least, most=found.most, note=note)


def errors(records: Records) -> dict[str, int]:
    """Return how many failed in each error class, the most frequent first."""
    classes = Counter(outcome_name(int(outcome)) for outcome in records["outcome"][failed(records)])
    return dict(classes.most_common())


def all_failed(records: Records) -> str:
    """Return how requests have failed if all did in one way, in words; "" if not."""
    classes = errors(records)
    if len(classes) != 1 or not failed(records).all():
        return ""
    [(name, number)] = classes.items()
    hint = _HINTS.get(name, "")
    return f"each of {number:,} requests failed as {name}{hint and f': {hint}'}"


def late_share(records: Records) -> float:
    """Return the share of arrivals that started more than 250 ms late, or never; 0 of none."""
    late = (records["wait_us"] > LATE // 1000) | never_sent(records)
    return float(late.mean()) if len(records) else 0.0


def never_sent(records: Records) -> Flags:
    """Mark what the generator's own limits kept from being sent."""
    kept: Flags = np.isin(records["outcome"], LIMITS)
    return kept
