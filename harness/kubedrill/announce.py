"""Tell whoever a cluster file names that a drill is about to begin, and wait: `stop` can still prevent it."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

from kubedrill.errors import NotStarted
from kubedrill.experiment import Experiment
from kubedrill.posting import NotDelivered, post
from kubedrill.record.notice import NotifyPart

LOOK_S = 0.25


def announce(wanted: NotifyPart, experiment: Experiment, run: str) -> str:
    """Send the notice of a drill, wait for as long as it says, and return in words who was told.

    NotStarted if it does not arrive: nothing was injected yet, and nothing will be.
    """
    _send(wanted, _notice(wanted, experiment, run))
    until = time.monotonic() + wanted.pause
    while (left := until - time.monotonic()) > 0:
        time.sleep(min(left, LOOK_S))  # a signal ends it
    return f"{wanted.url} was told {wanted.pause:g} s before"


def _notice(wanted: NotifyPart, experiment: Experiment, run: str) -> dict[str, Any]:
    first = min(fault.inject_s for fault in experiment.faults)
    return {
        "event": "drill-begins",
        "title": experiment.title,
        "cluster": experiment.cluster,
        "run": run,
        "faults": [fault.name for fault in experiment.faults],
        "not_before": (datetime.now(UTC) + timedelta(seconds=wanted.pause + first)).isoformat(),
        "seconds": experiment.seconds,
        "to_prevent_it": f"kubedrill stop {experiment.cluster}",
    }


def _send(wanted: NotifyPart, notice: dict[str, Any]) -> None:
    url, headers = wanted.resolved()
    try:
        post(url, headers, notice)
    except NotDelivered as error:
        words = f"notify: {wanted.url}: {error}; nobody was told, so that nothing is injected"
        raise NotStarted(words) from None
