"""Observe: who asks what of the apiservers, by reading along in their logs of requests. requests.jsonl.

python -m kubedrill.observe.requests --run RUN
"""

import json
import threading
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kubedrill.clock import now
from kubedrill.observe.observing import Observing, observe
from kubedrill.observe.ticks import in_time, ticks
from kubedrill.process.lifeline import on_end
from kubedrill.process.tail import BytesTail
from kubedrill.record.cluster import ClusterRecord, request_log
from kubedrill.record.folder import RunFolder
from kubedrill.record.lines import JsonLines
from kubedrill.record.requests import RequestLook, agent_of
from kubedrill.record.schedule import Schedule

EVERY_S = 1.0
LONG_RUNNING = "watch"
"""Of these the begin is logged as well as the end, which may be minutes later: the begin counts."""
_BEGUN, _REFUSED = "ResponseStarted", 400


class Requests:
    """Counts what is asked of all apiservers, a line each second."""

    def __init__(self, folder: RunFolder, record: ClusterRecord) -> None:
        self._lines = JsonLines(folder.requests)
        self._tails = {
            server.name: BytesTail(request_log(Path(record.folder), server.name), from_end=True)
            for server in record.of_kind("kube-apiserver")
        }
        self._ended = threading.Event()

    def run(self, schedule: Schedule) -> None:
        """Count until the drill, or its runner, has ended."""
        on_end(self._ended.set)
        for _ in in_time(ticks(schedule, EVERY_S), self._ended):
            self.look()
        self.close()

    def look(self) -> None:
        """Write what was asked since the last look."""
        counts: dict[str, Counter[str]] = defaultdict(Counter)
        unread, at = [], now()
        for name, tail in self._tails.items():
            try:
                for line in tail.read():
                    if asked := asked_in(json.loads(line)):
                        counts[asked[0]][asked[1]] += 1
            except (OSError, ValueError, KeyError):
                unread.append(name)
        found = {agent: dict(of) for agent, of in counts.items()}
        self._lines.add(RequestLook(time=at, counts=found, unread=tuple(unread)))

    def close(self) -> None:
        """Close the file."""
        self._lines.close()


def asked_in(event: Any) -> tuple[str, str] | None:
    """Return who asked what, of an event of the log; None of the end of what was counted before. KeyError."""
    verb, about = event["verb"], event.get("objectRef")
    if verb == LONG_RUNNING and event["stage"] != _BEGUN:
        if event.get("responseStatus", {}).get("code", 0) < _REFUSED:
            return None
    elif event["stage"] == _BEGUN and verb != LONG_RUNNING:
        return None
    what = event["requestURI"].partition("?")[0]
    if about and about.get("resource"):
        what = "/".join(filter(None, (about["resource"], about.get("subresource"))))
    return agent_of(event.get("userAgent", "")), f"{verb.upper()} {what}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the observer of the run folder given by --run."""
    observe("requests", _ready, arguments)


def _ready(folder: RunFolder) -> Observing:
    return Requests(folder, ClusterRecord.read(folder.cluster)).run


if __name__ == "__main__":
    main()
