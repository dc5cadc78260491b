"""Tell whoever a cluster file names that a drill is about to begin, and wait: `stop` can still prevent it."""

import json
import time
import urllib.request
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any
from urllib.error import HTTPError, URLError

from kubedrill.errors import NotStarted
from kubedrill.experiment import Experiment
from kubedrill.record.notice import NotifyPart

TIMEOUT_S = 10.0
LOOK_S = 0.25


class _Refusing(urllib.request.HTTPRedirectHandler):
    """Takes a redirection for a failure: a POST that is sent on becomes a GET, which tells nobody."""

    def redirect_request(self, *_: Any) -> None:
        return None


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
    asked = urllib.request.Request(  # noqa: S310 - http and https alone are read from the file
        url,
        data=json.dumps(notice).encode(),
        headers={"Content-Type": "application/json", "User-Agent": "kubedrill", **headers},
    )
    try:
        with urllib.request.build_opener(_Refusing).open(asked, timeout=TIMEOUT_S) as answer:
            if answer.status >= HTTPStatus.MULTIPLE_CHOICES:
                raise _nobody(wanted, f"answered {answer.status}")
    except HTTPError as error:
        raise _nobody(wanted, f"answered {error.code}") from None
    except (URLError, OSError, ValueError) as error:
        raise _nobody(wanted, str(getattr(error, "reason", error))) from None


def _nobody(wanted: NotifyPart, why: str) -> NotStarted:
    return NotStarted(f"notify: {wanted.url}: {why}; nobody was told, so that nothing is injected")
