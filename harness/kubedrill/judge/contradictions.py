"""Judge: what samples cannot say: unknown numbers, impossible times. The file and the record are named."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from kubedrill.figures.traces import Flags, succeeded
from kubedrill.record.lines import BadEvidence
from kubedrill.record.sample import Outcome, Records
from kubedrill.record.schedule import Schedule
from kubedrill.record.sidecar import LoadSidecar, ProbeSidecar

LARGEST_US = 2**32 - 1
"""What a record says of all that took longer: 71 minutes."""

_WRITTEN = (set(Outcome) | set(range(100, 600))) - {Outcome.UNANSWERED}
_KNOWN = np.array(sorted(_WRITTEN), dtype=np.uint16)


def check_records(
    path: Path,
    records: Records,
    sidecar: LoadSidecar | ProbeSidecar,
    arrivals: Flags,
    schedule: Schedule,
) -> None:
    """Raise BadEvidence for the first record that cannot be.

    `arrivals`: those that the schedule makes due.
    """
    due = records["intended"]
    outside = (due < schedule.start) | (due >= schedule.end)
    wrong = [(arrivals & outside, "was due outside the drill"), *_wrong(records, sidecar)]
    for flags, what in wrong:
        if flags.any():
            number = int(np.flatnonzero(flags)[0])
            raise BadEvidence(path, None, f"record {number}: {what}")


def _wrong(records: Records, sidecar: LoadSidecar | ProbeSidecar) -> Iterator[tuple[Flags, str]]:
    series, targets = len(sidecar.series), len(sidecar.targets)
    yield ~np.isin(records["outcome"], _KNOWN), "its outcome is unknown"
    yield records["series"] >= series, f"its series is none of the {series}"
    yield records["target"] >= targets, f"its target is none of the {targets}"
    first, total = records["first_byte_us"], records["total_us"]
    yield first > total, "its first byte came after its end"
    lasts = ~np.isin(records["series"], _moments(sidecar))
    yield succeeded(records) & (total == 0) & lasts, "it succeeded in no time"
    if isinstance(sidecar, ProbeSidecar):  # an arrival may be more than one request, or none
        yield succeeded(records) & (first == 0), "it succeeded without an answer"
    # Where both are at their largest, nothing is known of which came first.
    yield (records["wait_us"] > total) & (total < LARGEST_US), "it began after its end"


def _moments(sidecar: LoadSidecar | ProbeSidecar) -> list[int]:
    """Return the series whose records only say when something happened, as that a watch was lost."""
    if isinstance(sidecar, ProbeSidecar):
        return []
    return [number for number, series in enumerate(sidecar.series) if series.role == "moment"]
