"""Answers are not kept: fifty lists of 50 MB at once, in a generator of 100 MB."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from behaving_server import Certificate
from list_server import ListServer, json_list

from kubedrill.clock import SECOND, now

AT_ONCE = 50
MEGABYTES = 50
SMALL = json_list("PodList", "", 1)
ITEM = len(json_list("PodList", "", 2)) - len(SMALL)
LARGE = json_list("PodList", "", MEGABYTES * 10**6 // ITEM + 1)


class LargeServer(ListServer):
    """Answers the first requests with 50 MB each, as soon as all of them are there."""

    def __init__(self, certificate: Certificate) -> None:
        super().__init__(certificate)
        self.large = threading.Barrier(AT_ONCE)

    def _body(self, path: str, accept: str, token: str, items: int) -> bytes:
        if len(self.served) > AT_ONCE:
            return SMALL
        self.large.wait(60)
        return LARGE


@pytest.fixture
def server(certificate: Certificate) -> Iterator[LargeServer]:
    server = LargeServer(certificate)
    yield server
    server.close()


def most_memory(pid: int) -> int:
    """Return the most that a process has ever had in memory, in bytes; 0 if it is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM")), 0)


@pytest.mark.alone  # 2.5 GB through TLS keep a core busy for five seconds
def test_fifty_lists_of_50_megabytes_at_once(stage, server):
    peaks = []

    def meanwhile(child, start):
        while child.poll() is None and now() < start + 120 * SECOND:
            peaks.append(most_memory(child.pid))
            time.sleep(0.1)

    played = stage.play(rate=25, seconds=6, meanwhile=meanwhile)
    assert played.outcomes() == {200: 150}
    assert (played.records()["bytes"] >= MEGABYTES * 10**6).sum() == AT_ONCE
    assert max(peaks) <= 100e6
