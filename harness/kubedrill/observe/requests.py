"""Observe: who asks what of the apiservers, by reading along in their logs of requests. requests.jsonl.

python -m kubedrill.observe.requests --run RUN
"""

import argparse
import json
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from kubedrill.clock import now
from kubedrill.observe.ticks import in_time, ticks
from kubedrill.process.lifeline import ignore_terminal, on_end, read_go, say_ready
from kubedrill.process.priority import demote_when_busy
from kubedrill.record.cluster import ClusterRecord, request_log
from kubedrill.record.folder import RunFolder
from kubedrill.record.lines import JsonLines
from kubedrill.record.requests import RequestLook, agent_of

EVERY_S = 1.0
LONG_RUNNING = "watch"
"""Of these the begin is logged as well as the end, which may be minutes later: the begin counts."""
_BEGUN, _REFUSED = "ResponseStarted", 400


class LogTail:
    """Reads a log from its present end on."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._at = path.stat().st_size if path.exists() else 0
        self._rest = b""
        """The beginning of a line whose end is not written yet."""

    def lines(self) -> Iterator[bytes]:
        """Yield the lines that were written since the last call; OSError."""
        with self._path.open("rb") as file:
            file.seek(self._at)
            read = file.read()
        self._at += len(read)
        *whole, self._rest = (self._rest + read).split(b"\n")
        yield from whole


class Requests:
    """Counts what is asked of all apiservers, a line each second."""

    def __init__(self, folder: RunFolder, record: ClusterRecord) -> None:
        self._lines = JsonLines(folder.requests)
        self._tails = {
            server.name: LogTail(request_log(Path(record.folder), server.name))
            for server in record.of_kind("kube-apiserver")
        }
        self._ended = threading.Event()

    def run(self, schedule: Any) -> None:
        """Count until the drill, or its runner, has ended."""
        on_end(self._ended.set)
        for _ in in_time(ticks(schedule, EVERY_S), self._ended):
            self.look()

    def look(self) -> None:
        """Write what was asked since the last look."""
        counts: dict[str, Counter[str]] = defaultdict(Counter)
        unread, at = [], now()
        for name, tail in self._tails.items():
            try:
                for line in tail.lines():
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
    parser = argparse.ArgumentParser(prog="python -m kubedrill.observe.requests")
    parser.add_argument("--run", required=True, type=Path, help="the run's folder")
    folder = RunFolder(parser.parse_args(arguments).run)
    ignore_terminal()
    demote_when_busy()
    requests = Requests(folder, ClusterRecord.read(folder.cluster))
    say_ready()
    schedule = read_go()
    if schedule is not None:
        requests.run(schedule)
    requests.close()


if __name__ == "__main__":
    main()
