"""What tests of single faults stand on: a run folder for the shared cluster, a drill, and patience."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kubedrill.faults import watched
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.folder import RunFolder
from kubedrill.record.ledger import Ledger
from kubedrill.record.ledger import undo as undo_open


@pytest.fixture(autouse=True)
def _by_drill(monkeypatch: pytest.MonkeyPatch) -> None:
    """Faults are injected here as by a drill's faults process: no watchdog of their own comes each time."""
    monkeypatch.setattr(watched._watch, "by_drill", True)


@pytest.fixture
def folder(cluster: ClusterRecord, tmp_path: Path) -> Iterator[RunFolder]:
    """A run folder; whatever a test that fails leaves broken is mended."""
    folder = RunFolder.create(tmp_path, "alone")
    cluster.write(folder.cluster)
    yield folder
    if folder.ledger.exists():
        undo_open(Ledger(folder.ledger))


@pytest.fixture
def until() -> Callable[[Callable[[], object]], None]:
    """Wait until a condition is true."""

    def wait(condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + 240
        while not condition():
            assert time.monotonic() < deadline, "not within 240 s"
            time.sleep(0.02)

    return wait
